import Advertising
import BLENodes
import FlashStore
import GPIO
import GPIONodes
import Glibc
import OCFDoor
import OCFModel

extension GPIOLineConfiguration {
    /// A line as the configuration file gives it.
    init(_ line: Configuration.Line) {
        let direction: Direction =
            line.output
            ? .output(
                OutputConfiguration(
                    activeLow: line.activeLow, initial: line.initial, safe: SafeValue(rawValue: line.atExit) ?? .off))
            : .input(
                InputConfiguration(
                    bias: Bias(rawValue: line.bias) ?? .asIs, activeLow: line.activeLow,
                    debounce: .milliseconds(line.debounce)))
        self.init(
            name: line.name, line: LineSelector(line.line), chip: line.chip.isEmpty ? nil : ChipSelector(line.chip),
            direction: direction, kind: line.kind, title: line.title)
    }
}

extension StoreOptions {
    /// The store as the configuration file gives it.
    init(_ store: Configuration.Store) {
        self.init(
            segmentSize: store.segmentKiB << 10, flushInterval: .milliseconds(Int(store.commitAfter * 1_000)),
            flushCount: store.commitCount)
    }
}

extension BLENodesConfiguration {
    /// The sensors as the configuration file gives them; addresses and keys have been checked there.
    init(_ ble: Configuration.BLE) {
        var devices: [BluetoothAddress: Device] = [:]
        for node in ble.nodes {
            guard let address = BluetoothAddress(node.address) else { continue }
            devices[address] = Device(
                name: node.name.isEmpty ? nil : node.name, key: Hex.bytes(node.key).flatMap { $0.isEmpty ? nil : $0 })
        }
        self.init(
            admission: ble.admit == "known-formats" ? .knownFormats : .listedOnly,
            allowed: Set(ble.allow.compactMap { BluetoothAddress($0) }),
            denied: Set(ble.deny.compactMap { BluetoothAddress($0) }), devices: devices, maximum: ble.maximum)
    }
}

extension DeviceSettings {
    /// What the configuration and the system say of the device.
    init(_ configuration: Configuration) {
        self.init()
        name = configuration.gateway.name
        manufacturer = configuration.ocf.manufacturer
        model = configuration.ocf.model.isEmpty ? nil : configuration.ocf.model
        softwareVersion = gatehouseVersion
        var names = utsname()
        if uname(&names) == 0 {
            systemVersion = withUnsafeBytes(of: &names.release) { bytes in
                "Linux " + String(decoding: bytes.prefix { $0 != 0 }.prefix(56), as: UTF8.self)
            }
        }
    }
}
