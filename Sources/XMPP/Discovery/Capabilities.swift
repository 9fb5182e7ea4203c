import TLS

/// What presence says of an entity's features, so that peers ask only once for each version (XEP-0115).
public struct Capabilities: Sendable, Hashable {
    /// A URI that names the software.
    public var node: String
    /// The hash function, `sha-1`.
    public var hash: String
    /// The verification string.
    public var verification: String

    /// The capabilities of software that is and can this. `node` is a URI that names the software.
    public init(node: String, of info: DiscoInfo) {
        self.node = node
        hash = "sha-1"
        verification = Capabilities.verification(of: info)
    }

    /// Reads a `c` element; nil when it is none or lacks something.
    public init?(_ element: XMLElement) {
        guard element.isNamed("c", Namespace.capabilities), let node = element["node"], let hash = element["hash"],
            let verification = element["ver"]
        else { return nil }
        self.node = node
        self.hash = hash
        self.verification = verification
    }

    /// The `c` element for presence.
    public var element: XMLElement {
        XMLElement("c", Namespace.capabilities, ["hash": hash, "node": node, "ver": verification])
    }

    /// The node by which disco#info of this version is asked for.
    public var discoNode: String { "\(node)#\(verification)" }

    /// Whether `info` is what these capabilities stand for (XEP-0115 5.4): false also for another hash than SHA-1.
    public func match(_ info: DiscoInfo) -> Bool {
        hash == "sha-1" && Capabilities.verification(of: info) == verification
    }

    /// The verification string of XEP-0115 5.1: SHA-1 in base64 of identities, features and forms, sorted byte by byte.
    static func verification(of info: DiscoInfo) -> String {
        func sorted(_ texts: some Sequence<String>) -> [String] {
            texts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
        var text = ""
        let identities = info.identities.map { [$0.category, $0.type, $0.language ?? "", $0.name ?? ""] }
        let sortedIdentities = identities.sorted { left, right in
            for (left, right) in zip(left, right) where left != right {
                return left.utf8.lexicographicallyPrecedes(right.utf8)
            }
            return false
        }
        for identity in sortedIdentities { text += identity.joined(separator: "/") + "<" }
        for feature in sorted(info.features) { text += feature + "<" }
        let forms = info.forms.filter { $0[formTypeName]?.kind == .hidden && $0.formType != nil }
            .sorted { ($0.formType ?? "").utf8.lexicographicallyPrecedes(($1.formType ?? "").utf8) }
        for form in forms {
            text += (form.formType ?? "") + "<"
            let fields = form.fields.filter { $0.name != formTypeName && $0.name != nil }
                .sorted { ($0.name ?? "").utf8.lexicographicallyPrecedes(($1.name ?? "").utf8) }
            for field in fields {
                text += (field.name ?? "") + "<"
                for value in sorted(field.values) { text += value + "<" }
            }
        }
        return Base64.text(Cryptography.hash(.sha1, Array(text.utf8)))
    }

    private static let formTypeName = "FORM_TYPE"
}
