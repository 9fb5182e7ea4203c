import Advertising
import JSONText

/// A line of JSON that describes an advertisement, for captures and for `gatehouse decode --json`.
///
/// ```json
/// {"time": 0.25, "address": "A4:C1:38:8D:18:B2", "address_type": "public", "connectable": false, "rssi": -61,
///  "ad_structure_hex": "0201060a16d2fc4002ca0903bf13"}
/// ```
/// Instead of `ad_structure_hex` there may be `service_data` and `manufacturer_data` (objects of `"0xfcd2": "hex"`) and
/// `local_name`. Members that are not named here are passed over.
public struct AdvertLine: Sendable, Hashable {
    /// What names the line in an answer; null when it has none.
    public var id: JSON = .null
    /// Seconds from the capture's start.
    public var time: Double?
    /// The sender; nil when the line has none or it is no 48-bit address.
    public var address: BluetoothAddress?
    /// The radio called the address random.
    public var isRandom = false
    /// Whether the sender takes connections.
    public var isConnectable: Bool?
    /// Strength in dBm.
    public var rssi: Int8?
    /// The AD structures.
    public var payload: [UInt8] = []
    /// The device's key, 16 bytes when right.
    public var key: [UInt8]?
    /// The GATT characteristic whose value the line holds instead of an advertisement.
    public var characteristic: String?
    /// That value.
    public var value: [UInt8]?

    /// Reads a line.
    ///
    /// - Throws: ``LineError`` naming the member, what was found and what was expected.
    public init(_ json: JSON) throws(LineError) {
        guard let object = json.object else {
            throw LineError("expected an object, found \(json.kindName)")
        }
        id = object["id"] ?? .null
        characteristic = object["characteristic"]?.string
        value = try AdvertLine.member(object, "value_hex", "hexadecimal digits") { $0.string.flatMap { Hex.bytes($0) } }
        time = try AdvertLine.member(object, "time", "a number of seconds") { $0.double }
        rssi = try AdvertLine.member(object, "rssi", "a number from -128 to 127") {
            $0.int.flatMap { Int8(exactly: $0) }
        }
        isConnectable = try AdvertLine.member(object, "connectable", "true or false") { $0.bool }
        key = try AdvertLine.member(object, "key", "hexadecimal digits") { $0.string.flatMap { Hex.bytes($0) } }
        // An operating system may hide the address behind an identifier of its own: no address then.
        address = object["address"]?.string.flatMap { BluetoothAddress($0) }
        let type = try AdvertLine.member(object, "address_type", "\"public\" or \"random\"") {
            $0.string.flatMap { ["public", "random"].contains($0) ? $0 : nil }
        }
        isRandom = type == "random"
        payload = try AdvertLine.payload(object)
    }

    /// Reads the text of a line.
    ///
    /// - Throws: ``LineError``.
    public init(parsing bytes: [UInt8]) throws(LineError) {
        let json: JSON
        do {
            json = try JSON.parse(bytes, limits: .line)
        } catch {
            throw LineError("not JSON: \(error.description)")
        }
        try self.init(json)
    }

    private static func member<Value>(
        _ object: JSONObject, _ name: String, _ expected: String, _ read: (JSON) -> Value?
    ) throws(LineError) -> Value? {
        guard let json = object[name], !json.isNull else { return nil }
        guard let value = read(json) else {
            throw LineError("\(name): expected \(expected), found \(json.serialized().prefix(40))")
        }
        return value
    }

    private static func payload(_ object: JSONObject) throws(LineError) -> [UInt8] {
        let digits = try member(object, "ad_structure_hex", "hexadecimal digits") {
            $0.string.flatMap { Hex.bytes($0) }
        }
        if let digits {
            guard digits.count <= Advertisement.longestPayload else {
                throw LineError("ad_structure_hex: \(digits.count) bytes, at most \(Advertisement.longestPayload)")
            }
            return digits
        }
        var writer = ADWriter()
        for (name, type) in [("service_data", ADType.serviceData16), ("manufacturer_data", .manufacturerData)] {
            guard let json = object[name], !json.isNull else { continue }
            guard let members = json.object else {
                throw LineError("\(name): expected an object of number and hexadecimal digits, found \(json.kindName)")
            }
            for member in members {
                guard let data = member.value.string.flatMap({ Hex.bytes($0) }) else {
                    throw LineError("\(name), \(member.name): expected hexadecimal digits")
                }
                guard try append(type, member.name, data, to: &writer) else {
                    throw LineError("\(name), \(member.name): \(data.count) bytes are more than a structure holds")
                }
            }
        }
        if let name = object["local_name"]?.string { writer.append(.completeLocalName, Array(name.utf8)) }
        return writer.payload
    }

    /// Appends data of a service or company; a 128-bit UUID on Bluetooth's base is the 16-bit one inside.
    private static func append(
        _ type: ADType, _ name: String, _ data: [UInt8], to writer: inout ADWriter
    ) throws(LineError) -> Bool {
        let lower = name.lowercased()
        if let number = assignedNumber(lower) { return writer.append(type, number: number, data) }
        if type == .serviceData16, let uuid = Hex.bytes(lower.filter { $0 != "-" }), uuid.count == 16 {
            return writer.append(.serviceData128, uuid.reversed() + data)
        }
        throw LineError("\"\(name)\": expected a number such as 0xfcd2, or a UUID")
    }

    /// The 16-bit number in `0xfcd2` or in a UUID on Bluetooth's base; nil for anything else.
    static func assignedNumber(_ text: String) -> UInt16? {
        let base = "-0000-1000-8000-00805f9b34fb"
        let lower = text.lowercased()
        if lower.hasPrefix("0000"), lower.hasSuffix(base) {
            return UInt16(lower.dropLast(base.count).dropFirst(4), radix: 16)
        }
        return lower.hasPrefix("0x") ? UInt16(lower.dropFirst(2), radix: 16) : nil
    }
}

/// Why a line is no advertisement.
public struct LineError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was found and what was expected, for people.
    public let reason: String

    init(_ reason: String) {
        self.reason = reason
    }

    /// The reason.
    public var description: String { reason }
}

extension AdvertLine {
    /// Reads a capture: a line each, empty lines passed over. Lines without `time` come one second apart.
    static func capture(_ bytes: [UInt8]) throws(CaptureError) -> Capture {
        var entries: [Capture.Entry] = []
        var number = 0
        var previous = -1.0
        for piece in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            guard piece.contains(where: { $0 > 0x20 }) else { continue }
            let line: AdvertLine
            do {
                line = try AdvertLine(parsing: Array(piece))
            } catch {
                let isFirst = entries.isEmpty && number == 1
                throw CaptureError(
                    isFirst ? .unknownFormat : .badLine,
                    isFirst
                        ? "neither btsnoop nor lines of JSON (line 1: \(error.reason))"
                        : "line \(number): \(error.reason)")
            }
            guard let address = line.address else {
                throw CaptureError(.badLine, "line \(number): address: expected 48 bits such as A4:C1:38:8D:18:B2")
            }
            let time = line.time ?? previous + 1
            guard time >= 0, time <= longestCapture else {
                throw CaptureError(.badLine, "line \(number): time: expected 0 to \(Int(longestCapture)) seconds")
            }
            previous = time
            entries.append(
                Capture.Entry(
                    time: .seconds(time), address: address,
                    addressKind: AddressKind(address, isRandom: line.isRandom), isConnectable: line.isConnectable,
                    isScanResponse: false, rssi: line.rssi, payload: line.payload))
        }
        return Capture(entries: entries)
    }

    /// A week in seconds: longer is a mistake in the unit.
    private static let longestCapture = 604_800.0
}
