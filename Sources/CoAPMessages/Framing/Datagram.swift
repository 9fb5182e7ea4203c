/// A message as datagrams carry it (RFC 7252 §3).
///
///      0                   1                   2                   3
///     |Ver| T |  TKL  |      Code     |          Message ID           |
///     | Token, options, 0xFF and payload
public struct Datagram: Sendable, Hashable {
    /// How the message layer treats it (RFC 7252 §4).
    public enum Kind: UInt8, Sendable, Hashable, CaseIterable {
        /// Repeated until it is acknowledged or reset.
        case confirmable = 0
        /// Sent once.
        case nonConfirmable = 1
        /// Acknowledges; may carry the response.
        case acknowledgement = 2
        /// Refuses.
        case reset = 3
    }

    /// The size up to which RFC 7252 §4.6 assumes that a datagram arrives in one piece: 1,152 bytes.
    public static let assumedMaximumSize = 1152

    /// How the message layer treats it.
    public var kind: Kind
    /// What matches acknowledgements and finds duplicates.
    public var id: UInt16
    /// What it carries; ``Code/empty`` and nothing else for an empty message.
    public var message: Message

    /// A datagram of these parts.
    public init(kind: Kind, id: UInt16, message: Message) {
        self.kind = kind
        self.id = id
        self.message = message
    }

    /// An empty message: an acknowledgement, a reset, or a ping when it is confirmable.
    public static func empty(_ kind: Kind, id: UInt16) -> Datagram {
        Datagram(kind: kind, id: id, message: Message(code: .empty))
    }

    /// The bytes it takes.
    public var encodedLength: Int { message.datagramLength }

    /// Reads a datagram.
    ///
    /// - Throws: ``MessageError``, whose `resetID` says whether to answer with a Reset.
    public static func decode(
        _ bytes: Span<UInt8>, limits: MessageLimits = .default
    ) throws(MessageError) -> Datagram {
        guard bytes.count >= 4 else {
            throw MessageError(.truncated, "\(bytes.count) bytes where a header has 4")
        }
        guard bytes[0] >> 6 == 1 else {
            throw MessageError(.unknownVersion, "version \(bytes[0] >> 6) where 1 is known")
        }
        let id = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        let kind = Kind(rawValue: bytes[0] >> 4 & 0x3) ?? .reset
        do throws(MessageError) {
            return Datagram(kind: kind, id: id, message: try decodeMessage(bytes, limits: limits))
        } catch {
            var error = error
            error.resetID = kind == .confirmable ? id : nil
            throw error
        }
    }

    /// Reads a datagram.
    ///
    /// - Throws: ``MessageError``, whose `resetID` says whether to answer with a Reset.
    public static func decode(
        _ bytes: [UInt8], limits: MessageLimits = .default
    ) throws(MessageError) -> Datagram {
        try decode(bytes.span, limits: limits)
    }

    private static func decodeMessage(
        _ bytes: Span<UInt8>, limits: MessageLimits
    ) throws(MessageError) -> Message {
        guard bytes.count <= limits.messageSize else {
            throw MessageError(
                .messageTooLarge, "\(bytes.count) bytes where at most \(limits.messageSize) are taken")
        }
        let code = Code(rawValue: bytes[1])
        if code.isEmpty {
            guard bytes.count == 4, bytes[0] & 0xF == 0 else {
                throw MessageError(.emptyMessageWithContent, "an empty message with \(bytes.count - 4) bytes in it")
            }
            return Message(code: .empty)
        }
        guard !code.isReserved, !code.isSignal else {
            throw MessageError(.reservedCode, "code \(code) has no meaning in a datagram")
        }
        return try Message.decodeBody(
            bytes, code: code, tokenLength: Int(bytes[0] & 0xF), from: 4, limits: limits)
    }

    /// Appends the datagram. An empty message carries nothing else, whatever the value holds (RFC 7252 §4.1).
    public func encode(into sink: inout some ByteSink) {
        let isEmpty = message.code.isEmpty
        let head: [4 of UInt8] = [
            1 << 6 | kind.rawValue << 4 | UInt8(truncatingIfNeeded: isEmpty ? 0 : message.token.count),
            message.code.rawValue,
            UInt8(truncatingIfNeeded: id >> 8),
            UInt8(truncatingIfNeeded: id),
        ]
        sink.write(bytes: head.span)
        if !isEmpty {
            message.token.encode(into: &sink)
            message.encodeContent(into: &sink)
        }
    }

    /// The datagram's bytes.
    public func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(encodedLength)
        encode(into: &bytes)
        return bytes
    }
}

extension Message {
    /// The bytes it takes as a datagram.
    public var datagramLength: Int { code.isEmpty ? 4 : 4 + token.count + contentLength }
}
