import JSONText

/// How the claims of a token are named.
public enum ClaimForm: String, Sendable, Hashable {
    /// The registered claims of JWT, as TS-0003 7.3.2.6 maps them: `jti`, `iss`, `azp`, `nbf`, `exp`, `aud`.
    case standard
    /// The short names of TS-0004 as they are: `tkid`, `tkis`, `tkhd`, `tknb`, `tkna`, `tkau`, with times as text. Some
    /// issuers write it so.
    case short
}

/// What a token says: `m2m:tokenClaimSet` (TS-0003 7.3.2.4, TS-0004 6.3.5.41).
public struct TokenClaims: Sendable, Hashable {
    /// `vr`, `tkvr`
    public var version = "1.0.0"
    /// `tkid`: unique in the world.
    public var tokenID: QualifiedName
    /// `tkhd`: who may use it.
    public var holder: EntityID
    /// `tkis`: who has issued it.
    public var issuer: EntityID
    /// `tknb`: the first moment, a whole second.
    public var notBefore: OneM2MTime
    /// `tkna`: the last moment, a whole second.
    public var notAfter: OneM2MTime
    /// `tknm`: a name for people.
    public var name: String?
    /// `tkau`: the CSEs it is meant for, with `*` for the rest of a part; empty for any.
    public var audience: [String] = []
    /// `tkps`
    public var permissions: [TokenPermission] = []
    /// `tkex`
    public var `extension`: String?

    /// Claims.
    public init(
        tokenID: QualifiedName, holder: EntityID, issuer: EntityID, notBefore: OneM2MTime, notAfter: OneM2MTime,
        permissions: [TokenPermission] = []
    ) {
        self.tokenID = tokenID
        self.holder = holder
        self.issuer = issuer
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.permissions = permissions
    }

    /// How much of a payload is read: a token's 16 KiB, permissions nested nine deep.
    public static let limits = JSONLimits(bytes: 16_384, depth: 12, values: 4_096)
    /// CSEs of an audience.
    public static let mostAudience = 64

    private static let shortNames = ["vr", "tkid", "tkis", "tkhd", "tknb", "tkna", "tkau"]
    private static let standardNames = ["jti", "iss", "azp", "nbf", "exp", "aud"]

    /// The claims of a payload.
    ///
    /// Claims of JWT that are not oneM2M's (`iat`, `sub` …) are passed over, as RFC 7519 4 says; those of the other form are
    /// not: who reads the one and who reads the other would understand the token differently.
    ///
    /// - Throws: ``OneM2MError`` 4000.
    public init(payload: [UInt8], form: ClaimForm, at home: CSEIdentity) throws(OneM2MError) {
        let json: JSON
        do { json = try JSON.parse(payload, limits: Self.limits) } catch {
            throw OneM2MError(.badRequest, "the claims are no JSON: \(error)")
        }
        guard let object = json.object else {
            throw OneM2MError(.badRequest, "the claims are \(json.kindName), an object was expected")
        }
        let foreign = form == .standard ? Self.shortNames : Self.standardNames
        if let name = foreign.first(where: { object[$0] != nil }) {
            throw OneM2MError(
                .badRequest, "the claim \(name) is of the other form than the issuer's (\(form.rawValue))")
        }
        try self.init(object, Reader(form: form, object: object, home: home))
    }

    private init(_ object: JSONObject, _ reader: Reader) throws(OneM2MError) {
        let isShort = reader.form == .short
        version = try reader.text(object["tkvr"] != nil ? "tkvr" : isShort ? "vr" : "tkvr")
        guard !isShort || object["tkvr"] == nil || object["vr"] == nil else {
            throw OneM2MError(.badRequest, "the claims have their version twice")
        }
        guard version.split(separator: ".").first == "1" else {
            throw OneM2MError(.badRequest, "a token of version \(version.prefix(20)); 1 is understood")
        }
        guard let tokenID = QualifiedName(try reader.text(isShort ? "tkid" : "jti")) else {
            throw OneM2MError(.badRequest, "the token's id is not of the form name@domain")
        }
        self.tokenID = tokenID
        holder = try reader.entity(isShort ? "tkhd" : "azp")
        issuer = try reader.entity(isShort ? "tkis" : "iss")
        notBefore = try reader.moment(isShort ? "tknb" : "nbf")
        notAfter = try reader.moment(isShort ? "tkna" : "exp")
        guard notBefore <= notAfter else {
            throw OneM2MError(.badRequest, "the token ends at \(notAfter), before it begins at \(notBefore)")
        }
        name = try reader.optionalText("tknm")
        `extension` = try reader.optionalText("tkex")
        audience = try reader.audience(isShort ? "tkau" : "aud")
        permissions =
            try object["tkps"].map { json throws(OneM2MError) in
                try TokenPermission.list(json: json, isLenient: isShort)
            } ?? []
    }

    /// The payload, in the registered form that TS-0003 asks for.
    public var json: JSON {
        var object: JSONObject = [
            "tkvr": .string(version), "jti": .string("\(tokenID)"), "iss": .string(issuer.absolute),
            "azp": .string(holder.absolute), "nbf": .int(notBefore.seconds), "exp": .int(notAfter.seconds),
        ]
        if !audience.isEmpty { object["aud"] = .array(audience.map { .string($0) }) }
        object["tknm"] = name.map { .string($0) }
        object["tkps"] = permissions.isEmpty ? Optional<JSON>.none : TokenPermission.json(permissions)
        object["tkex"] = `extension`.map { .string($0) }
        return .object(object)
    }

    /// The claims as attributes of a `<token>` or as TS-0004's own object shows them.
    public var attributes: JSONObject {
        var object: JSONObject = [
            "vr": .string(version), "tkid": .string("\(tokenID)"), "tkhd": .string(holder.absolute),
            "tkis": .string(issuer.absolute), "tknb": .string("\(notBefore)"), "tkna": .string("\(notAfter)"),
        ]
        object["tknm"] = name.map { .string($0) }
        if !audience.isEmpty { object["tkau"] = .array(audience.map { .string($0) }) }
        object["tkps"] = permissions.isEmpty ? Optional<JSON>.none : TokenPermission.json(permissions)
        object["tkex"] = `extension`.map { .string($0) }
        return object
    }

    /// The issuer that a payload claims, before anything of it is believed: to find the keys that can say so. nil when it
    /// claims none.
    public static func claimedIssuer(of payload: [UInt8], at home: CSEIdentity) -> EntityID? {
        guard let object = (try? JSON.parse(payload, limits: limits))?.object else { return nil }
        if let text = object["iss"]?.string { return EntityID(text, at: home) }
        return object["tkis"]?.string.flatMap { issuer($0, at: home) }
    }

    /// An issuer. Some name themselves by the address of their `<AE>`, `//sp/cse/base/das-ae`: that is the AE of the last
    /// part's name.
    static func issuer(_ text: String, at home: CSEIdentity) -> EntityID? {
        if let entity = EntityID(text, at: home) { return entity }
        guard let address = ResourceAddress(text), case .absolute(let spID, let cseID) = address.scope,
            let last = address.path.last
        else { return nil }
        return EntityID("//\(spID)/\(cseID)/\(last)", at: home)
    }

    /// Whether a CSE is among those the token is meant for.
    public func isMeant(for cse: CSEIdentity) -> Bool {
        audience.isEmpty || audience.contains { IssuingPrivileges.names($0, cse.entity.absolute, cse) }
    }
}

extension TokenClaims {
    /// Reads claims of one form.
    private struct Reader {
        let form: ClaimForm
        let object: JSONObject
        let home: CSEIdentity

        func optionalText(_ name: String) throws(OneM2MError) -> String? {
            guard let value = object[name] else { return nil }
            guard let text = value.string, text.utf8.count <= 1_024 else {
                throw OneM2MError(.badRequest, "the claim \(name) is a text of at most 1024 bytes")
            }
            return text
        }

        func text(_ name: String) throws(OneM2MError) -> String {
            guard let text = try optionalText(name) else {
                throw OneM2MError(.badRequest, "the token has no claim \(name)")
            }
            return text
        }

        func entity(_ name: String) throws(OneM2MError) -> EntityID {
            let text = try text(name)
            // TS-0003 7.3.2.6.3 compares the absolute form: another means somebody else at each reader.
            guard text.utf8.starts(with: "//".utf8),
                let entity = form == .short ? TokenClaims.issuer(text, at: home) : EntityID(text, at: home)
            else {
                throw OneM2MError(
                    .badRequest, "the claim \(name) is \(text.prefix(80)); an absolute AE-ID or CSE-ID was expected")
            }
            return entity
        }

        func moment(_ name: String) throws(OneM2MError) -> OneM2MTime {
            switch (form, object[name]) {
            case (.standard, .number(let number)?):
                // NumericDate may have a fraction, and 1e9 is a number too.
                guard number.double >= 0, number.double < 253_402_300_800 else { break }
                return OneM2MTime(microseconds: Int64(number.double) * 1_000_000)
            case (.short, .string(let text)?):
                guard let time = OneM2MTime(text) else { break }
                return OneM2MTime(microseconds: time.seconds * 1_000_000)
            default: break
            }
            throw OneM2MError(
                .badRequest,
                "the claim \(name): \(form == .standard ? "seconds since 1970 were" : "a timestamp was") expected")
        }

        func audience(_ name: String) throws(OneM2MError) -> [String] {
            guard let value = object[name] else { return [] }
            // RFC 7519 4.1.3: one may stand without its list.
            let list = value.string.map { [JSON.string($0)] } ?? value.array
            guard let list, !list.isEmpty, list.count <= TokenClaims.mostAudience else {
                throw OneM2MError(
                    .badRequest, "the claim \(name): 1 to \(TokenClaims.mostAudience) CSE-IDs were expected")
            }
            return try list.map { item throws(OneM2MError) in
                guard let text = item.string, !text.isEmpty, text.utf8.count <= EntityID.longestText else {
                    throw OneM2MError(.badRequest, "the claim \(name): CSE-IDs were expected")
                }
                return text
            }
        }
    }
}
