/// Challenges that are open: each for one requester and number, for one answer, for a time.
struct ChallengeBook: Sendable {
    struct Challenge: Sendable {
        let certificate: TokenCertificate
        let random: [UInt8]
        let ends: ContinuousClock.Instant
    }

    private struct Key: Hashable {
        let requester: String
        let number: Int32
    }

    /// How long a challenge is kept. The text demands a minute at least (XEP-0324 3.1.3); two, for devices that decrypt
    /// slowly over a slow link.
    static let lifetime = Duration.seconds(120)

    private var open: [Key: Challenge] = [:]
    private var counts: [String: Int] = [:]
    private var last: Int32 = 0

    var count: Int { open.count }

    /// Keeps a challenge; nil when there are too many.
    mutating func issue(
        _ certificate: TokenCertificate, _ random: [UInt8], to requester: String, now: ContinuousClock.Instant
    ) -> Int32? {
        if open.count >= ServerLimits.challenges || counts[requester, default: 0] >= ServerLimits.challengesOfRequester
        {
            removeEnded(now)
        }
        guard open.count < ServerLimits.challenges,
            counts[requester, default: 0] < ServerLimits.challengesOfRequester
        else { return nil }
        last = last == .max ? 1 : last + 1
        open[Key(requester: requester, number: last)] = Challenge(
            certificate: certificate, random: random, ends: now + Self.lifetime)
        counts[requester, default: 0] += 1
        return last
    }

    /// Takes a challenge away, whatever its answer will be worth; nil when there is none of this number and requester.
    mutating func take(_ number: Int32, of requester: String, now: ContinuousClock.Instant) -> Challenge? {
        guard let challenge = open.removeValue(forKey: Key(requester: requester, number: number)) else { return nil }
        forget(requester)
        return now < challenge.ends ? challenge : nil
    }

    /// Drops what was not answered in time.
    mutating func removeEnded(_ now: ContinuousClock.Instant) {
        for (key, challenge) in open where now >= challenge.ends {
            open[key] = nil
            forget(key.requester)
        }
    }

    private mutating func forget(_ requester: String) {
        let left = counts[requester, default: 0] - 1
        counts[requester] = left > 0 ? left : nil
    }
}

/// Tokens whose sender has proved to hold the key, so that not each question has to be proved.
struct TokenProofs: Sendable {
    /// A token, by whom it was sent, through which device: another who has seen it proves nothing by it.
    struct Key: Sendable, Hashable {
        let certificate: String
        let device: String
        let who: String
    }

    private var proven: [Key: ContinuousClock.Instant] = [:]

    /// Whether the proof is not older than `age`.
    func holds(_ key: Key, within age: Duration, now: ContinuousClock.Instant) -> Bool {
        proven[key].map { now - $0 < age } ?? false
    }

    mutating func add(_ key: Key, now: ContinuousClock.Instant) {
        if proven.count >= ServerLimits.proofs, proven[key] == nil,
            let oldest = proven.min(by: { $0.value < $1.value })?.key
        {
            proven[oldest] = nil
        }
        proven[key] = now
    }

    mutating func remove(certificate: String) {
        proven = proven.filter { $0.key.certificate != certificate }
    }
}
