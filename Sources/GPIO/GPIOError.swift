/// What went wrong with a chip or line.
public struct GPIOError: Error, Sendable, CustomStringConvertible {
    /// The kind of mistake; what programs compare.
    public enum Code: String, Sendable, Hashable {
        /// No chip has the label, name or path; the reason lists the chips that are there.
        case chipNotFound
        /// Several chips have the label; a path tells them apart.
        case chipAmbiguous
        /// The chip has no such line.
        case lineNotFound
        /// Several lines of the chip have the name; an offset tells them apart.
        case lineAmbiguous
        /// Somebody else holds the line; the reason names the consumer.
        case lineBusy
        /// The device node may not be opened by this user.
        case permission
        /// The chip or kernel cannot do what was asked.
        case unsupported
        /// The chip is gone (unplugged, or its driver unbound).
        case chipLost
        /// The line or chip was given back already.
        case closed
        /// Anything else the kernel refuses.
        case system
    }

    /// The kind of mistake.
    public let code: Code
    /// What was found, what was expected, and what to do.
    public let reason: String

    /// An error.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// The reason.
    public var description: String { reason }
}
