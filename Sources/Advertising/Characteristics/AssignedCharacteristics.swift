extension CharacteristicDefinition {
    /// The characteristic with this assigned number; nil for one whose value is not known here.
    public static func assigned(_ number: UInt16) -> CharacteristicDefinition? {
        table[number]
    }

    /// The assigned numbers that ``assigned(_:)`` knows, ascending.
    public static var assignedNumbers: [UInt16] { table.keys.sorted() }

    /// A characteristic of one field.
    private static func one(
        _ name: String, _ form: CharacteristicForm, unit: String? = nil, multiplier: Int64 = 1, decimals: UInt8 = 0,
        offset: Int64 = 0, range: ClosedRange<Int64>? = nil, voids: [Int64] = []
    ) -> CharacteristicDefinition {
        CharacteristicDefinition(
            name: name,
            fields: [
                CharacteristicField(
                    form, unit: unit, multiplier: multiplier, decimals: decimals, offset: offset, range: range,
                    voids: voids)
            ])
    }

    private static func many(_ name: String, _ fields: CharacteristicField...) -> CharacteristicDefinition {
        CharacteristicDefinition(name: name, fields: fields)
    }

    private typealias Field = CharacteristicField

    private static let table: [UInt16: CharacteristicDefinition] = simple.merging(structured) { first, _ in first }

    /// Values of several fields.
    private static let structured: [UInt16: CharacteristicDefinition] = [
        0x2A1C: many(
            "Temperature Measurement", Field(.unsigned(1), name: "flags"),
            Field(.float, unit: "°C", name: "temperature", presence: .whenClear(0)),
            Field(.float, unit: "°F", name: "temperature", presence: .whenSet(0)),
            Field(.bytes(7), name: "timestamp", presence: .whenSet(1)),
            Field(.unsigned(1), name: "temperature_type", presence: .whenSet(2))),
        0x2A23: many("System ID", Field(.bytes(5), name: "manufacturer_id"), Field(.bytes(3), name: "oui")),
        0x2A37: many(
            "Heart Rate Measurement", Field(.unsigned(1), name: "flags"),
            Field(.unsigned(1), unit: "bpm", name: "heart_rate", presence: .whenClear(0)),
            Field(.unsigned(2), unit: "bpm", name: "heart_rate", presence: .whenSet(0)),
            Field(.unsigned(2), unit: "kJ", name: "energy_expended", presence: .whenSet(3)),
            Field(.rest, name: "rr_intervals", presence: .whenSet(4))),
        0x2A50: many(
            "PnP ID", Field(.unsigned(1), name: "vendor_id_source", range: 0...2),
            Field(.unsigned(2), name: "vendor_id"),
            Field(.unsigned(2), name: "product_id"), Field(.unsigned(2), name: "product_version")),
        0x2AA0: many(
            "Magnetic Flux Density - 2D", Field(.signed(2), unit: "T", name: "x_axis", decimals: 7),
            Field(.signed(2), unit: "T", name: "y_axis", decimals: 7)),
        0x2AA1: many(
            "Magnetic Flux Density - 3D", Field(.signed(2), unit: "T", name: "x_axis", decimals: 7),
            Field(.signed(2), unit: "T", name: "y_axis", decimals: 7),
            Field(.signed(2), unit: "T", name: "z_axis", decimals: 7)),
        0x2BED: many(
            "Battery Level Status", Field(.unsigned(1), name: "flags"), Field(.unsigned(2), name: "power_state"),
            Field(.unsigned(2), name: "identifier", presence: .whenSet(0)),
            Field(.unsigned(1), unit: "%", name: "battery_level", range: 0...100, presence: .whenSet(1)),
            Field(.unsigned(1), name: "additional_status", presence: .whenSet(2))),
    ]

    /// Values of one field, a line each: a newcomer is one line.
    ///
    /// Sources: GATT Specification Supplement 9 (forms, ranges, the values that mean "not known") and Assigned Numbers
    /// (names and numbers); units as bluetooth-sig 0.6.0 writes them.
    private static let simple: [UInt16: CharacteristicDefinition] = [
        0x2A00: one("Device Name", .text),
        0x2A07: one("Tx Power Level", .signed(1), unit: "dBm", range: -100...20),
        0x2A19: one("Battery Level", .unsigned(1), unit: "%", range: 0...100),
        0x2A24: one("Model Number String", .text),
        0x2A25: one("Serial Number String", .text),
        0x2A26: one("Firmware Revision String", .text),
        0x2A27: one("Hardware Revision String", .text),
        0x2A28: one("Software Revision String", .text),
        0x2A29: one("Manufacturer Name String", .text),
        0x2A2C: one("Magnetic Declination", .unsigned(2), unit: "°", decimals: 2, range: 0...35_999),
        0x2A56: one("Digital", .digitals),
        0x2A58: one("Analog", .unsigned(2)),
        0x2A5A: one("Aggregate", .rest),
        0x2A6C: one("Elevation", .signed(3), unit: "m", decimals: 2),
        0x2A6D: one("Pressure", .unsigned(4), unit: "Pa", decimals: 1),
        0x2A6E: one("Temperature", .signed(2), unit: "°C", decimals: 2, range: -27_315...32_767, voids: [-32_768]),
        0x2A6F: one("Humidity", .unsigned(2), unit: "%", decimals: 2, range: 0...10_000, voids: [65_535]),
        0x2A70: one("True Wind Speed", .unsigned(2), unit: "m/s", decimals: 2),
        0x2A71: one("True Wind Direction", .unsigned(2), unit: "°", decimals: 2, range: 0...35_999),
        0x2A72: one("Apparent Wind Speed", .unsigned(2), unit: "m/s", decimals: 2),
        0x2A73: one("Apparent Wind Direction", .unsigned(2), unit: "°", decimals: 2, range: 0...35_999),
        0x2A74: one("Gust Factor", .unsigned(1), decimals: 1),
        0x2A75: one("Pollen Concentration", .unsigned(3), unit: "grains/m³"),
        0x2A76: one("UV Index", .unsigned(1)),
        0x2A77: one("Irradiance", .unsigned(2), unit: "W/m²", decimals: 1),
        0x2A78: one("Rainfall", .unsigned(2), unit: "mm"),
        0x2A79: one("Wind Chill", .signed(1), unit: "°C"),
        0x2A7A: one("Heat Index", .signed(1), unit: "°C"),
        0x2A7B: one("Dew Point", .signed(1), unit: "°C"),
        0x2A8D: one("Heart Rate Max", .unsigned(1), unit: "bpm"),
        0x2A92: one("Resting Heart Rate", .unsigned(1), unit: "bpm"),
        0x2A98: one("Weight", .unsigned(2), unit: "kg", multiplier: 5, decimals: 3),
        0x2AA3: one("Barometric Pressure Trend", .unsigned(1), range: 0...9),
        0x2AAE: one("Latitude", .signed(4), unit: "°", decimals: 7, range: -900_000_000...900_000_000),
        0x2AAF: one("Longitude", .signed(4), unit: "°", decimals: 7, range: -1_800_000_000...1_800_000_000),
        0x2AB3: one("Altitude", .unsigned(2), unit: "m", decimals: 1, offset: -1000),
        0x2AB5: one("Location Name", .text),
        0x2AE2: one("Boolean", .boolean),
        0x2AE9: one("Correlated Color Temperature", .unsigned(2), unit: "K", voids: [65_535]),
        0x2AEA: one("Count 16", .unsigned(2), voids: [65_535]),
        0x2AEB: one("Count 24", .unsigned(3), voids: [16_777_215]),
        0x2AEE: one("Electric Current", .unsigned(2), unit: "A", decimals: 2, voids: [65_535]),
        0x2AF2: one("Energy", .unsigned(3), unit: "kWh", voids: [16_777_215]),
        0x2AF9: one("Generic Level", .unsigned(2)),
        0x2AFB: one("Illuminance", .unsigned(3), unit: "lx", decimals: 2, voids: [16_777_215]),
        0x2AFC: one("Luminous Efficacy", .unsigned(2), unit: "lm/W", decimals: 1, range: 0...18_000, voids: [65_535]),
        0x2AFF: one("Luminous Flux", .unsigned(2), unit: "lm", voids: [65_535]),
        0x2B01: one("Luminous Intensity", .unsigned(2), unit: "cd", voids: [65_535]),
        0x2B02: one("Mass Flow", .unsigned(2), unit: "g/s", voids: [65_535]),
        0x2B04: one("Percentage 8", .unsigned(1), unit: "%", multiplier: 5, decimals: 1, range: 0...200, voids: [255]),
        0x2B05: one("Power", .unsigned(3), unit: "W", decimals: 1, voids: [16_777_215]),
        0x2B0D: one("Temperature 8", .signed(1), unit: "°C", multiplier: 5, decimals: 1, voids: [127]),
        0x2B12: one("Time Decihour 8", .unsigned(1), unit: "h", decimals: 1, voids: [255]),
        0x2B14: one("Time Hour 24", .unsigned(3), unit: "h", voids: [16_777_215]),
        0x2B15: one("Time Millisecond 24", .unsigned(3), unit: "s", decimals: 3, voids: [16_777_215]),
        0x2B16: one("Time Second 16", .unsigned(2), unit: "s", voids: [65_535]),
        0x2B17: one("Time Second 8", .unsigned(1), unit: "s", voids: [255]),
        0x2B18: one(
            "Voltage", .unsigned(2), unit: "V", multiplier: 15_625, decimals: 6, range: 0...65_408, voids: [65_535]),
        0x2B1B: one("Volume Flow", .unsigned(2), unit: "L/s", decimals: 3, voids: [65_535]),
        0x2B89: one("Apparent Energy 32", .unsigned(4), unit: "kVAh", decimals: 3, voids: [4_294_967_295]),
        0x2B8A: one("Apparent Power", .unsigned(3), unit: "VA", decimals: 1, voids: [16_777_215]),
        0x2B8C: one("CO\\textsubscript{2} Concentration", .unsigned(2), unit: "ppm", voids: [65_534, 65_535]),
        0x2BA8: one("Energy 32", .unsigned(4), unit: "kWh", decimals: 3, voids: [4_294_967_294, 4_294_967_295]),
        0x2BCF: one("Ammonia Concentration", .shortFloat, unit: "kg/m³"),
        0x2BD0: one("Carbon Monoxide Concentration", .shortFloat, unit: "kg/m³"),
        0x2BD1: one("Methane Concentration", .shortFloat, unit: "ppb"),
        0x2BD2: one("Nitrogen Dioxide Concentration", .shortFloat, unit: "kg/m³"),
        0x2BD3: one("Non-Methane Volatile Organic Compounds Concentration", .shortFloat, unit: "kg/m³"),
        0x2BD4: one("Ozone Concentration", .shortFloat, unit: "kg/m³"),
        0x2BD5: one("Particulate Matter - PM1 Concentration", .shortFloat, unit: "kg/m³"),
        0x2BD6: one("Particulate Matter - PM2.5 Concentration", .shortFloat, unit: "kg/m³"),
        0x2BD7: one("Particulate Matter - PM10 Concentration", .shortFloat, unit: "kg/m³"),
        0x2BD8: one("Sulfur Dioxide Concentration", .shortFloat, unit: "kg/m³"),
        0x2BD9: one("Sulfur Hexafluoride Concentration", .shortFloat, unit: "kg/m³"),
        0x2BDF: one("High Temperature", .signed(2), unit: "°C", multiplier: 5, decimals: 1, voids: [-32_768]),
        0x2BE0: one("High Voltage", .unsigned(3), unit: "V", multiplier: 15_625, decimals: 6, voids: [16_777_215]),
        0x2BE2: one("Light Output", .unsigned(3), unit: "lm", voids: [16_777_215]),
        0x2BE4: one("Noise", .unsigned(1), unit: "dB SPL", voids: [254, 255]),
        0x2BE6: one("Time Second 32", .unsigned(4), unit: "s", voids: [4_294_967_295]),
        0x2BE7: one("VOC Concentration", .unsigned(2), unit: "ppb", voids: [65_534, 65_535]),
        0x2BE8: one("Voltage Frequency", .unsigned(2), unit: "Hz", voids: [65_535]),
        0x2C06: one("Acceleration", .signed(4), unit: "m/s²", decimals: 3),
        0x2C07: one("Force", .signed(4), unit: "N", decimals: 3),
        0x2C08: one("Linear Position", .signed(4), unit: "m", decimals: 7),
        0x2C09: one("Rotational Speed", .signed(4), unit: "RPM"),
        0x2C0A: one("Length", .unsigned(4), unit: "m", decimals: 7),
        0x2C0B: one("Torque", .signed(4), unit: "N·m", decimals: 2),
        0x2C1B: one("Humidity 8", .unsigned(1), unit: "%", multiplier: 5, decimals: 1, range: 0...200, voids: [255]),
        0x2C1C: one("Illuminance 16", .unsigned(2), unit: "lx", voids: [65_535]),
    ]
}
