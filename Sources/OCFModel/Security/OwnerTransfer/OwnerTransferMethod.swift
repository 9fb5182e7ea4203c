/// How a device proves itself to a new owner: a number in `oxms` and `oxmsel` of `oic.r.doxm`.
///
/// An open set, since vendors have numbers of their own from 0xFF00 on.
public struct OwnerTransferMethod: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// The number on the wire.
    public let rawValue: Int

    /// What numbers there are: sixteen bits (security, "OTM identifiers").
    static let numbers = 0...0xFFFF

    /// The method of this number; nil outside sixteen bits.
    public init?(rawValue: Int) {
        guard Self.numbers.contains(rawValue) else { return nil }
        self.rawValue = rawValue
    }

    private init(number: Int) { rawValue = number }

    /// An anonymous key exchange: proves nothing, so that a person has to stand by.
    public static let justWorks = OwnerTransferMethod(number: 0)
    /// A number the device shows.
    public static let randomPIN = OwnerTransferMethod(number: 1)
    /// A certificate of the manufacturer.
    public static let manufacturerCertificate = OwnerTransferMethod(number: 2)
    /// "self": none is selected, the value after a reset. No session for an owner transfer is opened.
    public static let unselected = OwnerTransferMethod(number: 4)

    /// The name that goes into the derivation of the owner's key; nil for methods without one here.
    public var label: String? {
        switch self {
        case .justWorks: "oic.sec.doxm.jw"
        case .randomPIN: "oic.sec.doxm.rdp"
        case .manufacturerCertificate: "oic.sec.doxm.mfgcert"
        default: nil
        }
    }

    /// The PSK identity hint of a server that waits for a PIN: the label, a colon, the 16 octets of its `deviceuuid`.
    public static func pinHint(deviceID: Identifier) -> [UInt8] {
        Array("oic.sec.doxm.rdp:".utf8) + deviceID.octets
    }

    /// The PSK identity of a client that knows the PIN.
    public static let pinIdentity = Array("oic.sec.doxm.rdp".utf8)

    /// The name for people.
    public var description: String {
        switch self {
        case .justWorks: "just works"
        case .randomPIN: "random PIN"
        case .manufacturerCertificate: "manufacturer certificate"
        case .unselected: "none selected"
        default: "method \(rawValue)"
        }
    }
}
