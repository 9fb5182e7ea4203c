/// Why bytes are not a message.
public struct MessageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, for programs.
    public enum Code: Sendable, Hashable, CaseIterable {
        /// The bytes end inside the header or the token.
        case truncated
        /// A datagram of another version than 1: silently ignored (RFC 7252 §3).
        case unknownVersion
        /// A token length of 9 to 15.
        case reservedTokenLength
        /// A code of class 1, 3 or 6; over datagrams also class 7.
        case reservedCode
        /// A datagram of code 0.00 with anything after the message ID (RFC 7252 §4.1).
        case emptyMessageWithContent
        /// An option delta of 15 that is not the payload marker.
        case reservedOptionDelta
        /// An option length of 15.
        case reservedOptionLength
        /// An option that says it is longer than the message.
        case optionBeyondEnd
        /// Deltas that add up to more than 65,535.
        case optionNumberTooLarge
        /// A payload marker with nothing behind it (RFC 7252 §3).
        case emptyPayload
        /// More than ``MessageLimits/messageSize``.
        case messageTooLarge
        /// More than ``MessageLimits/optionCount``.
        case tooManyOptions
        /// More than ``MessageLimits/optionsLength``.
        case optionsTooLong
    }

    /// What is wrong, for programs.
    public let code: Code

    /// What was found and what was expected, for people.
    public let reason: String

    /// The message ID to answer with a Reset; nil when the bytes are to be ignored, or came over a stream.
    ///
    /// Only a Confirmable message is rejected by a Reset; everything else malformed is dropped in silence
    /// (RFC 7252 §4.2, §4.3), for an answer to a forged address helps nobody.
    public internal(set) var resetID: UInt16?

    init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// The reason.
    public var description: String { reason }

    /// Errors are equal when their codes are.
    public static func == (left: MessageError, right: MessageError) -> Bool {
        left.code == right.code
    }

    /// Hashes the code.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
    }
}
