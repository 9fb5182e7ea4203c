extension Options {
    /// Reads options up to the payload marker or the end (RFC 7252 §3.1).
    ///
    /// - Returns: the options, and where the payload begins: the end of `bytes` when there is none.
    static func decode(
        _ bytes: Span<UInt8>, from start: Int, limits: MessageLimits
    ) throws(MessageError) -> (options: Options, payload: Int) {
        var position = start
        var number = 0
        var count = 0
        var end = bytes.count
        while position < bytes.count {
            let first = bytes[position]
            if first == 0xFF {
                end = position
                guard position + 1 < bytes.count else {
                    throw MessageError(.emptyPayload, "a payload marker with no payload behind it")
                }
                break
            }
            position += 1
            number += try extended(first >> 4, bytes, &position, reserved: .reservedOptionDelta)
            guard number <= Int(UInt16.max) else {
                throw MessageError(.optionNumberTooLarge, "option number \(number) is more than 65535")
            }
            let length = try extended(first & 0xF, bytes, &position, reserved: .reservedOptionLength)
            guard length <= bytes.count - position else {
                throw MessageError(
                    .optionBeyondEnd,
                    "option \(number) claims \(length) bytes where \(bytes.count - position) are left")
            }
            position += length
            count += 1
            guard count <= limits.optionCount else {
                throw MessageError(.tooManyOptions, "more than \(limits.optionCount) options")
            }
        }
        guard end - start <= limits.optionsLength else {
            throw MessageError(
                .optionsTooLong, "\(end - start) bytes of options where at most \(limits.optionsLength) are taken")
        }
        guard count > 0 else { return (Options(), end == bytes.count ? end : end + 1) }
        let storage = [UInt8](copying: bytes.extracting(start..<end))
        let options = Options(storage: storage, count: count, last: UInt16(truncatingIfNeeded: number))
        return (options, end == bytes.count ? end : end + 1)
    }

    private static func extended(
        _ nibble: UInt8, _ bytes: Span<UInt8>, _ position: inout Int, reserved: MessageError.Code
    ) throws(MessageError) -> Int {
        switch nibble {
        case ..<13:
            return Int(nibble)
        case 13:
            guard position < bytes.count else {
                throw MessageError(.optionBeyondEnd, "the message ends inside an option's header")
            }
            position += 1
            return 13 + Int(bytes[position - 1])
        case 14:
            guard position + 1 < bytes.count else {
                throw MessageError(.optionBeyondEnd, "the message ends inside an option's header")
            }
            position += 2
            return 269 + Int(bytes[position - 2]) << 8 + Int(bytes[position - 1])
        default:
            throw MessageError(reserved, "the reserved value 15 in an option's header")
        }
    }
}
