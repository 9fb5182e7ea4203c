import Glibc

/// What went wrong with the kernel's Bluetooth.
public struct RadioError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of mistake; what programs compare.
    public enum Code: String, Sendable, Hashable {
        /// The kernel has no Bluetooth, or the service may not use it.
        case noBluetooth
        /// A capability is missing; the reason names it.
        case permission
        /// No such adapter, or it went away.
        case noAdapter
        /// Switched off by rfkill.
        case blocked
        /// The adapter is at something else, or another program has it.
        case busy
        /// The kernel or the controller cannot do this.
        case unsupported
        /// The other device did not agree, or was not there.
        case refused
        /// No answer in time.
        case timeout
        /// The channel was closed.
        case closed
        /// An answer that is no answer.
        case malformed
        /// Anything else.
        case system
    }

    /// The kind of mistake.
    public let code: Code
    /// What was found, what was expected, and what to do.
    public let reason: String
    /// The management status that the kernel answered, where it did.
    public let status: ManagementStatus?

    /// An error.
    public init(_ code: Code, _ reason: String, status: ManagementStatus? = nil) {
        self.code = code
        self.reason = reason
        self.status = status
    }

    /// An error number of the system, met while doing `what`.
    init(errno number: Int32, _ what: String) {
        let code: Code =
            switch number {
            case EAFNOSUPPORT, EPROTONOSUPPORT: .noBluetooth
            case EPERM, EACCES: .permission
            case ENODEV, ENXIO, ENETDOWN: .noAdapter
            case ERFKILL: .blocked
            case EBUSY, EALREADY: .busy
            default: .system
            }
        var reason = "\(what): \(RadioError.text(number))"
        if code == .noBluetooth {
            reason += "; the kernel has no Bluetooth, or the service may not use AF_BLUETOOTH"
        }
        self.init(code, reason)
    }

    /// The reason.
    public var description: String { reason }

    private static func text(_ number: Int32) -> String {
        String(cString: strerror(number))
    }
}
