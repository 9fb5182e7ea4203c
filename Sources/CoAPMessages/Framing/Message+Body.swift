extension Message {
    /// The bytes of options, payload marker and payload: what RFC 8323 §3.2 counts as the length.
    var contentLength: Int {
        options.encodedLength + (payload.isEmpty ? 0 : 1 + payload.count)
    }

    /// Appends options, marker and payload.
    func encodeContent(into sink: inout some ByteSink) {
        if !options.isEmpty { sink.write(bytes: options.storage.span) }
        if !payload.isEmpty {
            sink.write(byte: 0xFF)
            sink.write(bytes: payload.span)
        }
    }

    /// Reads token, options and payload, which begin at `start` and end with `bytes`.
    static func decodeBody(
        _ bytes: Span<UInt8>, code: Code, tokenLength: Int, from start: Int, limits: MessageLimits
    ) throws(MessageError) -> Message {
        guard tokenLength <= Token.maximumLength else {
            throw MessageError(.reservedTokenLength, "a token length of \(tokenLength) where at most 8 is allowed")
        }
        guard bytes.count - start >= tokenLength else {
            throw MessageError(.truncated, "the message ends inside its token")
        }
        var bits: UInt64 = 0
        for index in 0..<tokenLength {
            bits |= UInt64(bytes[start + index]) << UInt64(56 - 8 * index)
        }
        let token = Token(bits: bits, count: tokenLength)
        let (options, payload) = try Options.decode(bytes, from: start + tokenLength, limits: limits)
        return Message(
            code: code, token: token, options: options,
            payload: payload < bytes.count ? [UInt8](copying: bytes.extracting(payload..<bytes.count)) : [])
    }
}

extension Token {
    /// Appends the bytes.
    func encode(into sink: inout some ByteSink) {
        guard count > 0 else { return }
        var bytes = [8 of UInt8](repeating: 0)
        for index in 0..<count { bytes[index] = self[index] }
        sink.write(bytes: bytes.span.extracting(0..<count))
    }
}
