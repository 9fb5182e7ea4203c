/// One thing a sensor said. Plain bytes: copying it counts no reference.
public struct Measurement: Sendable, Hashable {
    /// What is measured.
    public let metric: Metric
    /// 0 when the advert has one measurement of this metric, else 1, 2, … in the order they were sent.
    public internal(set) var instance: UInt8
    /// Which part of the device it is about, where the format names its parts.
    public let part: DevicePart
    /// The value.
    public let value: MeasuredValue

    /// A measurement.
    public init(_ metric: Metric, _ value: MeasuredValue, instance: UInt8 = 0, part: DevicePart = .whole) {
        self.metric = metric
        self.instance = instance
        self.part = part
        self.value = value
    }

    /// The name in a report: `temperature`, `temperature_2`, `binary:door`, `event:button_left`.
    public var reportName: String {
        let name = metric.definition.reportName + part.suffix
        return instance == 0 ? name : "\(name)_\(instance)"
    }
}

/// The value of a ``Measurement``.
public enum MeasuredValue: Sendable, Hashable {
    /// `mantissa` × 10^-`decimals`: 25.06 is (2506, 2). The decimals are those the format sends, zeros included.
    case number(mantissa: Int64, decimals: UInt8)
    /// A computed number that has no natural count of decimals.
    case real(Double)
    /// Yes or no.
    case boolean(Bool)
    /// UTF-8 text in the list's ``MeasurementList/bytes``; proved valid.
    case text(ByteRange)
    /// Bytes in the list's ``MeasurementList/bytes``, reported as lower-case hexadecimal.
    case raw(ByteRange)
    /// An address, and whether the format's reference reader writes it as `CB:B8:…` or as `cbb8…`.
    case address(BluetoothAddress, withColons: Bool)
    /// The last three bytes of an address (Ruuvi format 6 has no room for the rest).
    case addressEnding(UInt32)
    /// Seconds since 1970 UTC.
    case timestamp(UInt32)
    /// Something that happened.
    case event(SensorEvent)
    /// The sensor has this quantity and says that it has no value for it now.
    case missing
    /// The sensor says that its probe for this quantity is broken or out of range.
    case broken
}

/// Where a value's bytes lie in ``MeasurementList/bytes``.
public struct ByteRange: Sendable, Hashable {
    /// The first byte.
    public let offset: UInt16
    /// How many.
    public let count: UInt16

    init(offset: Int, count: Int) {
        self.offset = UInt16(truncatingIfNeeded: offset)
        self.count = UInt16(truncatingIfNeeded: count)
    }
}

/// Something that happened at a button, a dimmer or a remote control.
public struct SensorEvent: Sendable, Hashable {
    /// What a number that comes with an event counts; the raw values are the names in reports.
    public enum Amount: String, Sendable, Hashable {
        case steps, numberOfPresses = "number_of_presses", duration
    }

    /// What happened.
    public let action: SensorAction
    /// How far a dimmer was turned, how often or how long it was pressed; nil for the others.
    public let amount: UInt8?
    /// What ``amount`` counts.
    public let unit: Amount
    /// A command's arguments; nil for the others.
    public let arguments: ByteRange?

    init(_ action: SensorAction, amount: UInt8? = nil, unit: Amount = .steps, arguments: ByteRange? = nil) {
        self.action = action
        self.amount = amount
        self.unit = unit
        self.arguments = arguments
    }
}

/// What happens at buttons, dimmers and remote controls; the raw values are the names in reports.
public enum SensorAction: String, Sendable, Hashable, CaseIterable {
    case press, doublePress = "double_press", triplePress = "triple_press"
    case longPress = "long_press", longDoublePress = "long_double_press", longTriplePress = "long_triple_press"
    case holdPress = "hold_press", holdRelease = "hold_release"
    case rotateLeft = "rotate_left", rotateRight = "rotate_right"
    case rotateLeftPressed = "rotate_left_pressed", rotateRightPressed = "rotate_right_pressed"
    case off, on, toggle, stepUp = "step_up", stepDown = "step_down"
    case motion, vibration, motionDetected = "motion_detected"
    // A lock's fingerprint reader.
    case matchSuccessful = "match_successful", matchFailed = "match_failed", timeout
    case lowQuality = "low_quality_too_light_fuzzy", insufficientArea = "insufficient_area"
    case skinIsTooDry = "skin_is_too_dry", skinIsTooWet = "skin_is_too_wet"
    // A lock's bolt.
    case unlockOutsideTheDoor = "unlock_outside_the_door", locked, turnOnAntilock = "turn_on_antilock"
    case releaseTheAntilock = "release_the_antilock", unlockInsideTheDoor = "unlock_inside_the_door"
    case lockInsideTheDoor = "lock_inside_the_door", turnOnChildLock = "turn_on_child_lock"
    case turnOffChildLock = "turn_off_child_lock", lockOutsideTheDoor = "lock_outside_the_door", abnormal
    // A lock's alarms.
    case wrongPasswords = "frequent_unlocking_with_incorrect_password"
    case wrongFingerprints = "frequent_unlocking_with_wrong_fingerprints"
    case passwordTimeout = "operation_timeout_password_input_timeout"
    case lockPicking = "lock_picking", resetButtonPressed = "reset_button_is_pressed"
    case wrongKeys = "the_wrong_key_is_frequently_unlocked", keyholeBlocked = "foreign_body_in_the_keyhole"
    case keyLeft = "the_key_has_not_been_taken_out", wrongTags = "error_nfc_frequently_unlocks"
    case notLockedInTime = "timeout_is_not_locked_as_required"
    case wrongInManyWays = "failure_to_unlock_frequently_in_multiple_ways"
    case wrongFaces = "unlocking_the_face_frequently_fails", wrongVeins = "failure_to_unlock_the_vein_frequently"
    case hijacking = "hijacking_alarm", unlockedWhileArmed = "unlock_inside_the_door_after_arming"
    case wrongPalms = "palmprints_frequently_fail_to_unlock", safeMoved = "the_safe_was_moved"
    case batteryBelow10 = "the_battery_level_is_less_than_10_percent"
    case batteryBelow5 = "the_battery_level_is_less_than_5_percent"
    case fingerprintSensorAbnormal = "the_fingerprint_sensor_is_abnormal"
    case accessoryBatteryLow = "the_accessory_battery_is_low", mechanicalFailure = "mechanical_failure"
    case lockSensorFaulty = "the_lock_sensor_is_faulty"
}
