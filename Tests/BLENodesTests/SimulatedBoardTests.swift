import Advertising
import BluetoothLE
import Concentrator
import Foundation
import Logging
import OneLoop
import Testing

@testable import BLENodes

/// The capture that the simulated board replays.
@Loop
@Suite struct SimulatedBoardTests {
    private static func nodes(_ file: String) async throws -> Concentrator {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../board/simulated/\(file)").standardizedFileURL.path
        let capture = try Capture.load(path: path)
        let shelly = BluetoothAddress(rawValue: 0x5448_E68F_80A5)
        let concentrator = Concentrator()
        var log = Logger(label: "test")
        log.logLevel = .critical
        let nodes = BLENodes(
            configuration: BLENodesConfiguration(
                admission: .knownFormats,
                devices: [shelly: .init(name: "Bath", key: Hex.bytes("231d39c1d7cc1ab1aee224cd096db932"))]),
            concentrator: concentrator, store: nil, log: log)
        // Two rounds: what the first one left must not shut the second one out.
        for round in 0..<2 {
            let start = ContinuousClock.now.advanced(by: (capture.duration + CaptureReplay.pause) * round)
            for entry in capture.entries {
                nodes.receive(
                    Advertisement(
                        address: entry.address, addressKind: entry.addressKind, isConnectable: entry.isConnectable,
                        rssi: entry.rssi, payload: entry.payload, receivedAt: start.advanced(by: entry.time)))
            }
        }
        #expect(nodes.statistics.refused == 0)
        #expect(nodes.statistics.replayed == 0)
        return concentrator
    }

    @Test(arguments: ["adverts.jsonl", "adverts.btsnoop"])
    func tenSensorsBecomeNodes(file: String) async throws {
        let concentrator = try await Self.nodes(file)
        let fields: [String: Set<String>] = Dictionary(
            uniqueKeysWithValues: concentrator.nodes.map { ($0.id.nodeID, Set($0.fields.map(\.name))) })
        #expect(
            fields == [
                "A4C1388D18B2": ["Temperature", "Humidity", "Battery", "RSSI"],
                "5448E68F80A5": ["Temperature", "Humidity", "Battery", "RSSI"],
                "E62EB92E73E5": [
                    "Temperature", "Humidity", "Pressure", "Acceleration", "Acceleration X", "Acceleration Y",
                    "Acceleration Z", "Battery Voltage", "Transmit Power", "Movement Counter", "RSSI",
                ],
                "A4C1380515F5": ["Temperature", "Humidity", "Battery", "Battery Voltage", "RSSI"],
                "A4C1380111F1": ["Temperature", "Humidity", "Battery", "Battery Voltage", "RSSI"],
                "CBB8334C884F": [
                    "Temperature", "Humidity", "Pressure", "PM2.5", "CO2", "VOC Index", "NOx Index", "Illuminance",
                    "Calibration In Progress", "RSSI",
                ],
                "3C2EF5A11007": ["Battery", "Illuminance", "Window", "Rotation", "RSSI"],
                "3C2EF5A1102A": ["Battery", "Button", "Button Count", "RSSI"],
                "582D34102030": ["Temperature", "Humidity", "Device Type", "RSSI"],
                "D0F018430001": ["Major", "Minor", "RSSI"],
            ])
        let button = concentrator.node(NodeID(cacheType: "ble", nodeID: "3C2EF5A1102A"))
        #expect(button?.field("Button Count")?.value.description == "6")
        #expect(button?.field("Button")?.value.description == "long_press")
        #expect(button?.description.deviceClass == "button")
    }
}
