/// BTHome version 2 (<https://bthome.io/format/>): service data 0xFCD2.
///
/// `device information | [MAC, reversed] | objects`, or with encryption
/// `device information | [MAC, reversed] | ciphertext | counter u32 | tag 4`; all numbers low byte first.
enum BTHome {
    /// The service that BTHome's makers registered.
    static let serviceUUID: UInt16 = 0xFCD2

    /// The bits of the device information byte.
    private enum Bit {
        static let encrypted: UInt8 = 0x01
        static let address: UInt8 = 0x02
        static let triggerBased: UInt8 = 0x04
    }

    @Sendable
    static func read(
        _ data: Span<UInt8>, _ payload: Span<UInt8>, _ address: BluetoothAddress?, _ key: BindKey?,
        _ list: inout MeasurementList
    ) -> DecodeOutcome {
        guard data.count > 0 else { return .refused(Refusal(.wrongLength, .bthome)) }
        let information = data[0]
        let isEncrypted = information & Bit.encrypted != 0
        let format = isEncrypted ? AdvertFormat.bthomeEncrypted : .bthome
        guard information >> 5 == 2 else {
            return .refused(Refusal(.unknownVersion, format, found: Int(information >> 5)))
        }
        guard isEncrypted || key == nil else { return .refused(Refusal(.plaintextDespiteKey, format)) }

        var start = 1
        list.envelope.isTriggerBased = information & Bit.triggerBased != 0
        if information & Bit.address != 0 {
            guard data.count >= 7 else { return .refused(Refusal(.wrongLength, format, found: data.count)) }
            list.envelope.embeddedAddress = data.address(1, reversed: true)
            start = 7
        }
        if isEncrypted {
            guard let key else { return .refused(Refusal(.keyMissing, format)) }
            guard let sender = list.envelope.embeddedAddress ?? address else {
                return .refused(Refusal(.addressMissing, format))
            }
            return decrypt(data, from: start, sender: sender, key: key, into: &list)
        }
        return readObjects(data.extracting(start..<data.count), into: &list)
            ? .decoded(format) : .refused(Refusal(.noMeasurements, format))
    }

    /// The counter and the tag at the end.
    private static let trailer = 8
    /// The shortest plaintext that holds an object: an id and a byte.
    private static let shortestPlaintext = 2

    /// The nonce is `MAC as written | D2 FC | device information as sent | counter as sent`; no associated data.
    private static func decrypt(
        _ data: Span<UInt8>, from start: Int, sender: BluetoothAddress, key: BindKey, into list: inout MeasurementList
    ) -> DecodeOutcome {
        let end = data.count - trailer
        guard end - start >= shortestPlaintext else {
            return .refused(Refusal(.wrongLength, .bthomeEncrypted, found: data.count))
        }
        var nonce = InlineArray<13, UInt8>(repeating: 0)
        for index in 0..<6 { nonce[index] = sender[index] }
        nonce[6] = UInt8(truncatingIfNeeded: serviceUUID)
        nonce[7] = UInt8(serviceUUID >> 8)
        nonce[8] = data[0]
        for index in 0..<4 { nonce[9 + index] = data[end + index] }

        // Taken out while it is read, so that reading may fill the list; no copy is made.
        var plaintext = list.takePlaintext()
        defer { list.giveBack(&plaintext) }
        guard
            key.decrypt(
                data, cipher: start..<end, tag: end + 4..<end + trailer, nonce: nonce.span, into: &plaintext)
        else { return .refused(Refusal(.wrongKey, .bthomeEncrypted)) }
        list.envelope.isEncrypted = true
        list.envelope.counter = data.little(end, 4)
        return readObjects(plaintext.span.extracting(0..<end - start), into: &list)
            ? .decoded(.bthomeEncrypted) : .refused(Refusal(.noMeasurements, .bthomeEncrypted))
    }

    /// Reads objects until the end, an unknown id or one that is cut short; what was read before stays.
    ///
    /// - Returns: whether any object was understood, be it only one about the device.
    private static func readObjects(_ data: Span<UInt8>, into list: inout MeasurementList) -> Bool {
        let objects = BTHomeObject.byID
        var seen = MetricSet()
        var repeated = MetricSet()
        var understood = false
        var position = 0
        while position < data.count {
            let object = objects[Int(data[position])]
            let start = position + 1
            guard let size = size(of: object.form, at: start, in: data), size <= data.count - start else {
                list.envelope.isIncomplete = true
                break
            }
            position = start + size
            guard let value = value(of: object, at: start, size: size, in: data, into: &list) else {
                understood = understood || object.isAboutDevice
                continue
            }
            understood = true
            if value == .missing {
                list.voids.insert(object.metric)
            }
            if !seen.insert(object.metric) { repeated.insert(object.metric) }
            list.append(Measurement(object.metric, value))
        }
        if !list.voids.isEmpty || !repeated.isEmpty { number(&list, repeated) }
        return understood
    }

    /// How many bytes follow the id; nil for an unknown one, or when its length byte is missing.
    @inline(__always)
    private static func size(of form: BTHomeObject.Form, at start: Int, in data: Span<UInt8>) -> Int? {
        switch form {
        case .unsigned(let size), .signed(let size), .firmware(let size): size
        case .binary, .button: 1
        case .dimmer, .deviceType: 2
        case .timestamp: 4
        case .text, .raw: start < data.count ? 1 + Int(data[start]) : nil
        case .command: start < data.count ? 2 + Int(data[start] & 0x1F) : nil
        case .unknown: nil
        }
    }

    /// An object's value; `missing` for one that says nothing and yet counts where the same kind is numbered (the first
    /// of three buttons was not pressed); nil for one that is no measurement.
    @inline(__always)
    private static func value(
        of object: BTHomeObject, at start: Int, size: Int, in data: Span<UInt8>, into list: inout MeasurementList
    ) -> MeasuredValue? {
        switch object.form {
        case .unsigned(let size):
            let raw = data.little(start, size)
            if object.metric == .packetID { list.envelope.packetID = UInt8(truncatingIfNeeded: raw) }
            return .number(mantissa: object.scaling.mantissa(Int64(raw)), decimals: object.scaling.decimals)
        case .signed(let size):
            let raw = signed(data.little(start, size), size)
            return .number(mantissa: object.scaling.mantissa(raw), decimals: object.scaling.decimals)
        case .binary:
            return .boolean(data[start] != 0)
        case .timestamp:
            return .timestamp(data.little(start, 4))
        case .text:
            // An empty text is passed over as if it were not there.
            guard size > 1 else { return nil }
            let range = start + 1..<start + size
            return data.isUTF8(range) ? .text(list.store(data, range)) : .missing
        case .raw:
            guard size > 1 else { return nil }
            return .raw(list.store(data, start + 1..<start + size))
        case .button:
            return BTHomeObject.buttonAction(data[start]).map { .event(SensorEvent($0)) } ?? .missing
        case .dimmer:
            return BTHomeObject.dimmerAction(data[start]).map { .event(SensorEvent($0, amount: data[start + 1])) }
                ?? .missing
        case .command:
            guard let action = BTHomeObject.commandAction(data[start + 1]) else { return .missing }
            return .event(SensorEvent(action, arguments: list.store(data, start + 2..<start + size)))
        case .deviceType:
            list.envelope.deviceType = UInt16(truncatingIfNeeded: data.little(start, 2))
            return nil
        case .firmware(let size):
            list.envelope.firmware = FirmwareVersion(rawValue: data.little(start, size), parts: UInt8(size))
            return nil
        case .unknown:
            return nil
        }
    }

    /// Numbers those that came more than once 1, 2, …, and takes out what said nothing.
    static func number(_ list: inout MeasurementList, _ repeated: MetricSet) {
        var counts = InlineArray<512, UInt8>(repeating: 0)
        list.rewrite { measurement in
            var numbered = measurement
            if repeated.contains(measurement.metric) {
                let index = Int(measurement.metric.rawValue)
                counts[index] += 1  // at most MeasurementList.capacity
                numbered.instance = counts[index]
            }
            return measurement.value == .missing ? nil : numbered
        }
    }
}

extension BTHomeObject {
    /// Whether it tells of the device and not of the world.
    var isAboutDevice: Bool {
        switch form {
        case .deviceType, .firmware: true
        default: false
        }
    }
}
