/// The history of one field: minutes, hours and days, in memory. At most ``maximumBytes``.
///
/// Numbers are kept as 32-bit mantissas of one number of decimals, the most that a reading had and that fit; truth values
/// as 0 and 1. Texts and moments have no history.
struct FieldHistory: Sendable {
    /// 139 pieces of 20 bytes, and what runs.
    static let maximumBytes = HistoryPeriod.allCases.reduce(256) {
        $0 + $1.capacity * MemoryLayout<PeriodRing.Point>.stride
    }

    /// How far ahead of the clock a reading may be; a sensor's own clock is off by seconds.
    static let tolerance: Double = 60

    let name: String
    private let isBoolean: Bool
    private var unit: String?
    private var decimals: UInt8
    private var rings: [PeriodRing] = HistoryPeriod.allCases.map { PeriodRing($0) }

    /// The history that begins with this reading; nil when fields of its kind have none.
    init?(_ field: Field, now: WallTime) {
        name = field.name
        switch field.value {
        case .number(let quantity):
            isBoolean = false
            decimals = quantity.decimals
            unit = field.unit
        case .boolean:
            isBoolean = true
            decimals = 0
        case .text, .timestamp: return nil
        }
        record(field, now: now)
    }

    /// Takes a reading in, unless it is of another kind than those before, not a value at all, or ahead of the clock.
    mutating func record(_ field: Field, now: WallTime) {
        guard field.quality > .inProgress, field.timestamp <= now.advanced(by: FieldHistory.tolerance) else { return }
        let value: Int32?
        switch field.value {
        case .number(let quantity) where !isBoolean:
            // Another unit is another quantity: the history begins anew.
            if field.unit != unit {
                unit = field.unit
                decimals = quantity.decimals
                rings = HistoryPeriod.allCases.map { PeriodRing($0) }
            }
            value = mantissa(of: quantity)
        case .boolean(let flag) where isBoolean: value = flag ? 1 : 0
        default: value = nil
        }
        guard let value else { return }
        for index in rings.indices {
            let period = rings[index].period
            guard let current = period.index(of: field.timestamp) else { continue }
            if let latest = period.index(of: now.advanced(by: FieldHistory.tolerance)) {
                rings[index].forget(after: latest)
            }
            rings[index].record(value, in: current)
        }
    }

    /// The mantissa of a number at the series' decimals, which are changed where that keeps digits or makes it fit.
    private mutating func mantissa(of quantity: Quantity) -> Int32? {
        while quantity.decimals > decimals, let finer = FieldHistory.rounded(quantity, decimals + 1),
            Int32(exactly: finer) != nil, rescale({ $0 &* 10 })
        {
            decimals += 1
        }
        guard FieldHistory.rounded(quantity, 0).flatMap({ Int32(exactly: $0) }) != nil else { return nil }
        while true {
            if let fitting = FieldHistory.rounded(quantity, decimals).flatMap({ Int32(exactly: $0) }) { return fitting }
            guard decimals > 0, rescale({ ($0 + ($0 < 0 ? -5 : 5)) / 10 }) else { return nil }
            decimals -= 1
        }
    }

    private mutating func rescale(_ convert: (Int64) -> Int64) -> Bool {
        var scaled = rings
        for index in scaled.indices {
            guard scaled[index].rescale(convert) else { return false }
        }
        rings = scaled
        return true
    }

    /// The mantissa at this number of decimals, rounded half away from zero.
    private static func rounded(_ quantity: Quantity, _ decimals: UInt8) -> Int64? {
        if let exact = quantity.with(decimals: decimals) { return exact.mantissa }
        guard quantity.decimals > decimals else { return nil }
        var divisor: Int64 = 1
        for _ in decimals..<quantity.decimals {
            let (product, overflow) = divisor.multipliedReportingOverflow(by: 10)
            guard !overflow else { return 0 }
            divisor = product
        }
        let (quotient, remainder) = quantity.mantissa.quotientAndRemainder(dividingBy: divisor)
        return remainder.magnitude >= divisor.magnitude / 2 + divisor.magnitude % 2
            ? quotient + (quantity.mantissa < 0 ? -1 : 1) : quotient
    }

    // MARK: Reading

    /// The stored readings asked for: under the field's own name the first reading of each period, at the period's start,
    /// which is the same whatever the period's length; under names such as `Temperature, Hour Max` what the period was.
    func fields(_ request: ReadRequest) -> [Field] {
        var samples: [WallTime: Field] = [:]
        var aggregates: [Field] = []
        for ring in rings where request.flags.contains(ring.period.flag) {
            for (point, isRunning) in ring.all {
                let time = ring.period.start(of: point.index)
                let quality: FieldQuality = isRunning ? .inProgress : .automaticReadout
                if samples[time] == nil {
                    samples[time] = Field(
                        name: name, value: value(point.first), unit: unit, flags: ring.period.flag, timestamp: time)
                } else {
                    samples[time]?.flags.formUnion(ring.period.flag)
                }
                guard !isBoolean else { continue }
                for (word, number, kind) in [
                    ("Min", point.minimum, FieldFlags.peak), ("Max", point.maximum, .peak),
                    ("Mean", point.mean, .computed),
                ] {
                    aggregates.append(
                        Field(
                            name: "\(name), \(ring.period.title) \(word)", value: value(number), unit: unit,
                            flags: [ring.period.flag, kind], quality: quality, timestamp: time))
                }
            }
        }
        return (samples.values.sorted { $0.timestamp < $1.timestamp } + aggregates).filter(request.wants)
    }

    private func value(_ mantissa: Int32) -> FieldValue {
        isBoolean ? .boolean(mantissa != 0) : .number(Quantity(mantissa: Int64(mantissa), decimals: decimals))
    }
}
