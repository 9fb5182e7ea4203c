import Advertising

/// Writes btsnoop files for the tests.
struct BtsnoopWriter {
    private(set) var bytes: [UInt8]

    init(link: UInt32, version: UInt32 = 1) {
        bytes = Array("btsnoop\0".utf8) + Self.big(version, 4) + Self.big(link, 4)
    }

    /// Appends a record; `time` in microseconds.
    mutating func append(flags: UInt32, time: UInt64, _ data: [UInt8]) {
        bytes += Self.big(data.count, 4) + Self.big(data.count, 4) + Self.big(flags, 4) + Self.big(0, 4)
        bytes += Self.big(0x00DC_DDB3_0F2F_8000 + time, 8) + data
    }

    static func big(_ value: some BinaryInteger, _ size: Int) -> [UInt8] {
        (0..<size).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// An LE Advertising Report event with these reports.
    static func legacy(
        _ reports: [(type: UInt8, random: UInt8, address: BluetoothAddress, rssi: Int8, payload: [UInt8])]
    )
        -> [UInt8]
    {
        var parameters: [UInt8] = [0x02, UInt8(reports.count)]
        for report in reports {
            parameters += [report.type, report.random] + (0..<6).reversed().map { report.address[$0] }
            parameters += [UInt8(report.payload.count)] + report.payload + [UInt8(bitPattern: report.rssi)]
        }
        return [0x3E, UInt8(parameters.count)] + parameters
    }

    /// An LE Extended Advertising Report event with one report.
    static func extended(
        type: UInt16, address: BluetoothAddress, set: UInt8 = 1, rssi: Int8 = -50, payload: [UInt8]
    ) -> [UInt8] {
        var parameters: [UInt8] = [0x0D, 1, UInt8(truncatingIfNeeded: type), UInt8(type >> 8), 1]
        parameters += (0..<6).reversed().map { address[$0] }
        parameters += [1, 2, set, 127, UInt8(bitPattern: rssi), 0, 0, 0, 0, 0, 0, 0, 0, 0]
        parameters += [UInt8(payload.count)] + payload
        return [0x3E, UInt8(parameters.count)] + parameters
    }
}
