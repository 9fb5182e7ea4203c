/// The two custom firmwares for Xiaomi's and Qingping's thermometers, under service data 0x181A; the length tells them
/// apart. The second has an encrypted form of each.
///
/// Sources: <https://github.com/atc1441/ATC_MiThermometer> and <https://github.com/pvvx/ATC_MiThermometer>; names as in
/// TheengsDecoder 2.5.
enum ATC {
    /// Environmental Sensing, which the firmwares borrowed.
    static let serviceUUID: UInt16 = 0x181A

    /// ATC1441: MAC | temperature 0.1 °C | humidity % | battery % | millivolts | counter; high byte first.
    private static let atc1441: [FixedField] = [
        FixedField(.tempc, at: 6, .signedBig(2), .decimals(1)),
        FixedField(.hum, at: 8, .big(1)),
        FixedField(.batt, at: 9, .big(1)),
        FixedField(.volt, at: 10, .big(2), .decimals(3)),
    ]

    /// pvvx: MAC reversed | temperature 0.01 °C | humidity 0.01 % | millivolts | battery % | counter | flags; low byte
    /// first.
    private static let pvvx: [FixedField] = [
        FixedField(.tempc, at: 6, .signedLittle(2), .decimals(2)),
        FixedField(.hum, at: 8, .little(2), .decimals(2)),
        FixedField(.batt, at: 12, .little(1)),
        FixedField(.volt, at: 10, .little(2), .decimals(3)),
    ]

    @Sendable
    static func read(
        _ data: Span<UInt8>, _ payload: Span<UInt8>, _ address: BluetoothAddress?, _ key: BindKey?,
        _ list: inout MeasurementList
    ) -> DecodeOutcome {
        let format: AdvertFormat
        switch data.count {
        case 8, 11: return readEncrypted(data, address, key, &list)
        case 13 where key != nil, 15 where key != nil: return .refused(Refusal(.plaintextDespiteKey, .pvvx))
        case 13:
            format = .atc1441
            for field in atc1441 { field.read(data, into: &list) }
            list.envelope.packetID = data[12]
        case 15:
            format = .pvvx
            for field in pvvx { field.read(data, into: &list) }
            list.envelope.packetID = data[13]
        default:
            return .refused(Refusal(.wrongLength, .pvvx, found: data.count))
        }
        list.envelope.embeddedAddress = data.address(0, reversed: format == .pvvx)
        return .decoded(format)
    }

    /// pvvx, encrypted: `counter | temperature 0.01 °C | humidity 0.01 % | battery % | pins | tag 4`.
    private static let encrypted: [FixedField] = [
        FixedField(.tempc, at: 0, .signedLittle(2), .decimals(2)),
        FixedField(.hum, at: 2, .little(2), .decimals(2)),
        FixedField(.batt, at: 4, .little(1)),
    ]

    /// ATC1441's form under pvvx's encryption: `counter | (temperature + 40) × 2 | humidity × 2 | battery % | tag 4`.
    private static let encryptedShort: [FixedField] = [
        FixedField(.tempc, at: 0, .little(1), Scaling(offset: -80, multiplier: 5, decimals: 1)),
        FixedField(.hum, at: 1, .little(1), Scaling(multiplier: 5, decimals: 1)),
    ]

    /// The tag at the end.
    private static let tag = 4

    /// AES-CCM; the nonce is `MAC reversed | length and type of the AD structure | UUID | counter`, the associated data the
    /// byte 0x11.
    private static func readEncrypted(
        _ data: Span<UInt8>, _ address: BluetoothAddress?, _ key: BindKey?, _ list: inout MeasurementList
    ) -> DecodeOutcome {
        guard let key else { return .refused(Refusal(.keyMissing, .pvvxEncrypted)) }
        guard let address else { return .refused(Refusal(.addressMissing, .pvvxEncrypted)) }
        var nonce = InlineArray<11, UInt8>(repeating: 0)
        for index in 0..<6 { nonce[index] = address[5 - index] }
        nonce[6] = UInt8(truncatingIfNeeded: data.count + 3)
        nonce[7] = ADType.serviceData16.rawValue
        nonce[8] = UInt8(truncatingIfNeeded: serviceUUID)
        nonce[9] = UInt8(serviceUUID >> 8)
        nonce[10] = data[0]
        var plaintext = list.takePlaintext()
        defer { list.giveBack(&plaintext) }
        let end = data.count - tag
        guard
            key.decrypt(
                data, cipher: 1..<end, tag: end..<data.count, nonce: nonce.span, associated: 0x11, into: &plaintext)
        else { return .refused(Refusal(.wrongKey, .pvvxEncrypted)) }
        list.envelope.isEncrypted = true
        list.envelope.packetID = data[0]
        if data.count == 11 {
            for field in encrypted { field.read(plaintext.span, into: &list) }
        } else {
            for field in encryptedShort { field.read(plaintext.span, into: &list) }
            // The top bit tells of the pin.
            list.append(.batt, Int64(plaintext[2] & 0x7F), decimals: 0)
        }
        return .decoded(.pvvxEncrypted)
    }
}
