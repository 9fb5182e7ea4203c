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
                expected: json["expected"]!.object!)
        }
    }

    static let ours = load("ble.jsonl") + load("generated.jsonl")

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
                    // The expected number is the nearest binary one to the decimal.
                    wanted["value"]?.double == JSONNumber(mantissa: mantissa, decimals: decimals).double
                case .real(let number): wanted["value"]?.double == number
                case .boolean(let flag): wanted["value"]?.bool == flag
                case .text(let text): wanted["value"]?.string == text
                case .missing: wanted["value"]?.isNull == true
                }
            let properties = wanted["properties"]
            guard isSame, properties?["steps"]?.int == reading.steps.map(Int.init),
                properties?["args"]?.string == reading.arguments
            else { return "\(reading), expected \(wanted)" }
        }
        return nil
    }
}
