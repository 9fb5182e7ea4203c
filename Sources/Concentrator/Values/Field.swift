/// The value of a field or a parameter.
public enum FieldValue: Sendable, Hashable {
    /// A number with its decimals; its unit is the field's.
    case number(Quantity)
    /// A truth value: a contact is open, motion is seen.
    case boolean(Bool)
    /// Text.
    case text(String)
    /// A moment.
    case timestamp(WallTime)
}

extension FieldValue: CustomStringConvertible {
    /// As people read it, without the unit.
    public var description: String {
        switch self {
        case .number(let quantity): quantity.description
        case .boolean(let flag): "\(flag)"
        case .text(let text): text
        case .timestamp(let time): time.description
        }
    }

    /// The number, when it is one.
    public var number: Quantity? {
        if case .number(let quantity) = self { quantity } else { nil }
    }

    /// The truth value, when it is one.
    public var boolean: Bool? {
        if case .boolean(let flag) = self { flag } else { nil }
    }

    /// The text, when it is text.
    public var text: String? {
        if case .text(let text) = self { text } else { nil }
    }
}

/// What kinds of reading a field is (XEP-0323, field types). A field may be several at once.
public struct FieldFlags: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt16

    /// The set of these bits.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// Measured now.
    public static let momentary = FieldFlags(rawValue: 1 << 0)
    /// A minimum or maximum.
    public static let peak = FieldFlags(rawValue: 1 << 1)
    /// How the device does: battery, signal, a state it is in.
    public static let status = FieldFlags(rawValue: 1 << 2)
    /// Calculated from other values.
    public static let computed = FieldFlags(rawValue: 1 << 3)
    /// Who the device is: serial number, firmware.
    public static let identity = FieldFlags(rawValue: 1 << 4)
    /// Stored at least every second.
    public static let historicalSecond = FieldFlags(rawValue: 1 << 5)
    /// Stored every minute.
    public static let historicalMinute = FieldFlags(rawValue: 1 << 6)
    /// Stored every hour.
    public static let historicalHour = FieldFlags(rawValue: 1 << 7)
    /// Stored every day.
    public static let historicalDay = FieldFlags(rawValue: 1 << 8)
    /// Stored every week, from Monday.
    public static let historicalWeek = FieldFlags(rawValue: 1 << 9)
    /// Stored every month.
    public static let historicalMonth = FieldFlags(rawValue: 1 << 10)
    /// Stored every quarter.
    public static let historicalQuarter = FieldFlags(rawValue: 1 << 11)
    /// Stored every year.
    public static let historicalYear = FieldFlags(rawValue: 1 << 12)
    /// Stored at other times.
    public static let historicalOther = FieldFlags(rawValue: 1 << 13)

    /// Every stored kind.
    public static let historical: FieldFlags = [
        .historicalSecond, .historicalMinute, .historicalHour, .historicalDay, .historicalWeek, .historicalMonth,
        .historicalQuarter, .historicalYear, .historicalOther,
    ]
    /// Every kind.
    public static let all: FieldFlags = [.momentary, .peak, .status, .computed, .identity, .historical]
}

/// How far a reading can be relied on: XEP-0323's quality-of-service flags, of rising importance.
public enum FieldQuality: UInt8, Sendable, Hashable, Comparable, CaseIterable {
    /// There is no value.
    case missing
    /// Still being measured.
    case inProgress
    /// Estimated by the device.
    case automaticEstimate
    /// Estimated by a person.
    case manualEstimate
    /// Read by a person.
    case manualReadout
    /// Read by the device: what a sensor's reading is.
    case automaticReadout
    /// Read at another time than asked.
    case timeOffset
    /// Read while a warning stood.
    case warning
    /// Read while an error stood.
    case error
    /// Signed by an operator.
    case signed
    /// Invoiced.
    case invoiced
    /// The last of a series.
    case endOfSeries
    /// Read across a power failure.
    case powerFailure
    /// Invoiced and confirmed.
    case invoiceConfirmed

    /// By rising importance.
    public static func < (left: FieldQuality, right: FieldQuality) -> Bool { left.rawValue < right.rawValue }
}

/// One reading of a node: `Temperature`, 25.06 °C, measured at a moment.
public struct Field: Sendable, Hashable {
    /// What is measured, in English title case: `Temperature`. One field of a name per node.
    public var name: String
    /// What was measured.
    public var value: FieldValue
    /// The unit of a number: `°C`; nil when it has none.
    public var unit: String?
    /// What kinds of reading it is.
    public var flags: FieldFlags
    /// How far it can be relied on.
    public var quality: FieldQuality
    /// When it was measured.
    public var timestamp: WallTime

    /// A momentary reading of the device's own, unless told otherwise.
    public init(
        name: String, value: FieldValue, unit: String? = nil, flags: FieldFlags = .momentary,
        quality: FieldQuality = .automaticReadout, timestamp: WallTime = .now()
    ) {
        self.name = name
        self.value = value
        self.unit = unit
        self.flags = flags
        self.quality = quality
        self.timestamp = timestamp
    }

    /// Whether the reading says the same, whenever it was made.
    func saysTheSame(as other: Field) -> Bool {
        value == other.value && unit == other.unit && quality == other.quality && flags == other.flags
    }
}
