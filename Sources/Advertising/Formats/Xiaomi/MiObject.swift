/// The objects of MiBeacon: a row each for those that hold one number or one yes or no, and the others by hand.
///
/// Source: <https://iot.mi.com/new/doc/accesses/direct-access/embedded-development/ble/object-definition> and, from 0x4800
/// on, the products' own as xiaomi-ble 1.21 knows them.
enum MiObject {
    /// A number or a flag at the front of an object.
    private struct Row: Sendable {
        enum Form: Sendable {
            /// So many bytes, low byte first; the object must be exactly as long.
            case number(FixedField.Form, Int, Scaling)
            /// The first byte; more may follow.
            case byte
            /// Anything but 0 in the first byte.
            case flag
            /// The contrary.
            case notFlag
            /// A binary32, rounded to so many decimals; nil for as it is.
            case real(decimals: UInt8?)

            static func unsigned(_ size: Int, _ scaling: Scaling = .one) -> Form {
                .number(.little(size), size, scaling)
            }

            static func signed(_ size: Int, _ scaling: Scaling = .one) -> Form {
                .number(.signedLittle(size), size, scaling)
            }
        }

        let type: UInt16
        let metric: Metric
        let form: Form

        init(_ type: UInt16, _ metric: Metric, _ form: Form) {
            self.type = type
            self.metric = metric
            self.form = form
        }
    }

    private static let rows: [Row] = [
        Row(0x1004, .temperature, .signed(2, .decimals(1))),
        Row(0x1008, .moisture, .byte),
        Row(0x1009, .conductivity, .unsigned(2)),
        Row(0x1010, .formaldehyde, .unsigned(2, .decimals(2))),
        Row(0x1012, .binaryPower, .flag),
        Row(0x1013, .consumable, .byte),
        Row(0x1014, .binaryMoisture, .flag),
        Row(0x1015, .binarySmoke, .flag),
        Row(0x1018, .binaryLight, .flag),
        Row(0x4801, .temperature, .real(decimals: 1)),
        Row(0x4802, .humidity, .byte),
        Row(0x4803, .battery, .byte),
        Row(0x4805, .illuminance, .real(decimals: nil)),
        Row(0x4808, .humidity, .real(decimals: 1)),
        Row(0x483C, .binaryOccupancy, .flag),
        Row(0x483D, .pressurePresentDuration, .unsigned(4)),
        Row(0x483E, .pressureNotPresentDuration, .unsigned(4)),
        Row(0x4851, .durationDetected, .byte),
        Row(0x4852, .durationCleared, .byte),
        Row(0x4A01, .binaryBattery, .flag),
        Row(0x4C01, .temperature, .real(decimals: 2)),
        Row(0x4C02, .humidity, .unsigned(1)),
        Row(0x4C03, .battery, .byte),
        Row(0x4C08, .humidity, .real(decimals: nil)),
        Row(0x4E01, .binaryBattery, .flag),
        Row(0x5003, .battery, .byte),
        Row(0x5810, .binaryAsleep, .notFlag),
        Row(0x6461, .binaryWearing, .notFlag),
    ]

    private static let byType = [UInt16: Row](rows.map { ($0.type, $0) }, uniquingKeysWith: { first, _ in first })

    /// Reads an object; what is not known, or too short for what it should be, adds nothing.
    static func read(
        _ type: UInt16, _ data: Span<UInt8>, _ quirk: MiProduct.Quirk, _ list: inout MeasurementList
    ) {
        if let row = byType[type] {
            read(row, data, &list)
        } else if !MiButtons.read(type, data, quirk, &list), !MiLocks.read(type, data, quirk, &list) {
            readOther(type, data, quirk, &list)
        }
    }

    private static func read(_ row: Row, _ data: Span<UInt8>, _ list: inout MeasurementList) {
        guard data.count > 0 else { return }
        switch row.form {
        case .number(let form, let size, let scaling):
            guard data.count == size else { return }
            FixedField(row.metric, at: 0, form, scaling).read(data, into: &list)
        case .byte: list.append(row.metric, Int64(data[0]), decimals: 0)
        case .flag: list.append(Measurement(row.metric, .boolean(data[0] != 0)))
        case .notFlag: list.append(Measurement(row.metric, .boolean(data[0] ^ 1 != 0)))
        case .real(let decimals): readReal(row.metric, data, decimals, &list)
        }
    }

    private static func readReal(
        _ metric: Metric, _ data: Span<UInt8>, _ decimals: UInt8?, _ list: inout MeasurementList
    ) {
        guard data.count == 4 else { return }
        let number = Double(Float(bitPattern: data.little(0, 4)))
        // No sensor measures more; and an Int64 would not hold it.
        guard number.isFinite, number.magnitude < 1e9 else { return }
        guard let decimals else {
            list.append(Measurement(metric, .real(number)))
            return
        }
        let power = Double(MedicalFloat.power(Int(decimals)))
        list.append(metric, Int64((number * power).rounded(.toNearestOrEven)), decimals: decimals)
    }

    static func append(_ metric: Metric, _ flag: Bool, _ list: inout MeasurementList) {
        list.append(Measurement(metric, .boolean(flag)))
    }

    static func append(
        _ metric: Metric, _ action: SensorAction, _ part: DevicePart = .whole, _ list: inout MeasurementList
    ) {
        list.append(Measurement(metric, .event(SensorEvent(action)), part: part))
    }

    // Each case is one object, short and flat; taking them apart would only scatter them.
    private static func readOther(
        _ type: UInt16, _ data: Span<UInt8>, _ quirk: MiProduct.Quirk, _ list: inout MeasurementList
    ) {
        guard data.count > 0 else { return }
        switch type {
        case 0x0003: append(.eventMotion, .motionDetected, .whole, &list)
        case 0x000A:
            guard data.count == 2, data.little(0, 2) != 0 else { return }
            list.append(.temperature, signed(data.little(0, 2), 2), decimals: 2)
        case 0x000F: readMotionWithLight(data, quirk, &list)
        case 0x0010: readToothbrush(isOn: data[0] == 0, data.count > 1 ? data[1] : nil, &list)
        case 0x1005:
            guard data.count > 1 else { return append(.binaryPower, data[0] != 0, &list) }
            append(.binaryPower, data[0] != 0, &list)
            list.append(.temperature, Int64(data[1]), decimals: 0)
        case 0x1006:
            guard data.count == 2 else { return }
            let tenths = Int64(data.little(0, 2))
            if quirk == .wholeHumidity {
                list.append(.humidity, tenths / 10, decimals: 0)
            } else {
                list.append(.humidity, tenths, decimals: 1)
            }
        case 0x1007: readLight(data, quirk, &list)
        case 0x100A:
            list.append(.battery, Int64(data[0]), decimals: 0)
            // A guess from the percentage, as xiaomi-ble makes it.
            let percent = Int64(data[0])
            list.append(.voltage, quirk == .alkaline ? 800 + 8 * percent : 2200 + 9 * percent, decimals: 3)
        case 0x100D:
            guard data.count == 4 else { return }
            list.append(.temperature, signed(data.little(0, 2), 2), decimals: 1)
            list.append(.humidity, Int64(data.little(2, 2)), decimals: 1)
        case 0x1017:
            guard data.count == 4 else { return }
            append(.binaryMotion, data.little(0, 4) <= longestMotion, &list)
        case 0x4818:
            guard data.count == 2 else { return }
            append(.binaryMotion, data.little(0, 2) <= longestMotion, &list)
        case 0x101B: append(.binaryMotion, false, &list)
        case 0x2000: readBodyTemperature(data, &list)
        case 0x3003: readBrushing(data, &list)
        case 0x484E: append(.binaryOccupancy, quirk == .occupancyThreeWays ? data[0] == 1 : data[0] != 0, &list)
        case 0x4A08:
            guard data.count == 4 else { return }
            append(.binaryMotion, true, &list)
            readReal(.illuminance, data, nil, &list)
        case 0x4806, 0x487B, 0x4A68: readLeak(type, data, quirk, &list)
        case 0x4E16: MiScale.readS200(data, &list)
        case 0x6E16: MiScale.readS400(data, &list)
        case 0x5413:
            guard quirk == .occupancyNear else { return }
            list.append(Measurement(.binaryOccupancy, .boolean(data[0] != 0), part: .closeRange))
        case 0x5422: readCharging(data, &list)
        default: break
        }
    }

    /// Seconds since the last motion that Xiaomi's own application still calls motion.
    private static let longestMotion: UInt32 = 30
}

// MARK: - Light, water, teeth, fever

extension MiObject {
    private static func readLight(_ data: Span<UInt8>, _ quirk: MiProduct.Quirk, _ list: inout MeasurementList) {
        guard data.count == 3 else { return }
        let value = data.little(0, 3)
        switch quirk {
        case .lightFlag, .openingLight: append(.binaryLight, value == 100, &list)
        case .lux: list.append(.illuminance, Int64(value), decimals: 0)
        default: break
        }
    }

    private static func readMotionWithLight(
        _ data: Span<UInt8>, _ quirk: MiProduct.Quirk, _ list: inout MeasurementList
    ) {
        guard data.count == 3 else { return }
        append(.binaryMotion, true, &list)
        let value = data.little(0, 3)
        switch quirk {
        case .lightFlag, .motionLight: append(.binaryLight, value >= 100, &list)
        case .motionLux: list.append(.illuminance, Int64(value), decimals: 0)
        default: break
        }
    }

    private static func readLeak(
        _ type: UInt16, _ data: Span<UInt8>, _ quirk: MiProduct.Quirk, _ list: inout MeasurementList
    ) {
        guard data.count == 1 else { return }
        let isWet = data[0] != 0
        switch (type, quirk) {
        case (0x4806, .leakTwoWays), (0x4806, .leakBelow): append(.binaryBottomSubmersion, isWet, &list)
        case (0x4806, _): append(.binaryMoisture, isWet, &list)
        case (0x487B, .leakTwoWays): append(.binaryTopSplash, isWet, &list)
        // What changed: 0 and 1 below, 2 and 3 above; the even ones are wet.
        case (0x4A68, .leakTwoWays) where data[0] < 4:
            append(data[0] < 2 ? .binaryBottomSubmersion : .binaryTopSplash, data[0].isMultiple(of: 2), &list)
        default: break
        }
    }

    private static func readToothbrush(isOn: Bool, _ number: UInt8?, _ list: inout MeasurementList) {
        append(.binaryToothbrush, isOn, &list)
        if let number { list.append(isOn ? .counter : .score, Int64(number), decimals: 0) }
    }

    private static func readBrushing(_ data: Span<UInt8>, _ list: inout MeasurementList) {
        if data[0] < 2 { append(.binaryToothbrush, data[0] == 0, &list) }
        if data.count == 6 { list.append(.score, Int64(data[5]), decimals: 0) }
    }

    private static func readCharging(_ data: Span<UInt8>, _ list: inout MeasurementList) {
        guard data.count == 1 else { return }
        let state: StaticString =
            switch data[0] {
            case 0: "Charging"
            case 1: "Not Charging"
            case 2: "Full"
            default: "Unknown"
            }
        list.append(Measurement(.chargingState, .text(list.store(state))))
    }
}
