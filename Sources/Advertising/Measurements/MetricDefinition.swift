/// How a metric is named and what it is for.
public struct MetricDefinition: Sendable, Hashable {
    /// What a metric is good for.
    public enum Role: Sendable, Hashable {
        /// A quantity of the world or of the device.
        case reading
        /// Yes or no; reports put `binary:` before the name.
        case binary
        /// Something that happened; reports put `event:` before the name.
        case event
        /// Serves the exchange itself (counters, format numbers) and says nothing about the world.
        case bookkeeping
    }

    /// The name that the format's reference reader gives it.
    public let name: String
    /// The unit, as that reader writes it.
    public let unit: String?
    /// The name for people, the same in all formats.
    public let title: String
    /// What it is good for.
    public let role: Role
    /// The unit in the house: ``unit``, or the true one where the reference reader writes none.
    public let houseUnit: String?

    init(_ name: String, _ unit: String?, _ title: String, _ role: Role = .reading, house: String? = nil) {
        houseUnit = house ?? unit
        self.name = name
        self.unit = unit
        self.title = title
        self.role = role
    }

    /// The name in a report: with the prefix of its role.
    public var reportName: String {
        switch role {
        case .reading, .bookkeeping: name
        case .binary: "binary:\(name)"
        case .event: "event:\(name)"
        }
    }
}

extension Metric {
    /// The name, unit and role.
    public var definition: MetricDefinition {
        switch self {
        case .packetID: .init("packet_id", nil, "Packet ID", .bookkeeping)
        case .battery: .init("battery", "%", "Battery")
        case .temperature: .init("temperature", "°C", "Temperature")
        case .humidity: .init("humidity", "%", "Humidity")
        case .pressureMillibar: .init("pressure", "mbar", "Pressure")
        case .illuminance: .init("illuminance", "lx", "Illuminance")
        case .massKilograms: .init("mass", "kg", "Mass")
        case .massPounds: .init("mass", "lb", "Mass")
        case .dewPoint: .init("dew_point", "°C", "Dew Point")
        case .count: .init("count", nil, "Count")
        case .energy: .init("energy", "kWh", "Energy")
        case .power: .init("power", "W", "Power")
        case .voltage: .init("voltage", "V", "Voltage")
        case .pm25: .init("pm25", "µg/m³", "PM2.5")
        case .pm10: .init("pm10", "µg/m³", "PM10")
        case .carbonDioxide: .init("carbon_dioxide", "ppm", "CO2")
        case .volatileOrganicCompounds: .init("volatile_organic_compounds", "µg/m³", "TVOC")
        case .moisture: .init("moisture", "%", "Moisture")
        case .rotation: .init("rotation", "°", "Rotation")
        case .distanceMillimetres: .init("distance", "mm", "Distance")
        case .distanceMetres: .init("distance", "m", "Distance")
        case .duration: .init("duration", "s", "Duration")
        case .current: .init("current", "A", "Current")
        case .speed: .init("speed", "m/s", "Speed")
        case .uvIndex: .init("uv_index", nil, "UV Index")
        case .volumeLitres: .init("volume", "L", "Volume")
        case .volumeMillilitres: .init("volume", "mL", "Volume")
        case .volumeFlowRate: .init("volume_flow_rate", "m³/h", "Volume Flow Rate")
        case .gas: .init("gas", "m³", "Gas")
        case .water: .init("water", "L", "Water")
        case .timestamp: .init("timestamp", nil, "Timestamp")
        case .acceleration: .init("acceleration", "m/s²", "Acceleration")
        case .gyroscope: .init("gyroscope", "°/s", "Gyroscope")
        case .text: .init("text", nil, "Text")
        case .raw: .init("raw", nil, "Raw")
        case .volumeStorage: .init("volume_storage", "L", "Volume Storage")
        case .conductivity: .init("conductivity", "µS/cm", "Conductivity")
        case .direction: .init("direction", "°", "Direction")
        case .precipitation: .init("precipitation", "mm", "Precipitation")
        case .channel: .init("channel", nil, "Channel")
        case .rotationalSpeed: .init("rotational_speed", "rpm", "Rotational Speed")
        case .lightLevel: .init("light_level", nil, "Light Level")
        case .settingsRevision: .init("settings_revision", nil, "Settings Revision", .bookkeeping)
        case .binaryGeneric: .init("generic", nil, "State", .binary)
        case .binaryPower: .init("power", nil, "Power On", .binary)
        case .binaryOpening: .init("opening", nil, "Opening", .binary)
        case .binaryBattery: .init("battery", nil, "Battery Low", .binary)
        case .binaryBatteryCharging: .init("battery_charging", nil, "Battery Charging", .binary)
        case .binaryCarbonMonoxide: .init("carbon_monoxide", nil, "Carbon Monoxide", .binary)
        case .binaryCold: .init("cold", nil, "Cold", .binary)
        case .binaryConnectivity: .init("connectivity", nil, "Connectivity", .binary)
        case .binaryDoor: .init("door", nil, "Door", .binary)
        case .binaryGarageDoor: .init("garage_door", nil, "Garage Door", .binary)
        case .binaryGas: .init("gas", nil, "Gas Detected", .binary)
        case .binaryHeat: .init("heat", nil, "Heat", .binary)
        case .binaryLight: .init("light", nil, "Light Detected", .binary)
        case .binaryLock: .init("lock", nil, "Lock", .binary)
        case .binaryMoisture: .init("moisture", nil, "Moisture Detected", .binary)
        case .binaryMotion: .init("motion", nil, "Motion", .binary)
        case .binaryMoving: .init("moving", nil, "Moving", .binary)
        case .binaryOccupancy: .init("occupancy", nil, "Occupancy", .binary)
        case .binaryPlug: .init("plug", nil, "Plug", .binary)
        case .binaryPresence: .init("presence", nil, "Presence", .binary)
        case .binaryProblem: .init("problem", nil, "Problem", .binary)
        case .binaryRunning: .init("running", nil, "Running", .binary)
        case .binarySafety: .init("safety", nil, "Safety", .binary)
        case .binarySmoke: .init("smoke", nil, "Smoke", .binary)
        case .binarySound: .init("sound", nil, "Sound", .binary)
        case .binaryTamper: .init("tamper", nil, "Tamper", .binary)
        case .binaryVibration: .init("vibration", nil, "Vibration", .binary)
        case .binaryWindow: .init("window", nil, "Window", .binary)
        case .eventButton: .init("button", nil, "Button", .event)
        case .eventCommand: .init("command", nil, "Command", .event)
        case .eventDimmer: .init("dimmer", nil, "Dimmer", .event)
        case .ruuviFormat: .init("data_format", nil, "Data Format", .bookkeeping)
        case .pressure: .init("pressure", "hPa", "Pressure")
        case .accelerationMilliG: .init("acceleration", "mG", "Acceleration")
        case .accelerationX: .init("acceleration_x", "mG", "Acceleration X")
        case .accelerationY: .init("acceleration_y", "mG", "Acceleration Y")
        case .accelerationZ: .init("acceleration_z", "mG", "Acceleration Z")
        case .transmitPower: .init("tx_power", "dBm", "Transmit Power")
        case .batteryMillivolts: .init("battery", "mV", "Battery Voltage")
        case .movementCounter: .init("movement_counter", nil, "Movement Counter")
        case .sequenceNumber: .init("measurement_sequence_number", nil, "Sequence Number", .bookkeeping)
        case .address: .init("mac", nil, "Address", .bookkeeping)
        case .pm1: .init("pm_1", "µg/m³", "PM1")
        case .pm2_5: .init("pm_2_5", "µg/m³", "PM2.5")
        case .pm4: .init("pm_4", "µg/m³", "PM4")
        case .pm_10: .init("pm_10", "µg/m³", "PM10")
        case .co2: .init("co2", "ppm", "CO2")
        case .vocIndex: .init("voc", nil, "VOC Index")
        case .noxIndex: .init("nox", nil, "NOx Index")
        case .luminosity: .init("luminosity", "lx", "Illuminance")
        case .calibrating: .init("calibration_in_progress", nil, "Calibration In Progress")
        case .tempc: .init("tempc", "°C", "Temperature")
        case .hum: .init("hum", "%", "Humidity")
        case .batt: .init("batt", "%", "Battery")
        case .volt: .init("volt", "V", "Battery Voltage")
        // Each case stands in one of the tables; a test holds that.
        default: xiaomiDefinition ?? goveeDefinition ?? beaconsDefinition ?? switchBotDefinition ?? .init("", nil, "")
        }
    }
}
