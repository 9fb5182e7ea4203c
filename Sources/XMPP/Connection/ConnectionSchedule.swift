/// When a connection is tried again.
enum ConnectionSchedule {
    /// Seconds after so many failures in a row; the last one goes on. Five minutes at most: a server that was down for a
    /// day is found again before anybody asks.
    private static let seconds = [1, 2, 4, 8, 16, 32, 64, 128, 300]

    /// A wrong password does not become right by itself, and servers lock out who tries too often; a person mends it and
    /// restarts, or the server's operator does and needs no restart of ours.
    private static let refusedSeconds = 600

    /// Two gateways with one address would throw each other out without end.
    private static let replacedSeconds = 120

    /// While the server keeps a session for us, no wait is longer: it keeps it for some minutes only (Prosody 600 s, ejabberd
    /// 300 s), and a wait of five would let it pass.
    private static let resumableSeconds = 30

    /// The wait before the next attempt, to be chosen from at random: half of it is jitter, so that a fleet that lost its
    /// server does not come back as one (RFC 6120 3.3).
    ///
    /// - Parameter holdsSession: whether a lost session can still be taken up again.
    static func delay(
        after failures: Int, _ trouble: StreamTrouble?, holdsSession: Bool = false
    ) -> ClosedRange<Duration> {
        var most = seconds[min(max(failures, 0), seconds.count - 1)]
        if holdsSession { most = min(most, resumableSeconds) }
        switch trouble?.code {
        case .credentialsRefused?, .noMechanism?, .serverNotTrusted?: most = refusedSeconds
        case .replaced?: most = max(most, replacedSeconds)
        default: break
        }
        return .milliseconds(most * 500)...(.seconds(most))
    }

    /// A session that lasted this long has proved the connection: failures before it are forgotten.
    static let stableTime: Duration = .seconds(60)

    /// `see-other-host` is followed so often in a row (RFC 6120 4.9.3.19 warns of loops).
    static let maximumRedirects = 3
}
