/// Govee's sensors: manufacturer data, told apart by length, company number, name and services.
///
/// Source: govee-ble 1.5 (names, models, what wins where several fit). Govee has no document of its own. Models differ in
/// little, so that the table ``GoveeModel`` has a row for each form and not for each model.
enum Govee {
    /// The tail that some firmwares glue to the data: Govee's iBeacon.
    private static let tail: StaticString = "INTELLI_ROCKS"
    private static let tailLength = 25

    /// Reads manufacturer data, its number included.
    @Sendable
    static func readNameless(
        _ data: Span<UInt8>, _ payload: Span<UInt8>, _ address: BluetoothAddress?, _ key: BindKey?,
        _ list: inout MeasurementList
    ) -> DecodeOutcome {
        let company = UInt16(truncatingIfNeeded: data.little(0, 2))
        guard company != IBeacon.companyIdentifier else { return .unknown }
        var end = data.count
        if end - 2 > tailLength, data.contains(tail, in: 2..<end) { end -= tailLength }
        let length = end - 2
        guard GoveeModel.lengths >> UInt32(min(length, 31)) & 1 != 0 else { return .unknown }
        let content = data.extracting(2..<end)
        if length == GoveeSealed.length { return GoveeSealed.read(content, payload, &list) }
        for model in GoveeModel.all where model.length == length && model.fits(company, content, payload) {
            return read(content, model, &list)
        }
        return .unknown
    }

    private static func read(
        _ data: Span<UInt8>, _ model: GoveeModel, _ list: inout MeasurementList
    ) -> DecodeOutcome {
        switch model.form {
        case .packed(let offset): readPacked(data, at: offset, part: .whole, &list)
        case .packedTwice:
            // The other sensor has a number of its own; an unknown one counts as the first.
            readPacked(data, at: 3, part: data[2] == 1 ? .remote : .primary, &list)
        case .packedProbe:
            guard data[7] == 0x41 || data[7] == 0x82 else {
                return .refused(Refusal(.unknownVersion, .govee, found: Int(data[7])))
            }
            readProbe(data, number: data[7] == 0x41 ? 1 : 2, &list)
        case .packedCO2: readCO2(data, &list)
        case .packedPM: readPM(data, &list)
        case .plain(let offset):
            list.append(.temperature, signed(data.little(offset, 2), 2), decimals: 2)
            list.append(.humidity, Int64(data.little(offset + 2, 2)), decimals: 2)
            list.append(.battery, Int64(data[offset + 4]), decimals: 0)
        case .presence:
            list.append(Measurement(.binaryOccupancy, .boolean(data[4] == 1)))
            list.append(Measurement(.binaryMotion, .boolean(data[5] == 0x11)))
        case .probes(let fields): GoveeProbes.read(data, fields, &list)
        case .selectedProbes(let fields):
            guard let first = GoveeProbes.firstOfPair(data[6]) else {
                return .refused(Refusal(.unknownVersion, .govee, found: Int(data[6])))
            }
            GoveeProbes.read(data, fields, from: first, &list)
        case .sixProbes:
            guard GoveeProbes.readSix(data, &list) else {
                return .refused(Refusal(.unknownVersion, .govee, found: Int(data[3])))
            }
        case .probeAndRoom:
            GoveeProbes.read(data, GoveeProbes.one, &list)
            list.append(.temperature, signed(data.big(14, 2), 2), decimals: 2)
        }
        return list.isEmpty ? .refused(Refusal(.noMeasurements, .govee)) : .decoded(.govee)
    }
}

// MARK: - Temperature and humidity in one number

extension Govee {
    /// What Govee's sensors measure, in tenths of a degree; beyond it is a fault.
    private static let temperatures: ClosedRange<Int64> = -400...1000

    /// A number of 23 bits and a sign: temperature × 10,000 + humidity × 10, in °C and %.
    private static func unpack(_ number: UInt32) -> (temperature: Int64, humidity: Int64) {
        let magnitude = Int64(number & 0x7F_FFFF)
        return (number & 0x80_0000 == 0 ? magnitude / 1000 : -(magnitude / 1000), magnitude % 1000)
    }

    /// Three bytes of the number, then battery, whose top bit tells of a fault.
    private static func readPacked(
        _ data: Span<UInt8>, at offset: Int, part: DevicePart, _ list: inout MeasurementList
    ) {
        let (temperature, humidity) = unpack(data.big(offset, 3))
        let isBroken = data[offset + 3] & 0x80 != 0 || !temperatures.contains(temperature)
        append(.temperature, temperature, isBroken, part, &list)
        append(.humidity, humidity, isBroken, part, &list)
        list.append(
            Measurement(.battery, .number(mantissa: Int64(data[offset + 3] & 0x7F), decimals: 0), part: part))
    }

    private static func append(
        _ metric: Metric, _ tenths: Int64, _ isBroken: Bool, _ part: DevicePart, _ list: inout MeasurementList
    ) {
        list.append(Measurement(metric, isBroken ? .broken : .number(mantissa: tenths, decimals: 1), part: part))
    }

    private static func readProbe(_ data: Span<UInt8>, number: UInt8, _ list: inout MeasurementList) {
        let (temperature, humidity) = unpack(data.big(2, 3))
        let isBroken = data[5] & 0x80 != 0 || !temperatures.contains(temperature)
        func value(_ tenths: Int64) -> MeasuredValue { isBroken ? .broken : .number(mantissa: tenths, decimals: 1) }
        list.append(Measurement(.temperatureProbe, value(temperature), instance: number))
        // The second probe has no humidity.
        if number == 1 { list.append(Measurement(.humidityProbe, value(humidity), instance: number)) }
        list.append(.battery, Int64(data[5] & 0x7F), decimals: 0)
    }

    private static func readCO2(_ data: Span<UInt8>, _ list: inout MeasurementList) {
        let (temperature, humidity) = unpack(data.big(2, 3))
        let isBroken = data[7] != 0 || !temperatures.contains(temperature)
        append(.temperature, temperature, isBroken, .whole, &list)
        append(.humidity, humidity, isBroken, .whole, &list)
        list.append(
            Measurement(
                .carbonDioxide, isBroken ? .broken : .number(mantissa: Int64(data.big(5, 2)), decimals: 0)))
    }

    /// Thirty-one bits and a sign: temperature × 10,000,000 + humidity × 10,000 + particles, in °C, % and µg/m³.
    private static func readPM(_ data: Span<UInt8>, _ list: inout MeasurementList) {
        let number = data.big(2, 4)
        let magnitude = Int64(number & 0x7FFF_FFFF)
        let temperature = magnitude / 1_000_000
        list.append(.temperature, number & 0x8000_0000 == 0 ? temperature : -temperature, decimals: 1)
        list.append(.humidity, magnitude % 1_000_000 / 1000, decimals: 1)
        list.append(.pm25, magnitude % 1000, decimals: 0)
    }
}
