import CBOR
import Concentrator
import OCFModel

/// How a field becomes a resource of a standard type: one row of the table.
///
/// A class, so that ten thousand thermometers refer to one row.
final class FieldRule: Sendable {
    /// How the value becomes properties.
    enum Shape: Sendable, Hashable {
        /// A number under this name.
        case number(String)
        /// A whole number under this name, rounded, from 0 to 100.
        case percent(String)
        /// A whole number, rounded, as an air contaminant of this type.
        case contaminant(String)
        /// `value` is whether it reaches the threshold, `measurement` the number.
        case alarm(threshold: Double)
        /// `rssi`, and `lqi` made of it.
        case signal
        /// `charge`, and `lowbattery` by the node's threshold.
        case battery
        /// A truth value under `value`.
        case truth
        /// `measurement` and the unit of SenML.
        case measurement
        /// Text under `value`.
        case text
        /// A moment under `timestamp`.
        case moment
    }

    /// How soon observers hear of a change.
    enum Pace: Sendable, Hashable {
        /// At once.
        case prompt
        /// Within ``Notifier/slowInterval``: for what changes with every advertisement and tells little.
        case slow
    }

    /// The names it is for, see ``FieldName/keys(_:)``; none is for every name.
    let names: Set<String>
    /// The units it is for, and how each becomes the property's; nil is for values without a unit.
    let units: [String: UnitConversion]?
    /// The type of the resource.
    let definition: ResourceTypeDefinition
    /// How the value becomes properties.
    let shape: Shape
    /// Properties that do not change, such as the unit.
    let constants: CBOR.Map
    /// How soon observers hear of a change.
    let pace: Pace

    init(
        _ names: Set<String>, _ units: [String: UnitConversion]?, _ definition: ResourceTypeDefinition, _ shape: Shape,
        constants: CBOR.Map = [:], pace: Pace = .prompt
    ) {
        self.names = names
        self.units = units
        self.definition = definition
        self.shape = shape
        self.constants = constants
        self.pace = pace
    }

    /// The rule for a field of this name and value, in a node of this class.
    ///
    /// Names come before units in the table, and longer names before shorter ones in the look-up. A field that is only
    /// called "state" or "value" is what its node is: the class of a configured line says so.
    static func find(name: String, value: FieldValue, unit: String?, deviceClass: String?) -> FieldRule {
        var keys = FieldName.keys(name)
        if let deviceClass, keys == ["state"] || keys == ["value"] || keys == ["input"] {
            keys = FieldName.keys(deviceClass) + keys
        }
        switch value {
        case .number:
            for key in keys {
                if let rule = byName[key]?.first(where: { $0.takesNumber(in: unit) }) { return rule }
            }
            return byUnit.first { $0.takesNumber(in: unit) } ?? (slowNames.isDisjoint(with: keys) ? measured : counted)
        case .boolean:
            for key in keys {
                if let rule = truths[key] { return rule }
            }
            return sensed
        case .text: return written
        case .timestamp: return timed
        }
    }

    private func takesNumber(in unit: String?) -> Bool {
        guard let units else { return unit == nil || unit == "" }
        return unit.map { units[$0] != nil } ?? false
    }
}
