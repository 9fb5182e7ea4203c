/// What the value of a GATT characteristic is made of: an assigned one from ``assigned(_:)``, or one that a configuration
/// describes.
///
/// ```swift
/// let temperature = CharacteristicDefinition.assigned(0x2A6E)
/// try temperature?.decode([0xCA, 0x09])                            // Temperature, 25.06, °C
/// let relay = CharacteristicDefinition(name: "Relay", fields: [CharacteristicField(.boolean)])
/// try relay.encode([.boolean(true)])                               // [1]
/// ```
public struct CharacteristicDefinition: Sendable, Hashable {
    /// The name, as Bluetooth's Assigned Numbers write it.
    public let name: String
    /// The fields in the order of the bytes; at least one.
    public let fields: [CharacteristicField]

    /// A characteristic.
    public init(name: String, fields: [CharacteristicField]) {
        self.name = name
        self.fields = fields
    }

    /// The name for people: Assigned Numbers write one with a mark of their typesetter.
    public var title: String {
        var title = ""
        var rest = name[...]
        let mark = "\\textsubscript{"
        while !rest.isEmpty {
            if rest.hasPrefix(mark) {
                rest = rest.dropFirst(mark.count)
                title += rest.prefix { $0 != "}" }
                rest = rest.drop { $0 != "}" }.dropFirst()
            } else {
                title.append(rest.removeFirst())
            }
        }
        return title
    }

    /// The bytes that a value has at least.
    public var minimumLength: Int {
        fields.reduce(0) { $0 + ($1.presence == nil ? $1.form.size ?? 0 : 0) }
    }

    /// Reads a value. Bytes behind the last field are passed over, as the Core Specification (Vol 3 Part G 3.3.2) lets later
    /// versions append fields.
    ///
    /// - Throws: ``CharacteristicError`` naming the field, what was found and what was expected.
    public func decode(_ value: [UInt8]) throws(CharacteristicError) -> [CharacteristicReading] {
        var readings: [CharacteristicReading] = []
        var position = 0
        for field in fields {
            if let presence = field.presence {
                guard let flags = value.first, (flags >> presence.bit & 1 == 1) == presence.isSet else { continue }
            }
            let size = field.form.size ?? value.count - position
            guard size <= value.count - position else {
                throw CharacteristicError(
                    .wrongLength, "\(label(field)): \(value.count) bytes, expected at least \(position + size)")
            }
            let content = value[position..<position + size]
            position += size
            do {
                readings.append(
                    CharacteristicReading(name: label(field), value: try field.decode(content), unit: field.unit))
            } catch {
                throw CharacteristicError(error.code, "\(label(field)): \(error.description)")
            }
        }
        return readings
    }

    /// Puts values into bytes, one for each field.
    ///
    /// Only for values whose fields are all there always; what comes and goes by flags is not written by anybody.
    ///
    /// - Throws: ``CharacteristicError``.
    public func encode(_ values: [CharacteristicValue]) throws(CharacteristicError) -> [UInt8] {
        guard isEncodable, values.count == fields.count else {
            throw CharacteristicError(
                .wrongLength, "\(name): \(values.count) values, expected \(isEncodable ? "\(fields.count)" : "none")")
        }
        var bytes: [UInt8] = []
        for (field, value) in zip(fields, values) {
            do {
                bytes += try field.encode(value)
            } catch {
                throw CharacteristicError(error.code, "\(label(field)): \(error.description)")
            }
        }
        return bytes
    }

    /// Whether ``encode(_:)`` takes values of it.
    public var isEncodable: Bool {
        fields.allSatisfy { $0.presence == nil }
    }

    private func label(_ field: CharacteristicField) -> String {
        field.name.map { "\(name).\($0)" } ?? name
    }
}
