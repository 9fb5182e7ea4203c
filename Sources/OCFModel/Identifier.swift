/// A UUID as OCF names devices, clouds and platforms: 8-4-4-4-12 hexadecimal digits (core, `oic.types-schema` "uuid").
public struct Identifier: Sendable, Hashable, CustomStringConvertible {
    /// The sixteen octets, in the order of the text.
    public let octets: [UInt8]

    /// The identifier of sixteen zeros, which stands for "none" in security resources.
    public static let none = Identifier(unchecked: [UInt8](repeating: 0, count: 16))

    private init(unchecked octets: [UInt8]) {
        self.octets = octets
    }

    /// The identifier of exactly sixteen octets; nil for any other number.
    public init?(octets: [UInt8]) {
        guard octets.count == 16 else { return nil }
        self.octets = octets
    }

    /// The identifier with this text, digits in either case; nil when it is none.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return nil }
        var octets: [UInt8] = []
        octets.reserveCapacity(16)
        var place = 0
        while place < 36 {
            if place == 8 || place == 13 || place == 18 || place == 23 {
                guard bytes[place] == UInt8(ascii: "-") else { return nil }
                place += 1
                continue
            }
            guard let high = Self.digit(bytes[place]), let low = Self.digit(bytes[place + 1]) else { return nil }
            octets.append(high << 4 | low)
            place += 2
        }
        self.octets = octets
    }

    /// A fresh one (RFC 9562 version 4) from the system's random numbers.
    public static func random() -> Identifier {
        var generator = SystemRandomNumberGenerator()
        var octets = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
        octets[6] = octets[6] & 0x0F | 0x40
        octets[8] = octets[8] & 0x3F | 0x80
        return Identifier(unchecked: octets)
    }

    /// The text, digits in lower case.
    public var description: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (index, octet) in octets.enumerated() {
            if index == 4 || index == 6 || index == 8 || index == 10 { text.append(UInt8(ascii: "-")) }
            text.append(digits[Int(octet >> 4)])
            text.append(digits[Int(octet & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
