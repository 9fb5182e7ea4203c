/// One object of BTHome v2: what its id stands for.
///
/// Source of the table: <https://bthome.io/format/> as bthome-ble 3.25.0 prints it (`MEAS_TYPES`).
struct BTHomeObject: Sendable {
    /// What follows the id.
    enum Form: Sendable, Hashable {
        /// So many bytes, unsigned.
        case unsigned(Int)
        /// So many bytes, two's complement.
        case signed(Int)
        /// One byte; anything but 0 is yes.
        case binary
        /// Four bytes of seconds since 1970.
        case timestamp
        /// A length byte, then UTF-8.
        case text
        /// A length byte, then anything.
        case raw
        /// One byte that names a press.
        case button
        /// One byte that names a direction, one of steps.
        case dimmer
        /// A byte whose low five bits count the arguments, a byte that names the command, the arguments.
        case command
        /// Two bytes, the maker's number for its kind of device.
        case deviceType
        /// A version of so many bytes, the least significant first.
        case firmware(Int)
        /// No object has this id: its length is unknown, so that reading ends.
        case unknown
    }

    let id: UInt8
    let form: Form
    let metric: Metric
    let scaling: Scaling

    init(_ id: UInt8, _ form: Form, _ metric: Metric, decimals: UInt8 = 0) {
        self.init(id, form, metric, .decimals(decimals))
    }

    init(_ id: UInt8, _ form: Form, _ metric: Metric, _ scaling: Scaling) {
        self.id = id
        self.form = form
        self.metric = metric
        self.scaling = scaling
    }

    /// The object with each id.
    static let byID: [BTHomeObject] = {
        var objects = (0...UInt8.max).map { BTHomeObject($0, .unknown, .raw) }
        for object in all { objects[Int(object.id)] = object }
        return objects
    }()

    private typealias Row = BTHomeObject

    /// All objects.
    static let all: [BTHomeObject] = [
        // Readings.
        Row(0x00, .unsigned(1), .packetID),
        Row(0x01, .unsigned(1), .battery),
        Row(0x02, .signed(2), .temperature, decimals: 2),
        Row(0x03, .unsigned(2), .humidity, decimals: 2),
        Row(0x04, .unsigned(3), .pressureMillibar, decimals: 2),
        Row(0x05, .unsigned(3), .illuminance, decimals: 2),
        Row(0x06, .unsigned(2), .massKilograms, decimals: 2),
        Row(0x07, .unsigned(2), .massPounds, decimals: 2),
        Row(0x08, .signed(2), .dewPoint, decimals: 2),
        Row(0x09, .unsigned(1), .count),
        Row(0x0A, .unsigned(3), .energy, decimals: 3),
        Row(0x0B, .unsigned(3), .power, decimals: 2),
        Row(0x0C, .unsigned(2), .voltage, decimals: 3),
        Row(0x0D, .unsigned(2), .pm25),
        Row(0x0E, .unsigned(2), .pm10),
        Row(0x12, .unsigned(2), .carbonDioxide),
        Row(0x13, .unsigned(2), .volatileOrganicCompounds),
        Row(0x14, .unsigned(2), .moisture, decimals: 2),
        // Yes or no.
        Row(0x0F, .binary, .binaryGeneric),
        Row(0x10, .binary, .binaryPower),
        Row(0x11, .binary, .binaryOpening),
        Row(0x15, .binary, .binaryBattery),
        Row(0x16, .binary, .binaryBatteryCharging),
        Row(0x17, .binary, .binaryCarbonMonoxide),
        Row(0x18, .binary, .binaryCold),
        Row(0x19, .binary, .binaryConnectivity),
        Row(0x1A, .binary, .binaryDoor),
        Row(0x1B, .binary, .binaryGarageDoor),
        Row(0x1C, .binary, .binaryGas),
        Row(0x1D, .binary, .binaryHeat),
        Row(0x1E, .binary, .binaryLight),
        Row(0x1F, .binary, .binaryLock),
        Row(0x20, .binary, .binaryMoisture),
        Row(0x21, .binary, .binaryMotion),
        Row(0x22, .binary, .binaryMoving),
        Row(0x23, .binary, .binaryOccupancy),
        Row(0x24, .binary, .binaryPlug),
        Row(0x25, .binary, .binaryPresence),
        Row(0x26, .binary, .binaryProblem),
        Row(0x27, .binary, .binaryRunning),
        Row(0x28, .binary, .binarySafety),
        Row(0x29, .binary, .binarySmoke),
        Row(0x2A, .binary, .binarySound),
        Row(0x2B, .binary, .binaryTamper),
        Row(0x2C, .binary, .binaryVibration),
        Row(0x2D, .binary, .binaryWindow),
        // Readings that came later.
        Row(0x2E, .unsigned(1), .humidity),
        Row(0x2F, .unsigned(1), .moisture),
        Row(0x3D, .unsigned(2), .count),
        Row(0x3E, .unsigned(4), .count),
        Row(0x3F, .signed(2), .rotation, decimals: 1),
        Row(0x40, .unsigned(2), .distanceMillimetres),
        Row(0x41, .unsigned(2), .distanceMetres, decimals: 1),
        Row(0x42, .unsigned(3), .duration, decimals: 3),
        Row(0x43, .unsigned(2), .current, decimals: 3),
        Row(0x44, .unsigned(2), .speed, decimals: 2),
        Row(0x45, .signed(2), .temperature, decimals: 1),
        Row(0x46, .unsigned(1), .uvIndex, decimals: 1),
        Row(0x47, .unsigned(2), .volumeLitres, decimals: 1),
        Row(0x48, .unsigned(2), .volumeMillilitres),
        Row(0x49, .unsigned(2), .volumeFlowRate, decimals: 3),
        Row(0x4A, .unsigned(2), .voltage, decimals: 1),
        Row(0x4B, .unsigned(3), .gas, decimals: 3),
        Row(0x4C, .unsigned(4), .gas, decimals: 3),
        Row(0x4D, .unsigned(4), .energy, decimals: 3),
        Row(0x4E, .unsigned(4), .volumeLitres, decimals: 3),
        Row(0x4F, .unsigned(4), .water, decimals: 3),
        Row(0x50, .timestamp, .timestamp),
        Row(0x51, .unsigned(2), .acceleration, decimals: 3),
        Row(0x52, .unsigned(2), .gyroscope, decimals: 3),
        Row(0x53, .text, .text),
        Row(0x54, .raw, .raw),
        Row(0x55, .unsigned(4), .volumeStorage, decimals: 3),
        Row(0x56, .unsigned(2), .conductivity),
        Row(0x57, .signed(1), .temperature),
        Row(0x58, .signed(1), .temperature, Scaling(multiplier: 35, dropped: 1, decimals: 1, binaryFactor: 0.35)),
        Row(0x59, .signed(1), .count),
        Row(0x5A, .signed(2), .count),
        Row(0x5B, .signed(4), .count),
        Row(0x5C, .signed(4), .power, decimals: 2),
        Row(0x5D, .signed(2), .current, decimals: 3),
        Row(0x5E, .unsigned(2), .direction, decimals: 2),
        Row(0x5F, .unsigned(2), .precipitation, decimals: 1),
        Row(0x60, .unsigned(1), .channel),
        Row(0x61, .unsigned(2), .rotationalSpeed),
        Row(0x62, .signed(4), .speed, decimals: 6),
        Row(0x63, .signed(4), .acceleration, decimals: 6),
        Row(0x64, .unsigned(1), .lightLevel),
        Row(0x65, .unsigned(1), .settingsRevision),
        // Things that happen.
        Row(0x3A, .button, .eventButton),
        Row(0x3B, .command, .eventCommand),
        Row(0x3C, .dimmer, .eventDimmer),
        // About the device itself; the metric does not matter.
        Row(0xF0, .deviceType, .raw),
        Row(0xF1, .firmware(4), .raw),
        Row(0xF2, .firmware(3), .raw),
    ]
}

extension BTHomeObject {
    /// What a button's byte says; nil for "nothing happened" and for what is not assigned.
    static func buttonAction(_ code: UInt8) -> SensorAction? {
        switch code {
        case 0x01: .press
        case 0x02: .doublePress
        case 0x03: .triplePress
        case 0x04: .longPress
        case 0x05: .longDoublePress
        case 0x06: .longTriplePress
        case 0x80: .holdPress
        case 0x81: .holdRelease
        default: nil
        }
    }

    /// What a dimmer's byte says; nil for "nothing happened" and for what is not assigned.
    static func dimmerAction(_ code: UInt8) -> SensorAction? {
        switch code {
        case 0x01: .rotateLeft
        case 0x02: .rotateRight
        default: nil
        }
    }

    /// What a command's byte says; nil for what is not assigned.
    static func commandAction(_ code: UInt8) -> SensorAction? {
        switch code {
        case 0x00: .off
        case 0x01: .on
        case 0x02: .toggle
        case 0x03: .stepUp
        case 0x04: .stepDown
        default: nil
        }
    }
}
