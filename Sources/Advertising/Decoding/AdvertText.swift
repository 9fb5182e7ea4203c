/// An advert in lines for people: `gatehouse decode HEX`.
public enum AdvertText {
    /// The structures, the format and the readings, or why there are none.
    ///
    /// - Returns: the lines, and whether the advert was decoded.
    public static func describe(
        _ payload: [UInt8], address: BluetoothAddress? = nil, key: BindKey? = nil
    ) -> (lines: [String], isDecoded: Bool) {
        var lines = ADStructures.all(in: payload).map { structure in
            let data = payload[structure.range]
            let text = isName(structure.type) ? String(validating: data, as: UTF8.self).map { " \"\($0)\"" } ?? "" : ""
            return
                "0x\(Hex.upper(UInt64(structure.type.rawValue), digits: 2)) \(name(structure.type)): \(Hex.text(data))\(text)"
        }
        var cursor = ADCursor()
        while cursor.next(in: payload.span) != nil {}
        if cursor.isTruncated { lines.append("(the last structure is cut short)") }
        do {
            guard let advert = try AdvertDecoder.standard.decode(payload, address: address, key: key) else {
                return (lines + [ForeignFormat.explain(payload)], false)
            }
            lines.append("format: \(advert.format.rawValue)")
            lines += about(advert.envelope)
            lines += advert.readings.map { "  \($0.description)" }
            return (lines, true)
        } catch {
            return (lines + [error.description], false)
        }
    }

    private static func about(_ envelope: Envelope) -> [String] {
        var lines: [String] = []
        if let address = envelope.embeddedAddress { lines.append("address inside: \(address)") }
        if let counter = envelope.counter { lines.append("counter: \(counter)") }
        if let type = envelope.deviceType { lines.append("device type: \(type)") }
        if let firmware = envelope.firmware { lines.append("firmware: \(firmware)") }
        if envelope.isTriggerBased { lines.append("sends when something happens") }
        if envelope.isIncomplete { lines.append("the rest is not understood") }
        return lines
    }

    private static func isName(_ type: ADType) -> Bool {
        type == .completeLocalName || type == .shortenedLocalName
    }

    private static func name(_ type: ADType) -> String {
        switch type {
        case .flags: "flags"
        case .incompleteServices16, .completeServices16: "services"
        case .shortenedLocalName, .completeLocalName: "name"
        case .transmitPower: "transmit power"
        case .serviceData16, .serviceData128: "service data"
        case .manufacturerData: "manufacturer data"
        default: "other"
        }
    }
}
