import Advertising
import Concentrator

/// What measurements are called in the house.
enum FieldMapping {
    /// The fields of a message.
    ///
    /// Bookkeeping makes none. A button, dimmer or command makes a text field for what happened and one that counts, for
    /// the same press twice is two presses and yet the same text.
    ///
    /// - Parameters:
    ///   - counts: how often each event field has happened so far; counted up.
    ///   - previous: the fields as they are, for a quantity that the sensor has no value for now.
    static func fields(
        _ list: MeasurementList, at time: WallTime, counts: inout [String: Int64], previous: (String) -> Field?
    ) -> [Field] {
        var fields: [Field] = []
        for reading in list.readings {
            let definition = reading.metric.definition
            guard definition.role != .bookkeeping else { continue }
            let name = fieldName(reading)
            if definition.role == .event {
                fields += eventFields(reading, name: name, at: time, counts: &counts)
            } else if let field = field(reading, name: name, at: time) {
                fields.append(field)
            } else if var field = previous(name) {
                // The last value stands, marked as no reading.
                field.quality = .missing
                field.timestamp = time
                fields.append(field)
            }
        }
        return fields + identityFields(list.envelope, at: time)
    }

    /// `Temperature`, `Temperature 2`, `Button Left`, `Humidity Remote`.
    private static func fieldName(_ reading: Reading) -> String {
        let definition = reading.metric.definition
        // What stands behind the metric's own name: the part of the device, or a number.
        let words = reading.name.dropFirst(definition.reportName.utf8.count).split { $0 == "_" || $0 == "@" }
        return ([definition.title] + words.map { $0.prefix(1).uppercased() + $0.dropFirst() }).joined(separator: " ")
    }

    private static func field(_ reading: Reading, name: String, at time: WallTime) -> Field? {
        let flags: FieldFlags =
            switch reading.metric {
            case .battery, .batt, .batteryMillivolts, .volt, .binaryBattery, .binaryBatteryCharging, .lowBattery,
                .batteryRange, .batteryStatus, .batteryCharging, .charging, .eddystoneVoltage, .transmitPower,
                .wifiStrength:
                [.momentary, .status]
            case .accelerationMilliG: [.momentary, .computed]
            default: .momentary
            }
        let value: FieldValue
        var unit = reading.metric.definition.houseUnit
        switch reading.value {
        case .number(let mantissa, let decimals):
            switch unit {
            // The same number under the name the house uses.
            case "mbar":
                unit = "hPa"
                value = .number(Quantity(mantissa: mantissa, decimals: decimals))
            case "mV":
                unit = "V"
                value = .number(Quantity(mantissa: mantissa, decimals: decimals + 3))
            default: value = .number(Quantity(mantissa: mantissa, decimals: decimals))
            }
        case .real(let number):
            guard let quantity = Quantity(rounding: number, decimals: 1) else { return nil }
            value = .number(quantity)
        case .boolean(let flag): value = .boolean(flag)
        case .text(let text): value = text.isEmpty ? .text("") : .text(text)
        case .missing, .broken: return nil
        }
        return Field(name: name, value: value, unit: unit, flags: flags, timestamp: time)
    }

    private static func eventFields(
        _ reading: Reading, name: String, at time: WallTime, counts: inout [String: Int64]
    ) -> [Field] {
        guard case .text(let action) = reading.value else { return [] }
        let count = counts[name, default: 0] + 1
        counts[name] = count
        var fields = [
            Field(name: name, value: .text(action), timestamp: time),
            Field(
                name: "\(name) Count", value: .number(Quantity(count)), flags: [.momentary, .computed], timestamp: time),
        ]
        if let amount = reading.amount {
            let kind =
                switch reading.amountUnit {
                case .steps: "Steps"
                case .numberOfPresses: "Presses"
                case .duration: "Duration"
                }
            let unit = reading.amountUnit == .duration ? "s" : nil
            fields.append(
                Field(name: "\(name) \(kind)", value: .number(Quantity(amount)), unit: unit, timestamp: time))
        }
        if let arguments = reading.arguments, !arguments.isEmpty {
            fields.append(Field(name: "\(name) Arguments", value: .text(arguments), timestamp: time))
        }
        return fields
    }

    private static func identityFields(_ envelope: Envelope, at time: WallTime) -> [Field] {
        var fields: [Field] = []
        if let firmware = envelope.firmware {
            fields.append(
                Field(name: "Firmware", value: .text(firmware.description), flags: .identity, timestamp: time))
        }
        if let type = envelope.deviceType {
            fields.append(
                Field(name: "Device Type", value: .number(Quantity(type)), flags: .identity, timestamp: time))
        }
        return fields
    }

    /// What kind of thing sends these measurements, by the first of them that tells.
    static func deviceClass(_ list: MeasurementList) -> String {
        let kinds: [(String, [Metric])] = [
            ("lock", [.binaryLock, .eventLock, .lockStatus]),
            ("button", [.eventButton, .eventDimmer, .eventCommand, .eventCube]),
            ("contact", [.binaryOpening, .binaryDoor, .binaryWindow, .binaryGarageDoor, .contactOpen]),
            (
                "motion",
                [
                    .binaryMotion, .binaryOccupancy, .binaryPresence, .binaryMoving, .eventMotion, .motionDetected,
                ]
            ),
            ("leak", [.binaryMoisture, .binaryBottomSubmersion, .binaryTopSplash, .leak]),
            ("smoke", [.binarySmoke, .binaryCarbonMonoxide, .binaryGas]),
            (
                "air-quality",
                [
                    .carbonDioxide, .co2, .switchbotCO2, .formaldehyde, .pm25, .pm2_5, .volatileOrganicCompounds,
                    .vocIndex, .aqiLevel,
                ]
            ),
            ("scale", [.massKilograms, .massPounds, .massNonStabilized]),
            ("meter", [.energy, .power, .gas, .water, .switchbotPower, .power1]),
            ("light", [.brightness]), ("blind", [.position, .tilt]),
            ("thermometer", [.temperature, .tempc, .temperatureProbe]),
            ("beacon", [.beaconUUID, .eddystoneNamespace, .eddystoneURL]),
        ]
        return kinds.first { $0.1.contains(where: list.mentions) }?.0 ?? "sensor"
    }
}
