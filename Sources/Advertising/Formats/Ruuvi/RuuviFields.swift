/// The fields of Ruuvi's formats that are plain integers, in the order of the reference reader's report. All high byte
/// first.
///
/// Source: <https://docs.ruuvi.com/communication/bluetooth-advertisements>; names and decimals as in ruuvitag_sensor 4.1.
enum RuuviFields {
    /// Raw units of 0.005 °C.
    private static let temperature5 = Scaling(multiplier: 5, dropped: 1, decimals: 2)
    private static let temperature6 = Scaling(multiplier: 5, decimals: 3)
    /// Raw units of 0.0025 %.
    private static let humidity5 = Scaling(multiplier: 25, dropped: 2, decimals: 2)
    private static let humidity6 = Scaling(multiplier: 25, dropped: 1, decimals: 3, binaryFactor: 0.0025)
    /// Pascals above 50,000, in hectopascals.
    private static let pressure = Scaling(offset: 50_000, decimals: 2)

    /// Format 3. Temperature and acceleration are read apart.
    static let format3: [FixedField] = [
        FixedField(.humidity, at: 1, .big(1), Scaling(multiplier: 5, decimals: 1)),
        FixedField(.pressure, at: 4, .big(2), pressure),
        FixedField(.batteryMillivolts, at: 12, .big(2)),
    ]

    /// Format 5. Acceleration and power are read apart.
    static let format5: [FixedField] = [
        FixedField(.humidity, at: 3, .big(2), humidity5, void: 0xFFFF),
        FixedField(.temperature, at: 1, .signedBig(2), temperature5, void: -0x8000),
        FixedField(.pressure, at: 5, .big(2), pressure, void: 0xFFFF),
        // Ruuvi's document has a void value for these two as well (255 and 65535); its reference reader reports them.
        FixedField(.movementCounter, at: 15, .big(1)),
        FixedField(.sequenceNumber, at: 16, .big(2)),
    ]

    /// Format 6. The two gas indices, luminosity and the flags are read apart.
    static let format6: [FixedField] = [
        FixedField(.temperature, at: 1, .signedBig(2), temperature6, void: -0x8000),
        FixedField(.humidity, at: 3, .big(2), humidity6, void: 0xFFFF),
        FixedField(.pressure, at: 5, .big(2), pressure, void: 0xFFFF),
        FixedField(.pm2_5, at: 7, .big(2), .decimals(1), void: 0xFFFF),
        FixedField(.co2, at: 9, .big(2), void: 0xFFFF),
        FixedField(.sequenceNumber, at: 15, .big(1)),
    ]

    /// Format E1. The two gas indices and the flags are read apart.
    static let formatE1: [FixedField] = [
        FixedField(.humidity, at: 3, .big(2), humidity6, void: 0xFFFF),
        FixedField(.temperature, at: 1, .signedBig(2), temperature6, void: -0x8000),
        FixedField(.pressure, at: 5, .big(2), pressure, void: 0xFFFF),
        FixedField(.pm1, at: 7, .big(2), .decimals(1), void: 0xFFFF),
        FixedField(.pm2_5, at: 9, .big(2), .decimals(1), void: 0xFFFF),
        FixedField(.pm4, at: 11, .big(2), .decimals(1), void: 0xFFFF),
        FixedField(.pm_10, at: 13, .big(2), .decimals(1), void: 0xFFFF),
        FixedField(.co2, at: 15, .big(2), void: 0xFFFF),
        FixedField(.luminosity, at: 19, .big(3), .decimals(2), void: 0xFFFFFF),
        FixedField(.sequenceNumber, at: 25, .big(3), void: 0xFFFFFF),
    ]
}
