import JOSE
import OneM2MPrimitives

/// A Token Authority as a value: what it may delegate, to whom, and how it makes a token of a request (TR-0019 8.2.2 step 4,
/// 8.2.4.2).
public struct TokenAuthority: Sendable {
    /// The CSE that the authority is a part of; its CSE-ID is the issuer of all tokens.
    public var home: CSEIdentity
    /// The domain behind the `@` of its tokens' ids.
    public var domain: String
    /// The most it may delegate.
    public var ceiling: IssuingPrivileges
    /// What holders may get of that.
    public var policies: [TokenPolicy]
    /// How tokens are protected when the audience's key is known; else they are signed.
    public var protection = TokenProtection.signed
    /// The keys of CSEs that tokens are encrypted for.
    public var recipients: [EntityID: EncryptionKey] = [:]

    /// An authority.
    public init(home: CSEIdentity, domain: String, ceiling: IssuingPrivileges, policies: [TokenPolicy]) {
        self.home = home
        self.domain = domain
        self.ceiling = ceiling
        self.policies = policies
    }

    /// What is granted of a request: the claims of a token that is still to be protected (8.2.4.2.2 steps iv and v).
    ///
    /// - Parameters:
    ///   - policyIDs: the policies that count; nil for all.
    ///   - name: what the token's id begins with; random in the daemon.
    /// - Throws: ``OneM2MError``: 4103 for what is beyond the issuing privileges, or of which no policy grants anything; 4102
    ///   for times that make no token.
    public func grant(
        _ request: TokenRequest, to holder: EntityID, policyIDs: [String]? = nil, name: String, now: OneM2MTime
    ) throws(OneM2MError) -> TokenClaims {
        let wanted = request.permissions.map { $0.normalised(at: home) }
        for permission in wanted {
            if let excess = ceiling.excess(of: permission, at: home) {
                throw OneM2MError(.originatorHasNoPrivilege, "no such token is issued here: \(excess)")
            }
        }
        let audience = try audience(request)
        let applying = policies.filter {
            (policyIDs?.contains($0.name) ?? true) && $0.applies(to: holder, at: home, now: now)
        }
        var granted: [TokenPermission] = []
        var lifetimes: [Int64] = []
        let allowed = IssuingPrivileges(entries: applying.flatMap(\.grants))
        for permission in wanted {
            let parts = Self.reduce(permission, to: allowed, at: home)
            granted += parts
            // The shortest of the policies that had a part in it.
            for policy in applying where parts.contains(where: { Self.touches($0, policy, home) }) {
                if let lifetime = policy.longestLifetime { lifetimes.append(lifetime) }
            }
        }
        guard !granted.isEmpty else {
            throw OneM2MError(
                .originatorHasNoPrivilege,
                applying.isEmpty
                    ? "no authorization policy is for \(holder)"
                    : "the authorization policies for \(holder) grant nothing of what was asked for")
        }
        guard granted.count <= TokenPermission.mostPermissions else {
            throw OneM2MError(.contentsUnacceptable, "the token would have too many permissions; ask for fewer at once")
        }
        let (start, end) = try times(request, longest: min(ceiling.longestLifetime, lifetimes.min() ?? .max), now: now)
        guard let tokenID = QualifiedName("\(name)@\(domain)") else {
            throw OneM2MError(.internalServerError, "\(name)@\(domain) is no id of a token")
        }
        var claims = TokenClaims(
            tokenID: tokenID, holder: holder, issuer: home.entity, notBefore: start, notAfter: end,
            permissions: granted)
        claims.audience = audience
        claims.name = request.name
        if let excess = ceiling.excess(of: claims, at: home) {
            throw OneM2MError(.originatorHasNoPrivilege, "no such token is issued here: \(excess)")
        }
        return claims
    }

    /// The audience in the absolute form. Without one in the request it is the CSEs whose resources the permissions name:
    /// a token says where it is good rather than everywhere.
    private func audience(_ request: TokenRequest) throws(OneM2MError) -> [String] {
        if !request.audience.isEmpty {
            return try request.audience.map { text throws(OneM2MError) in
                guard let entity = EntityID(text, at: home), entity.isCSE else {
                    throw OneM2MError(.contentsUnacceptable, "tkau: \(text.prefix(80)) is no CSE-ID")
                }
                return entity.absolute
            }
        }
        var found: [String] = []
        for permission in request.permissions {
            // Roles everywhere, or resources everywhere: only the ceiling can say where.
            guard let resources = permission.resources else { return literalCeilingAudience }
            for text in resources {
                guard let pattern = ResourcePattern(text), !pattern.isEverything else { return literalCeilingAudience }
                let cse = pattern.address.cse(seenFrom: home).absolute
                if !found.contains(cse) { found.append(cse) }
            }
        }
        return found
    }

    private var literalCeilingAudience: [String] {
        ceiling.audience.compactMap { EntityID($0, at: home)?.absolute }
    }

    private func times(
        _ request: TokenRequest, longest: Int64, now: OneM2MTime
    ) throws(OneM2MError) -> (OneM2MTime, OneM2MTime) {
        func whole(_ time: OneM2MTime) -> OneM2MTime { OneM2MTime(microseconds: time.seconds * 1_000_000) }
        let start = whole(request.notBefore ?? now)
        var end = start.adding(milliseconds: longest * 1000)
        if let lifetime = request.lifetime { end = min(end, start.adding(milliseconds: lifetime * 1000)) }
        if let wanted = request.notAfter { end = min(end, whole(wanted)) }
        guard end > start else { throw OneM2MError(.contentsUnacceptable, "the token would end before it begins") }
        guard end > now else { throw OneM2MError(.contentsUnacceptable, "the token would have ended already") }
        return (start, end)
    }

    /// What of a permission is allowed: each rule with the operations that are, at the resources where they are, and the
    /// roles that are.
    static func reduce(
        _ permission: TokenPermission, to allowed: IssuingPrivileges, at home: CSEIdentity
    ) -> [TokenPermission] {
        var parts: [TokenPermission] = []
        let resources = permission.resources?.compactMap { ResourcePattern($0) }
        for rule in permission.privileges?.rules ?? [] {
            var places: [OperationSet: [String]] = [:]
            for resource in resources ?? [] {
                let left = rule.operations.intersection(allowed.operations(on: resource, at: home))
                if !left.isEmpty { places[left, default: []].append("\(resource)") }
            }
            for (operations, resources) in places.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                var less = rule
                less.operations = operations
                parts.append(TokenPermission(resources: resources, privileges: Privileges([less])))
            }
        }
        let roles = permission.roles.filter { allowed.allows(role: $0, at: resources, home: home) }
        if !roles.isEmpty {
            parts.append(TokenPermission(resources: permission.resources, privileges: nil, roles: roles))
        }
        return parts
    }

    private static func touches(_ part: TokenPermission, _ policy: TokenPolicy, _ home: CSEIdentity) -> Bool {
        !reduce(part, to: IssuingPrivileges(entries: policy.grants), at: home).isEmpty
    }

    /// Signs, and encrypts where that is wanted (step 4.5).
    ///
    /// - Throws: ``OneM2MError``: 4102 when the token would be too long or nobody's key is known to encrypt it for.
    public func protect(_ claims: TokenClaims, with key: SigningKey) throws(OneM2MError) -> String {
        do {
            let signed = try JWS.sign(Array(claims.json.serialized().utf8), with: key)
            guard protection == .nested else { return signed }
            let hosts = claims.audience.compactMap { EntityID($0, at: home) }
            guard hosts.count == 1, let recipient = recipients[hosts[0]] else {
                throw OneM2MError(
                    .contentsUnacceptable,
                    "tokens are encrypted here: name one CSE in tkau whose key is known (onem2m.tokens.recipients)")
            }
            return try JWE.encrypt(Array(signed.utf8), to: recipient, contentType: "JWT")
        } catch let error as OneM2MError {
            throw error
        } catch let error as JOSEError {
            throw OneM2MError(error.code == .tooLong ? .contentsUnacceptable : .internalServerError, error.reason)
        } catch { throw OneM2MError(.internalServerError, "the token could not be made") }
    }
}
