/// BTHome version 1 (<https://bthome.io/v1/>): objects under service data 0x181C, or under 0x181E with encryption.
///
/// An object is `form << 5 | length, id, value`; the ids are version 2's, and the length, not the id, tells the size.
enum BTHomeV1 {
    /// User Data, which version 1 borrowed.
    static let plainUUID: UInt16 = 0x181C
    /// Bond Management, which version 1 borrowed for the encrypted form.
    static let encryptedUUID: UInt16 = 0x181E

    @Sendable
    static func readPlain(
        _ data: Span<UInt8>, _ payload: Span<UInt8>, _ address: BluetoothAddress?, _ key: BindKey?,
        _ list: inout MeasurementList
    ) -> DecodeOutcome {
        guard key == nil else { return .refused(Refusal(.plaintextDespiteKey, .bthome1)) }
        return readObjects(data, into: &list) ? .decoded(.bthome1) : .refused(Refusal(.noMeasurements, .bthome1))
    }

    /// The counter and the tag at the end.
    private static let trailer = 8
    /// The shortest ciphertext that bthome-ble takes: an object with one byte of value is three, and it asks for four.
    private static let shortestCiphertext = 4

    /// The nonce is `MAC as written | 1E 18 | counter as sent`, the associated data the byte 0x11.
    @Sendable
    static func readEncrypted(
        _ data: Span<UInt8>, _ payload: Span<UInt8>, _ address: BluetoothAddress?, _ key: BindKey?,
        _ list: inout MeasurementList
    ) -> DecodeOutcome {
        guard let key else { return .refused(Refusal(.keyMissing, .bthome1Encrypted)) }
        guard let address else { return .refused(Refusal(.addressMissing, .bthome1Encrypted)) }
        let end = data.count - trailer
        guard end >= shortestCiphertext else {
            return .refused(Refusal(.wrongLength, .bthome1Encrypted, found: data.count))
        }
        var nonce = InlineArray<12, UInt8>(repeating: 0)
        for index in 0..<6 { nonce[index] = address[index] }
        nonce[6] = UInt8(truncatingIfNeeded: encryptedUUID)
        nonce[7] = UInt8(encryptedUUID >> 8)
        for index in 0..<4 { nonce[8 + index] = data[end + index] }
        var plaintext = list.takePlaintext()
        defer { list.giveBack(&plaintext) }
        guard
            key.decrypt(
                data, cipher: 0..<end, tag: end + 4..<end + trailer, nonce: nonce.span, associated: 0x11,
                into: &plaintext)
        else { return .refused(Refusal(.wrongKey, .bthome1Encrypted)) }
        list.envelope.isEncrypted = true
        list.envelope.counter = data.little(end, 4)
        return readObjects(plaintext.span.extracting(0..<end), into: &list)
            ? .decoded(.bthome1Encrypted) : .refused(Refusal(.noMeasurements, .bthome1Encrypted))
    }

    /// What the upper three bits of an object's first byte say.
    private enum Form {
        static let unsigned: UInt8 = 0
        static let signed: UInt8 = 1
        static let float: UInt8 = 2
        static let text: UInt8 = 3
        static let raw: UInt8 = 4
        static let timestamp: UInt8 = 5
    }

    /// Reads objects until the end or one that is cut short; unknown ids are passed over.
    private static func readObjects(_ data: Span<UInt8>, into list: inout MeasurementList) -> Bool {
        let objects = BTHomeObject.byID
        var seen = MetricSet()
        var repeated = MetricSet()
        var position = 0
        while position + 2 <= data.count {
            let form = data[position] >> 5
            let end = position + 1 + Int(data[position] & 0x1F)
            let object = objects[Int(data[position + 1])]
            // An empty object has no id; bthome-ble steps one byte on.
            if end == position + 1 {
                position = end
                continue
            }
            guard end <= data.count else {
                list.envelope.isIncomplete = true
                break
            }
            let range = position + 2..<end
            position = end
            guard object.form != .unknown, !range.isEmpty, !object.isAboutDevice,
                let value = value(of: object, form, range, data, into: &list)
            else { continue }
            if value == .missing { list.voids.insert(object.metric) }
            if !seen.insert(object.metric) { repeated.insert(object.metric) }
            list.append(Measurement(object.metric, value))
        }
        BTHome.number(&list, repeated)
        return !list.isEmpty || !list.voids.isEmpty
    }

    private static func value(
        of object: BTHomeObject, _ form: UInt8, _ range: Range<Int>, _ data: Span<UInt8>,
        into list: inout MeasurementList
    ) -> MeasuredValue? {
        let size = range.count
        let start = range.lowerBound
        switch object.form {
        case .button: return BTHomeObject.buttonAction(data[start]).map { .event(SensorEvent($0)) } ?? .missing
        case .dimmer:
            guard size == 2 else { return nil }
            return BTHomeObject.dimmerAction(data[start]).map { .event(SensorEvent($0, amount: data[start + 1])) }
                ?? .missing
        case .command: return nil
        default: break
        }
        switch form {
        case Form.unsigned, Form.signed:
            guard size <= 4 else { return nil }
            let bits = data.little(start, size)
            let raw = form == Form.signed ? signed(bits, size) : Int64(bits)
            if object.form == .binary { return .boolean(raw != 0) }
            if object.metric == .packetID { list.envelope.packetID = UInt8(truncatingIfNeeded: raw) }
            return .number(mantissa: object.scaling.mantissa(raw), decimals: object.scaling.decimals)
        case Form.float:
            guard let number = float(data, range), number.isFinite else { return .missing }
            let scaling = object.scaling
            let mantissa = (number * Double(scaling.multiplier) / scaling.droppedUnit).rounded(.toNearestOrEven)
            // No sensor counts further, and an Int64 would not hold it.
            guard mantissa.magnitude < 1e15 else { return .missing }
            return .number(mantissa: Int64(mantissa), decimals: scaling.decimals)
        case Form.text: return data.isUTF8(range) ? .text(list.store(data, range)) : .missing
        case Form.raw: return .raw(list.store(data, range))
        case Form.timestamp: return size == 4 ? .timestamp(data.little(start, 4)) : nil
        default: return nil
        }
    }

    /// A binary16, binary32 or binary64, by its length; nil for another.
    private static func float(_ data: Span<UInt8>, _ range: Range<Int>) -> Double? {
        let start = range.lowerBound
        switch range.count {
        case 2: return half(UInt16(truncatingIfNeeded: data.little(start, 2)))
        case 4: return Double(Float(bitPattern: data.little(start, 4)))
        case 8:
            return Double(bitPattern: UInt64(data.little(start, 4)) | UInt64(data.little(start + 4, 4)) << 32)
        default: return nil
        }
    }

    /// A binary16 (IEEE 754), by hand: Swift has no such type on every processor.
    private static func half(_ bits: UInt16) -> Double {
        let fraction = Double(bits & 0x3FF)
        let exponent = Int(bits >> 10 & 0x1F)
        let magnitude: Double =
            switch exponent {
            case 0: fraction * 0x1p-24
            case 31: fraction == 0 ? .infinity : .nan
            default: Double(sign: .plus, exponent: exponent - 25, significand: 1024 + fraction)
            }
        return bits & 0x8000 == 0 ? magnitude : -magnitude
    }
}
