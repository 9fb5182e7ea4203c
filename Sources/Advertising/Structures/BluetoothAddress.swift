/// A device address of 48 bits (Core Specification Vol 6 Part B 1.3), most significant byte first as people write it.
public struct BluetoothAddress: Sendable, Hashable, Comparable {
    /// The address in the low 48 bits.
    public let rawValue: UInt64

    /// The address in the low 48 bits of `rawValue`; what is above them is dropped.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue & 0xFFFF_FFFF_FFFF
    }

    /// Reads `A4:C1:38:8D:18:B2`, `A4-C1-38-8D-18-B2` or `A4C1388D18B2`, in either case; nil for anything else.
    public init?(_ text: some StringProtocol) {
        var value: UInt64 = 0
        var digits = 0
        var separator: UInt8?
        for byte in text.utf8 {
            if let digit = Hex.digit(byte) {
                guard digits < 12 else { return nil }
                value = value << 4 | UInt64(digit)
                digits += 1
                if digits.isMultiple(of: 2) { continue }
            } else {
                // A separator stands after each pair but the last, and always the same one.
                guard byte == UInt8(ascii: ":") || byte == UInt8(ascii: "-"), digits.isMultiple(of: 2),
                    digits > 0, digits < 12, separator ?? byte == byte, digits == 2 || separator != nil
                else { return nil }
                separator = byte
            }
        }
        let separators = text.utf8.count - digits
        guard digits == 12, separators == 0 || separators == 5 else { return nil }
        rawValue = value
    }

    /// Byte `index` as people write it: 0 is the first, most significant one.
    @inlinable
    public subscript(index: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: rawValue >> UInt64(8 * (5 - index)))
    }

    /// Twelve upper-case digits without separators: the form of node ids.
    public var hex: String {
        Hex.upper(rawValue, digits: 12)
    }

    /// By number.
    public static func < (left: BluetoothAddress, right: BluetoothAddress) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension BluetoothAddress: CustomStringConvertible {
    /// `A4:C1:38:8D:18:B2`
    public var description: String {
        (0..<6).map { Hex.upper(UInt64(self[$0]), digits: 2) }.joined(separator: ":")
    }
}

/// What an address says about how long it will stay (Core Specification Vol 6 Part B 1.3).
public enum AddressKind: String, Sendable, Hashable, CaseIterable {
    /// Registered with the IEEE: the device's own, for ever.
    case `public`
    /// Random and kept at least until the device is powered off; in practice for ever. Top bits 11.
    case randomStatic
    /// Changes every quarter of an hour or so; whoever holds the device's identity key can resolve it. Top bits 01.
    case resolvablePrivate
    /// Changes at any time and means nothing. Top bits 00.
    case nonResolvablePrivate

    /// The kind of `address` when the radio calls it random (`isRandom`) or public.
    public init(_ address: BluetoothAddress, isRandom: Bool) {
        guard isRandom else {
            self = .public
            return
        }
        switch address[0] >> 6 {
        case 0b11: self = .randomStatic
        case 0b01: self = .resolvablePrivate
        // 10 is reserved: as little to hold on to as a non-resolvable one.
        default: self = .nonResolvablePrivate
        }
    }

    /// Whether the address names the device for good, so that it can be a node's id.
    public var isIdentity: Bool {
        self == .public || self == .randomStatic
    }
}
