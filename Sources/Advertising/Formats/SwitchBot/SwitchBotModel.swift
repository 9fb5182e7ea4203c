/// One kind of SwitchBot's devices: a row of the table.
struct SwitchBotModel: Sendable {
    /// What a model adds to its fields.
    enum Extra: Sendable {
        /// Temperature and humidity in three bytes from here of the manufacturer data, or from byte 3 of the service data.
        case climate(at: Int, hasBattery: Bool)
        /// The same, with CO2 behind.
        case climateCO2
        /// The same for Hub 2, with light.
        case climateLight
        /// Hub 3: the same without a word on the display's unit, its Fahrenheit rounded.
        case climateHub3
        /// The same with the battery beside it.
        case weatherStation
        /// The same in one temperature alone.
        case climatePanel
        case bot, contact, curtain, motion, humidifier, evaporativeHumidifier, purifier, plug, thermostat, vacuum
        /// A lock's night latch, which shorter data lack; a fan's night light of two levels.
        case nightLatch, nightLight
    }

    /// The letters (& 0x7F) of the service data's first byte,
    let letters: StaticString
    /// or the numbers in the place of letters,
    let numbers: [UInt8]
    /// or how the service data end: the last three bytes of four, the first being 0 or 1.
    let endings: [UInt32]
    /// The manufacturer data must be so long; 0 for none at all.
    let length: Int
    let fields: [SwitchBotField]
    let extra: Extra?

    init(
        _ letters: StaticString = "", numbers: [UInt8] = [], endings: [UInt32] = [], length: Int, extra: Extra? = nil,
        _ fields: [SwitchBotField] = []
    ) {
        self.letters = letters
        self.numbers = numbers
        self.endings = endings
        self.length = length
        self.fields = fields
        self.extra = extra
    }

    /// The model that these service data name; nil for none that is known.
    static func find(_ service: Span<UInt8>) -> SwitchBotModel? {
        guard service.count > 0 else { return nil }
        let letter = service[0] & 0x7F
        for model in all {
            if model.numbers.contains(letter) { return model }
            for index in 0..<model.letters.utf8CodeUnitCount where model.letters.utf8Start[index] == letter {
                return model
            }
        }
        guard service.count > 5 else { return nil }
        // The end, or one byte before it.
        for start in [service.count - 4, service.count - 5] {
            let ending = service.big(start, 4)
            guard ending >> 24 <= 1 else { continue }
            if let model = all.first(where: { $0.endings.contains(ending & 0xFF_FFFF) }) { return model }
        }
        return nil
    }
}
