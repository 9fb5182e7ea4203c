/// One field of SwitchBot's data: a row of a model's table. Offsets count from the start of the manufacturer data, whose
/// first six bytes are the device's address, or from the start of the service data where that is said.
struct SwitchBotField: Sendable {
    /// What the bits mean.
    enum Form: Sendable {
        /// Yes when any of the bits is set.
        case flag
        /// Yes when none is.
        case notFlag
        /// The bits as a number, shifted to the right end.
        case number
        /// The bits as they stand, not shifted.
        case bits
        /// The bits as a position of 100 at most; counted from the other end when it is reversed.
        case position(isReversed: Bool)
        /// The name of the number that the bits are; void where there is none.
        case choice([StaticString])
        /// Two bytes, high byte first, under the mask; with so many decimals.
        case word(decimals: UInt8)
        /// The same for all devices of the model.
        case constant(Bool)
        /// The same number for all devices of the model.
        case fixed(Int64)
    }

    let metric: Metric
    let offset: Int
    let mask: UInt16
    let form: Form
    /// In the service data, and not in the manufacturer data.
    let isInService: Bool

    init(_ metric: Metric, _ offset: Int, _ mask: UInt16, _ form: Form = .number, isInService: Bool = false) {
        self.metric = metric
        self.offset = offset
        self.mask = mask
        self.form = form
        self.isInService = isInService
    }

    /// The value in `data`; nil when it is too short.
    func value(_ data: Span<UInt8>, _ list: inout MeasurementList) -> MeasuredValue? {
        if case .constant(let flag) = form { return .boolean(flag) }
        if case .fixed(let number) = form { return .number(mantissa: number, decimals: 0) }
        if case .word(let decimals) = form {
            guard offset + 2 <= data.count else { return nil }
            return .number(mantissa: Int64(data.big(offset, 2) & UInt32(mask)), decimals: decimals)
        }
        guard offset < data.count else { return nil }
        let bits = UInt16(data[offset]) & mask
        let number = Int64(bits >> UInt16(mask.trailingZeroBitCount & 15))
        switch form {
        case .flag: return .boolean(bits != 0)
        case .notFlag: return .boolean(bits == 0)
        case .bits: return .number(mantissa: Int64(bits), decimals: 0)
        case .position(let isReversed):
            let position = min(number, 100)
            return .number(mantissa: isReversed ? 100 - position : position, decimals: 0)
        case .choice(let names):
            guard Int(number) < names.count, names[Int(number)].utf8CodeUnitCount > 0 else { return .missing }
            return .text(list.store(names[Int(number)]))
        default: return .number(mantissa: number, decimals: 0)
        }
    }
}
