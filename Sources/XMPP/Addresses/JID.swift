/// An XMPP address, `local@domain/resource` (RFC 7622).
///
/// Prepared as far as a gateway needs it: local part and domain in lower case (PRECIS UsernameCaseMapped, 3.3; IDNA, 3.2),
/// what RFC 7622 forbids in them refused, each part at most 1023 bytes. Characters that are canonically equivalent compare
/// equal; full-width and half-width forms are not mapped, and what Unicode has no letter for is left to the server.
public struct JID: Sendable, Hashable {
    /// RFC 7622 3.1: no part is longer, in bytes of UTF-8.
    public static let maximumPartLength = 1023

    /// The account; nil for a server or a component.
    public let local: String?
    /// The server.
    public let domain: String
    /// The connection of the account; nil for a bare address.
    public let resource: String?

    /// An address in its text; nil when it is none.
    public init?(_ text: String) {
        // The first "/" begins the resource, and only before that an "@" ends the local part (RFC 7622 3.1).
        let bytes = text.utf8
        let slash = bytes.firstIndex(of: UInt8(ascii: "/"))
        let bare = text[..<(slash ?? text.endIndex)]
        let at = bare.utf8.firstIndex(of: UInt8(ascii: "@"))
        self.init(
            local: at.map { String(bare[..<$0]) },
            domain: String(bare[(at.map { bytes.index(after: $0) } ?? bare.startIndex)...]),
            resource: slash.map { String(text[bytes.index(after: $0)...]) })
    }

    /// An address of its parts; nil when one of them is not allowed.
    public init?(local: String?, domain: String, resource: String? = nil) {
        guard let domain = JID.prepared(domain: domain) else { return nil }
        self.domain = domain
        if let local {
            guard let local = JID.prepared(local: local) else { return nil }
            self.local = local
        } else {
            self.local = nil
        }
        if let resource, !JID.isResource(resource) { return nil }
        self.resource = resource
    }

    private init(local: String?, domain: String, checkedResource: String?) {
        self.local = local
        self.domain = domain
        resource = checkedResource
    }

    /// Without the resource.
    public var bare: JID { JID(local: local, domain: domain, checkedResource: nil) }

    /// Whether there is no resource.
    public var isBare: Bool { resource == nil }

    /// The address of the server alone.
    public var server: JID { JID(local: nil, domain: domain, checkedResource: nil) }

    /// With this resource; nil when it is not allowed.
    public func with(resource: String) -> JID? {
        JID.isResource(resource) ? JID(local: local, domain: domain, checkedResource: resource) : nil
    }
}

extension JID {
    private static func fits(_ part: String) -> Bool { (1...maximumPartLength).contains(part.utf8.count) }

    private static func prepared(domain: String) -> String? {
        // A final dot is dropped (RFC 7622 3.2): the scalar alone, whatever it makes one character with.
        let domain =
            domain.unicodeScalars.last == "."
            ? String(String.UnicodeScalarView(domain.unicodeScalars.dropLast())) : domain
        // No label of a name is empty (RFC 1034 3.1).
        let labels = domain.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard labels.allSatisfy({ !$0.isEmpty }) else { return nil }
        let isAllowed = domain.unicodeScalars.allSatisfy { scalar in
            scalar.value > 0x7F ? isText(scalar) : isHostCharacter(UInt8(truncatingIfNeeded: scalar.value))
        }
        guard isAllowed else { return nil }
        let lower = domain.lowercased()
        return fits(lower) ? lower : nil
    }

    /// Letters, digits, "-", ".", "_" (seen in names of components), and what an IPv6 address in brackets needs.
    private static func isHostCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
            true
        default: false
        }
    }

    private static func prepared(local: String) -> String? {
        let isAllowed = local.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            // RFC 7622 3.3.1.
            case "\"", "&", "'", "/", ":", "<", ">", "@", " ": false
            // Of ASCII no other white space is text.
            default: isText(scalar) && (scalar.value < 0x80 || !scalar.properties.isWhitespace)
            }
        }
        guard isAllowed else { return nil }
        let lower = local.lowercased()
        return fits(lower) ? lower : nil
    }

    /// RFC 7622 3.4, the OpaqueString class: spaces yes, control characters no.
    private static func isResource(_ resource: String) -> Bool {
        fits(resource) && resource.unicodeScalars.allSatisfy(isText)
    }

    private static func isText(_ scalar: Unicode.Scalar) -> Bool {
        // Nearly every address is ASCII, and Unicode's tables cost more than all else that is done with one.
        if scalar.value < 0x80 { return scalar.value >= 0x20 && scalar.value != 0x7F }
        return switch scalar.properties.generalCategory {
        case .control, .surrogate, .unassigned, .privateUse, .lineSeparator, .paragraphSeparator: false
        // Marks that only change the direction or join (RFC 8264 9.13) would let two addresses look alike.
        case .format: false
        default: true
        }
    }
}

extension JID: LosslessStringConvertible {
    /// `local@domain/resource`.
    public var description: String {
        var text = ""
        if let local { text += local + "@" }
        text += domain
        if let resource { text += "/" + resource }
        return text
    }
}
