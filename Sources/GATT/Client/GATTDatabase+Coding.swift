extension GATTDatabase {
    private static let version: UInt8 = 1

    /// The database's bytes for the store: `version 1 | hash length | hash | services u16`, then each service as
    /// `first | last | type | characteristics u16`, each characteristic as `declaration | value | properties | type | descriptors u16`,
    /// each descriptor as `handle | type`; a type is its length and its bytes; numbers are big-endian.
    public var encoded: [UInt8] {
        var bytes: [UInt8] = [GATTDatabase.version]
        let hash = (hash ?? []).prefix(255)
        bytes.append(UInt8(hash.count))
        bytes += hash
        func append(_ number: UInt16) { bytes += [UInt8(number >> 8), UInt8(truncatingIfNeeded: number)] }
        func append(_ type: AttributeType) {
            bytes.append(UInt8(type.wire.count))
            bytes += type.wire
        }
        append(UInt16(clamping: services.count))
        for service in services {
            append(service.first)
            append(service.last)
            append(service.type)
            append(UInt16(clamping: service.characteristics.count))
            for characteristic in service.characteristics {
                append(characteristic.declaration)
                append(characteristic.value)
                bytes.append(characteristic.properties.rawValue)
                append(characteristic.type)
                append(UInt16(clamping: characteristic.descriptors.count))
                for descriptor in characteristic.descriptors {
                    append(descriptor.handle)
                    append(descriptor.type)
                }
            }
        }
        return bytes
    }

    /// Reads a database; nil when the bytes are none of ours.
    public init?(_ bytes: [UInt8]) {
        var reader = Reader(bytes: bytes)
        guard reader.byte() == GATTDatabase.version, let length = reader.byte(), let hash = reader.bytes(Int(length)),
            let count = reader.number(), count <= GATTDatabase.mostServices
        else { return nil }
        self.init()
        self.hash = hash.isEmpty ? nil : hash
        var total = 0
        var totalDescriptors = 0
        for _ in 0..<count {
            guard let first = reader.number(), let last = reader.number(), let type = reader.type(),
                let characteristics = reader.number()
            else { return nil }
            var service = Service(type: type, first: first, last: last)
            total += Int(characteristics)
            guard total <= GATTDatabase.mostCharacteristics else { return nil }
            for _ in 0..<characteristics {
                guard let declaration = reader.number(), let value = reader.number(), let properties = reader.byte(),
                    let type = reader.type(),
                    let descriptors = reader.number()
                else { return nil }
                var characteristic = Characteristic(
                    type: type, properties: Properties(rawValue: properties), declaration: declaration, value: value)
                totalDescriptors += Int(descriptors)
                guard totalDescriptors <= GATTDatabase.mostDescriptors else { return nil }
                for _ in 0..<descriptors {
                    guard let handle = reader.number(), let type = reader.type() else { return nil }
                    characteristic.descriptors.append(Descriptor(type: type, handle: handle))
                }
                service.characteristics.append(characteristic)
            }
            services.append(service)
        }
        guard reader.position == bytes.count else { return nil }
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func byte() -> UInt8? {
            guard position < bytes.count else { return nil }
            position += 1
            return bytes[position - 1]
        }

        mutating func bytes(_ count: Int) -> [UInt8]? {
            guard count <= bytes.count - position else { return nil }
            position += count
            return Array(bytes[position - count..<position])
        }

        mutating func number() -> UInt16? {
            bytes(2).map { UInt16($0[0]) << 8 | UInt16($0[1]) }
        }

        mutating func type() -> AttributeType? {
            guard let length = byte(), let wire = bytes(Int(length)) else { return nil }
            return AttributeType(wire: wire)
        }
    }
}
