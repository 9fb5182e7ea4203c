import Advertising
import BluetoothLE

/// The keys of Bluetooth sensors and of devices that are connected to.
extension ConfigurationSchema {
    static let bleKeys: [ConfigurationKey] = [
        ConfigurationKey(
            "ble.source", .choice(["auto", "kernel", "capture", "none"]), default: "\"auto\"",
            "Where adverts come from: `kernel` this machine's adapters, `capture` a recorded file; `auto` is `kernel`, and "
                + "`none` on a simulated board."),
        ConfigurationKey(
            "ble.adapters",
            .list(
                of: "an adapter's name such as hci0, or its address", check: { KernelRadio.Selection([$0]) != nil }),
            default: "[]", "The adapters that listen, by name or by address; all when it is empty."),
        ConfigurationKey(
            "ble.capture", .path, default: "\"\"", "The recording: btsnoop, or JSON lines."),
        ConfigurationKey(
            "ble.speed", .number(0...1_000, unit: "times"), default: "1.0",
            "How fast it is replayed; 0 as fast as possible."),
        ConfigurationKey("ble.loop", .boolean, default: "false", "Begin again at its end."),
        ConfigurationKey(
            "ble.admit", .choice(["listed", "known-formats"]), default: "\"listed\"",
            "Which advertisers become nodes: those listed, or every one that speaks a known sensor format."),
        ConfigurationKey(
            "ble.allow", .list(of: "an address such as A4:C1:38:8D:18:B2", check: isAddress), default: "[]",
            "Addresses admitted besides those of `[[ble.nodes]]`."),
        ConfigurationKey(
            "ble.deny", .list(of: "an address such as A4:C1:38:8D:18:B2", check: isAddress), default: "[]",
            "Addresses never admitted; stronger than every other rule."),
        ConfigurationKey(
            "ble.nodes_maximum", .integer(1...10_000, unit: "nodes"), default: "500",
            "How many advertisers may become nodes."),
        ConfigurationKey(
            "ble.join_window", .integer(1...254, unit: "s"), default: "60",
            "How long sensors may join after the button was held for three seconds, or `gatehouse permit-join`."),
        ConfigurationKey(
            "ble.join_limit", .integer(1...100, unit: "sensors"), default: "5",
            "How many may join in one such time."),
        ConfigurationKey(
            "ble.connections", .integer(1...10, unit: "connections"), default: "3",
            "How many devices are connected to at a time; radios hold about ten, fewer while they scan."),
        ConfigurationKey(
            "ble.read_interval", .integer(10...86_400, unit: "s"), default: "300",
            "How often a device that is connected to is read."),
        ConfigurationKey(
            "ble.nodes[].address", .form("an address such as A4:C1:38:8D:18:B2", check: isAddress), default: nil,
            "The sensor's address; it admits the sensor."),
        ConfigurationKey("ble.nodes[].name", .text(maximum: 64), default: "\"\"", "The name for people."),
        ConfigurationKey(
            "ble.nodes[].key",
            .form(
                "32 hex digits (24 for MiBeacon before version 4), or empty",
                check: { $0.isEmpty || isHex($0, digits: 32) || isHex($0, digits: 24) }),
            default: "\"\"", "The bind key, where the sensor encrypts."),
        ConfigurationKey(
            "ble.nodes[].connect", .boolean, default: "false",
            "Connect to it and show its standard services: battery, device information, environmental sensing, automation I/O."
        ),
    ]

    static let gattKeys: [ConfigurationKey] = [
        ConfigurationKey(
            "ble.gatt[].device", .form("an address such as A4:C1:38:8D:18:B2", check: isAddress), default: nil,
            "The device's address; it admits the device."),
        ConfigurationKey(
            "ble.gatt[].service",
            .form("a UUID, or its 4 hex digits, or empty", check: { $0.isEmpty || isUUIDOrShort($0) }),
            default: "\"\"", "The service it is in; empty for any."),
        ConfigurationKey(
            "ble.gatt[].characteristic", .form("a UUID, or its 4 hex digits", check: isUUIDOrShort), default: nil,
            "The characteristic: `2A6E`, or all five groups."),
        ConfigurationKey(
            "ble.gatt[].name", .text(maximum: 64), default: "\"\"",
            "The field's or parameter's name; empty for the characteristic's own."),
        ConfigurationKey(
            "ble.gatt[].format", .choice([""] + CharacteristicForm.names), default: "\"\"",
            "How the value lies in the bytes, low byte first; empty for what is assigned to its number."),
        ConfigurationKey("ble.gatt[].unit", .text(maximum: 16), default: "\"\"", "The unit of a number."),
        ConfigurationKey(
            "ble.gatt[].decimals", .integer(0...9, unit: "digits"), default: "0",
            "How many digits of a whole number stand behind the point."),
        ConfigurationKey(
            "ble.gatt[].interval", .integer(0...86_400, unit: "s"), default: "0",
            "How often it is read; 0 for `ble.read_interval`. A device is read as often as the most frequent of its entries says."
        ),
        ConfigurationKey(
            "ble.gatt[].notify", .boolean, default: "false",
            "It tells its value by itself; the connection is kept for that, as long as others need none."),
        ConfigurationKey("ble.gatt[].writable", .boolean, default: "false", "It can be set."),
    ]
}
