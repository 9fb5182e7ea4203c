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
            return failure(line.id, "the value of GATT characteristic \(characteristic): adverts are decoded here")
        }
        var key: BindKey?
        if let bytes = line.key {
            key = BindKey(bytes)
            guard key != nil else { return failure(line.id, "key: expected 16 bytes, found \(bytes.count)") }
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

    /// The readings of an advert by name.
    public static func decoded(_ advert: DecodedAdvert) -> JSON {
        var readings = JSONObject()
        for reading in advert.readings {
            var member: JSONObject = ["value": value(reading), "unit": .string(orNull: reading.unit)]
            if let steps = reading.steps { member["properties"] = .object(["steps": .int(steps)]) }
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
        }
    }

    private static func failure(_ id: JSON, _ reason: String) -> String {
        JSON.object(["id": id, "error": .string(reason)]).serialized()
    }
}
