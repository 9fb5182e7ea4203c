import OneM2MPrimitives

/// The revocations that a Hosting CSE knows: the last list of each issuer, and those that were said here.
public struct RevocationRegister: Sendable {
    /// The last list of each issuer.
    public private(set) var lists: [EntityID: RevocationList] = [:]
    /// Tokens revoked here, whoever issued them, until they expire.
    public private(set) var local: [QualifiedName: OneM2MTime] = [:]
    /// Issuers whose last list was lost: their tokens count no more until a list has come.
    private var lost: Set<EntityID> = []

    /// An empty register.
    public init() {}

    /// What came of a list.
    public enum Outcome: Sendable, Hashable {
        /// It is newer and counts now.
        case taken
        /// It is the one that counts already.
        case same
        /// It is older than one that was seen.
        case old
    }

    /// Takes a verified list, unless an older one comes after a newer.
    public mutating func take(_ list: RevocationList) -> Outcome {
        if let known = lists[list.issuer] {
            if (list.number, list.thisUpdate) < (known.number, known.thisUpdate) { return .old }
            if list == known { return .same }
        }
        lists[list.issuer] = list
        lost.remove(list.issuer)
        return .taken
    }

    /// Notes that an issuer's list was here and cannot be read any more: what it revoked is not known.
    public mutating func lose(listOf issuer: EntityID) {
        if lists[issuer] == nil { lost.insert(issuer) }
    }

    /// Revokes a token here. None that was revoked makes room for another: a full table takes no more.
    ///
    /// - Returns: whether it was taken.
    @discardableResult
    public mutating func revoke(_ id: QualifiedName, until end: OneM2MTime) -> Bool {
        guard local[id] != nil || local.count < 2 * TokenLimits.revoked else { return false }
        local[id] = end
        return true
    }

    /// Forgets what has expired anyhow.
    public mutating func prune(now: OneM2MTime) {
        local = local.filter { $0.value.seconds >= now.seconds }
    }

    /// Step 9: whether the token still counts.
    ///
    /// - Throws: ``TokenRefusal`` `revocation`.
    public func check(_ claims: TokenClaims, of issuer: TrustedIssuer?, now: OneM2MTime) throws(TokenRefusal) {
        if local[claims.tokenID] != nil { throw TokenRefusal(.revocation, "it was revoked here") }
        let list = lists[claims.issuer]
        if list?.revoked[claims.tokenID] != nil { throw TokenRefusal(.revocation, "\(claims.issuer) has revoked it") }
        guard !lost.contains(claims.issuer) else {
            throw TokenRefusal(
                .revocation,
                "the revocation list of \(claims.issuer) that was here cannot be read; one has to come first")
        }
        if issuer?.requiresRevocationList == true {
            guard let list else {
                throw TokenRefusal(.revocation, "no revocation list of \(claims.issuer) has come yet")
            }
            guard now <= list.nextUpdate else {
                throw TokenRefusal(
                    .revocation, "the last revocation list of \(claims.issuer) was good until \(list.nextUpdate)")
            }
        }
    }
}
