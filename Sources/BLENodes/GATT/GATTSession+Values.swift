import Concentrator
import GATT

/// Values of the device's characteristics: taken into the concentrator, and written to the device.
extension GATTSession {
    /// A value that came by itself: one that makes no sense is shown until the next round.
    func told(_ bytes: [UInt8], for point: GATTPoint) {
        do throws(GATTError) { try take(bytes, for: point) } catch { set(trouble: error.reason) }
    }

    func take(_ bytes: [UInt8], for point: GATTPoint) throws(GATTError) {
        let now = WallTime.now()
        var point = point
        if point.lines == 0, let index = points.firstIndex(where: { $0.characteristic == point.characteristic }) {
            // How many lines there are shows in the first value: two bits each.
            points[index].lines = bytes.count * 4
            point = points[index]
            remember(database)
        }
        let values = try point.values(bytes)
        let names = Set(point.parameters.map(\.name))
        var fields: [Field] = []
        for (name, value, unit) in values {
            if let value, names.contains(name) {
                concentrator.update(id, parameter: name, value: value, at: now)
            } else if let value {
                fields.append(Field(name: name, value: value, unit: unit, flags: point.flags, timestamp: now))
            } else if var field = concentrator.node(id)?.field(name) {
                // The last value stands, marked as no reading.
                field.quality = .missing
                field.timestamp = now
                fields.append(field)
            }
        }
        if !fields.isEmpty { concentrator.update(id, fields: fields) }
        concentrator.setLastSeen(id, now)
        concentrator.setAvailable(id, true)
    }

    func miss(_ point: GATTPoint) {
        guard var field = concentrator.node(id)?.field(point.name), field.quality != .missing else { return }
        field.quality = .missing
        concentrator.update(id, fields: [field])
    }

    /// Whether a parameter is one of the device's characteristics.
    func has(_ parameter: String) -> Bool { parameters.contains { $0.name == parameter } }

    /// Sets a parameter; returns once the device has it, or, where it takes writes only without an answer, once it is sent.
    func write(_ parameter: String, _ value: FieldValue) async throws(GATTError) {
        guard let point = points.first(where: { $0.parameters.contains { $0.name == parameter } }) else {
            throw GATTError(.notFound, "it has no parameter \(parameter)")
        }
        let bytes = try point.bytes(setting: parameter, to: value)
        try await using(isUrgent: true) { client throws(GATTError) in
            if point.characteristic.properties.contains(.write) {
                try await client.write(bytes, to: point.characteristic.value)
            } else {
                try client.writeWithoutResponse(bytes, to: point.characteristic.value)
            }
        }
        concentrator.update(id, parameter: parameter, value: value)
    }
}
