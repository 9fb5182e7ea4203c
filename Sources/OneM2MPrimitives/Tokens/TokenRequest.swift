import JSONText

/// What an originator asks `<accessTokenIssuing>` for; the report leaves the structure open, so it is this program's own:
///
/// ```json
/// {"gh:atrq": {"tkps": {"pm": [{"ris": ["/gw2/cse-gw2/lock12"], "pv": {"acr": [{"acor": ["Cphone"], "acop": 6}]}}]},
///              "tkau": ["/gw2"], "lft": 3600, "dlv": "value"}}
/// ```
public struct TokenRequest: Sendable, Hashable {
    /// How the token gets to its holder.
    public enum Delivery: String, Sendable, Hashable {
        /// In the answer.
        case value
        /// As an `<accessToken>` whose address is in the answer.
        case reference
    }

    /// `tkps`: what is wanted.
    public var permissions: [TokenPermission]
    /// `tkau`: where it is to be used; empty leaves it to the Authority.
    public var audience: [String] = []
    /// `tknb`: from when; nil for now.
    public var notBefore: OneM2MTime?
    /// `tkna`: until when.
    public var notAfter: OneM2MTime?
    /// `lft`: for how many seconds from the first moment, instead of `tkna`; nil for as long as may be.
    public var lifetime: Int64?
    /// `tknm`: a name for people.
    public var name: String?
    /// `dlv`
    public var delivery = Delivery.value

    /// The root member of the content.
    public static let rootName = "gh:atrq"

    /// A request.
    public init(permissions: [TokenPermission]) {
        self.permissions = permissions
    }

    /// The request of a CREATE's content.
    ///
    /// - Throws: ``OneM2MError`` 4102 for a content of another structure, unknown members too.
    public init(content: JSON?) throws(OneM2MError) {
        do { try self.init(checking: content) } catch {
            throw OneM2MError(.contentsUnacceptable, error.reason)
        }
    }

    private init(checking content: JSON?) throws(OneM2MError) {
        guard let root = content?.object, root.names == [Self.rootName], let object = root[Self.rootName]?.object else {
            throw OneM2MError(.contentsUnacceptable, "a token request is an object {\"\(Self.rootName)\": {…}}")
        }
        let known = ["tkps", "tkau", "tknb", "tkna", "lft", "tknm", "dlv"]
        if let unknown = object.names.first(where: { !known.contains($0) }) {
            throw OneM2MError(.contentsUnacceptable, "a token request has no member \"\(unknown.prefix(40))\"")
        }
        guard let wanted = object["tkps"] else {
            throw OneM2MError(.contentsUnacceptable, "a token request says in tkps what is wanted")
        }
        permissions = try TokenPermission.list(json: wanted)
        guard !permissions.isEmpty else {
            throw OneM2MError(.contentsUnacceptable, "a token request wants at least one permission")
        }
        audience = try IssuingPrivileges.texts("tkau", object["tkau"])
        notBefore = try Self.moment("tknb", object["tknb"])
        notAfter = try Self.moment("tkna", object["tkna"])
        if let value = object["lft"] {
            guard let seconds = value.int, seconds > 0, Int64(seconds) <= IssuingPrivileges.mostLifetime else {
                throw OneM2MError(
                    .contentsUnacceptable, "lft: 1 to \(IssuingPrivileges.mostLifetime) seconds were expected")
            }
            lifetime = Int64(seconds)
        }
        guard lifetime == nil || notAfter == nil else {
            throw OneM2MError(.contentsUnacceptable, "a token request has lft or tkna, not both")
        }
        if let value = object["tknm"] {
            guard let text = value.string, text.utf8.count <= 256 else {
                throw OneM2MError(.contentsUnacceptable, "tknm: a text of at most 256 bytes was expected")
            }
            name = text
        }
        if let value = object["dlv"] {
            guard let delivery = value.string.flatMap(Delivery.init(rawValue:)) else {
                throw OneM2MError(.contentsUnacceptable, "dlv: \"value\" or \"reference\" was expected")
            }
            self.delivery = delivery
        }
    }

    private static func moment(_ name: String, _ value: JSON?) throws(OneM2MError) -> OneM2MTime? {
        guard let value else { return nil }
        guard let moment = value.string.flatMap({ OneM2MTime($0) }) else {
            throw OneM2MError(.contentsUnacceptable, "\(name): a time such as 20261126T151610 was expected")
        }
        return moment
    }

    /// The content of a CREATE.
    public var content: JSON {
        var object: JSONObject = ["tkps": TokenPermission.json(permissions)]
        if !audience.isEmpty { object["tkau"] = .array(audience.map { .string($0) }) }
        object["tknb"] = notBefore.map { .string("\($0)") }
        object["tkna"] = notAfter.map { .string("\($0)") }
        object["lft"] = lifetime.map { .int($0) }
        object["tknm"] = name.map { .string($0) }
        if delivery != .value { object["dlv"] = .string(delivery.rawValue) }
        return [Self.rootName: .object(object)]
    }
}

/// What `<accessTokenIssuing>` answers: the token or where to retrieve it, and what was granted, which may be less than
/// what was wanted.
public struct TokenGrant: Sendable, Hashable {
    /// What the token says.
    public var claims: TokenClaims
    /// `tkob`: the protected token; nil when it is to be retrieved.
    public var token: String?
    /// `uri`: the address of the `<accessToken>`, relative to the service provider.
    public var address: String

    /// The root member of the content.
    public static let rootName = "gh:atrs"

    /// A grant.
    public init(claims: TokenClaims, token: String?, address: String) {
        self.claims = claims
        self.token = token
        self.address = address
    }

    /// The content of the answer.
    public var content: JSON {
        var object: JSONObject = ["uri": .string(address)]
        object["tkob"] = token.map { .string($0) }
        for name in ["tkid", "tknb", "tkna", "tkau", "tkps"] { object[name] = claims.attributes[name] }
        return [Self.rootName: .object(object)]
    }
}
