import XMPP

/// What is kept of the tokens of several parties for a while: of each so much and no more, so that nobody can push out what
/// another is to prove. A value; moments are of a monotonic clock.
struct TokenShares<Thing: Sendable>: Sendable {
    /// Things of one party: a server looks at a few tokens of a request, and some requests are open at once.
    static var perParty: Int { 64 }
    /// Parties: twice the read-outs that run at once.
    static var parties: Int { 64 }

    private struct Share: Sendable {
        var things: [(thing: Thing, at: Duration)] = []
        var isFriend: Bool
    }

    private let window: Duration
    private var shares: [JID: Share] = [:]

    /// - Parameter window: how long anything is kept.
    init(window: Duration) { self.window = window }

    var count: Int { shares.values.reduce(0) { $0 + $1.things.count } }

    /// Everything of a party within the window, the oldest first.
    func things(of party: JID, at now: Duration) -> [Thing] {
        (shares[party.bare]?.things ?? []).filter { now - $0.at <= window }.map(\.thing)
    }

    /// Everything of everybody within the window, the oldest first.
    func all(at now: Duration) -> [Thing] {
        shares.values.flatMap(\.things).filter { now - $0.at <= window }.sorted { $0.at < $1.at }.map(\.thing)
    }

    /// Keeps something of a party, in place of what is the same; its own oldest goes when it has too much.
    ///
    /// - Parameter isFriend: strangers make room for friends, never the other way round.
    mutating func add(
        _ thing: Thing, of party: JID, isFriend: Bool, at now: Duration, replacing isSame: (Thing) -> Bool
    ) {
        let party = party.bare
        guard shares[party] != nil || makeRoom(forFriend: isFriend, at: now) else { return }
        var share = shares[party] ?? Share(isFriend: isFriend)
        share.isFriend = isFriend
        share.things.removeAll { isSame($0.thing) || now - $0.at > window }
        share.things.append((thing, now))
        if share.things.count > Self.perParty { share.things.removeFirst(share.things.count - Self.perParty) }
        shares[party] = share
    }

    /// Forgets some of what a party has.
    mutating func remove(of party: JID, where isGone: (Thing) -> Bool) {
        let party = party.bare
        shares[party]?.things.removeAll { isGone($0.thing) }
        if shares[party]?.things.isEmpty == true { shares[party] = nil }
    }

    /// Room for one more party; false when friends have all of it and this is none.
    private mutating func makeRoom(forFriend isFriend: Bool, at now: Duration) -> Bool {
        guard shares.count >= Self.parties else { return true }
        shares = shares.filter { $0.value.things.contains { now - $0.at <= window } }
        guard shares.count >= Self.parties else { return true }
        func oldest(_ candidates: [JID: Share]) -> JID? {
            candidates.min { ($0.value.things.last?.at ?? .zero) < ($1.value.things.last?.at ?? .zero) }?.key
        }
        guard let gone = oldest(shares.filter { !$0.value.isFriend }) ?? (isFriend ? oldest(shares) : nil) else {
            return false
        }
        shares[gone] = nil
        return true
    }
}

/// Whom the tokens of requests came from, until they are sent to servers with the questions. A value.
struct TokenOrigins: Sendable {
    private struct Seen: Sendable {
        let token: String
        let from: JID
    }

    private var seen: TokenShares<Seen>

    init(window: Duration) { seen = TokenShares(window: window) }

    var count: Int { seen.count }

    /// Takes note that somebody has shown tokens.
    mutating func note(_ tokens: [String], from: JID, isFriend: Bool, at now: Duration) {
        for token in tokens {
            seen.add(Seen(token: token, from: from), of: from, isFriend: isFriend, at: now) { $0.token == token }
        }
    }

    /// The full address from which somebody has shown a token; what others have shown of the same name is another's.
    ///
    /// - Parameter who: the bare address.
    func origin(of token: String, by who: String, at now: Duration) -> JID? {
        JID(who).flatMap { seen.things(of: $0, at: now).last { $0.token == token }?.from }
    }
}
