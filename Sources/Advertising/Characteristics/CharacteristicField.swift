/// One field of a characteristic's value.
public struct CharacteristicField: Sendable, Hashable {
    /// When a field is there at all: when this bit of the value's first byte is set, or is not.
    public struct Presence: Sendable, Hashable {
        let bit: UInt8
        let isSet: Bool

        /// There when the bit is set.
        public static func whenSet(_ bit: UInt8) -> Presence { Presence(bit: bit, isSet: true) }
        /// There when the bit is not set.
        public static func whenClear(_ bit: UInt8) -> Presence { Presence(bit: bit, isSet: false) }
    }

    /// The name behind the characteristic's own; nil where the value has one field alone.
    public var name: String?
    /// The unit; nil for none.
    public var unit: String?
    /// How it lies in the bytes.
    public var form: CharacteristicForm
    /// The value is raw × `multiplier` + `offset`, of which `decimals` digits are behind the point. Integers only.
    public var multiplier: Int64
    /// See ``multiplier``.
    public var decimals: UInt8
    /// See ``multiplier``.
    public var offset: Int64
    /// Raw integers that its specification allows; nil for all.
    public var range: ClosedRange<Int64>?
    /// Raw integers that stand for "not known".
    public var voids: [Int64]
    /// When it is there; nil for always.
    public var presence: Presence?

    /// A field.
    public init(
        _ form: CharacteristicForm, unit: String? = nil, name: String? = nil, multiplier: Int64 = 1,
        decimals: UInt8 = 0, offset: Int64 = 0, range: ClosedRange<Int64>? = nil, voids: [Int64] = [],
        presence: Presence? = nil
    ) {
        self.name = name
        self.unit = unit
        self.form = form
        self.multiplier = multiplier
        self.decimals = decimals
        self.offset = offset
        self.range = range
        self.voids = voids
        self.presence = presence
    }
}

// MARK: - Reading

extension CharacteristicField {
    /// Reads the field from the front of `bytes`, which are enough (``CharacteristicForm/size``).
    func decode(_ bytes: ArraySlice<UInt8>) throws(CharacteristicError) -> CharacteristicValue {
        switch form {
        case .unsigned(let size):
            return try number(unsigned: CharacteristicField.little(bytes.prefix(size)))
        case .signed(let size):
            let shift = UInt64(64 - 8 * size)
            return try number(
                Int64(bitPattern: CharacteristicField.little(bytes.prefix(size)) << shift) >> Int64(shift))
        case .boolean:
            return .boolean(bytes.first != 0)
        case .shortFloat:
            return MedicalFloat.short(UInt16(truncatingIfNeeded: CharacteristicField.little(bytes.prefix(2))))
        case .float:
            return MedicalFloat.long(UInt32(truncatingIfNeeded: CharacteristicField.little(bytes.prefix(4))))
        case .float32:
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: CharacteristicField.little(bytes.prefix(4))))
            return value.isFinite ? .real(Double(value)) : .missing
        case .float64:
            let value = Double(bitPattern: CharacteristicField.little(bytes.prefix(8)))
            return value.isFinite ? .real(value) : .missing
        case .text:
            // Some devices fill their strings up with zeros.
            guard let text = String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self) else {
                throw CharacteristicError(.notText, "the text is no UTF-8: \(Hex.text(bytes))")
            }
            return .text(text)
        case .digitals:
            return .digitals(bytes.flatMap { byte in (0..<4).map { byte >> (2 * $0) & 3 } })
        case .bytes(let size):
            return .bytes(Array(bytes.prefix(size)))
        case .rest:
            return .bytes(Array(bytes))
        }
    }

    private func number(unsigned raw: UInt64) throws(CharacteristicError) -> CharacteristicValue {
        guard let raw = Int64(exactly: raw) else {
            throw CharacteristicError(.outOfRange, "\(raw) is more than is read")
        }
        return try number(raw)
    }

    private func number(_ raw: Int64) throws(CharacteristicError) -> CharacteristicValue {
        if voids.contains(raw) { return .missing }
        if let range, !range.contains(raw) {
            throw CharacteristicError(
                .outOfRange,
                "\(text(raw)) is outside the range of \(text(range.lowerBound)) to \(text(range.upperBound))")
        }
        let (product, isTooLarge) = raw.multipliedReportingOverflow(by: multiplier)
        let (mantissa, isOver) = product.addingReportingOverflow(offset)
        guard !isTooLarge, !isOver else { throw CharacteristicError(.outOfRange, "\(raw) is more than is read") }
        return .number(mantissa: mantissa, decimals: decimals)
    }

    /// A raw integer as the number it stands for, for people.
    private func text(_ raw: Int64) -> String {
        Decimals.text(raw &* multiplier &+ offset, decimals) + (unit.map { " \($0)" } ?? "")
    }

    static func little(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

// MARK: - Writing

extension CharacteristicField {
    /// Puts a value into bytes.
    ///
    /// - Throws: ``CharacteristicError`` with `wrongKind` or `outOfRange`.
    func encode(_ value: CharacteristicValue) throws(CharacteristicError) -> [UInt8] {
        switch (form, value) {
        case (.unsigned(let size), .number(let mantissa, let decimals)):
            let raw = try raw(mantissa, decimals, within: 0...(size >= 8 ? Int64.max : 1 << Int64(8 * size) - 1))
            return CharacteristicField.bytes(UInt64(raw), size)
        case (.signed(let size), .number(let mantissa, let decimals)):
            let limit: Int64 = size >= 8 ? .max : 1 << Int64(8 * size - 1) - 1
            return CharacteristicField.bytes(
                UInt64(bitPattern: try raw(mantissa, decimals, within: -limit - 1...limit)), size)
        case (.boolean, .boolean(let flag)): return [flag ? 1 : 0]
        case (.shortFloat, .number(let mantissa, let decimals)):
            return try CharacteristicField.bytes(
                medical(MedicalFloat.encode(mantissa, decimals: decimals, mantissaBits: 12, exponentBits: 4)), 2)
        case (.float, .number(let mantissa, let decimals)):
            return try CharacteristicField.bytes(
                medical(MedicalFloat.encode(mantissa, decimals: decimals, mantissaBits: 24, exponentBits: 8)), 4)
        case (.float32, .number(let mantissa, let decimals)):
            return CharacteristicField.bytes(
                UInt64(Float(CharacteristicField.double(mantissa, decimals)).bitPattern), 4)
        case (.float32, .real(let number)): return CharacteristicField.bytes(UInt64(Float(number).bitPattern), 4)
        case (.float64, .number(let mantissa, let decimals)):
            return CharacteristicField.bytes(CharacteristicField.double(mantissa, decimals).bitPattern, 8)
        case (.float64, .real(let number)): return CharacteristicField.bytes(number.bitPattern, 8)
        case (.text, .text(let text)): return Array(text.utf8)
        case (.digitals, .digitals(let lines)): return try CharacteristicField.pack(lines)
        case (.bytes(let size), .bytes(let bytes)):
            guard bytes.count == size else {
                throw CharacteristicError(.wrongLength, "\(bytes.count) bytes, expected \(size)")
            }
            return bytes
        case (.rest, .bytes(let bytes)): return bytes
        default: throw CharacteristicError(.wrongKind, "the value is of another kind than the field takes")
        }
    }

    /// The raw integer nearest to `mantissa` × 10^-`places`.
    private func raw(
        _ mantissa: Int64, _ places: UInt8, within limits: ClosedRange<Int64>
    ) throws(CharacteristicError) -> Int64 {
        let tooLarge = CharacteristicError(
            .outOfRange, "\(Decimals.text(mantissa, places)) is outside what this characteristic holds")
        guard places <= 18, decimals <= 18 else { throw tooLarge }
        // In the field's decimals, with one division at the end, so that it is rounded once.
        let (scaled, isOver) = mantissa.multipliedReportingOverflow(by: MedicalFloat.power(Int(decimals)))
        let (shift, isShiftOver) = offset.multipliedReportingOverflow(by: MedicalFloat.power(Int(places)))
        let (difference, isDifferenceOver) = scaled.subtractingReportingOverflow(shift)
        let (divisor, isDivisorOver) = multiplier.multipliedReportingOverflow(by: MedicalFloat.power(Int(places)))
        guard !isOver, !isShiftOver, !isDifferenceOver, !isDivisorOver, divisor > 0 else { throw tooLarge }
        let (quotient, remainder) = difference.quotientAndRemainder(dividingBy: divisor)
        let raw =
            remainder.magnitude >= divisor.magnitude - remainder.magnitude ? quotient + difference.signum() : quotient
        guard limits.contains(raw), range?.contains(raw) ?? true, !voids.contains(raw) else { throw tooLarge }
        return raw
    }

    private func medical(_ raw: UInt32?) throws(CharacteristicError) -> UInt64 {
        guard let raw else { throw CharacteristicError(.outOfRange, "the number is larger than the field holds") }
        return UInt64(raw)
    }

    private static func pack(_ lines: [UInt8]) throws(CharacteristicError) -> [UInt8] {
        guard lines.allSatisfy({ $0 <= 3 }) else {
            throw CharacteristicError(.outOfRange, "a digital line is 0, 1, 2 or 3")
        }
        return stride(from: 0, to: lines.count, by: 4).map { start in
            lines[start..<min(start + 4, lines.count)].enumerated().reduce(0) { $0 | $1.element << (2 * $1.offset) }
        }
    }

    private static func double(_ mantissa: Int64, _ decimals: UInt8) -> Double {
        Double("\(mantissa)e-\(decimals)") ?? 0
    }

    private static func bytes(_ value: UInt64, _ size: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }
}
