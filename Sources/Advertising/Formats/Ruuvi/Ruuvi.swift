/// RuuviTag and Ruuvi Air: manufacturer data of company 0x0499; the first byte is the format.
enum Ruuvi {
    /// Ruuvi Innovations Ltd.
    static let companyIdentifier: UInt16 = 0x0499

    @Sendable
    static func read(
        _ data: Span<UInt8>, _ payload: Span<UInt8>, _ address: BluetoothAddress?, _ key: BindKey?,
        _ list: inout MeasurementList
    ) -> DecodeOutcome {
        guard data.count > 0 else { return .refused(Refusal(.wrongLength, .ruuvi5)) }
        switch data[0] {
        case 0x03: return read(data, .ruuvi3, length: 14, into: &list, format3)
        case 0x05: return read(data, .ruuvi5, length: 24, into: &list, format5)
        case 0x06: return read(data, .ruuvi6, length: 20, into: &list, format6)
        case 0xE1: return read(data, .ruuviE1, length: 40, into: &list, formatE1)
        default: return .refused(Refusal(.unknownVersion, .ruuvi5, found: Int(data[0])))
        }
    }

    /// Checks the length; what follows it is left alone, as the reference reader does.
    @inline(__always)
    private static func read(
        _ data: Span<UInt8>, _ format: AdvertFormat, length: Int, into list: inout MeasurementList,
        _ body: (Span<UInt8>, inout MeasurementList) -> Void
    ) -> DecodeOutcome {
        guard data.count >= length else { return .refused(Refusal(.wrongLength, format, found: data.count)) }
        if format == .ruuviE1 {
            // The reference reader writes this one's number in hexadecimal, as text.
            list.append(Measurement(.ruuviFormat, .text(list.store("E1"))))
        } else {
            list.append(.ruuviFormat, Int64(data[0]), decimals: 0)
        }
        body(data, &list)
        return .decoded(format)
    }

    private static func format3(_ data: Span<UInt8>, _ list: inout MeasurementList) {
        for field in RuuviFields.format3 { field.read(data, into: &list) }
        // The top bit is the sign of a whole number of seven bits and its hundredths: no two's complement.
        let magnitude = Int64(data[2] & 0x7F) * 100 + Int64(data[3])
        list.append(.temperature, data[2] & 0x80 == 0 ? magnitude : -magnitude, decimals: 2)
        acceleration(data, at: 6, void: nil, into: &list)
    }

    private static func format5(_ data: Span<UInt8>, _ list: inout MeasurementList) {
        for field in RuuviFields.format5 { field.read(data, into: &list) }
        acceleration(data, at: 7, void: -0x8000, into: &list)
        // Eleven bits of millivolts above 1600, five of 2 dBm above -40.
        let power = data.big(13, 2)
        optional(.batteryMillivolts, Int64(power >> 5), void: 0x7FF, offset: 1600, into: &list)
        optional(.transmitPower, Int64(power & 0x1F), void: 0x1F, multiplier: 2, offset: -40, into: &list)
        let address = data.address(18, reversed: false)
        list.envelope.embeddedAddress = address
        list.append(Measurement(.address, .address(address, withColons: false)))
    }

    private static func format6(_ data: Span<UInt8>, _ list: inout MeasurementList) {
        for field in RuuviFields.format6 { field.read(data, into: &list) }
        gasIndices(data, at: 11, flags: data[16], into: &list)
        list.append(
            Measurement(
                .luminosity,
                data[13] == 0xFF ? .missing : .number(mantissa: luminosityCentilux[Int(data[13])], decimals: 2)))
        list.append(Measurement(.address, .addressEnding(data.big(17, 3))))
        list.envelope.packetID = data[15]
    }

    private static func formatE1(_ data: Span<UInt8>, _ list: inout MeasurementList) {
        for field in RuuviFields.formatE1 { field.read(data, into: &list) }
        gasIndices(data, at: 17, flags: data[28], into: &list)
        let address = data.address(34, reversed: false)
        list.envelope.embeddedAddress = address
        list.append(Measurement(.address, .address(address, withColons: true)))
    }
}

// MARK: - Fields that are more than an integer at its place

extension Ruuvi {
    /// Three axes and the length of their vector; one void axis voids all.
    private static func acceleration(
        _ data: Span<UInt8>, at offset: Int, void: Int64?, into list: inout MeasurementList
    ) {
        let x = signed(data.big(offset, 2), 2)
        let y = signed(data.big(offset + 2, 2), 2)
        let z = signed(data.big(offset + 4, 2), 2)
        guard x != void, y != void, z != void else {
            for metric in [Metric.accelerationMilliG, .accelerationX, .accelerationY, .accelerationZ] {
                list.append(Measurement(metric, .missing))
            }
            return
        }
        list.append(Measurement(.accelerationMilliG, .real(Double(x * x + y * y + z * z).squareRoot())))
        list.append(.accelerationX, x, decimals: 0)
        list.append(.accelerationY, y, decimals: 0)
        list.append(.accelerationZ, z, decimals: 0)
    }

    private static func optional(
        _ metric: Metric, _ raw: Int64, void: Int64, multiplier: Int64 = 1, offset: Int64 = 0,
        into list: inout MeasurementList
    ) {
        if raw == void {
            list.append(Measurement(metric, .missing))
        } else {
            list.append(metric, raw * multiplier + offset, decimals: 0)
        }
    }

    /// Two indices of nine bits; their lowest bits are 6 and 7 of the flags, whose bit 0 tells of a calibration.
    private static func gasIndices(
        _ data: Span<UInt8>, at offset: Int, flags: UInt8, into list: inout MeasurementList
    ) {
        optional(.vocIndex, Int64(data[offset]) << 1 | Int64(flags >> 6 & 1), void: 0x1FF, into: &list)
        optional(.noxIndex, Int64(data[offset + 1]) << 1 | Int64(flags >> 7), void: 0x1FF, into: &list)
        list.append(Measurement(.calibrating, .boolean(flags & 1 != 0)))
    }
}
