/// Xiaomi's buttons, dimmers and remote controls.
enum MiButtons {
    /// Reads an object if it is a button's.
    ///
    /// - Returns: whether it was one.
    static func read(
        _ type: UInt16, _ data: Span<UInt8>, _ quirk: MiProduct.Quirk, _ list: inout MeasurementList
    ) -> Bool {
        switch type {
        case 0x1001:
            if data.count == 3 { readTriple(data, quirk, &list) }
        case 0x4A0C, 0x4E0C, 0x560C: readKind(type, .press, data, quirk, &list)
        case 0x4A0D, 0x4E0D, 0x560D: readKind(type, .doublePress, data, quirk, &list)
        case 0x4A0E, 0x4E0E, 0x560E: readKind(type, .longPress, data, quirk, &list)
        case 0x4A13:
            if data.count > 0, data[0] == 1 { append(.press, .whole, &list) }
        default: return false
        }
        return true
    }

    private static func append(_ action: SensorAction, _ part: DevicePart, _ list: inout MeasurementList) {
        MiObject.append(.eventButton, action, part, &list)
    }
}

// MARK: - One object for all presses

extension MiButtons {
    /// Which button each number is.
    private static let remote: [DevicePart] = [.on, .off, .brightness, .plus, .m, .min]
    private static let fan: [DevicePart] = [.fan, .light, .windSpeed, .colorTemperature, .windMode, .brightness]
    private static let ventilator: [DevicePart] = [
        .swing, .power, .timer60Minutes, .increaseWindSpeed, .timer30Minutes, .decreaseWindSpeed,
    ]
    private static let bathroom: [DevicePart] = [
        .stop, .airExchange, .fan, .increaseSpeed, .decreaseSpeed, .dry, .light, .swing, .heat,
    ]
    /// Several at once.
    private static let two: [[DevicePart]] = [[.left], [.right], [.left, .right]]
    private static let three: [[DevicePart]] = [
        [.left], [.middle], [.right], [.left, .middle], [.middle, .right], [.left, .right], [.left, .middle, .right],
    ]

    /// `button | value | kind of press`; a dimmer has its turns in button or value.
    private static func readTriple(_ data: Span<UInt8>, _ quirk: MiProduct.Quirk, _ list: inout MeasurementList) {
        let button = Int(data[0])
        switch quirk {
        case .button, .motionLight:
            if let press = press(data[2]) { append(press, .whole, &list) }
        case .cube:
            if button < 2 { MiObject.append(.eventCube, button == 0 ? .rotateRight : .rotateLeft, .whole, &list) }
        case .remote:
            guard button < remote.count, let press = press(data[2]) else { return }
            if button < 2 { MiObject.append(.binaryPower, button == 0, &list) }
            append(press, remote[button], &list)
        case .fanRemote: read(button, fan, data[2], &list)
        case .ventilatorRemote: read(button, ventilator, data[2], &list)
        case .bathroomRemote: read(button, bathroom, data[2], &list)
        case .dimmer: readDimmer(data, &list)
        case .switch1: if button == 0 { read([.whole], data[2], &list) }
        case .switch2: if button < two.count { read(two[button], data[2], &list) }
        case .switch3: if button < three.count { read(three[button], data[2], &list) }
        default: break
        }
    }

    private static func press(_ code: UInt8) -> SensorAction? {
        switch code {
        case 0, 5: .press
        case 1: .doublePress
        case 2, 6: .longPress
        default: nil
        }
    }

    private static func read(
        _ button: Int, _ parts: [DevicePart], _ code: UInt8, _ list: inout MeasurementList
    ) {
        guard button < parts.count, let press = press(code) else { return }
        append(press, parts[button], &list)
    }

    /// Wall switches call 1 a long press and 2 a double one, contrary to the others.
    private static func read(_ parts: [DevicePart], _ code: UInt8, _ list: inout MeasurementList) {
        let presses: [SensorAction] = [.press, .longPress, .doublePress]
        guard Int(code) < presses.count else { return }
        for part in parts { append(presses[Int(code)], part, &list) }
    }

    private static func readDimmer(_ data: Span<UInt8>, _ list: inout MeasurementList) {
        let (button, value) = (data[0], data[1])
        let event: SensorEvent
        switch data[2] {
        // These kinds say nothing of how often or how long.
        case 0, 5: event = SensorEvent(.press, amount: 0, unit: .numberOfPresses)
        case 2, 6: event = SensorEvent(.longPress, amount: 0, unit: .duration)
        case 3 where button == 0: event = SensorEvent(.press, amount: value, unit: .numberOfPresses)
        case 3 where button == 1: event = SensorEvent(.longPress, amount: value, unit: .duration)
        case 4 where button == 0: event = turn(value, .rotateRight, .rotateLeft)
        case 4: event = turn(button, .rotateRightPressed, .rotateLeftPressed)
        default: return
        }
        list.append(Measurement(.eventDimmer, .event(event)))
    }

    /// Two's complement: to the right is positive.
    private static func turn(_ steps: UInt8, _ right: SensorAction, _ left: SensorAction) -> SensorEvent {
        steps < 128 ? SensorEvent(right, amount: steps) : SensorEvent(left, amount: 0 &- steps)
    }
}

// MARK: - An object for each kind of press

extension MiButtons {
    private static let fourButtons: [DevicePart] = [.left, .midLeft, .midRight, .right]

    private static func readKind(
        _ type: UInt16, _ action: SensorAction, _ data: Span<UInt8>, _ quirk: MiProduct.Quirk,
        _ list: inout MeasurementList
    ) {
        let button = data.count > 0 ? data[0] : nil
        switch (type >> 8, quirk) {
        case (0x4A, .twoButtons):
            if button == 0 { append(action, .left, &list) }
            if button == 1 { append(action, .right, &list) }
        case (0x4A, _): append(action, .whole, &list)
        case (0x4E, .twoButtonsCombined):
            guard let button, (1...3).contains(button) else { return }
            if button & 1 != 0 { append(action, .left, &list) }
            if button & 2 != 0 { append(action, .right, &list) }
        case (0x4E, .codedButton) where action == .press:
            let codes: [UInt8: SensorAction] = [1: .press, 8: .longPress, 15: .doublePress]
            if let press = button.flatMap({ codes[$0] }) { append(press, .whole, &list) }
        case (0x4E, .plainButton), (0x56, .oneOfFour): append(action, .whole, &list)
        case (0x56, .fourButtons):
            guard let button else { return }
            if (1...4).contains(button) {
                append(action, fourButtons[Int(button) - 1], &list)
            } else if action == .press {
                append(action, .whole, &list)
            }
        default: break
        }
    }
}
