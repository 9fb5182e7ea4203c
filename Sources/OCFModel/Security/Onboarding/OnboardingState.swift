/// Where a device is on its way from the factory to normal operation: `dos.s` of `oic.r.pstat` (security, "Device
/// onboarding state").
public enum OnboardingState: Int, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    /// Everything goes back to what the factory made; ends by itself in ``rfotm``.
    case reset = 0
    /// Ready for owner transfer: nobody owns the device.
    case rfotm = 1
    /// Ready for provisioning: the owner's services write credentials and access control.
    case rfpro = 2
    /// Ready for normal operation: applications are served.
    case rfnop = 3
    /// Soft reset: the owner repairs what it provisioned.
    case sreset = 4

    /// Whether an UPDATE of `dos.s` may ask for this change. What the device must have besides, see
    /// ``SecurityState/entryFault(_:)``.
    public func mayBecome(_ next: OnboardingState) -> Bool {
        Self.successors[rawValue].contains(next)
    }

    /// From each state in the order of the numbers. RESET becomes RFOTM by itself as well.
    private static let successors: [Set<OnboardingState>] = [
        [.reset, .rfotm],
        [.reset, .rfotm, .rfpro, .rfnop],
        [.reset, .rfpro, .rfnop, .sreset],
        [.reset, .rfpro, .rfnop, .sreset],
        [.reset, .rfpro, .sreset],
    ]

    /// The name in the standard.
    public var description: String {
        switch self {
        case .reset: "RESET"
        case .rfotm: "RFOTM"
        case .rfpro: "RFPRO"
        case .rfnop: "RFNOP"
        case .sreset: "SRESET"
        }
    }
}

/// The bits of `cm` and `tm` (security, `oic.r.pstat`).
public struct ProvisioningMode: OptionSet, Sendable, Hashable {
    /// The bits as on the wire, 0 to 255.
    public let rawValue: Int
    /// A set of these bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Manufacturer reset.
    public static let reset = ProvisioningMode(rawValue: 1)
    /// Pairing and owner transfer.
    public static let ownerTransfer = ProvisioningMode(rawValue: 2)
    /// Provisioning of credential management services.
    public static let credentials = ProvisioningMode(rawValue: 8)
    /// Provisioning of access management services.
    public static let accessManagement = ProvisioningMode(rawValue: 16)
    /// Provisioning of local access control lists.
    public static let accessControlLists = ProvisioningMode(rawValue: 32)
    /// Check for new software.
    public static let softwareValidation = ProvisioningMode(rawValue: 64)
    /// Update of the software.
    public static let softwareUpdate = ProvisioningMode(rawValue: 128)
}

/// The bits of `om` and `sm` (security, `oic.r.pstat`).
public struct OperationalMode: OptionSet, Sendable, Hashable {
    /// The bits as on the wire, 1 to 7.
    public let rawValue: Int
    /// A set of these bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Server-directed, several services.
    public static let serverDirectedMultiple = OperationalMode(rawValue: 1)
    /// Server-directed, one service.
    public static let serverDirectedSingle = OperationalMode(rawValue: 2)
    /// Client-directed.
    public static let clientDirected = OperationalMode(rawValue: 4)
}
