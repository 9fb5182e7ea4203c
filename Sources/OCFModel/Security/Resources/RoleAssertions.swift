import CBOR
import CoAPMessages

/// `oic.r.roles`: the role certificates that a peer has asserted on its connection. They end with it.
public struct RoleAssertions: Sendable, Hashable {
    /// One asserted certificate and the roles it proves.
    public struct Assertion: Sendable, Hashable {
        /// `roles`: the entry as it came, with an id of ours.
        public let credential: Credential
        /// The roles in the certificate.
        public let roles: [Requester.Role]
        /// The last second the certificate is valid, since 1970.
        public let notAfter: Int64
    }

    /// The assertions.
    public internal(set) var entries: [Assertion]

    /// No assertions.
    public init() {
        entries = []
    }

    /// The roles that are proved at this time; none while the clock cannot be trusted (nil).
    public func roles(at now: Int64?) -> [Requester.Role] {
        guard let now else { return [] }
        return entries.filter { now <= $0.notAfter }.flatMap(\.roles)
    }

    /// The properties as a RETRIEVE shows them.
    public func representation(_ selection: CredentialList.Selection = .all) -> CBOR.Map {
        [
            "roles": .array(
                entries.map(\.credential).filter(selection.contains).map(\.representation))
        ]
    }

    /// What a client asks to change.
    public enum Change: Sendable, Hashable {
        /// POST.
        case update(Update)
        /// DELETE.
        case delete(CredentialList.Selection)
    }

    /// An UPDATE, and as large a list as a RETRIEVE answers with.
    public struct Update: Sendable, Hashable {
        /// `roles`; their ids mean nothing.
        public var entries: [Credential]

        /// An update.
        public init(_ entries: [Credential]) {
            self.entries = entries
        }

        /// Reads a payload, or a RETRIEVE's answer; 4.00 for wrong types and more entries than fit.
        public init(_ body: CBOR.Value?) throws(ResourceError) {
            let reader = try PropertyReader(body, of: "roles")
            entries = try reader.require("roles", CredentialList.entries(reader, "roles"))
            guard entries.count <= SecurityLimits.rolesPerConnection else {
                throw reader.fail("roles", "at most \(SecurityLimits.rolesPerConnection) entries")
            }
        }

        /// The payload.
        public var representation: CBOR.Map {
            ["roles": .array(entries.map(\.secretRepresentation))]
        }
    }
}
