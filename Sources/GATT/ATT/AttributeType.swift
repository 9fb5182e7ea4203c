import Advertising

/// The UUID that says what an attribute, a service or a characteristic is (Core Specification Vol 3 Part B 2.5.1): 16 bits
/// where the Bluetooth SIG numbered it, else 128.
public struct AttributeType: Sendable, Hashable {
    /// The high half, most significant byte first as people write it.
    public let high: UInt64
    /// The low half.
    public let low: UInt64

    /// 00000000-0000-1000-8000-00805F9B34FB, on which short ones are built.
    private static let baseHigh: UInt64 = 0x0000_0000_0000_1000
    private static let baseLow: UInt64 = 0x8000_0080_5F9B_34FB

    /// One of 128 bits.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// One that the SIG numbered.
    public init(_ number: UInt16) {
        high = UInt64(number) << 32 | AttributeType.baseHigh
        low = AttributeType.baseLow
    }

    /// Reads `2A19`, `0x2A19` or `6E400001-B5A3-F393-E0A9-E50E24DCCA9E`, in either case; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let utf8 = Array(text.utf8)
        if utf8.count == 36 {
            guard [8, 13, 18, 23].allSatisfy({ utf8[$0] == UInt8(ascii: "-") }) else { return nil }
            let digits = utf8.enumerated().filter { ![8, 13, 18, 23].contains($0.offset) }.map(\.element)
            guard let bytes = Hex.bytes(String(decoding: digits, as: UTF8.self)), bytes.count == 16 else { return nil }
            self.init(bytes: bytes)
            return
        }
        let hasPrefix = utf8.count == 6 && utf8[0] == UInt8(ascii: "0") && utf8[1] | 0x20 == UInt8(ascii: "x")
        let digits = hasPrefix ? Array(utf8[2...]) : utf8
        guard digits.count == 4, let bytes = Hex.bytes(String(decoding: digits, as: UTF8.self)) else { return nil }
        self.init(UInt16(bytes[0]) << 8 | UInt16(bytes[1]))
    }

    /// From bytes as they are sent, least significant first; nil for another count than 2 or 16.
    public init?(wire: some Collection<UInt8>) {
        switch wire.count {
        case 2: self.init(wire.reversed().reduce(0) { $0 << 8 | UInt16($1) })
        case 16: self.init(bytes: wire.reversed())
        default: return nil
        }
    }

    private init(bytes: [UInt8]) {
        high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8...].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The SIG's number, when it has one.
    public var short: UInt16? {
        guard low == AttributeType.baseLow, high & 0xFFFF_0000_FFFF_FFFF == AttributeType.baseHigh else { return nil }
        return UInt16(truncatingIfNeeded: high >> 32)
    }

    /// As it is sent: 2 bytes where it has a number, else 16, the least significant first.
    public var wire: [UInt8] {
        if let short { return [UInt8(truncatingIfNeeded: short), UInt8(short >> 8)] }
        return (0..<8).map { UInt8(truncatingIfNeeded: low >> (8 * $0)) }
            + (0..<8).map { UInt8(truncatingIfNeeded: high >> (8 * $0)) }
    }
}

extension AttributeType: CustomStringConvertible {
    /// `2A19`, or all five groups.
    public var description: String {
        if let short { return Hex.upper(UInt64(short), digits: 4) }
        let digits = Hex.upper(high, digits: 16) + Hex.upper(low, digits: 16)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text += "-" }
            text.append(digit)
        }
        return text
    }
}

extension AttributeType: ExpressibleByIntegerLiteral {
    /// `0x2A19`
    public init(integerLiteral value: UInt16) { self.init(value) }
}

extension AttributeType {
    /// Primary service declaration (Vol 3 Part G 3.1).
    static let primaryService: AttributeType = 0x2800
    /// Characteristic declaration (Part G 3.3.1).
    static let characteristic: AttributeType = 0x2803
    /// Client Characteristic Configuration (Part G 3.3.3.3).
    public static let clientConfiguration: AttributeType = 0x2902
    /// Number of Digitals (Core Specification Supplement Part B 9; Automation IO Service 3.1.3.2).
    public static let numberOfDigitals: AttributeType = 0x2909
    /// Service Changed (Part G 7.1).
    public static let serviceChanged: AttributeType = 0x2A05
    /// Database Hash (Part G 7.3).
    public static let databaseHash: AttributeType = 0x2B2A
}

/// The number of an attribute on a server (Vol 3 Part F 3.2.2): 1 to 0xFFFF; 0 is none.
public typealias AttributeHandle = UInt16
