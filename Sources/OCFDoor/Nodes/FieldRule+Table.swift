import OCFModel

extension FieldRule {
    private static let celsius: [String: UnitConversion] = ["°C": .same, "C": .same, "Cel": .same]
    private static let percent: [String: UnitConversion] = ["%": .same, "%RH": .same]
    private static let hectopascal: [String: UnitConversion] = [
        "hPa": .same, "mbar": .same, "Pa": UnitConversion(decimals: 2), "kPa": UnitConversion(times: 10),
        "bar": UnitConversion(times: 1000),
    ]
    private static let partsPerMillion: [String: UnitConversion] = ["ppm": .same, "ppb": UnitConversion(decimals: 3)]
    private static let microgram: [String: UnitConversion] = [
        "µg/m³": .same, "μg/m³": .same, "ug/m3": .same, "mg/m³": UnitConversion(times: 1000),
    ]
    /// Standard gravity is 9.80665 m/s² by definition.
    private static let gravity: [String: UnitConversion] = [
        "g": .same, "mG": UnitConversion(decimals: 3), "mg": UnitConversion(decimals: 3),
        "m/s²": UnitConversion(dividedBy: 9.80665),
    ]
    private static let metresPerSecond: [String: UnitConversion] = [
        "m/s": .same, "km/h": UnitConversion(dividedBy: 3.6), "mm/s": UnitConversion(decimals: 3),
    ]

    /// 1000 ppm: Pettenkofer's number, above which a room wants airing.
    static let carbonDioxideThreshold = 1000.0
    /// 30 ppm: the lowest concentration at which EN 50291-1 lets an alarm sound at all.
    static let carbonMonoxideThreshold = 30.0

    /// Numbers with a name that says what they are.
    private static let numbers: [FieldRule] = [
        FieldRule(["humidity", "hum", "relative humidity"], percent, .humidity, .percent("humidity")),
        FieldRule(["battery", "batt", "battery level", "battery percentage"], percent, .battery, .battery),
        FieldRule(
            ["pressure", "air pressure", "atmospheric pressure", "barometric pressure"], hectopascal,
            .atmosphericPressure, .number("atmosphericPressure")),
        FieldRule(
            ["illuminance", "luminosity", "light"], ["lx": .same, "lux": .same], .illuminance, .number("illuminance")),
        FieldRule(
            ["co2", "carbon dioxide"], partsPerMillion, .carbonDioxide, .alarm(threshold: carbonDioxideThreshold)),
        FieldRule(
            ["co", "carbon monoxide"], partsPerMillion, .carbonMonoxide, .alarm(threshold: carbonMonoxideThreshold)),
        FieldRule(["pm1", "pm1 0", "pm 1", "pm 1 0"], microgram, .airQuality, .contaminant("PM1")),
        FieldRule(["pm25", "pm2 5", "pm 2 5", "pm 25"], microgram, .airQuality, .contaminant("PM2.5")),
        FieldRule(["pm10", "pm10 0", "pm 10"], microgram, .airQuality, .contaminant("PM10")),
        FieldRule(["voc", "tvoc", "volatile organic compounds"], microgram, .airQuality, .contaminant("VOC")),
        FieldRule(["formaldehyde", "hcho", "ch2o"], microgram, .airQuality, .contaminant("CH2O")),
        FieldRule(["ozone", "o3"], partsPerMillion, .airQuality, .contaminant("O3")),
        FieldRule(["no2", "nitrogen dioxide"], partsPerMillion, .airQuality, .contaminant("NO2")),
        FieldRule(["so2", "sulphur dioxide", "sulfur dioxide"], partsPerMillion, .airQuality, .contaminant("SO2")),
        FieldRule(["rssi", "signal strength"], ["dBm": .same], .signalStrength, .signal, pace: .slow),
        FieldRule(
            ["acceleration", "acceleration x", "acceleration y", "acceleration z"], gravity, .acceleration,
            .number("acceleration")),
        FieldRule(["speed", "wind speed"], metresPerSecond, .speed, .number("speed")),
        FieldRule(["uv index", "uv"], nil, .ultraviolet, .number("measurement")),
        FieldRule(["mass", "weight"], ["kg": .same], .weight, .number("weight"), constants: ["units": "kg"]),
        FieldRule(["mass", "weight"], ["g": .same], .weight, .number("weight"), constants: ["units": "g"]),
        FieldRule(["mass", "weight"], ["lb": .same], .weight, .number("weight"), constants: ["units": "lb"]),
        FieldRule(["mass", "weight"], ["oz": .same], .weight, .number("weight"), constants: ["units": "oz"]),
    ]

    /// Numbers whose unit says what they are: whatever is in °C is a temperature.
    static let byUnit: [FieldRule] = [
        FieldRule([], celsius, .temperature, .number("temperature"), constants: ["units": "C"]),
        FieldRule([], ["°F": .same, "F": .same], .temperature, .number("temperature"), constants: ["units": "F"]),
        FieldRule([], ["K": .same], .temperature, .number("temperature"), constants: ["units": "K"]),
    ]

    /// What is true or false and has a type of its own.
    private static let truthValues: [FieldRule] = [
        FieldRule(
            ["contact", "door", "window", "opening", "garage door", "contact open", "door open"], nil, .contact, .truth),
        FieldRule(["motion", "moving", "pir", "motion detected", "in motion"], nil, .motion, .truth),
        FieldRule(["presence", "occupancy", "occupancy close range"], nil, .presence, .truth),
        FieldRule(["smoke"], nil, .smoke, .truth),
        FieldRule(
            [
                "moisture", "moisture detected", "water", "leak", "water leak", "flood", "bottom submersion",
                "top splash",
            ], nil, .water, .truth),
        FieldRule(["carbon monoxide", "co"], nil, .carbonMonoxide, .truth),
        FieldRule(["carbon dioxide", "co2"], nil, .carbonDioxide, .truth),
        FieldRule(["glass break", "glass"], nil, .glassBreak, .truth),
        FieldRule(["touch"], nil, .touch, .truth),
        FieldRule(["button", "push button"], nil, .button, .truth),
    ]

    /// Names of numbers that change with every advertisement and tell little.
    static let slowNames: Set<String> = [
        "packet id", "sequence number", "measurement sequence number", "advertising count", "transmit power",
        "tx power",
        "measured power", "seconds since boot", "rssi", "signal strength",
    ]

    /// Any other number.
    static let measured = FieldRule([], nil, .measurement, .measurement)
    /// Any other number of ``slowNames``.
    static let counted = FieldRule([], nil, .measurement, .measurement, pace: .slow)
    /// Anything else that is true or false.
    static let sensed = FieldRule([], nil, .genericSensor, .truth)
    /// Text.
    static let written = FieldRule([], nil, .textValue, .text)
    /// A moment.
    static let timed = FieldRule([], nil, .timeStamp, .moment, pace: .slow)

    /// The rules for numbers by each of their names.
    static let byName: [String: [FieldRule]] = {
        var table: [String: [FieldRule]] = [:]
        for rule in numbers {
            for name in rule.names { table[name, default: []].append(rule) }
        }
        return table
    }()

    /// The rules for truth values by each of their names.
    static let truths: [String: FieldRule] = {
        var table: [String: FieldRule] = [:]
        for rule in truthValues {
            for name in rule.names { table[name] = rule }
        }
        return table
    }()

    /// Units of power and energy, for the one type that wants both; see ``NodeResource/Source/energy(power:energy:)``.
    static let powerUnits: [String: UnitConversion] = [
        "W": .same, "kW": UnitConversion(times: 1000), "mW": UnitConversion(decimals: 3),
    ]
    /// In Wh.
    static let energyUnits: [String: UnitConversion] = [
        "Wh": .same, "kWh": UnitConversion(times: 1000), "MWh": UnitConversion(times: 1_000_000),
    ]
}
