import Advertising
import Testing

@testable import BluetoothLE

private let address = BluetoothAddress(rawValue: 0xA4C1_388D_18B2)
private let payload: [UInt8] = [0x02, 0x01, 0x06]

@Suite struct BtsnoopTests {
    private static let event = BtsnoopWriter.legacy([(0, 0, address, -61, payload)])

    @Test(
        arguments: [(1001 as UInt32, 3 as UInt32, []), (1002, 1, [0x04]), (2001, 3, [])] as [(UInt32, UInt32, [UInt8])])
    func threeWrappingsAreRead(link: UInt32, flags: UInt32, prefix: [UInt8]) throws {
        var writer = BtsnoopWriter(link: link)
        writer.append(flags: flags, time: 1_000_000, prefix + Self.event)
        writer.append(flags: flags, time: 3_500_000, prefix + Self.event)
        let capture = try Capture.parse(writer.bytes)
        #expect(capture.entries.map(\.time) == [.zero, .milliseconds(2500)])
        let entry = capture.entries[0]
        #expect(entry.address == address)
        #expect(entry.rssi == -61)
        #expect(entry.isConnectable == true)
        #expect(entry.payload == payload)
    }

    @Test(
        arguments: [
            (1001, 2, []), (1001, 1, []), (1002, 0, [0x01]), (1002, 0, [0x02]), (2001, 2, []), (2001, 5, []),
        ] as [(UInt32, UInt32, [UInt8])])
    func otherPacketsArePassedOver(link: UInt32, flags: UInt32, prefix: [UInt8]) {
        var writer = BtsnoopWriter(link: link)
        writer.append(flags: flags, time: 0, prefix + Self.event)
        let error = #expect(throws: CaptureError.self) { try Capture.parse(writer.bytes) }
        #expect(error?.code == .empty)
    }

    @Test func aFileCutAnywhereGivesItsWholeRecords() throws {
        var writer = BtsnoopWriter(link: 1001)
        for time in 0..<3 { writer.append(flags: 3, time: UInt64(time), Self.event) }
        let record = 24 + Self.event.count
        for length in 16..<writer.bytes.count {
            let whole = (length - 16) / record
            let found = (try? Capture.parse(Array(writer.bytes[..<length])))?.entries.count ?? 0
            #expect(found == whole)
        }
    }

    @Test func foreignFilesAreNamed() {
        for bytes in [
            BtsnoopWriter(link: 1003).bytes, BtsnoopWriter(link: 1002, version: 2).bytes, Array("btsnoop\0".utf8),
        ] {
            let error = #expect(throws: CaptureError.self) { try Capture.parse(bytes) }
            #expect(error?.code == .unknownFormat)
        }
        let error = #expect(throws: CaptureError.self) { try Capture.parse([0x7F, 0x45, 0x4C, 0x46]) }
        #expect(error?.code == .unknownFormat)
    }
}

@Suite struct HCIEventTests {
    @Test func severalReportsInOneEventAreRead() {
        let other = BluetoothAddress(rawValue: 0x4000_0000_0001)
        let reports = HCIEvent.reports(
            BtsnoopWriter.legacy([(3, 1, other, 127, []), (4, 0, address, -80, payload), (1, 1, other, 20, payload)]))
        #expect(reports.map(\.address) == [other, address, other])
        #expect(reports.map(\.rssi) == [nil, -80, 20])
        #expect(reports.map(\.isConnectable) == [false, false, true])
        #expect(reports.map(\.isScanResponse) == [false, true, false])
        #expect(reports.map(\.addressKind) == [.resolvablePrivate, .public, .resolvablePrivate])
    }

    @Test func anEventCutShortGivesItsWholeReports() {
        let event = BtsnoopWriter.legacy([(0, 0, address, -1, payload), (0, 0, address, -2, payload)])
        for length in 0..<event.count { #expect(HCIEvent.reports(Array(event[..<length])).isEmpty) }
        // The event's own length is right and the second report claims more than there is.
        var lying = event
        lying[4 + 13 + 8] = 200
        #expect(HCIEvent.reports(lying).count == 1)
    }

    @Test(
        arguments: [[], [0x3E], [0x3E, 0], [0x3E, 1, 2], [0x0E, 4, 1, 3, 12, 0], [0x3E, 2, 0x0A, 5]] as [[UInt8]])
    func otherEventsHaveNone(event: [UInt8]) {
        #expect(HCIEvent.reports(event).isEmpty)
    }

    @Test func extendedReportsAreRead() throws {
        let long = [UInt8](repeating: 7, count: 200)
        let report = try #require(
            HCIEvent.reports(BtsnoopWriter.extended(type: 0x0001, address: address, payload: long)).first)
        #expect(report.payload == long)
        #expect(report.isConnectable)
        #expect(report.setID == 1)
        #expect(report.completeness == .complete)
        let legacy = try #require(
            HCIEvent.reports(BtsnoopWriter.extended(type: 0x001B, address: address, payload: payload)).first)
        #expect(legacy.setID == nil)
        #expect(legacy.isScanResponse)
    }
}

@Suite struct ReportAssemblerTests {
    private func part(_ status: UInt16, _ bytes: [UInt8], set: UInt8 = 1, from sender: BluetoothAddress = address)
        -> AdvertisingReport
    {
        HCIEvent.reports(BtsnoopWriter.extended(type: status << 5, address: sender, set: set, payload: bytes))[0]
    }

    @Test func partsAreJoinedBySenderAndSet() {
        var assembler = ReportAssembler()
        let whole = [
            part(1, [1]), part(1, [9], set: 2), part(1, [2]), part(0, [3]), part(0, [4]), part(2, [8], set: 2),
        ].map { assembler.add($0)?.payload }
        #expect(whole == [nil, nil, nil, [1, 2, 3], [4], [9, 8]])
        #expect(assembler.abandoned == 0)
    }

    @Test func tooManyAndTooLongAreGivenUp() {
        var assembler = ReportAssembler()
        for number in 0...ReportAssembler.capacity {
            let whole = assembler.add(part(1, [1], from: BluetoothAddress(rawValue: UInt64(number))))
            #expect(whole == nil)
        }
        #expect(assembler.abandoned == 1)
        // The first one made room: its last part stands alone.
        let last = assembler.add(part(0, [2], from: BluetoothAddress(rawValue: 0)))
        #expect(last?.payload == [2])
        let piece = [UInt8](repeating: 0, count: 220)
        var long = ReportAssembler()
        for _ in 0..<7 { _ = long.add(part(1, piece)) }
        #expect(long.abandoned == 0)
        _ = long.add(part(1, piece))
        #expect(long.abandoned == 1)
    }
}

@Suite struct AdvertLineTests {
    private static func parse(_ text: String) throws -> Capture { try Capture.parse(Array(text.utf8)) }

    @Test func linesAreACapture() throws {
        let capture = try Self.parse(
            """
            {"time": 2.5, "address": "C4:C1:38:8D:18:B2", "address_type": "random", "rssi": -61, "connectable": true, \
            "ad_structure_hex": "020106"}

            {"time": 1, "address": "A4C1388D18B2", "service_data": {"0xfcd2": "40015d"}, "manufacturer_data": {}, \
            "local_name": "x"}
            {"address": "A4:C1:38:8D:18:B2", "service_data": {"0000fcd2-0000-1000-8000-00805f9b34fb": "40015d"}}
            """)
        #expect(capture.entries.map(\.time) == [.seconds(1), .seconds(2), .milliseconds(2500)])
        #expect(capture.duration == .milliseconds(2500))
        #expect(capture.entries[2].addressKind == .randomStatic)
        #expect(capture.entries[2].rssi == -61)
        #expect(capture.entries[0].payload == [6, 0x16, 0xD2, 0xFC, 0x40, 0x01, 0x5D, 2, 9, 0x78])
        #expect(capture.entries[1].payload == [6, 0x16, 0xD2, 0xFC, 0x40, 0x01, 0x5D])
    }

    @Test(arguments: [
        #"{"address": "nobody", "ad_structure_hex": "020106"}"#, #"{"ad_structure_hex": "020106"}"#,
        #"{"address": "A4C1388D18B2", "ad_structure_hex": "02010"}"#, #"{"address": "A4C1388D18B2", "time": -1}"#,
        #"{"address": "A4C1388D18B2", "time": "now"}"#, #"{"address": "A4C1388D18B2", "rssi": 128}"#,
        #"{"address": "A4C1388D18B2", "time": 1e9}"#, #"{"address": "A4C1388D18B2", "address_type": "odd"}"#,
        #"{"address": "A4C1388D18B2", "service_data": "40015d"}"#,
        #"{"address": "A4C1388D18B2", "service_data": {"fcd2": "40015d"}}"#,
        #"{"address": "A4C1388D18B2", "service_data": {"0xfcd2": 4}}"#, "{", "[]",
    ])
    func badLinesAreNamedWithTheirNumber(line: String) {
        let error = #expect(throws: CaptureError.self) {
            try Self.parse(#"{"address": "A4C1388D18B2", "ad_structure_hex": "020106"}"# + "\n" + line)
        }
        #expect(error?.code == .badLine)
        #expect(error?.reason.hasPrefix("line 2: ") == true)
    }

    @Test func aMissingFileIsNamed() {
        let error = #expect(throws: CaptureError.self) { try Capture.load(path: "/nowhere/adverts.jsonl") }
        #expect(error?.code == .unreadable)
        #expect(error?.reason.contains("/nowhere/adverts.jsonl") == true)
        let directory = #expect(throws: CaptureError.self) { try Capture.load(path: "/") }
        #expect(directory?.code == .unreadable)
    }
}
