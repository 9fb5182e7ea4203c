/// The security virtual resources that every device has at fixed addresses (security, "Security Virtual Resources").
public enum SecurityResource: String, Sendable, Hashable, CaseIterable {
    /// Device owner transfer methods.
    case doxm
    /// Provisioning status.
    case pstat
    /// Credentials.
    case cred
    /// Access control list.
    case acl2
    /// Security profiles.
    case sp
    /// Certificate signing request.
    case csr
    /// Asserted roles.
    case roles
    /// Security domain information.
    case sdi

    /// Where every device has it.
    public var href: String { "/oic/sec/\(rawValue)" }
    /// `rt`.
    public var resourceType: String { "oic.r.\(rawValue)" }
    /// `if`, the default one first.
    public var interfaces: [Interface] { [.readWrite, .baseline] }
    /// Whether changes can be observed.
    public var isObservable: Bool { self == .pstat }
    /// Whether it can be reached without encryption while the device has no owner.
    public var hasPlainEndpointWhileUnowned: Bool { self == .doxm || self == .pstat }

    /// The resource at this address.
    public init?(href: String) {
        guard href.hasPrefix("/oic/sec/") else { return nil }
        self.init(rawValue: String(href.dropFirst("/oic/sec/".count)))
    }
}

/// How many entries the security resources hold at most. What a device can keep durably may be less: ours keeps the
/// whole state in one change of its store, 60,000 bytes, and refuses what would be more.
public enum SecurityLimits {
    /// Credentials: owner, services, cloud, a few anchors, identity and role certificates are about ten; with 3072
    /// characters of certificate and key each, 64 take 400 kB at worst.
    public static let credentials = 64
    /// Access control entries: one for each member of a large household and each shared group of devices.
    public static let accessControlEntries = 128
    /// Resources in one access control entry.
    public static let resourcesPerEntry = 64
    /// Validity periods in one entry.
    public static let periodsPerEntry = 8
    /// Recurrence rules in one period.
    public static let recurrencesPerPeriod = 8
    /// Role certificates of one connection; a person has a few roles.
    public static let rolesPerConnection = 8
    /// Connections that may have asserted roles at a time; as many DTLS sessions as the gateway holds.
    public static let connectionsWithRoles = 64
    /// Characters of `publicdata`, `privatedata` and `csr` (`maxLength` of their definitions).
    public static let dataLength = 3072
    /// Characters of `optionaldata`, whose definition has no bound; a chain of issuers as long as `publicdata`.
    public static let optionalDataLength = 3072
    /// Characters of an `href` (`maxLength` of its definition).
    public static let hrefLength = 256
    /// Characters of roles, authorities, names, periods and rules, whose definitions have no bound.
    public static let textLength = 256
    /// Security profiles; five exist.
    public static let profiles = 16
    /// `aceid` and `credid` that a client may choose. Their definitions have no bound; this leaves the counter room.
    public static let largestID = Int(Int32.max)
}
