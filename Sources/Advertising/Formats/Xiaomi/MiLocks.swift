/// Xiaomi's locks and doors.
enum MiLocks {
    /// Reads an object if it is a lock's or a door's.
    ///
    /// - Returns: whether it was one.
    static func read(
        _ type: UInt16, _ data: Span<UInt8>, _ quirk: MiProduct.Quirk, _ list: inout MeasurementList
    ) -> Bool {
        switch type {
        case 0x0006: readFingerprint(data, &list)
        case 0x0007: readDoor(data, &list)
        case 0x0008: readArmed(data, quirk, &list)
        case 0x000B: readLock(data, quirk, &list)
        case 0x100E: readBolts(data, quirk, &list)
        case 0x100F:
            if quirk == .safe, data.count == 1 { MiObject.append(.binaryDoor, data[0] == 1, &list) }
        case 0x1019, 0x4804, 0x480C, 0x4A0F, 0x4A12, 0x4A1A: readOpening(type, data, &list)
        default: return false
        }
        return true
    }

    // MARK: Doors and windows

    private static func readDoor(_ data: Span<UInt8>, _ list: inout MeasurementList) {
        guard data.count > 0 else { return }
        // Open or not, and what else it says is so or is no more so.
        let states: [(isOpen: Bool, others: [(Metric, Bool)])] = [
            (true, [(.binaryDoorStuck, false), (.binaryKnockOnTheDoor, false)]),
            (false, [(.binaryDoorLeftOpen, false), (.binaryPryTheDoor, false)]),
            (true, [(.binaryDoorLeftOpen, true)]), (false, [(.binaryKnockOnTheDoor, true)]),
            (true, [(.binaryPryTheDoor, true)]), (false, [(.binaryDoorStuck, true)]),
        ]
        guard Int(data[0]) < states.count else { return }
        let state = states[Int(data[0])]
        MiObject.append(.binaryDoor, state.isOpen, &list)
        for (metric, flag) in state.others { MiObject.append(metric, flag, &list) }
    }

    private static func readOpening(_ type: UInt16, _ data: Span<UInt8>, _ list: inout MeasurementList) {
        guard data.count > 0 else { return }
        switch (type, data[0]) {
        case (0x1019, 0), (0x4804, 1), (0x4A12, 1): MiObject.append(.binaryOpening, true, &list)
        case (0x1019, 1):
            MiObject.append(.binaryOpening, false, &list)
            MiObject.append(.binaryDoorLeftOpen, false, &list)
        case (0x4804, 2), (0x4A12, 2):
            MiObject.append(.binaryOpening, false, &list)
            MiObject.append(.binaryDoorLeftOpen, false, &list)
            MiObject.append(.binaryDeviceForciblyRemoved, false, &list)
        case (0x1019, 2), (0x4A1A, 1):
            MiObject.append(.binaryOpening, true, &list)
            MiObject.append(.binaryDoorLeftOpen, true, &list)
        case (0x480C, 0...1) where data.count == 1: MiObject.append(.binaryOpening, data[0] == 0, &list)
        case (0x4A0F, 1):
            MiObject.append(.binaryOpening, true, &list)
            MiObject.append(.binaryDeviceForciblyRemoved, true, &list)
        default: break
        }
    }

    // MARK: Locks

    private static func readArmed(_ data: Span<UInt8>, _ quirk: MiProduct.Quirk, _ list: inout MeasurementList) {
        guard data.count > 0 else { return }
        let isArmed = data[0] ^ 1 != 0
        MiObject.append(.binaryArmed, isArmed, &list)
        guard quirk == .latchLock else { return }
        // Lifting its handle from outside sends this.
        MiObject.append(.binaryLock, isArmed, &list)
        MiObject.append(.eventLock, .lockOutsideTheDoor, .whole, &list)
        list.append(Measurement(.lockMethod, .text(list.store("manual"))))
    }

    private static func readBolts(_ data: Span<UInt8>, _ quirk: MiProduct.Quirk, _ list: inout MeasurementList) {
        guard quirk == .latchLock, data.count == 1 else { return }
        MiObject.append(.binaryLock, data[0] & 1 == 0, &list)
        MiObject.append(.binaryChildlock, data[0] >> 3 ^ 1 != 0, &list)
    }

    private static let fingerprints: [SensorAction] = [
        .matchSuccessful, .matchFailed, .timeout, .lowQuality, .insufficientArea, .skinIsTooDry, .skinIsTooWet,
    ]

    private static func readFingerprint(_ data: Span<UInt8>, _ list: inout MeasurementList) {
        guard data.count == 5 else { return }
        MiObject.append(.binaryFingerprint, data[4] == 0, &list)
        let key = data.little(0, 4)
        list.append(Measurement(.keyID, .text(list.store(somebody(key) ?? String(key)))))
        if Int(data[4]) < fingerprints.count {
            MiObject.append(.eventFingerprint, fingerprints[Int(data[4])], .whole, &list)
        }
    }

    /// What a lock did, by the low half of its byte.
    private static let actions: [UInt8: (isOpen: Bool, bolt: Metric, action: SensorAction)] = [
        0x0: (true, .binaryLock, .unlockOutsideTheDoor), 0x1: (false, .binaryLock, .locked),
        0x2: (false, .binaryAntilock, .turnOnAntilock), 0x3: (true, .binaryAntilock, .releaseTheAntilock),
        0x4: (true, .binaryLock, .unlockInsideTheDoor), 0x5: (false, .binaryLock, .lockInsideTheDoor),
        0x6: (false, .binaryChildlock, .turnOnChildLock), 0x7: (true, .binaryChildlock, .turnOffChildLock),
        0x8: (false, .binaryLock, .lockOutsideTheDoor), 0xF: (true, .binaryLock, .abnormal),
    ]

    /// How, by the high half.
    private static let methods: [UInt8: StaticString] = [
        0x0: "bluetooth", 0x1: "password", 0x2: "biometrics", 0x3: "key_method", 0x4: "turntable_method",
        0x5: "nfc_method", 0x6: "one_time_password", 0x7: "two_step_verification", 0x8: "coercion_method",
        0x9: "homekit", 0xA: "manual", 0xB: "automatic", 0xF: "abnormal",
    ]

    /// What is wrong, by what stands in place of the key's number.
    private static let errors: [UInt32: SensorAction] = [
        0xC0DE_0000: .wrongPasswords, 0xC0DE_0001: .wrongFingerprints, 0xC0DE_0002: .passwordTimeout,
        0xC0DE_0003: .lockPicking, 0xC0DE_0004: .resetButtonPressed, 0xC0DE_0005: .wrongKeys,
        0xC0DE_0006: .keyholeBlocked, 0xC0DE_0007: .keyLeft, 0xC0DE_0008: .wrongTags, 0xC0DE_0009: .notLockedInTime,
        0xC0DE_000A: .wrongInManyWays, 0xC0DE_000B: .wrongFaces, 0xC0DE_000C: .wrongVeins, 0xC0DE_000D: .hijacking,
        0xC0DE_000E: .unlockedWhileArmed, 0xC0DE_000F: .wrongPalms, 0xC0DE_0010: .safeMoved,
        0xC0DE_1000: .batteryBelow10, 0xC0DE_1001: .batteryBelow5, 0xC0DE_1002: .fingerprintSensorAbnormal,
        0xC0DE_1003: .accessoryBatteryLow, 0xC0DE_1004: .mechanicalFailure, 0xC0DE_1005: .lockSensorFaulty,
    ]

    /// `method << 4 | action | key u32 | time u32`.
    private static func readLock(_ data: Span<UInt8>, _ quirk: MiProduct.Quirk, _ list: inout MeasurementList) {
        guard data.count == 9, let action = actions[data[0] & 0x0F], let method = methods[data[0] >> 4] else { return }
        let key = data.little(1, 4)
        let error = errors[key]
        MiObject.append(quirk == .antilockLock ? action.bolt : .binaryLock, action.isOpen, &list)
        let name = error.map(\.rawValue) ?? somebody(key) ?? keyName(key)
        // xiaomi-ble leaves the key out of an alarm: there is none.
        if error == nil { list.append(Measurement(.keyID, .text(list.store(name)))) }
        MiObject.append(.eventLock, action.action, .whole, &list)
        list.append(Measurement(.lockMethod, .text(list.store(method))))
        if let error { MiObject.append(.eventError, error, .whole, &list) }
    }

    private static func somebody(_ key: UInt32) -> String? {
        switch key {
        case 0: "administrator"
        case 0xFFFF_FFFF: "unknown operator"
        case 0xDEAD_BEEF: "invalid operator"
        default: nil
        }
    }

    /// What kinds of keys there are, by the number's upper half from 0x8001 on.
    private static let kinds = [
        "Fingerprint", "Password", "Keys", "NFC", "Two-step verification", "Human face", "Finger veins", "Palm print",
    ]

    private static func keyName(_ key: UInt32) -> String {
        guard key > 0x7FFF_FFFF else { return "Bluetooth key \(key)" }
        let kind = max(0, Int(key >> 16) - 0x8001)
        return (kind < kinds.count ? "\(kinds[kind]) key id " : "key id ") + String(key & 0xFFFF)
    }
}
