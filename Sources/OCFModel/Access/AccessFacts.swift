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
    /// Every bit.
    public static let all = Permissions(rawValue: 31)
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

    /// Whether it is a security resource, which connection types never open (security, "ACE matching").
    public var isSecurityResource: Bool { href.hasPrefix("/oic/sec/") }

    /// The facts of a resource.
    public init(href: String, configuresDevice: Bool, isDiscoverable: Bool = true, hasPlainEndpoint: Bool = false) {
        self.href = href
        self.configuresDevice = configuresDevice
        self.isDiscoverable = isDiscoverable
        self.hasPlainEndpoint = hasPlainEndpoint
    }
}
