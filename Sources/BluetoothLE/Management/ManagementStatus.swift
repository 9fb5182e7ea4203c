/// The status of a management command (BlueZ `doc/mgmt-api.txt`, "Command status codes").
public enum ManagementStatus: UInt8, Sendable, Hashable, CaseIterable {
    case success = 0x00
    case unknownCommand = 0x01
    case notConnected = 0x02
    case failed = 0x03
    case connectFailed = 0x04
    case authenticationFailed = 0x05
    case notPaired = 0x06
    case noResources = 0x07
    case timeout = 0x08
    case alreadyConnected = 0x09
    case busy = 0x0A
    case rejected = 0x0B
    case notSupported = 0x0C
    case invalidParameters = 0x0D
    case disconnected = 0x0E
    case notPowered = 0x0F
    case cancelled = 0x10
    case invalidIndex = 0x11
    case rfkilled = 0x12
    case alreadyPaired = 0x13
    case permissionDenied = 0x14

    /// Reads a status; one that this program does not know is a failure.
    public init(byte: UInt8) { self = ManagementStatus(rawValue: byte) ?? .failed }

    /// In words.
    public var text: String {
        switch self {
        case .success: "done"
        case .unknownCommand: "the kernel does not know the command"
        case .notConnected: "not connected"
        case .failed: "failed"
        case .connectFailed: "the connection could not be made"
        case .authenticationFailed: "the other device did not prove itself"
        case .notPaired: "not paired"
        case .noResources: "no resources are left"
        case .timeout: "no answer came in time"
        case .alreadyConnected: "connected already"
        case .busy: "the adapter is busy"
        case .rejected: "rejected"
        case .notSupported: "not supported by this adapter"
        case .invalidParameters: "the kernel does not take these parameters"
        case .disconnected: "the other device hung up"
        case .notPowered: "the adapter is not powered"
        case .cancelled: "cancelled"
        case .invalidIndex: "there is no such adapter"
        case .rfkilled: "the adapter is switched off by rfkill; `rfkill unblock bluetooth` switches it on"
        case .alreadyPaired: "paired already"
        case .permissionDenied: "the capability CAP_NET_ADMIN is missing"
        }
    }

    /// The error that this status is.
    func error(_ what: String) -> RadioError {
        let code: RadioError.Code =
            switch self {
            case .permissionDenied: .permission
            case .rfkilled: .blocked
            case .busy, .alreadyConnected, .alreadyPaired: .busy
            case .invalidIndex, .notPowered: .noAdapter
            case .unknownCommand, .notSupported, .invalidParameters: .unsupported
            case .timeout: .timeout
            case .connectFailed, .authenticationFailed, .notPaired, .notConnected, .rejected, .disconnected, .cancelled:
                .refused
            case .success, .failed, .noResources: .system
            }
        return RadioError(code, "\(what): \(text)", status: self)
    }
}
