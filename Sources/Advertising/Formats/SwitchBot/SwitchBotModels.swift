extension SwitchBotModel {
    private typealias Model = SwitchBotModel
    private typealias Field = SwitchBotField

    /// All models. Source: PySwitchbot 3.1 (`adv_parser.py` and `adv_parsers/`), whose names the fields have.
    static let all: [SwitchBotModel] = sensors + switches + lights + locks + others

    private static let battery = Field(.battery, 2, 0x7F, isInService: true)
    private static let sequence = Field(.switchbotSequence, 6, 0xFF)

    // MARK: Sensors

    private static let sensors: [SwitchBotModel] = [
        Model("wWiITt4", numbers: [0x14], length: 0, extra: .climate(at: 8, hasBattery: true)),
        Model("5", numbers: [0x15], length: 0, extra: .climateCO2),
        Model("vV", length: 16, extra: .climateLight),
        Model("%", numbers: [0x05], length: 16, extra: .climate(at: 13, hasBattery: false)),
        Model(endings: [0x10B940], length: 17, extra: .climateHub3),
        Model(endings: [0x1053B0], length: 0, extra: .weatherStation),
        Model("dD", length: 0, extra: .contact),
        Model("sS", length: 0, extra: .motion),
        Model(
            "&", numbers: [0x06], length: 9,
            [
                Field(.leak, 8, 0x01, .flag), Field(.tampered, 8, 0x02, .flag), Field(.battery, 7, 0x7F),
                Field(.lowBattery, 7, 0x80, .flag),
            ]),
        Model(
            endings: [0x10CCC8], length: 12,
            [
                sequence, Field(.adaptiveState, 7, 0x80, .flag), Field(.motionDetected, 7, 0x40, .flag),
                Field(.batteryRange, 7, 0x0C, .choice(["<10%", "10-19%", "20-59%", ">=60%"])),
                Field(.presenceDuration, 8, 0xFFFF, .word(decimals: 0)), Field(.triggerFlag, 10, 0xFF),
                Field(.ledState, 11, 0x80, .flag), Field(.switchbotLightLevel, 11, 0x1F), battery,
            ]),
        Model(
            endings: [0x10F3D8], length: 16, extra: .climatePanel,
            [
                sequence, Field(.isOn, 7, 0x80, .flag), Field(.battery, 7, 0x7F), Field(.humidity, 10, 0x7F),
                Field(.tempAlarm, 8, 0x30), Field(.humidityAlarm, 8, 0xC0), Field(.motionDetected, 15, 0x80, .flag),
                Field(.onKeyState, 13, 0xFF), Field(.offKeyState, 14, 0xFF), Field(.onKeyMode, 13, 0xE0),
                Field(.onKeyCounter, 13, 0x1F), Field(.offKeyMode, 14, 0xE0), Field(.offKeyCounter, 14, 0x1F),
            ]),
    ]

    // MARK: Switches and plugs

    private static let relay = [
        Field(.switchMode, 0, 0, .constant(true)), sequence, Field(.isOn, 7, 0x80, .flag),
    ]

    private static let switches: [SwitchBotModel] = [
        Model("H", length: 0, extra: .bot),
        Model("gGjJ", length: 12, extra: .plug, [Field(.switchMode, 0, 0, .constant(true))]),
        Model(
            "<?", numbers: [0x1C, 0x1F], length: 12,
            relay + [Field(.switchbotPower, 10, 0xFFFF, .word(decimals: 0))]),
        Model(";", numbers: [0x1B], length: 8, relay),
        Model(">", numbers: [0x1E], length: 8, relay + [Field(.doorOpen, 7, 0x20, .notFlag)]),
        Model(
            "=", numbers: [0x1D], length: 14,
            [
                Field(.switchMode1, 0, 0, .constant(true)), Field(.sequence1, 6, 0xFF), Field(.isOn1, 7, 0x80, .flag),
                Field(.power1, 10, 0xFFFF, .word(decimals: 0)), Field(.switchMode2, 0, 0, .constant(true)),
                Field(.sequence2, 6, 0xFF), Field(.isOn2, 7, 0x40, .flag),
                Field(.power2, 12, 0xFFFF, .word(decimals: 0)), sequence,
            ]),
        Model("bB", length: 0, [battery]),
        Model("'", numbers: [0x07], length: 8, [Field(.battery, 7, 0x7F), Field(.charging, 7, 0x80, .flag)]),
        Model("yY", length: 7, [battery, Field(.attemptState, 6, 0xFF)]),
    ]

    // MARK: Lights

    private static let lamp = [
        sequence, Field(.isOn, 7, 0x80, .flag), Field(.brightness, 7, 0x7F), Field(.delay, 8, 0x80, .flag),
    ]
    private static let network = Field(.networkState, 8, 0x70)
    private static let strip = lamp + [network, Field(.colorMode, 8, 0x0F)]
    private static func white(_ offset: Int) -> Field { Field(.colorTemperature, offset, 0xFFFF, .word(decimals: 0)) }

    private static let lights: [SwitchBotModel] = [
        Model("rR", endings: [0x10D0B5, 0x10D0B6], length: 9, strip),
        Model(endings: [0x1122B8], length: 9, lamp + [network]),
        Model(endings: [0x10D0B0, 0x10D0B1], length: 18, strip + [white(16)]),
        Model(endings: [0x10D0B3, 0x10D0B4, 0x11BEF8, 0x10D0B7], length: 12, strip + [white(10)]),
        Model(
            endings: [0x11BB10], length: 14,
            strip + [white(10), Field(.mainIsOn, 13, 0x80, .flag), Field(.mainBrightness, 13, 0x7F)]),
        Model(
            "uU", length: 11,
            lamp + [
                Field(.preset, 8, 0x08, .flag), Field(.colorMode, 8, 0x07), Field(.fanSpeed, 9, 0x7F),
                Field(.loopIndex, 10, 0xFE, .bits),
            ]),
        Model(
            "qQnN", length: 11,
            [
                sequence, Field(.isOn, 10, 0x80, .flag), Field(.brightness, 7, 0x7F), white(8),
                // One mode: white.
                Field(.colorMode, 0, 0, .fixed(1)),
            ]),
    ]
}
