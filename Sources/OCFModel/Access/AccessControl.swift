import CoAPMessages

/// What an entry permits: the bits of `permission` (security, `oic.r.acl2`).
public struct Permissions: OptionSet, Sendable, Hashable {
    /// The bits as on the wire.
    public let rawValue: Int
    /// A set of these bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// CREATE.
    public static let create = Permissions(rawValue: 1)
    /// RETRIEVE, OBSERVE and DISCOVER.
    public static let read = Permissions(rawValue: 2)
    /// UPDATE.
    public static let update = Permissions(rawValue: 4)
    /// DELETE.
    public static let delete = Permissions(rawValue: 8)
    /// NOTIFY.
    public static let notify = Permissions(rawValue: 16)
}

/// What the evaluator must know of a resource.
public struct AccessFacts: Sendable, Hashable {
    /// Its address on the device.
    public let href: String
    /// Whether it configures the device (discovery, maintenance, security) instead of serving an application; wildcards
    /// never match such a one.
    public let configuresDevice: Bool
    /// Whether it is in `/oic/res`.
    public let isDiscoverable: Bool
    /// Whether it can be reached without encryption.
    public let hasPlainEndpoint: Bool

    /// The facts of a resource.
    public init(href: String, configuresDevice: Bool, isDiscoverable: Bool = true, hasPlainEndpoint: Bool = false) {
        self.href = href
        self.configuresDevice = configuresDevice
        self.isDiscoverable = isDiscoverable
        self.hasPlainEndpoint = hasPlainEndpoint
    }
}

/// One access control entry: whom it lets do what with which resources (security, `oic.sec.ace2`).
public struct AccessControlEntry: Sendable, Hashable {
    /// Whom the entry is about.
    public enum Subject: Sendable, Hashable {
        /// `uuid`.
        case device(Identifier)
        /// `role` and `authority`; without an authority it matches the role of any.
        case role(Requester.Role)
        /// `conntype` auth-crypt: everybody on an encrypted connection.
        case encrypted
        /// `conntype` anon-clear: everybody.
        case everybody
    }

    /// Which resources the entry is about.
    public enum Selector: Sendable, Hashable {
        /// `href`.
        case href(String)
        /// `wc` "+": discoverable application resources with encrypted endpoints only.
        case discoverableEncrypted
        /// `wc` "-": discoverable application resources with a plain endpoint.
        case discoverablePlain
        /// `wc` "*": every application resource.
        case allApplication
    }

    /// `aceid`, unique in its list.
    public let id: Int
    /// Whom it is about.
    public let subject: Subject
    /// Which resources.
    public let resources: [Selector]
    /// What it permits.
    public let permissions: Permissions

    /// An entry.
    public init(id: Int, subject: Subject, resources: [Selector], permissions: Permissions) {
        self.id = id
        self.subject = subject
        self.resources = resources
        self.permissions = permissions
    }

    /// Whether it is about this requester.
    public func matches(_ requester: Requester) -> Bool {
        switch subject {
        case .device(let id): requester.isEncrypted && requester.identity == .device(id)
        case .role(let role):
            requester.isEncrypted
                && requester.roles.contains {
                    $0.name == role.name && (role.authority == nil || $0.authority == role.authority)
                }
        case .encrypted: requester.isEncrypted
        case .everybody: true
        }
    }

    /// Whether it is about this resource.
    public func matches(_ facts: AccessFacts) -> Bool {
        resources.contains { selector in
            switch selector {
            case .href(let href): href == facts.href
            case .discoverableEncrypted:
                !facts.configuresDevice && facts.isDiscoverable && !facts.hasPlainEndpoint
            case .discoverablePlain: !facts.configuresDevice && facts.isDiscoverable && facts.hasPlainEndpoint
            case .allApplication: !facts.configuresDevice
            }
        }
    }
}

/// The entries of a device; what none of them permits is denied.
public struct AccessControlList: Sendable, Hashable {
    /// The entries; their order does not matter.
    public var entries: [AccessControlEntry]

    /// A list.
    public init(_ entries: [AccessControlEntry] = []) {
        self.entries = entries
    }

    /// The union of what the matching entries permit.
    public func permissions(of requester: Requester, on facts: AccessFacts) -> Permissions {
        var permissions: Permissions = []
        for entry in entries where entry.matches(requester) && entry.matches(facts) {
            permissions.formUnion(entry.permissions)
        }
        return permissions
    }

    /// Whether the operation is permitted.
    ///
    /// RETRIEVE needs read or notify, UPDATE and CREATE need update or create, DELETE needs delete: what IoTivity-Lite
    /// asks, so that lists written for it mean the same here.
    public func permits(
        _ operation: ResourceRequest.Operation, by requester: Requester, on facts: AccessFacts
    ) -> Bool {
        let permissions = permissions(of: requester, on: facts)
        return switch operation {
        case .retrieve: !permissions.isDisjoint(with: [.read, .notify])
        case .update, .create: !permissions.isDisjoint(with: [.update, .create])
        case .delete: permissions.contains(.delete)
        }
    }
}
