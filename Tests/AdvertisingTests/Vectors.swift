// swift-format-ignore-file: NeverForceUnwrap, NeverUseForceTry

import Advertising
import Foundation
import JSONText
import Testing

/// A line of the vectors.
struct Vector: Sendable, CustomTestStringConvertible {
    let id: String
    let payload: [UInt8]
    let address: BluetoothAddress?
    let key: String?
    /// The number and the value of a GATT characteristic, where the vector is one.
    let characteristic: (number: UInt16, value: [UInt8])?
    let expected: JSONObject

    var testDescription: String { id }

    static func load(_ name: String) -> [Vector] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors/\(name)")
        let text = try! String(contentsOf: file, encoding: .utf8)
        return text.split(separator: "\n").map { line in
            let json = try! JSON.parse(String(line))
            return Vector(
                id: json["id"]!.string!, payload: Hex.bytes(json["ad_structure_hex"]?.string ?? "")!,
                address: json["address"]?.string.flatMap { BluetoothAddress($0) }, key: json["key"]?.string,
                characteristic: json["characteristic"]?.string.map {
                    (UInt16($0.dropFirst(2), radix: 16)!, Hex.bytes(json["value_hex"]!.string!)!)
                },
                expected: json["expected"]!.object!)
        }
    }

    static let all = load("ble.jsonl") + load("suites.jsonl") + load("generated.jsonl")
    static let adverts = all.filter { $0.characteristic == nil }
    static let characteristics = all.filter { $0.characteristic != nil }

    /// What differs between the readings and what is expected; nil when nothing does.
    func difference(_ readings: [Reading]) -> String? {
        guard Set(readings.map(\.name)) == Set(expected.names) else {
            return "names \(readings.map(\.name)), expected \(expected.names)"
        }
        for reading in readings {
            let wanted = expected[reading.name]!
            guard reading.unit == wanted["unit"]?.string else { return "\(reading), expected \(wanted)" }
            let isSame =
                switch reading.value {
                case .number(let mantissa, let decimals):
                    Vector.isNear(wanted["value"], JSONNumber(mantissa: mantissa, decimals: decimals).double)
                case .real(let number): Vector.isNear(wanted["value"], number)
                // Some of the readers say 0 and 1.
                case .boolean(let flag): (wanted["value"]?.bool ?? wanted["value"]?.int.map { $0 != 0 }) == flag
                case .text(let text): wanted["value"]?.string == text
                case .missing: wanted["value"]?.isNull == true
                case .broken: wanted["value"]?.string == "error"
                }
            let properties = wanted["properties"]
            guard isSame, properties?[reading.amountUnit.rawValue]?.int == reading.amount.map(Int.init),
                properties?["args"]?.string == reading.arguments
            else { return "\(reading), expected \(wanted)" }
        }
        return nil
    }

    /// What differs between a characteristic's readings and what is expected; nil when nothing does.
    func difference(_ readings: [CharacteristicReading]) -> String? {
        guard readings.map(\.name).sorted() == expected.names.sorted() else {
            return "names \(readings.map(\.name)), expected \(expected.names)"
        }
        for reading in readings {
            let wanted = expected[reading.name]!
            let isSame =
                switch reading.value {
                case .number(let mantissa, let decimals):
                    Vector.isNear(wanted["value"], JSONNumber(mantissa: mantissa, decimals: decimals).double)
                case .real(let number): Vector.isNear(wanted["value"], number)
                case .boolean(let flag): wanted["value"]?.bool == flag
                case .text(let text): wanted["value"]?.string == text
                case .digitals(let lines): wanted["value"]?.array?.map(\.int) == lines.map(Int.init)
                case .bytes, .missing: false
                }
            guard isSame, reading.unit == wanted["unit"]?.string else { return "\(reading), expected \(wanted)" }
        }
        return nil
    }

    /// The expected number was computed in binary; the decimal one is nearer to the truth by a few last bits.
    private static func isNear(_ wanted: JSON?, _ number: Double) -> Bool {
        guard let wanted = wanted?.double else { return false }
        return (wanted - number).magnitude <= 1e-9 * max(1, number.magnitude)
    }
}
