extension ResourceTypeDefinition {
    private static let actuator: [Interface] = [.actuator, .baseline]

    /// A switch: true is on.
    public static let binarySwitch = ResourceTypeDefinition(
        "oic.r.switch.binary", actuator, [PropertyDefinition("value", .boolean, .readWrite, mandatory: true)])

    /// A dimmer, by default from 0 (dark) to 100.
    public static let dimming = ResourceTypeDefinition(
        "oic.r.light.dimming", actuator, forbidsOutOfRange: true,
        [
            PropertyDefinition("dimmingSetting", .integer(), .readWrite, mandatory: true),
            PropertyDefinition("range", .array(.integer(), count: 2...2)),
            PropertyDefinition("step", .integer()),
        ])

    /// How far something is open.
    public static let openLevel = ResourceTypeDefinition(
        "oic.r.openlevel", actuator, forbidsOutOfRange: true,
        [
            PropertyDefinition("openLevel", .integer(), .readWrite, mandatory: true),
            PropertyDefinition("range", .array(.integer(), count: 2...2)),
            PropertyDefinition("step", .integer()),
        ])

    /// Colour temperature in mireds.
    public static let colourTemperature = ResourceTypeDefinition(
        "oic.r.colour.colourtemperature", actuator,
        [
            PropertyDefinition("ct", .integer(0...Int.max), .readWrite, mandatory: true),
            PropertyDefinition("range", .array(.integer(), count: 2...2)),
            PropertyDefinition("step", .integer()),
        ])

    /// A temperature that is set; the type of ``temperature`` through the actuator's interface.
    public static let temperatureSetting = ResourceTypeDefinition(
        "oic.r.temperature", actuator, forbidsOutOfRange: true,
        [
            PropertyDefinition("temperature", .number(), .readWrite, mandatory: true),
            PropertyDefinition("units", .choice(["C", "F", "K"]), .readWrite),
            PropertyDefinition("range", .array(.number(), count: 2...2)),
            PropertyDefinition("step", .number()),
            PropertyDefinition("precision", .number()),
        ])

    /// A lock.
    public static let lockStatus = ResourceTypeDefinition(
        "oic.r.lock.status", actuator,
        [PropertyDefinition("lockState", .choice(["Locked", "Unlocked"]), .readWrite, mandatory: true)])

    // What the standard types have no place for. A type of a vendor begins with "x." and a domain (core, "Resource
    // Type"); ours are these three.

    /// Text that is measured, such as a firmware's version.
    public static let textValue = ResourceTypeDefinition(
        "x.gatehouse.text", [.sensor, .baseline], [PropertyDefinition("value", .text(), mandatory: true)])

    /// Text that is set; `choices` says which, where not any will do.
    public static let textSetting = ResourceTypeDefinition(
        "x.gatehouse.text.setting", actuator,
        [
            PropertyDefinition("value", .text(), .readWrite, mandatory: true),
            PropertyDefinition("choices", .array(.text(), count: 1...64)),
        ])

    /// A number that is set, with its unit of SenML.
    public static let numberSetting = ResourceTypeDefinition(
        "x.gatehouse.number.setting", actuator, forbidsOutOfRange: true,
        [
            PropertyDefinition("value", .number(), .readWrite, mandatory: true),
            PropertyDefinition("unit", .text()),
            PropertyDefinition("range", .array(.number(), count: 2...2)),
            PropertyDefinition("step", .number()),
        ])
}
