/// Xiaomi MiBeacon, versions 2 to 5: service data 0xFE95. Low byte first.
///
/// `frame control u16 | product u16 | frame counter u8 | [MAC reversed] | [capability u8, [input/output u8]] | objects`, or
/// encrypted, from version 4 on `… | ciphertext | extended counter 3 | tag 4`, before it `… | ciphertext | counter 3 | 1`.
/// An object is `type u16 | length u8 | data`.
///
/// Source: <https://iot.mi.com/new/doc/accesses/direct-access/embedded-development/ble/ble-mibeacon>; names as in
/// xiaomi-ble 1.21.
enum MiBeacon {
    /// Xiaomi Inc.
    static let serviceUUID: UInt16 = 0xFE95

    /// The bits of the frame control; the version is above them.
    private enum Bit {
        static let encrypted: UInt32 = 1 << 3
        static let address: UInt32 = 1 << 4
        static let capability: UInt32 = 1 << 5
        static let object: UInt32 = 1 << 6
        static let mesh: UInt32 = 1 << 7
    }

    /// In the capability byte: a byte about inputs and outputs follows.
    private static let hasInputOutput: UInt8 = 0x20
    /// The versions before it had another layout.
    private static let firstVersion: UInt32 = 2
    /// From this one on, the encryption has a tag.
    private static let firstProvedVersion: UInt32 = 4

    @Sendable
    static func read(
        _ data: Span<UInt8>, _ payload: Span<UInt8>, _ address: BluetoothAddress?, _ key: BindKey?,
        _ list: inout MeasurementList
    ) -> DecodeOutcome {
        guard data.count >= 5 else { return .refused(Refusal(.wrongLength, .miBeacon, found: data.count)) }
        let control = data.little(0, 2)
        let isEncrypted = control & Bit.encrypted != 0
        let format = isEncrypted ? AdvertFormat.miBeaconEncrypted : .miBeacon
        guard control >> 12 >= firstVersion, control & Bit.mesh == 0 else {
            return .refused(Refusal(.unknownVersion, format, found: Int(control >> 12)))
        }
        var start = 5
        if control & Bit.address != 0 {
            start += 6
            guard data.count >= start else { return .refused(Refusal(.wrongLength, format, found: data.count)) }
            let inside = data.address(5, reversed: true)
            guard address == nil || inside == address else { return .refused(Refusal(.foreignAddress, format)) }
            list.envelope.embeddedAddress = inside
        }
        let number = UInt16(truncatingIfNeeded: data.little(2, 2))
        guard let product = MiProduct.find(number) else {
            return .refused(Refusal(.unknownDevice, format, found: Int(number)))
        }
        if control & Bit.capability != 0 {
            start += start < data.count && data[start] & hasInputOutput != 0 ? 2 : 1
            guard data.count >= start else { return .refused(Refusal(.wrongLength, format, found: data.count)) }
        }
        list.envelope.deviceType = number
        list.envelope.isTriggerBased = product.sleeps
        list.envelope.packetID = data[4]
        guard control & Bit.object != 0 else {
            // A scale that nobody stands on says so without an object.
            guard product.quirk == .scale, key == nil else { return .refused(Refusal(.noMeasurements, format)) }
            list.append(Measurement(.binaryStabilized, .boolean(false)))
            return .decoded(format)
        }
        if isEncrypted {
            return open(data, from: start, address: address, key: key, product: product, version: control >> 12, &list)
        }
        guard key == nil else { return .refused(Refusal(.plaintextDespiteKey, format)) }
        guard data.count >= start + 3 else { return .refused(Refusal(.wrongLength, format, found: data.count)) }
        _ = readObjects(data.extracting(start..<data.count), product, &list)
        return list.isEmpty && list.voids.isEmpty ? .refused(Refusal(.noMeasurements, format)) : .decoded(format)
    }

    private static func open(
        _ data: Span<UInt8>, from start: Int, address: BluetoothAddress?, key: BindKey?, product: MiProduct,
        version: UInt32, _ list: inout MeasurementList
    ) -> DecodeOutcome {
        let format = AdvertFormat.miBeaconEncrypted
        guard let key else { return .refused(Refusal(.keyMissing, format)) }
        guard let sender = list.envelope.embeddedAddress ?? address else {
            return .refused(Refusal(.addressMissing, format))
        }
        var plaintext = list.takePlaintext()
        defer { list.giveBack(&plaintext) }
        let isProved = version >= firstProvedVersion
        let end = data.count - (isProved ? 7 : 4)
        guard end - start >= (isProved ? 2 : 3) else {
            return .refused(Refusal(.wrongLength, format, found: data.count))
        }
        let isOpen =
            isProved
            ? openProved(data, start..<end, sender, key, &plaintext)
            : openUnproved(data, start..<end, sender, key, &plaintext)
        guard isOpen else { return .refused(Refusal(.wrongKey, format)) }
        let isWhole = readObjects(plaintext.span.extracting(0..<end - start), product, &list)
        if isProved {
            list.envelope.isEncrypted = true
            // The frame counter is the low byte of the extended one.
            list.envelope.counter = data.little(end, 3) << 8 | UInt32(data[4])
        } else if !isWhole || list.isEmpty || !isPlausible(list) {
            // Without a tag, a wrong key gives noise: it shows in lengths and numbers that cannot be.
            return .refused(Refusal(.wrongKey, format))
        }
        return list.isEmpty && list.voids.isEmpty ? .refused(Refusal(.noMeasurements, format)) : .decoded(format)
    }

    /// Version 4 and 5: the nonce is `MAC reversed | product | frame counter | extended counter`, the associated data 0x11.
    private static func openProved(
        _ data: Span<UInt8>, _ cipher: Range<Int>, _ sender: BluetoothAddress, _ key: BindKey,
        _ plaintext: inout [UInt8]
    ) -> Bool {
        var nonce = InlineArray<12, UInt8>(repeating: 0)
        for index in 0..<6 { nonce[index] = sender[5 - index] }
        for index in 0..<3 { nonce[6 + index] = data[2 + index] }
        for index in 0..<3 { nonce[9 + index] = data[cipher.upperBound + index] }
        return key.decrypt(
            data, cipher: cipher, tag: data.count - 4..<data.count, nonce: nonce.span, associated: 0x11,
            into: &plaintext)
    }

    /// Version 2 and 3: the nonce is `the first 5 bytes | counter | MAC reversed without its last byte`.
    private static func openUnproved(
        _ data: Span<UInt8>, _ cipher: Range<Int>, _ sender: BluetoothAddress, _ key: BindKey,
        _ plaintext: inout [UInt8]
    ) -> Bool {
        var nonce = InlineArray<13, UInt8>(repeating: 0)
        for index in 0..<5 { nonce[index] = data[index] }
        for index in 0..<3 { nonce[5 + index] = data[cipher.upperBound + index] }
        for index in 0..<5 { nonce[8 + index] = sender[5 - index] }
        return key.decryptUnproved(data, cipher: cipher, nonce: nonce.span, into: &plaintext)
    }

    /// Whether what came out without proof can be: percents up to 100, temperatures that a house or a kettle has.
    private static func isPlausible(_ list: MeasurementList) -> Bool {
        list.measurements.allSatisfy { measurement in
            guard case .number(let mantissa, let decimals) = measurement.value else { return true }
            let whole = mantissa / MedicalFloat.power(Int(decimals))
            switch measurement.metric.definition.unit {
            case "%": return (0...100).contains(whole)
            case "°C": return (-50...150).contains(whole)
            default: return true
            }
        }
    }

    /// Reads objects until the end or one that is cut short; unknown ones are passed over.
    ///
    /// - Returns: whether they end where the data end.
    private static func readObjects(
        _ data: Span<UInt8>, _ product: MiProduct, _ list: inout MeasurementList
    ) -> Bool {
        var position = 0
        while position + 3 <= data.count {
            let type = UInt16(truncatingIfNeeded: data.little(position, 2))
            let end = position + 3 + Int(data[position + 2])
            guard end <= data.count else {
                list.envelope.isIncomplete = true
                return false
            }
            MiObject.read(type, data.extracting(position + 3..<end), product.quirk, &list)
            position = end
        }
        return position == data.count
    }
}
