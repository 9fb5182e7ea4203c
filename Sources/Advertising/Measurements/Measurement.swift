/// One thing a sensor said. Plain bytes: copying it counts no reference.
public struct Measurement: Sendable, Hashable {
    /// What is measured.
    public let metric: Metric
    /// 0 when the advert has one measurement of this metric, else 1, 2, … in the order they were sent.
    public internal(set) var instance: UInt8
    /// The value.
    public let value: MeasuredValue

    /// A measurement.
    public init(_ metric: Metric, _ value: MeasuredValue, instance: UInt8 = 0) {
        self.metric = metric
        self.instance = instance
        self.value = value
    }

    /// The name in a report: `temperature`, `temperature_2`, `binary:door`, `event:button_1`.
    public var reportName: String {
        let name = metric.definition.reportName
        return instance == 0 ? name : "\(name)_\(instance)"
    }
}

/// The value of a ``Measurement``.
public enum MeasuredValue: Sendable, Hashable {
    /// `mantissa` × 10^-`decimals`: 25.06 is (2506, 2). The decimals are those the format sends, zeros included.
    case number(mantissa: Int64, decimals: UInt8)
    /// A computed number that has no natural count of decimals.
    case real(Double)
    /// Yes or no.
    case boolean(Bool)
    /// UTF-8 text in the list's ``MeasurementList/bytes``; proved valid.
    case text(ByteRange)
    /// Bytes in the list's ``MeasurementList/bytes``, reported as lower-case hexadecimal.
    case raw(ByteRange)
    /// An address, and whether the format's reference reader writes it as `CB:B8:…` or as `cbb8…`.
    case address(BluetoothAddress, withColons: Bool)
    /// The last three bytes of an address (Ruuvi format 6 has no room for the rest).
    case addressEnding(UInt32)
    /// Seconds since 1970 UTC.
    case timestamp(UInt32)
    /// Something that happened.
    case event(SensorEvent)
    /// The sensor has this quantity and says that it has no value for it now.
    case missing
}

/// Where a value's bytes lie in ``MeasurementList/bytes``.
public struct ByteRange: Sendable, Hashable {
    /// The first byte.
    public let offset: UInt16
    /// How many.
    public let count: UInt16

    init(offset: Int, count: Int) {
        self.offset = UInt16(truncatingIfNeeded: offset)
        self.count = UInt16(truncatingIfNeeded: count)
    }
}

/// Something that happened at a button, a dimmer or a remote control.
public struct SensorEvent: Sendable, Hashable {
    /// What happened.
    public let action: SensorAction
    /// How far a dimmer was turned; nil for the others.
    public let steps: UInt8?
    /// A command's arguments; nil for the others.
    public let arguments: ByteRange?

    init(_ action: SensorAction, steps: UInt8? = nil, arguments: ByteRange? = nil) {
        self.action = action
        self.steps = steps
        self.arguments = arguments
    }
}

/// What happens at buttons, dimmers and remote controls; the raw values are the names in reports.
public enum SensorAction: String, Sendable, Hashable, CaseIterable {
    case press, doublePress = "double_press", triplePress = "triple_press"
    case longPress = "long_press", longDoublePress = "long_double_press", longTriplePress = "long_triple_press"
    case holdPress = "hold_press", holdRelease = "hold_release"
    case rotateLeft = "rotate_left", rotateRight = "rotate_right"
    case off, on, toggle, stepUp = "step_up", stepDown = "step_down"
}
