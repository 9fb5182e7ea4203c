import XMPP

/// Which tokens were sent to whom of late, and where they came from: who may challenge them, and who can prove that they are
/// theirs (XEP-0324 3.1.3, 6.2). A value; moments are of a monotonic clock.
struct SentTokens: Sendable {
    /// What becomes of a challenge.
    enum Verdict: Sendable, Hashable {
        /// The token was not sent to that one within the last minute.
        case refused
        /// The token is the gateway's own.
        case own
        /// The token is of this one, who can be asked.
        case of(JID)
    }

    /// Tokens remembered: each of 32 read-outs that run at once may bring a few. The oldest go.
    static let capacity = 512

    private struct Sent {
        let token: String
        let to: JID
        let at: Duration
        /// Nil for the gateway's own.
        let origin: JID?
    }

    private let window: Duration
    private var sent: [Sent] = []

    init(window: Duration) { self.window = window }

    var count: Int { sent.count }

    /// Takes note that tokens were sent.
    ///
    /// - Parameter origin: the full address of who sent them here; nil for the gateway's own.
    mutating func note(_ tokens: [String], to: JID, origin: JID?, at now: Duration) {
        forget(now)
        for token in tokens {
            sent.removeAll { $0.token == token && $0.to == to.bare && $0.origin == origin }
            sent.append(Sent(token: token, to: to.bare, at: now, origin: origin))
        }
        if sent.count > SentTokens.capacity { sent.removeFirst(sent.count - SentTokens.capacity) }
    }

    /// What becomes of a challenge of `token` by `challenger`: compared by the bare address.
    ///
    /// A token that came from somebody is that one's to prove, the latest's of several, also when the gateway has sent it on
    /// its own behalf too: it may be the other's use that is challenged.
    func verdict(_ token: String, from challenger: JID, at now: Duration) -> Verdict {
        let found = sent.filter { $0.token == token && $0.to == challenger.bare && now - $0.at <= window }
        guard !found.isEmpty else { return .refused }
        return found.last { $0.origin != nil }?.origin.map { .of($0) } ?? .own
    }

    /// Whoever is gone can prove nothing, and is not asked.
    mutating func forget(origin: JID) { sent.removeAll { $0.origin == origin } }

    private mutating func forget(_ now: Duration) { sent.removeAll { now - $0.at > window } }
}

/// Rations what the private key does for others: it takes a small board some 50 ms, and many answers are what an attack
/// on a key is made of. A value.
struct ChallengeLimiter: Sendable {
    /// Challenges of one server in a minute: one for each token of a request, some requests at once.
    static let perMinute = 30
    /// Servers that are told apart; there are no more in trust.
    static let servers = 64

    private var windows: [JID: (began: Duration, count: Int)] = [:]

    /// Whether one more is done for this one.
    mutating func take(_ server: JID, at now: Duration) -> Bool {
        var window = windows[server.bare] ?? (now, 0)
        if now - window.began >= .seconds(60) { window = (now, 0) }
        guard window.count < ChallengeLimiter.perMinute else { return false }
        if windows[server.bare] == nil, windows.count >= ChallengeLimiter.servers {
            windows = windows.filter { now - $0.value.began < .seconds(60) }
            guard windows.count < ChallengeLimiter.servers else { return false }
        }
        window.count += 1
        windows[server.bare] = window
        return true
    }
}
