import CBOR
import Concentrator
import OCFModel

extension FieldRule {
    /// The properties that show a field; nil when its value is of another kind than the rule is for.
    func properties(_ field: Field, batteryThreshold: Int) -> CBOR.Map? {
        guard var map = variable(field, batteryThreshold) else { return nil }
        for (key, value) in constants { map[key] = value }
        return map
    }

    private func variable(_ field: Field, _ batteryThreshold: Int) -> CBOR.Map? {
        switch (shape, field.value) {
        case (.number(let name), .number(let quantity)):
            return [.text(name): .double(convert(quantity, field.unit))]
        case (.percent(let name), .number(let quantity)):
            return [.text(name): .int(Self.whole(convert(quantity, field.unit), 0...100))]
        case (.contaminant(let type), .number(let quantity)):
            let value = Self.whole(convert(quantity, field.unit), 0...Int(Int32.max))
            return ["contaminanttype": .text(type), "valuetype": "Measured", "contaminantvalue": .int(value)]
        case (.alarm(let threshold), .number(let quantity)):
            let value = convert(quantity, field.unit)
            return ["value": .boolean(value >= threshold), "measurement": .double(value)]
        case (.signal, .number(let quantity)):
            let rssi = convert(quantity, field.unit)
            return ["lqi": .double(Self.linkQuality(rssi)), "rssi": .double(rssi)]
        case (.battery, .number(let quantity)):
            let charge = Self.whole(convert(quantity, field.unit), 0...100)
            return [
                "charge": .int(charge), "lowbattery": .boolean(charge <= batteryThreshold),
                "batterythreshold": .int(batteryThreshold),
            ]
        case (.truth, .boolean(let flag)): return ["value": .boolean(flag)]
        case (.measurement, .number(let quantity)):
            let (unit, conversion) = SenMLUnit.of(field.unit)
            return ["measurement": .double(conversion.apply(quantity)), "unit": .text(unit)]
        case (.text, .text(let text)): return ["value": .text(text)]
        case (.moment, .timestamp(let time)): return ["timestamp": .text(time.iso8601)]
        default: return nil
        }
    }

    private func convert(_ quantity: Quantity, _ unit: String?) -> Double {
        (unit.flatMap { units?[$0] } ?? .same).apply(quantity)
    }

    private static func whole(_ number: Double, _ range: ClosedRange<Int>) -> Int {
        // Clamped before the conversion, which traps on what an Int does not hold.
        Int(min(max(number, Double(range.lowerBound)), Double(range.upperBound)).rounded())
    }

    /// Per cent: -50 dBm and better is 100, -100 dBm, at the end of what BLE receivers hear, is 0.
    private static func linkQuality(_ rssi: Double) -> Double {
        min(max(2 * (rssi + 100), 0), 100)
    }
}
