import Advertising
import Concentrator
import GATT

/// A characteristic that a device has and somebody wants: what it is called, what its value means, and how it comes.
struct GATTPoint: Sendable, Hashable {
    /// How its value comes.
    enum Delivery: Sendable, Hashable {
        /// Read once a connection that finds the device changed, for it does not change by itself.
        case once
        /// Read at each interval.
        case poll
        /// Told by the device.
        case notify
    }

    /// The name of the field or parameter.
    var name: String
    /// Where it is.
    var characteristic: GATTDatabase.Characteristic
    /// What its value is made of.
    var definition: CharacteristicDefinition
    /// What kind of reading it is.
    var flags: FieldFlags = .momentary
    /// How its value comes.
    var delivery: Delivery
    /// Whether it is a parameter.
    var isWritable = false
    /// How many lines a Digital has; nil for anything else, 0 when that is not known yet.
    var lines: Int?

    /// Whether its value can be read at all.
    var isReadable: Bool { characteristic.properties.contains(.read) }
}

extension GATTPoint {
    /// The standard services (Assigned Numbers 3.4) that become fields.
    private enum Standard {
        static let battery: AttributeType = 0x180F
        static let deviceInformation: AttributeType = 0x180A
        static let environment: AttributeType = 0x181A
        static let automation: AttributeType = 0x1815
        static let digital: AttributeType = 0x2A56
    }

    /// Services by which a device may join; device information alone makes none, phones have it as well.
    static let standardServices: Set<AttributeType> = [
        Standard.battery, Standard.environment, Standard.automation,
    ]

    /// How many characteristics of one device are followed: as many as a node has fields to spare.
    static let most = 32
    /// How many lines of a Digital become parameters: a node has 32 of those, and others want some, too. A descriptor can
    /// say 255.
    static let mostLines = 24

    /// What a plan wants of what a device has, and what of the plan it does not have.
    static func resolve(
        _ plan: GATTPlan, in database: GATTDatabase
    ) -> (points: [GATTPoint], missing: [GATTPlan.Point]) {
        var points: [GATTPoint] = []
        var missing: [GATTPlan.Point] = []
        for wanted in plan.points {
            guard let found = database.characteristic(wanted.type, in: wanted.service),
                let definition = wanted.definition
                    ?? found.type.short.flatMap({ CharacteristicDefinition.assigned($0) })
            else {
                missing.append(wanted)
                continue
            }
            let tells = !found.properties.isDisjoint(with: [.notify, .indicate])
            points.append(
                GATTPoint(
                    name: wanted.name ?? houseName(definition, found.type), characteristic: found,
                    definition: definition, delivery: wanted.notifies && tells ? .notify : .poll,
                    isWritable: wanted.isWritable && found.isWritable,
                    lines: definition.isDigital ? 0 : nil))
        }
        // A point that is only written, or told, or read: one that can be none of it is of no use.
        let known = Set(points.map(\.characteristic.value))
        if plan.standardServices { points += standard(database).filter { !known.contains($0.characteristic.value) } }
        return (Array(distinct(points).prefix(most)), missing)
    }

    private static func standard(_ database: GATTDatabase) -> [GATTPoint] {
        var points: [GATTPoint] = []
        for service in database.services {
            for found in service.characteristics {
                guard let number = found.type.short, let definition = CharacteristicDefinition.assigned(number) else {
                    continue
                }
                var point = GATTPoint(
                    name: houseName(definition, found.type), characteristic: found, definition: definition,
                    delivery: .poll)
                switch service.type {
                case Standard.battery:
                    point.flags = [.momentary, .status]
                case Standard.deviceInformation:
                    // Identifiers of few people's interest, in bytes.
                    guard definition.fields.allSatisfy({ $0.form == .text }) else { continue }
                    point.flags = .identity
                    point.delivery = .once
                case Standard.environment: break
                case Standard.automation:
                    point.isWritable = found.isWritable
                    point.lines = found.type == Standard.digital ? 0 : nil
                default: continue
                }
                guard point.isReadable || point.isWritable else { continue }
                points.append(point)
            }
        }
        return points
    }

    /// What the house calls it, where adverts give the same quantity another name than Bluetooth's.
    private static func houseName(_ definition: CharacteristicDefinition, _ type: AttributeType) -> String {
        let names: [UInt16: String] = [
            0x2A19: "Battery", 0x2A29: "Manufacturer", 0x2A24: "Model", 0x2A25: "Serial Number", 0x2A26: "Firmware",
            0x2A27: "Hardware", 0x2A28: "Software", 0x2B8C: "CO2",
        ]
        return type.short.flatMap { names[$0] } ?? definition.title
    }

    /// Two of a name are told apart by a number.
    private static func distinct(_ points: [GATTPoint]) -> [GATTPoint] {
        var counts: [String: Int] = [:]
        return points.map { point in
            var point = point
            let count = counts[point.name, default: 0] + 1
            counts[point.name] = count
            if count > 1 { point.name += " \(count)" }
            return point
        }
    }
}

extension GATTDatabase.Characteristic {
    /// Whether it can be written at all.
    var isWritable: Bool { !properties.isDisjoint(with: [.write, .writeWithoutResponse]) }
}

extension CharacteristicDefinition {
    /// Whether the value is one of lines.
    var isDigital: Bool { fields.count == 1 && fields[0].form == .digitals }
}
