/// Who asks, as far as the transport has proved it.
public struct Requester: Sendable, Hashable {
    /// The proved identity.
    public enum Identity: Sendable, Hashable {
        /// A device, an onboarding tool, or a cloud by its `sid`.
        case device(Identifier)
        /// Nobody in particular.
        case anonymous
    }

    /// A role that a certificate proves (security, "Roles").
    public struct Role: Sendable, Hashable {
        /// Its name.
        public let name: String
        /// Who gives it its meaning, when named.
        public let authority: String?

        /// A role.
        public init(_ name: String, authority: String? = nil) {
            self.name = name
            self.authority = authority
        }
    }

    /// The proved identity.
    public let identity: Identity
    /// The proved roles.
    public let roles: [Role]
    /// Whether the connection is encrypted and its ends are authenticated.
    public let isEncrypted: Bool

    /// A requester.
    public init(_ identity: Identity, roles: [Role] = [], isEncrypted: Bool) {
        self.identity = identity
        self.roles = roles
        self.isEncrypted = isEncrypted
    }

    /// The cloud, whose requests and whose users' requests are authorised as its `sid` (device to cloud, 8.4).
    public static func cloud(_ sid: Identifier) -> Requester {
        Requester(.device(sid), isEncrypted: true)
    }

    /// Anybody, over a plain connection.
    public static let anonymous = Requester(.anonymous, isEncrypted: false)
}
