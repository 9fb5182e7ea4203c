/// The two custom firmwares for Xiaomi's and Qingping's thermometers, under service data 0x181A; the length tells them
/// apart. (pvvx's own third, encrypted form has 11 bytes and is refused by its length.)
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
        _ data: Span<UInt8>, _ address: BluetoothAddress?, _ key: BindKey?, _ list: inout MeasurementList
    ) -> DecodeOutcome {
        let format: AdvertFormat
        switch data.count {
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
}
