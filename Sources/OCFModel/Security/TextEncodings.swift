/// The octets of keys written as text.
enum TextEncodings {
    /// The octets of an even number of hexadecimal digits; nil for other text.
    static func octets(hexadecimal text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var octets: [UInt8] = []
        octets.reserveCapacity(digits.count / 2)
        for place in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digit(digits[place]), let low = digit(digits[place + 1]) else { return nil }
            octets.append(high << 4 | low)
        }
        return octets
    }

    /// The octets of Base64 (RFC 4648 §4) with its padding; nil for other text.
    static func octets(base64 text: String) -> [UInt8]? {
        let characters = Array(text.utf8)
        guard characters.count % 4 == 0 else { return nil }
        let padding = characters.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding <= 2 else { return nil }
        var octets: [UInt8] = []
        octets.reserveCapacity(characters.count / 4 * 3)
        var group: UInt32 = 0
        for (place, character) in characters.enumerated() {
            var value: UInt32 = 0
            if place < characters.count - padding {
                guard let sextet = sextet(character) else { return nil }
                value = sextet
            }
            group = group << 6 | value
            if place % 4 == 3 {
                octets += [16, 8, 0].map { UInt8(truncatingIfNeeded: group >> $0) }
                group = 0
            }
        }
        octets.removeLast(padding)
        return octets
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func sextet(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte) - 71
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte) + 4
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
