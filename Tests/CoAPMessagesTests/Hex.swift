import CoAPMessages

/// Bytes from hexadecimal; spaces are for the reader.
func hex(_ text: String) -> [UInt8] {
    let digits = text.filter { !$0.isWhitespace }
    return stride(from: 0, to: digits.count, by: 2).map { position in
        let start = digits.index(digits.startIndex, offsetBy: position)
        return UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16) ?? 0
    }
}

/// A generator whose sequence is the same in every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
        return bits ^ bits >> 31
    }
}

/// A message of any shape the format allows.
func randomMessage(_ generator: inout SplitMix, codes: [UInt8]) -> Message {
    var options = Options()
    for _ in 0..<Int.random(in: 0...6, using: &generator) {
        let number = OptionNumber(
            rawValue: [1, 11, 12, 15, 28, 60, 268, 269, 270, 2049, 65_535].randomElement(using: &generator) ?? 1)
        let length = [0, 1, 12, 13, 14, 268, 269, 300].randomElement(using: &generator) ?? 0
        options.add(number, (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }
    let tokenBytes = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
    }
    let payload = [0, 1, 10, 12, 13, 255, 256, 300, 65_535, 66_000].randomElement(using: &generator) ?? 0
    return Message(
        code: Code(rawValue: codes.randomElement(using: &generator) ?? 1), token: Token(tokenBytes) ?? .empty,
        options: options, payload: [UInt8](repeating: 0x5A, count: payload))
}
