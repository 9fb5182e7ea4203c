/// Why the store could not do what it was asked; compare errors by ``code``.
///
/// None of them loses anything: what was durable stays durable, and what is in memory stays in memory.
public struct StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of failure (`docs/flash-format.md` §6).
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The device has no room for the file.
        case noSpace
        /// The device is, or became, read-only.
        case readOnly
        /// Directory or file are open to others, belong to another user, or the kernel refuses access.
        case permissions
        /// Another process, or another store of this one, has the file open.
        case locked
        /// There is data, but no valid segment header; or the file's length does not fit.
        case corrupt
        /// Written by a later version of the format.
        case unsupportedVersion
        /// Key, value or change are longer than a record may be.
        case tooLarge
        /// The live set, or a counter, has reached its limit.
        case full
        /// An empty key, or a counter's name with a slash.
        case invalidKey
        /// Any other failure of the device.
        case io
        /// The store was closed before.
        case closed
    }

    /// The kind of failure; equality of errors is equality of codes.
    public let code: Code
    /// For people: what was found, what was expected, what to do.
    public let reason: String

    /// Makes an error.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// Code and reason in one line.
    public var description: String { "store \(code.rawValue): \(reason)" }

    /// Whether the codes are the same.
    public static func == (left: StoreError, right: StoreError) -> Bool { left.code == right.code }
}
