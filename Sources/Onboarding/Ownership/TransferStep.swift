/// The steps of an owner transfer in their order (security, "Owner transfer"; the order is the one that IoTivity-Lite's
/// tools keep).
public enum TransferStep: Int, Sendable, Hashable, CaseIterable, Comparable {
    /// Read doxm over plain CoAP: who owns the device, what it offers.
    case readMethods
    /// Write `oxmsel` over plain CoAP, upon which the device knocks, or shows its PIN.
    case selectMethod
    /// Have the person type the PIN.
    case readPIN
    /// Open the ownership connection.
    case openConnection
    /// `om`: client-directed.
    case chooseMode
    /// `devowneruuid`.
    case setDeviceOwner
    /// `deviceuuid`.
    case setDeviceID
    /// `rowneruuid` of doxm.
    case setMethodsOwner
    /// `rowneruuid` of acl2.
    case setAccessOwner
    /// `rowneruuid` of pstat.
    case setStatusOwner
    /// The credential for the key that both derive, and `rowneruuid` of cred.
    case setOwnerKey
    /// Keys for services on other devices, and the CMS that is one.
    case setServiceKeys
    /// The security domain.
    case setDomain
    /// The record of the device is kept, before it knows that it is owned.
    case keepRecord
    /// `owned`.
    case setOwned
    /// RFPRO.
    case provision
    /// Entries of the factory, or of an earlier owner, go.
    case clearAccess
    /// The entries that everything else needs.
    case grantAccess
    /// RFNOP.
    case operate
    /// The record is kept as of a device that is owned.
    case keepOwned
    /// After an interruption: open a connection by the key that was kept.
    case reconnect
    /// After an interruption: read pstat.
    case readState

    /// By their order.
    public static func < (left: TransferStep, right: TransferStep) -> Bool { left.rawValue < right.rawValue }

    /// What it does, for people.
    public var text: String {
        switch self {
        case .readMethods: "reading how the device is owned"
        case .selectMethod: "choosing the method"
        case .readPIN: "asking for the PIN"
        case .openConnection: "opening the ownership connection"
        case .chooseMode: "choosing client-directed provisioning"
        case .setDeviceOwner: "naming the owner"
        case .setDeviceID: "giving the device its id"
        case .setMethodsOwner: "naming the DOTS of doxm"
        case .setAccessOwner: "naming the AMS"
        case .setStatusOwner: "naming the DOTS of pstat"
        case .setOwnerKey: "deriving the owner's key"
        case .setServiceKeys: "giving keys to the services"
        case .setDomain: "naming the security domain"
        case .keepRecord, .keepOwned: "keeping the record"
        case .setOwned: "taking ownership"
        case .provision: "beginning to provision"
        case .clearAccess: "clearing access control"
        case .grantAccess: "granting the first access"
        case .operate: "beginning normal operation"
        case .reconnect: "connecting again"
        case .readState: "reading the device's state"
        }
    }
}
