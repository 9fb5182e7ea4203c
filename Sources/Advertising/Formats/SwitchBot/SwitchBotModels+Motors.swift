extension SwitchBotModel {
    private typealias Model = SwitchBotModel
    private typealias Field = SwitchBotField

    private static let sequence = Field(.switchbotSequence, 6, 0xFF)
    private static let serviceBattery = Field(.battery, 2, 0x7F, isInService: true)

    // MARK: Locks

    private static let states: [StaticString] = [
        "LOCKED", "UNLOCKED", "LOCKING", "UNLOCKING", "LOCKING_STOP", "UNLOCKING_STOP", "NOT_FULLY_LOCKED",
        "HALF_LOCKED",
    ]

    private static let lite = [
        sequence, serviceBattery, Field(.calibration, 7, 0x80, .flag), Field(.lockStatus, 7, 0x70, .choice(states)),
        Field(.updateFromSecondaryLock, 7, 0x08, .flag), Field(.doubleLockMode, 8, 0x80, .flag),
        Field(.unlockedAlarm, 8, 0x10, .flag),
    ]

    private static let pro = [
        sequence, Field(.calibration, 7, 0x80, .flag), Field(.lockStatus, 7, 0x78, .choice(states)),
        Field(.updateFromSecondaryLock, 8, 0xC0, .flag), Field(.doorOpenFromSecondaryLock, 8, 0x20, .flag),
        Field(.doorOpen, 8, 0x10, .flag), Field(.autoLockPaused, 8, 0x08, .flag), Field(.battery, 9, 0x7F),
        Field(.doubleLockMode, 10, 0x80, .flag), Field(.isSecondaryLock, 10, 0x40, .flag),
        Field(.manualUnlockLinkage, 10, 0x20, .flag), Field(.unclosedAlarm, 11, 0x80, .flag),
        Field(.unlockedAlarm, 11, 0x40, .flag), Field(.nightLatch, 0, 0, .constant(false)),
    ]

    static let locks: [SwitchBotModel] = [
        Model(
            "oO", length: 9, extra: .nightLatch,
            lite + [
                Field(.doorOpen, 7, 0x04, .flag), Field(.unclosedAlarm, 8, 0x20, .flag),
                Field(.autoLockPaused, 8, 0x02, .flag),
            ]),
        Model("-", numbers: [0x0D], endings: [0x116908], length: 9, extra: .nightLatch, lite),
        Model(
            "$", numbers: [0x04], endings: [0x10FF90], length: 12,
            pro + [
                Field(.lowTemperatureAlarm, 11, 0x20, .flag), Field(.leftBatteryAlarm, 11, 0x04, .bits),
                Field(.rightBatteryAlarm, 11, 0x02, .bits),
            ]),
        Model(
            endings: [0x10A5B8, 0x116909, 0x119FB8], length: 12,
            pro + [Field(.powerAlarm, 11, 0x10, .flag), Field(.batteryStatus, 11, 0x07)]),
        Model(endings: [0x110378], length: 14, keypad + [Field(.pirLevel, 13, 0x03)]),
        Model(
            endings: [0x115198], length: 14, keypad + [Field(.radarLevel, 13, 0x03), Field(.radarDistance, 13, 0x0C)]),
    ]

    private static let keypad = [
        sequence, Field(.batteryCharging, 7, 0x80, .flag), Field(.battery, 7, 0x7F),
        Field(.lockoutAlarm, 8, 0x01, .flag), Field(.tamperAlarm, 8, 0x02, .flag), Field(.duressAlarm, 8, 0x04, .flag),
        Field(.lowTemperature, 8, 0x80, .flag), Field(.highTemperature, 8, 0x40, .flag),
        Field(.doorbell, 12, 0x08, .flag), Field(.doorbellSequence, 12, 0x07),
    ]

    // MARK: Curtains, fans, vacuums and others

    private static let fan = [
        sequence, Field(.isOn, 7, 0x80, .flag), Field(.nightLight, 7, 0x0C), Field(.oscillating, 7, 0x03, .flag),
        Field(.oscillatingHorizontal, 7, 0x02, .flag), Field(.oscillatingVertical, 7, 0x01, .flag),
        Field(.battery, 8, 0x7F), Field(.fanSpeed, 9, 0x7F),
    ]

    static let others: [SwitchBotModel] = [
        Model("{[cC", length: 0, extra: .curtain),
        Model(
            "xX", length: 10,
            [
                Field(.calibration, 7, 0x01, .flag), serviceBattery, Field(.inMotion, 8, 0x80, .flag),
                Field(.tilt, 8, 0x7F, .position(isReversed: false)), Field(.switchbotLightLevel, 9, 0xF0), sequence,
            ]),
        Model(
            ",", numbers: [0x0C], length: 10,
            [
                Field(.calibration, 8, 0x80, .flag), serviceBattery, Field(.inMotion, 7, 0x06, .flag),
                Field(.position, 8, 0x7F, .position(isReversed: true)), Field(.switchbotLightLevel, 9, 0xF0),
                Field(.deviceChain, 9, 0x0F), sequence,
            ]),
        Model(
            "~^", length: 10, fan + [Field(.mode, 7, 0x70, .choice(["", "normal", "natural", "sleep", "baby"]))]),
        Model(
            endings: [0x110760], length: 10,
            fan + [
                Field(.mode, 7, 0x70, .choice(["", "normal", "natural", "sleep", "baby", "custom_natural"])),
                Field(.charging, 8, 0x80, .flag),
            ]),
        Model(
            endings: [0x11B340], length: 10, extra: .nightLight,
            [
                sequence, Field(.isOn, 8, 0x80, .flag),
                Field(.mode, 8, 0x70, .choice(["", "normal", "natural", "sleep", "hurricane"])),
                Field(.nightLightIsOn, 8, 0x04, .flag), Field(.oscillating, 8, 0x03, .flag),
                Field(.oscillatingHorizontal, 8, 0x02, .flag), Field(.oscillatingVertical, 8, 0x01, .flag),
                Field(.battery, 7, 0x7F), Field(.charging, 7, 0x80, .flag), Field(.fanSpeed, 9, 0x7F),
            ]),
        Model(
            ".zZ3", numbers: [0x0F, 0x13], endings: [0x10FBA8, 0x10E050], length: 14, extra: .vacuum,
            [
                sequence, Field(.step, 11, 0x0F), Field(.mqttConnected, 11, 0x10, .flag), Field(.battery, 12, 0xFF),
                Field(.workStatus, 13, 0x3F),
            ]),
        Model(
            "}](", numbers: [0x08], length: 9,
            [
                sequence, Field(.dustbinBound, 7, 0x80, .flag), Field(.dustbinConnected, 7, 0x40, .flag),
                Field(.networkConnected, 7, 0x20, .flag), Field(.workStatus, 7, 0x10), Field(.battery, 8, 0x7F),
            ]),
        Model(
            "*+78", numbers: [0x0A, 0x0B, 0x17, 0x18], length: 14, extra: .purifier,
            [
                Field(.isOn, 7, 0x80, .flag), Field(.isAqiValid, 8, 0x04, .flag), Field(.childLock, 8, 0x02, .flag),
                Field(.fanSpeed, 9, 0x7F),
                Field(.aqiLevel, 10, 0x06, .choice(["excellent", "good", "moderate", "unhealthy"])),
                Field(.filterWorkingTime, 11, 0xFFFF, .word(decimals: 0)), Field(.errorCode, 13, 0xFF), sequence,
            ]),
        humidifier,
        Model("#", numbers: [0x03], length: 17, extra: .evaporativeHumidifier),
        Model(
            endings: [0x113640], length: 13, extra: .thermostat,
            [
                sequence, Field(.isOn, 7, 0x80, .flag), Field(.battery, 7, 0x7F),
                Field(.mode, 11, 0x07, .choice(heating)), Field(.lastMode, 11, 0xF0, .choice(heating)),
                Field(.needUpdateTemperature, 12, 0x20, .flag), Field(.restarted, 12, 0x10, .flag),
                Field(.faultCode, 12, 0x0E), Field(.doorOpen, 12, 0x01, .flag),
            ]),
        Model(
            endings: [0x113E10], length: 10,
            [
                sequence, Field(.batteryCharging, 7, 0x80, .flag), Field(.battery, 7, 0x7F),
                Field(.imageIndex, 8, 0xFF),
                Field(.displaySize, 9, 0xF0), Field(.displayMode, 9, 0x08), Field(.lastNetworkStatus, 9, 0x04),
            ]),
    ]

    static let humidifier = SwitchBotModel("eE", length: 0, extra: .humidifier)

    private static let heating: [StaticString] = ["schedule", "manual", "off", "eco", "comfort", "boost"]
}
