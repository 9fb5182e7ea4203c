/// Xiaomi's older scales, which borrow two of Bluetooth's services.
///
/// Source: xiaomi-ble 1.21 (`_parse_scale_v1`, `_parse_scale_v2`).
enum XiaomiScale {
    /// Weight Scale.
    static let weightUUID: UInt16 = 0x181D
    /// Body Composition.
    static let compositionUUID: UInt16 = 0x181B

    /// `control u8 | weight u16 | date 7`.
    @Sendable
    static func readWeight(
        _ data: Span<UInt8>, _ payload: Span<UInt8>, _ address: BluetoothAddress?, _ key: BindKey?,
        _ list: inout MeasurementList
    ) -> DecodeOutcome {
        guard data.count == 10 else { return .refused(Refusal(.wrongLength, .xiaomiOther, found: data.count)) }
        let control = data[0]
        append(
            data.little(1, 2), isPounds: control & 0x01 != 0,
            isStable: control & 0x20 != 0, isRemoved: control & 0x80 != 0, impedance: nil, &list)
        return .decoded(.xiaomiOther)
    }

    /// `control u16 | date 7 | impedance u16 | weight u16`.
    @Sendable
    static func readComposition(
        _ data: Span<UInt8>, _ payload: Span<UInt8>, _ address: BluetoothAddress?, _ key: BindKey?,
        _ list: inout MeasurementList
    ) -> DecodeOutcome {
        guard data.count == 13 else { return .refused(Refusal(.wrongLength, .xiaomiOther, found: data.count)) }
        append(
            data.little(11, 2), isPounds: data[0] & 0x01 != 0,
            isStable: data[1] & 0x20 != 0, isRemoved: data[1] & 0x80 != 0,
            impedance: data[1] & 0x02 != 0 ? data.little(9, 2) : nil, &list)
        return .decoded(.xiaomiOther)
    }

    private static func append(
        _ raw: UInt32, isPounds: Bool, isStable: Bool, isRemoved: Bool, impedance: UInt32?,
        _ list: inout MeasurementList
    ) {
        // Units of 5 g, 0.01 lb or 0.01 catty, which is 5 g as well; a pound is 0.45359237 kg.
        let mass: MeasuredValue =
            isPounds
            ? .number(mantissa: Int64(raw) * 45_359_237, decimals: 10)
            : .number(mantissa: Int64(raw) * 5, decimals: 3)
        list.append(Measurement(.massNonStabilized, mass))
        let stands = isStable && !isRemoved && raw > 0
        if stands {
            list.append(Measurement(.massKilograms, mass))
            if let impedance { list.append(.impedance, Int64(impedance), decimals: 0) }
        }
        MiObject.append(.binaryStabilized, stands, &list)
    }
}

/// The pink version of HHCC's plant sensor: service data 0xFD50, high byte first.
enum XiaomiPlant {
    /// Tuya, whose module it has.
    static let serviceUUID: UInt16 = 0xFD50

    private static let fields: [FixedField] = [
        FixedField(.temperature, at: 1, .big(2), .decimals(1)), FixedField(.moisture, at: 0, .big(1)),
        FixedField(.illuminance, at: 3, .big(3)), FixedField(.battery, at: 6, .big(1)),
        FixedField(.conductivity, at: 7, .big(2)),
    ]

    @Sendable
    static func read(
        _ data: Span<UInt8>, _ payload: Span<UInt8>, _ address: BluetoothAddress?, _ key: BindKey?,
        _ list: inout MeasurementList
    ) -> DecodeOutcome {
        guard data.count == 9 else { return .refused(Refusal(.wrongLength, .xiaomiOther, found: data.count)) }
        for field in fields { field.read(data, into: &list) }
        return .decoded(.xiaomiOther)
    }
}
