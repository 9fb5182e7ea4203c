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

    /// The gateway's own tokens that are remembered: one of each server, sent to each.
    static let ownCapacity = 64

    private struct Sent: Sendable {
        let token: String
        let to: JID
        let origin: JID
    }

    private let window: Duration
    private var own: [(token: String, to: JID, at: Duration)] = []
    private var passed: TokenShares<Sent>

    init(window: Duration) {
        self.window = window
        passed = TokenShares(window: window)
    }

    var count: Int { own.count + passed.count }

    /// Takes note that the gateway has sent tokens of its own.
    mutating func note(own tokens: [String], to: JID, at now: Duration) {
        own.removeAll { now - $0.at > window || ($0.to == to.bare && tokens.contains($0.token)) }
        own += tokens.map { ($0, to.bare, now) }
        if own.count > SentTokens.ownCapacity { own.removeFirst(own.count - SentTokens.ownCapacity) }
    }

    /// Takes note that a token of somebody else was sent on.
    ///
    /// - Parameters:
    ///   - origin: the full address of who sent it here.
    ///   - isFriend: whether that is a friend; strangers push no friend's out.
    mutating func note(_ token: String, of origin: JID, isFriend: Bool, to: JID, at now: Duration) {
        let to = to.bare
        passed.add(Sent(token: token, to: to, origin: origin), of: origin, isFriend: isFriend, at: now) {
            $0.token == token && $0.to == to && $0.origin == origin
        }
    }

    /// What becomes of a challenge of `token` by `challenger`: compared by the bare address.
    ///
    /// A token that came from somebody is that one's to prove, the latest's of several, also when the gateway has sent it on
    /// its own behalf too: it may be the other's use that is challenged.
    func verdict(_ token: String, from challenger: JID, at now: Duration) -> Verdict {
        let challenger = challenger.bare
        if let passed = passed.all(at: now).last(where: { $0.token == token && $0.to == challenger }) {
            return .of(passed.origin)
        }
        let isOwn = own.contains { $0.token == token && $0.to == challenger && now - $0.at <= window }
        return isOwn ? .own : .refused
    }

    /// Whoever is gone can prove nothing, and is not asked.
    mutating func forget(origin: JID) { passed.remove(of: origin) { $0.origin == origin } }
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
