import CMbedTLS

/// Govee's buttons and alarms, H5121 to H5126 and H5130: `sender 2 | time 4 | sixteen bytes under AES | checksum 2`.
///
/// The key is the time itself, so that this hides nothing; the checksum tells a bit error, and nothing tells a forger.
enum GoveeSealed {
    static let length = 24

    /// What the third byte inside says, and what the name says where it says something else.
    private enum Kind: UInt8, CaseIterable {
        case window = 2, motion = 3, buttons1 = 8, vibration = 9, buttons6 = 10, buttons2 = 11, pressure = 13

        var name: StaticString {
            switch self {
            case .motion: "GV5121"
            case .buttons1: "GV5122"
            case .window: "GV5123"
            case .vibration: "GV5124"
            case .buttons6: "GV5125"
            case .buttons2: "GV5126"
            case .pressure: "GV5130"
            }
        }
    }

    static func read(_ data: Span<UInt8>, _ payload: Span<UInt8>, _ list: inout MeasurementList) -> DecodeOutcome {
        guard checksum(data, 6..<22) == UInt16(truncatingIfNeeded: data.big(22, 2)) else { return .unknown }
        guard let plain = open(data) else { return .unknown }
        // In the order of the models; a name wins over the byte of a later one, as in govee-ble.
        let order: [Kind] = [.motion, .buttons1, .window, .vibration, .buttons6, .buttons2, .pressure]
        guard let kind = order.first(where: { plain[2] == $0.rawValue || payload.hasName($0.name) }) else {
            return .refused(Refusal(.unknownDevice, .govee, found: Int(plain[2])))
        }
        list.envelope.isTriggerBased = true
        list.append(.battery, Int64(plain[4]), decimals: 0)
        let state = plain[5]
        switch kind {
        case .window: list.append(Measurement(.binaryWindow, .boolean(state == 2)))
        case .motion: append(.eventMotion, .motion, when: state == 1, &list)
        case .vibration: append(.eventVibration, .vibration, when: state == 1, &list)
        case .pressure:
            append(.eventButton, .press, part: .zero, when: state & 0x10 != 0, &list)
            if state != 0x10 { list.append(Measurement(.binaryPresence, .boolean(state & 1 != 0))) }
        case .buttons1, .buttons2, .buttons6:
            list.append(
                Measurement(
                    .eventButton, .event(SensorEvent(.press)), instance: state, part: state == 0 ? .zero : .whole))
        }
        return .decoded(.govee)
    }

    private static func append(
        _ metric: Metric, _ action: SensorAction, part: DevicePart = .whole, when happened: Bool,
        _ list: inout MeasurementList
    ) {
        if happened {
            list.append(Measurement(metric, .event(SensorEvent(action)), part: part))
        } else {
            list.voids.insert(metric)
        }
    }

    /// AES-128-ECB; key and data go in and come out last byte first.
    private static func open(_ data: Span<UInt8>) -> InlineArray<16, UInt8>? {
        var key = InlineArray<16, UInt8>(repeating: 0)
        var block = InlineArray<16, UInt8>(repeating: 0)
        for index in 0..<4 { key[15 - index] = data[2 + index] }
        for index in 0..<16 { block[15 - index] = data[6 + index] }
        var plain = InlineArray<16, UInt8>(repeating: 0)
        var span = plain.mutableSpan
        let status = key.span.withUnsafeBufferPointer { key in
            block.span.withUnsafeBufferPointer { block in
                span.withUnsafeMutableBufferPointer { plain in
                    gh_aes128_decrypt_block(key.baseAddress, block.baseAddress, plain.baseAddress)
                }
            }
        }
        guard status == 0 else { return nil }
        var forward = InlineArray<16, UInt8>(repeating: 0)
        for index in 0..<16 { forward[index] = plain[15 - index] }
        return forward
    }

    /// CRC-16 with polynomial 0x1021 from 0x1D0F.
    private static func checksum(_ data: Span<UInt8>, _ range: Range<Int>) -> UInt16 {
        var checksum: UInt16 = 0x1D0F
        for index in range {
            checksum ^= UInt16(data[index]) << 8
            for _ in 0..<8 { checksum = checksum & 0x8000 == 0 ? checksum << 1 : checksum << 1 ^ 0x1021 }
        }
        return checksum
    }
}
