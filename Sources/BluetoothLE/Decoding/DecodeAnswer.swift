import Advertising
import JSONText

/// The answers of `gatehouse decode --json`: for a line that describes an advertisement, a line with what it says.
public enum DecodeAnswer {
    /// Answers one line: `{"id":…,"decoded":{NAME:{"value":…,"unit":…}}}` or `{"id":…,"error":"…"}`. Never fails.
    public static func line(_ text: some Sequence<UInt8>) -> String {
        let json: JSON
        do {
            json = try JSON.parse(Array(text), limits: .line)
        } catch {
            return failure(.null, "not JSON: \(error.description)")
        }
        do {
            return answer(try AdvertLine(json))
        } catch {
            return failure(json["id"] ?? .null, error.reason)
        }
    }

    private static func answer(_ line: AdvertLine) -> String {
        if let characteristic = line.characteristic {
            return answer(line, characteristic)
        }
        var key: BindKey?
        if let bytes = line.key {
            key = BindKey(bytes)
            guard key != nil else {
                return failure(
                    line.id, "key: expected 16 bytes, or 12 for MiBeacon before version 4, found \(bytes.count)")
            }
        }
        do {
            guard
                let advert = try AdvertDecoder.standard.decode(line.payload, address: line.address, key: key)
            else {
                return failure(line.id, ForeignFormat.explain(line.payload))
            }
            guard !advert.readings.isEmpty else {
                return failure(line.id, "\(advert.format.rawValue): nothing measured")
            }
            return JSON.object(["id": line.id, "decoded": decoded(advert)]).serialized()
        } catch {
            return failure(line.id, error.description)
        }
    }

    /// Answers a line with the value of a GATT characteristic.
    private static func answer(_ line: AdvertLine, _ characteristic: String) -> String {
        guard let number = AdvertLine.assignedNumber(characteristic) else {
            return failure(
                line.id, "characteristic: expected a number such as 0x2a19 or a UUID, found \(characteristic)")
        }
        guard let definition = CharacteristicDefinition.assigned(number) else {
            return failure(line.id, "characteristic 0x\(Hex.upper(UInt64(number), digits: 4)) is not known")
        }
        guard let value = line.value else { return failure(line.id, "value_hex: expected the characteristic's value") }
        do {
            let readings = try definition.decode(value)
            guard readings.contains(where: { $0.value != .missing }) else {
                return failure(line.id, "\(definition.title): the device says that the value is not known")
            }
            var members = JSONObject()
            for reading in readings {
                members[reading.name] = ["value": json(reading.value), "unit": .string(orNull: reading.unit)]
            }
            return JSON.object(["id": line.id, "decoded": .object(members)]).serialized()
        } catch {
            return failure(line.id, error.description)
        }
    }

    private static func json(_ value: CharacteristicValue) -> JSON {
        switch value {
        case .number(let mantissa, let decimals): .number(JSONNumber(mantissa: mantissa, decimals: decimals))
        case .real(let number): .double(number)
        case .boolean(let flag): .bool(flag)
        case .text(let text): .string(text)
        case .bytes(let bytes): .string(Hex.text(bytes))
        case .digitals(let lines): .array(lines.map { .int($0) })
        case .missing: .null
        }
    }

    /// The readings of an advert by name.
    public static func decoded(_ advert: DecodedAdvert) -> JSON {
        var readings = JSONObject()
        for reading in advert.readings {
            var member: JSONObject = ["value": value(reading), "unit": .string(orNull: reading.unit)]
            if let amount = reading.amount {
                member["properties"] = .object([reading.amountUnit.rawValue: .int(amount)])
            }
            if let arguments = reading.arguments { member["properties"] = .object(["args": .string(arguments)]) }
            readings[reading.name] = .object(member)
        }
        return .object(readings)
    }

    private static func value(_ reading: Reading) -> JSON {
        switch reading.value {
        case .number(let mantissa, let decimals): .number(JSONNumber(mantissa: mantissa, decimals: decimals))
        case .real(let number): .double(number)
        case .boolean(let flag): .bool(flag)
        case .text(let text): .string(text)
        case .missing: .null
        case .broken: "error"
        }
    }

    private static func failure(_ id: JSON, _ reason: String) -> String {
        JSON.object(["id": id, "error": .string(reason)]).serialized()
    }
}
