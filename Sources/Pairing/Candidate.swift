/// Somebody who asks to be trusted.
///
/// Two candidates are the same when their kind and identifier are; the title is only what people read.
public struct Candidate: Sendable, Hashable, CustomStringConvertible {
    /// What a candidate wants to be for the gateway.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// An OCF cloud that the gateway is to sign up to.
        case ocfCloud = "ocf-cloud"
        /// A mediator that wants to give the gateway a cloud's address (`oic.r.coapcloudconf`).
        case ocfMediator = "ocf-mediator"
        /// An onboarding tool that wants to own the device (`/oic/sec/doxm`).
        case ocfOwner = "ocf-owner"
        /// An XMPP server or provisioning server (XEP-0324).
        case xmppServer = "xmpp-server"
    }

    /// The longest identifier, in UTF-8 bytes: a JID, a URI or a UUID fits, and the key of its trust record stays short.
    public static let maximumIdentifierLength = 200

    /// The longest title, in UTF-8 bytes: one line of a terminal.
    public static let maximumTitleLength = 120

    /// What the candidate wants to be.
    public let kind: Kind
    /// The stable name that trust is kept under: a cloud's id, an owner's UUID, a bare JID.
    public let identifier: String
    /// What people see; control characters are taken out and the rest is cut at ``maximumTitleLength``.
    public let title: String

    /// Whether being accepted makes a record of trust under this name. False for one whose lasting name shows only after
    /// it has been let in (``Pairing/record(_:)``).
    public let isRemembered: Bool

    /// A candidate; the title falls back to the identifier.
    public init(kind: Kind, identifier: String, title: String = "", isRemembered: Bool = true) {
        self.isRemembered = isRemembered
        self.kind = kind
        self.identifier = identifier
        let readable = Candidate.readable(title)
        self.title = readable.isEmpty ? Candidate.readable(identifier) : readable
    }

    /// Whether the identifier can be a key of trust: not empty, not too long, and without control characters.
    public var isValid: Bool {
        !identifier.isEmpty && identifier.utf8.count <= Candidate.maximumIdentifierLength
            && !identifier.unicodeScalars.contains(where: Candidate.isControl)
    }

    /// `ocf-cloud 00000000-…`.
    public var description: String { "\(kind.rawValue) \(identifier)" }

    /// Equal when kind and identifier are.
    public static func == (left: Candidate, right: Candidate) -> Bool {
        left.kind == right.kind && left.identifier == right.identifier
    }

    /// Hashes kind and identifier.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(identifier)
    }

    /// A stranger chooses the title, and it ends in logs and terminals: escape sequences and text that runs backwards
    /// must not get there.
    private static func readable(_ text: String) -> String {
        var result = ""
        for character in text where !character.unicodeScalars.contains(where: isControl) {
            guard result.utf8.count + character.utf8.count <= maximumTitleLength else { break }
            result.append(character)
        }
        return result
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
