import Advertising
import BLENodes
import FlashStore
import GATT
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
        let interval = Duration.seconds(ble.readInterval)
        for node in ble.nodes {
            guard let address = BluetoothAddress(node.address) else { continue }
            devices[address] = Device(
                name: node.name.isEmpty ? nil : node.name, key: Hex.bytes(node.key).flatMap { $0.isEmpty ? nil : $0 },
                gatt: node.connect ? GATTPlan(interval: interval) : nil)
        }
        for entry in ble.gatt {
            guard let address = BluetoothAddress(entry.device), let point = GATTPlan.Point(entry) else { continue }
            var device = devices[address] ?? Device()
            // Who is only described is read for what is described, and nothing else.
            var plan = device.gatt ?? GATTPlan(standardServices: false, interval: interval)
            plan.points.append(point)
            if entry.interval > 0 { plan.interval = min(plan.interval, .seconds(entry.interval)) }
            device.gatt = plan
            devices[address] = device
        }
        self.init(
            admission: ble.admit == "known-formats" ? .knownFormats : .listedOnly,
            allowed: Set(ble.allow.compactMap { BluetoothAddress($0) }),
            denied: Set(ble.deny.compactMap { BluetoothAddress($0) }), devices: devices, maximum: ble.maximum)
        gattInterval = interval
    }
}

extension GATTPlan.Point {
    /// A characteristic as the configuration file gives it; what it says has been checked there.
    init?(_ entry: Configuration.Characteristic) {
        guard let type = AttributeType(entry.characteristic) else { return nil }
        let title = entry.name.isEmpty ? entry.characteristic : entry.name
        let definition = CharacteristicForm(entry.format).map { form in
            CharacteristicDefinition(
                name: title,
                fields: [
                    CharacteristicField(
                        form, unit: entry.unit.isEmpty ? nil : entry.unit, decimals: UInt8(clamping: entry.decimals))
                ])
        }
        self.init(
            service: AttributeType(entry.service), type: type, name: entry.name.isEmpty ? nil : entry.name,
            definition: definition, notifies: entry.notify, isWritable: entry.writable)
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
