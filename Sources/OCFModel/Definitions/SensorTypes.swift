extension ResourceTypeDefinition {
    private static let sensor: [Interface] = [.sensor, .baseline]

    /// Bounds, increment and tolerance of a number (`oic.baseresource`).
    private static let numberBounds = [
        PropertyDefinition("range", .array(.number(), count: 2...2)),
        PropertyDefinition("step", .number()),
        PropertyDefinition("precision", .number()),
    ]

    /// A sensor that senses or does not, and nothing more.
    private static func sensed(_ type: String) -> ResourceTypeDefinition {
        ResourceTypeDefinition(type, sensor, [PropertyDefinition("value", .boolean, mandatory: true)])
    }

    /// A sensor that senses or does not, and may say how much.
    private static func sensedAmount(_ type: String) -> ResourceTypeDefinition {
        ResourceTypeDefinition(
            type, sensor,
            [
                PropertyDefinition("value", .boolean, mandatory: true),
                PropertyDefinition("measurement", .number()),
            ] + numberBounds)
    }

    /// A temperature that is measured; see ``temperatureSetting`` for one that is set.
    public static let temperature = ResourceTypeDefinition(
        "oic.r.temperature", sensor,
        [
            PropertyDefinition("temperature", .number(), mandatory: true),
            PropertyDefinition("units", .choice(["C", "F", "K"])),
        ] + numberBounds)

    /// Relative humidity in whole per cent.
    public static let humidity = ResourceTypeDefinition(
        "oic.r.humidity", sensor, [PropertyDefinition("humidity", .integer(0...100), mandatory: true)])

    /// Pressure in hPa.
    public static let atmosphericPressure = ResourceTypeDefinition(
        "oic.r.sensor.atmosphericpressure", sensor,
        [PropertyDefinition("atmosphericPressure", .number(), mandatory: true)] + numberBounds)

    /// Illuminance in lux.
    public static let illuminance = ResourceTypeDefinition(
        "oic.r.sensor.illuminance", sensor,
        [
            PropertyDefinition("illuminance", .number(), mandatory: true),
            PropertyDefinition("range", .array(.number(), count: 2...2)),
        ])

    /// Carbon dioxide: whether it is too much, and in ppm how much.
    public static let carbonDioxide = sensedAmount("oic.r.sensor.carbondioxide")
    /// Carbon monoxide: whether there is any to fear, and in ppm how much.
    public static let carbonMonoxide = sensedAmount("oic.r.sensor.carbonmonoxide")
    /// Smoke.
    public static let smoke = sensedAmount("oic.r.sensor.smoke")
    /// Water where none should be.
    public static let water = sensedAmount("oic.r.sensor.water")
    /// Anything else that is sensed or not.
    public static let genericSensor = sensedAmount("oic.r.sensor")
    /// An open contact: true is open.
    public static let contact = sensed("oic.r.sensor.contact")
    /// Motion.
    public static let motion = sensed("oic.r.sensor.motion")
    /// Somebody there.
    public static let presence = sensed("oic.r.sensor.presence")
    /// A broken pane.
    public static let glassBreak = sensed("oic.r.sensor.glassbreak")
    /// A touch.
    public static let touch = sensed("oic.r.sensor.touch")
    /// A button: true while it is pressed.
    public static let button = sensed("oic.r.button")

    /// Any number with a unit of SenML (RFC 8428, RFC 8798).
    public static let measurement = ResourceTypeDefinition(
        "oic.r.sensor.measurement", sensor,
        [
            PropertyDefinition("measurement", .number(), mandatory: true),
            PropertyDefinition("unit", .text(), mandatory: true),
        ] + numberBounds)

    /// Power in W and energy in Wh.
    public static let energyConsumption = ResourceTypeDefinition(
        "oic.r.energy.consumption", sensor,
        [
            PropertyDefinition("power", .number(), mandatory: true),
            PropertyDefinition("energy", .number(), mandatory: true),
        ])

    /// Strength of a radio signal.
    public static let signalStrength = ResourceTypeDefinition(
        "oic.r.signalstrength", sensor,
        [
            PropertyDefinition("lqi", .number(), mandatory: true),
            PropertyDefinition("rssi", .number(), mandatory: true),
        ])

    /// One contaminant of the air: ppm for gases, µg/m³ for dust and organic compounds.
    public static let airQuality = ResourceTypeDefinition(
        "oic.r.airquality", sensor,
        [
            PropertyDefinition(
                "contaminanttype",
                .choice([
                    "CH2O", "CO2", "CO", "PM1", "PM2.5", "PM10", "VOC", "Smoke", "Odor", "AirPollution", "NO2", "SO2",
                    "O3",
                ]), mandatory: true),
            PropertyDefinition("valuetype", .choice(["Qualitative", "Measured"]), mandatory: true),
            PropertyDefinition("contaminantvalue", .integer(), mandatory: true),
            PropertyDefinition("range", .array(.integer(), count: 2...2)),
        ])

    /// Acceleration in g.
    public static let acceleration = ResourceTypeDefinition(
        "oic.r.sensor.acceleration", sensor,
        [PropertyDefinition("acceleration", .number(), mandatory: true)] + numberBounds)

    /// Speed in m/s.
    public static let speed = ResourceTypeDefinition(
        "oic.r.speed", sensor,
        [
            PropertyDefinition("speed", .number(minimum: 0), mandatory: true),
            PropertyDefinition("range", .array(.number(), count: 2...2)),
            PropertyDefinition("step", .number()),
        ])

    /// UV index.
    public static let ultraviolet = ResourceTypeDefinition(
        "oic.r.sensor.radiation.uv", sensor, [PropertyDefinition("measurement", .number(), mandatory: true)])

    /// Weight in its unit.
    public static let weight = ResourceTypeDefinition(
        "oic.r.weight", sensor,
        [
            PropertyDefinition("weight", .number(minimum: 0), mandatory: true),
            PropertyDefinition("units", .choice(["kg", "g", "lb", "oz"]), mandatory: true),
        ] + numberBounds)

    /// A point in time.
    public static let timeStamp = ResourceTypeDefinition(
        "oic.r.time.stamp", sensor,
        [PropertyDefinition("timestamp", .text(format: .dateTime), mandatory: true)])

    /// A battery. Its definition knows `oic.if.rw` alone, for the threshold of `lowbattery`.
    public static let battery = ResourceTypeDefinition(
        "oic.r.energy.battery", [.readWrite, .baseline],
        [
            PropertyDefinition("charge", .integer(0...100), mandatory: true),
            PropertyDefinition("discharging", .boolean),
            PropertyDefinition("lowbattery", .boolean),
            PropertyDefinition("capacity", .number()),
            PropertyDefinition("batterythreshold", .integer(0...100), .readWrite),
            PropertyDefinition("charging", .boolean),
            PropertyDefinition("defect", .boolean),
            PropertyDefinition("timestamp", .text(format: .dateTime)),
        ])
}
