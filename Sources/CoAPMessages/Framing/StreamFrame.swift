/// How streams carry messages: a length in front, no type and no message ID (RFC 8323 §3.2).
///
///     |  Len  |  TKL  | extended length (0, 1, 2 or 4 bytes) | Code | Token | options, 0xFF and payload
///
/// `Len` counts options, marker and payload: 0 to 12 as it is, 13 for one byte that holds 13 less, 14 for two with 269
/// less, 15 for four with 65,805 less.
public enum StreamFrame {
    /// What the first bytes of a frame say about it.
    public struct Header: Sendable, Hashable {
        /// Bytes up to and including the code.
        public let headerLength: Int
        /// Bytes of the token, 0 to 8.
        public let tokenLength: Int
        /// Bytes of the whole frame.
        public let frameLength: Int
    }

    /// Reads how long the frame at the front of `bytes` is.
    ///
    /// - Returns: nil when more bytes are needed to say.
    /// - Throws: ``MessageError`` for a reserved token length, or a frame of more than `limits.messageSize` bytes. The
    ///   stream cannot be used any more.
    public static func header(
        _ bytes: Span<UInt8>, limits: MessageLimits = .default
    ) throws(MessageError) -> Header? {
        guard bytes.count > 0 else { return nil }
        let tokenLength = Int(bytes[0] & 0xF)
        guard tokenLength <= Token.maximumLength else {
            throw MessageError(.reservedTokenLength, "a token length of \(tokenLength) where at most 8 is allowed")
        }
        let extensionLength: Int
        let base: UInt64
        switch bytes[0] >> 4 {
        case 13: (extensionLength, base) = (1, 13)
        case 14: (extensionLength, base) = (2, 269)
        case 15: (extensionLength, base) = (4, 65_805)
        case let length: (extensionLength, base) = (0, UInt64(length))
        }
        guard bytes.count > extensionLength else { return nil }
        var extended: UInt64 = 0
        for index in 0..<extensionLength { extended = extended << 8 | UInt64(bytes[1 + index]) }
        let headerLength = 2 + extensionLength
        let length = base + extended + UInt64(headerLength + tokenLength)
        guard length <= UInt64(limits.messageSize) else {
            throw MessageError(
                .messageTooLarge, "a message of \(length) bytes where at most \(limits.messageSize) are taken")
        }
        return Header(
            headerLength: headerLength, tokenLength: tokenLength, frameLength: Int(truncatingIfNeeded: length))
    }
}

extension Message {
    /// The bytes it takes as a frame of a stream, which is what Max-Message-Size limits (RFC 8323 §5.3.1).
    public var frameLength: Int {
        let length = contentLength
        return 2 + lengthExtension(length).count + token.count + length
    }

    /// Reads the message of a whole frame.
    ///
    /// - Parameters:
    ///   - frame: exactly `header.frameLength` bytes.
    ///   - header: what ``StreamFrame/header(_:limits:)`` said of them.
    /// - Throws: ``MessageError``. The stream's framing still holds, but the peer is broken: RFC 8323 §5.6 lets the
    ///   connection be aborted.
    public static func decode(
        frame: Span<UInt8>, header: StreamFrame.Header, limits: MessageLimits = .default
    ) throws(MessageError) -> Message {
        guard frame.count == header.frameLength else {
            throw MessageError(
                .truncated, "\(frame.count) bytes where the frame's header says \(header.frameLength)")
        }
        let code = Code(rawValue: frame[header.headerLength - 1])
        guard !code.isReserved else {
            throw MessageError(.reservedCode, "code \(code) has no meaning")
        }
        return try decodeBody(
            frame, code: code, tokenLength: header.tokenLength, from: header.headerLength, limits: limits)
    }

    /// Reads a message from bytes that hold exactly one frame.
    public static func decode(
        frame: [UInt8], limits: MessageLimits = .default
    ) throws(MessageError) -> Message {
        let span = frame.span
        guard let header = try StreamFrame.header(span, limits: limits) else {
            throw MessageError(.truncated, "the frame ends inside its header")
        }
        return try decode(frame: span, header: header, limits: limits)
    }

    /// Appends the message as a frame.
    public func encodeFrame(into sink: inout some ByteSink) {
        let length = contentLength
        let (nibble, value, count) = lengthExtension(length)
        var head = [6 of UInt8](repeating: 0)
        head[0] = nibble << 4 | UInt8(truncatingIfNeeded: token.count)
        for index in 0..<count {
            head[1 + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * (count - 1 - index)))
        }
        head[1 + count] = code.rawValue
        sink.write(bytes: head.span.extracting(0..<2 + count))
        token.encode(into: &sink)
        encodeContent(into: &sink)
    }

    /// The frame's bytes.
    public func encodedFrame() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(frameLength)
        encodeFrame(into: &bytes)
        return bytes
    }

    /// The nibble for a length, what its extension holds, and the extension's bytes.
    private func lengthExtension(_ length: Int) -> (nibble: UInt8, value: UInt32, count: Int) {
        switch length {
        case ..<13: (UInt8(truncatingIfNeeded: length), 0, 0)
        case ..<269: (13, UInt32(truncatingIfNeeded: length - 13), 1)
        case ..<65_805: (14, UInt32(truncatingIfNeeded: length - 269), 2)
        default: (15, UInt32(truncatingIfNeeded: length - 65_805), 4)
        }
    }
}
