// How many adverts a second are decoded on one core, and what they allocate.
//
//     swift run -c release AdvertBench [SECONDS-A-ROW]

import Advertising
import BLENodes
import BluetoothLE
import Concentrator
import Logging
import Measuring
import OneLoop

func bytes(_ hex: String) -> [UInt8] {
    Hex.bytes(hex) ?? []
}

let strangers = [
    "02011a020a0c0bff4c001006031a4f2d3c51",  // a phone
    "02010611ff7500420401806030a1b2c3d4e5f60102",  // a television
    "0201061416cdfd8810a1b2c3d4e5f60104c3001c020201",  // another format
    "03039ffe17169ffe0000000000000000000000000000000000000000", "02010605094c4544310302f0ff",
]

/// The codec alone.
func codecRows(_ rows: Rows) {
    let decoder = AdvertDecoder.standard
    let sink = Sink()
    var list = MeasurementList()

    func decodeRow(
        _ name: String, _ hex: [String], address: String = "54:48:E6:8F:80:A5", key: String? = nil, aim: Int? = nil
    ) {
        let payloads = hex.map(bytes)
        let address = BluetoothAddress(address)
        let key = key.flatMap { BindKey(hex: $0) }
        rows.measure(name, aim: aim) {
            for index in 0..<1000 {
                let payload = payloads[index % payloads.count]
                let outcome = decoder.decode(
                    payload.span, address: address, key: key, into: &list)
                if case .decoded = outcome { sink.value &+= list.measurements.count }
            }
        }
    }

    let structures = strangers.map(bytes)
    rows.measure("AD structures walked, 2 to 3 a payload", aim: 4_000_000) {
        for index in 0..<1000 {
            let payload = structures[index % structures.count]
            var cursor = ADCursor()
            while let structure = cursor.next(in: payload.span) { sink.value &+= structure.count }
        }
    }
    decodeRow("strangers turned away", strangers, aim: 2_000_000)
    decodeRow("BTHome, temperature and humidity", ["0201060a16d2fc4002ca0903bf13"], aim: 500_000)
    decodeRow(
        "BTHome, packet id and 5 objects", ["0201061216d2fc4000010b0000004a0d0901330ce90c"], aim: 500_000)
    decodeRow("BTHome, 6 objects, numbered", ["0201061516d2fc4002ca0902cf0902cf0803b71803b717015d"], aim: 500_000)
    decodeRow("BTHome, a text of 12", ["0201061216d2fc44530c48656c6c6f20576f726c6421"])
    decodeRow(
        "BTHome, encrypted", ["0201061216d2fc41a47266c95f730011223378237214"], key: "231d39c1d7cc1ab1aee224cd096db932",
        aim: 150_000)
    decodeRow(
        "BTHome, encrypted, forged", ["0201061216d2fc41a47266c95f730011223378237215"],
        key: "231d39c1d7cc1ab1aee224cd096db932")
    decodeRow("Ruuvi 3", ["02010611ff990403411540c84afc72fe2fffc50b89"])
    decodeRow("Ruuvi 5", ["0201061bff990405138a5f92c4f3ffe4ffdc0414c4f6ec29bbe62eb92e73e5"])
    decodeRow("Ruuvi 6", ["02010617ff990406170c5668c79e007000c90501d9ffcd004c884f"])
    decodeRow(
        "Ruuvi E1",
        ["0201062bff9904e1170c5668c79e0065007004bd11ca00c9fafb13e0ac000000dfffffc10000000000cbb8334c884f"])
    decodeRow("ATC1441", ["02010610161a18a4c1380111f1ffff63640c1c01"])
    decodeRow("BTHome v1", ["0201060b161c182302ca090303bf13"], aim: 500_000)
    decodeRow(
        "MiBeacon", ["020106151695fe50303c0c034c94b438c1a40d10041001ea01"], address: "A4:C1:38:B4:94:4C", aim: 500_000)
    decodeRow(
        "MiBeacon, encrypted", ["020106191695fe5858e4162c84535638c1a42b6ef2e91200006c884d9e"],
        address: "A4:C1:38:56:53:84", key: "a115210eed7a88e50ad52662e732a9fb", aim: 150_000)
    decodeRow("Govee H5075", ["02010609ff88ec00034db264000d094756483530373532373632"])
    decodeRow("Govee H5122, sealed", ["0201061bff88eff30a0024aaeaa5631b810899e1c4e1409883fe225935c464"])
    decodeRow("SwitchBot meter", ["02010609163dfd5400e40698350eff6909d7c17d5deb43de03069835"])
    decodeRow("iBeacon", ["0201061aff4c000215fda50693a4e24fb1afcfc6eb0764782500010002c5"])
    decodeRow("Eddystone TLM", ["0201060303aafe1116aafe20000bb8156000001234000056789a"])
    decodeRow("pvvx", ["02010612161a18f0100038c1a4240911148b0b580005"])

    let hciEvent: [UInt8] = {
        let payload = bytes("0201060a16d2fc4002ca0903bf13")
        let report = [0x02, 0x01, 0x03, 0x00] + bytes("b2188d38c1a4") + [UInt8(payload.count)] + payload + [0xC3]
        return [0x3E, UInt8(report.count)] + report
    }()
    rows.measure("HCI event to BTHome values") {
        for _ in 0..<1000 {
            for report in HCIEvent.reports(hciEvent) {
                _ = decoder.decode(report.payload.span, address: report.address, key: nil, into: &list)
                sink.value &+= list.measurements.count
            }
        }
    }
}

/// The whole way to a node, and strangers by the hundred thousand.
@Loop
func houseRows(_ rows: Rows) {
    let concentrator = Concentrator()
    var quiet = Logger(label: "ble")
    quiet.logLevel = .warning
    let nodes = BLENodes(
        configuration: BLENodesConfiguration(admission: .knownFormats), concentrator: concentrator, store: nil,
        log: quiet)
    var now = ContinuousClock.now
    let sensors = (0..<200).map { BluetoothAddress(rawValue: 0xA4C1_3800_0000 + UInt64($0)) }
    var turn: UInt8 = 0
    func payload(_ value: UInt8) -> [UInt8] { bytes("0201060a16d2fc4002") + [value, 0x09, 0x03, 0xBF, 0x13] }
    let payloads = (0..<UInt8(16)).map { payload($0) }
    func feed(_ moving: Bool) {
        for index in 0..<1000 {
            if index.isMultiple(of: 200) {
                turn &+= 1
                now = now.advanced(by: .seconds(1))
            }
            nodes.receive(
                Advertisement(
                    address: sensors[index % 200], isConnectable: false, rssi: -60,
                    payload: payloads[moving ? Int(turn & 15) : 0], receivedAt: now))
        }
    }
    rows.measure("advert to node, 200 sensors, value moving") { feed(true) }
    rows.measure("advert to node, 200 sensors, value the same") { feed(false) }

    let phone = bytes(strangers[0])
    var seed: UInt64 = 1
    let before = Memory().resident / 1024
    rows.measure("strangers through the house, 100 000 addresses", aim: 500_000) {
        for _ in 0..<1000 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let number = (seed >> 33) % 100_000
            nodes.receive(
                Advertisement(
                    address: BluetoothAddress(rawValue: 0x4000_0000_0000 + number &* 0x9E37_79B9),
                    addressKind: .resolvablePrivate, rssi: -80, payload: phone, receivedAt: now))
        }
    }
    print(
        "\(grouped(Int(nodes.statistics.fromStrangers))) strangers' adverts, \(nodes.strangers.count) kept; resident memory "
            + "before \(before) KiB, after \(Memory().resident / 1024) KiB")
}

/// What the daemon's part of the radio holds after millions of adverts from everybody who passes by.
@Loop
func memoryRows() {
    let concentrator = Concentrator()
    var quiet = Logger(label: "ble")
    quiet.logLevel = .error
    // Whoever sends a format that is read would become a node; there is room for 200.
    let nodes = BLENodes(
        configuration: BLENodesConfiguration(admission: .knownFormats, maximum: 200), concentrator: concentrator,
        store: nil, log: quiet)
    var now = ContinuousClock.now
    var seed: UInt64 = 1
    var event: [UInt8] = []
    print("\nmemory, 100 000 random addresses: half phones, half thermometers, of which 200 are nodes")
    for number in 1...10_000_000 {
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let who = (seed >> 33) % 100_000
        // Phones hide behind addresses that change (01 in front), thermometers have static ones (11).
        let isPhone = who.isMultiple(of: 2)
        let address: UInt64 =
            (isPhone ? 0x4000_0000_0000 : 0xC000_0000_0000) | ((who &* 0x9E37_79B9) & 0x3FFF_FFFF_FFFF)
        let payload =
            isPhone
            ? [2, 1, 0x1A, 2, 0x0A, 0x0C, 7, 0xFF, 0x4C, 0, 0x10, 2, UInt8(truncatingIfNeeded: seed >> 20), 0x1A]
            : [2, 1, 6, 7, 0x16, 0xD2, 0xFC, 0x40, 2, UInt8(truncatingIfNeeded: seed >> 20), 9]
        event = [0x3E, 0, 0x02, 1, 3, 1]
        for shift in 0..<6 { event.append(UInt8(truncatingIfNeeded: address >> (8 * UInt64(shift)))) }
        event.append(UInt8(payload.count))
        event += payload
        event.append(0xB5)
        event[1] = UInt8(event.count - 2)
        if number.isMultiple(of: 500) { now = now.advanced(by: .seconds(1)) }
        for report in HCIEvent.reports(event) {
            nodes.receive(
                Advertisement(
                    address: report.address, addressKind: report.addressKind, isConnectable: report.isConnectable,
                    rssi: report.rssi, payload: report.payload, receivedAt: now))
        }
        if [10_000, 1_000_000, 5_000_000, 10_000_000].contains(number) {
            print(
                "after \(right(grouped(number), 12)) adverts: \(grouped(Memory().anonymous / 1024)) KiB anonymous, "
                    + "\(nodes.statistics.received) received, \(concentrator.count) nodes, \(nodes.strangers.count) strangers"
            )
        }
    }
}

let rows = Rows(seconds: CommandLine.arguments.dropFirst().first.flatMap { Double($0) } ?? 1)
rows.printHeading()
codecRows(rows)
await houseRows(rows)
await memoryRows()
