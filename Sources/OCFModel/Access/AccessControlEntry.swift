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

    /// `aceid`, unique in its list; 0 while none is assigned.
    public let id: Int
    /// Whom it is about.
    public let subject: Subject
    /// Which resources.
    public let resources: [Selector]
    /// What it permits.
    public let permissions: Permissions
    /// When it holds: in any of these periods; always when there are none.
    public let validity: [ValidityPeriod]
    /// A note of whoever wrote it, which IoTivity-Lite's tools set and read.
    public let tag: String?

    /// An entry.
    public init(
        id: Int, subject: Subject, resources: [Selector], permissions: Permissions, validity: [ValidityPeriod] = [],
        tag: String? = nil
    ) {
        self.id = id
        self.subject = subject
        self.resources = resources
        self.permissions = permissions
        self.validity = validity
        self.tag = tag
    }

    /// The same entry under another id.
    func with(id: Int) -> AccessControlEntry {
        AccessControlEntry(
            id: id, subject: subject, resources: resources, permissions: permissions, validity: validity, tag: tag)
    }

    /// Whether it says the same, whatever its id.
    func isSame(as other: AccessControlEntry) -> Bool { with(id: 0) == other.with(id: 0) }

    /// Whether it holds at this second, since 1970. While the clock cannot be trusted (nil), what is limited in time does
    /// not hold.
    public func holds(at now: Int64?) -> Bool {
        guard !validity.isEmpty else { return true }
        guard let now else { return false }
        return validity.contains { $0.contains(now) }
    }

    /// Whether it is about a kind of connection and not about somebody.
    var isForConnectionType: Bool { subject == .encrypted || subject == .everybody }

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
