/// Why something with a GATT device did not succeed.
public struct GATTError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of failure, for programs.
    public enum Code: Sendable, Hashable {
        /// There is no radio that can connect.
        case noRadio
        /// No connection came about.
        case unreachable
        /// Every connection is in use, and none became free in time.
        case noConnectionFree
        /// It failed a while ago; the next attempt comes later.
        case backingOff
        /// The connection ended.
        case disconnected
        /// It did not answer in time.
        case timedOut
        /// Its answer makes no sense.
        case malformed
        /// It refused.
        case refused(ATTError)
        /// It has no such service, characteristic or descriptor.
        case notFound
        /// The characteristic cannot do that.
        case notPossible
        /// The value or message is too long.
        case tooLong
        /// Too much waits for it.
        case busy
        /// It wants a bond, and nobody has permitted one.
        case needsPairing
        /// Pairing was tried and failed.
        case pairingFailed
        /// The gateway is stopping, or the device was forgotten.
        case cancelled
    }

    /// The kind.
    public let code: Code
    /// A sentence for people, which goes on after the device's name: what it did, or what was found.
    public let reason: String

    /// A failure.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// A refusal of the device's.
    public init(_ error: ATTError, handle: AttributeHandle) {
        self.init(.refused(error), "it refused: \(error)" + (handle == 0 ? "" : " (handle \(handle))"))
    }

    /// The refusal, when it is one.
    public var refusal: ATTError? {
        if case .refused(let error) = code { error } else { nil }
    }

    /// Errors are equal when their codes are.
    public static func == (left: GATTError, right: GATTError) -> Bool { left.code == right.code }

    /// Feeds the code.
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }

    /// The sentence.
    public var description: String { reason }
}
