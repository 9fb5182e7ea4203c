import CBOR
import CoAPMessages
import Concentrator
import OCFModel

/// A field or parameter of a node, bound to the resource that shows it.
struct BoundValue: Sendable {
    /// Where the value comes from.
    enum Source: Sendable {
        /// A field.
        case field(FieldRule, name: String)
        /// Two fields, for the one type that wants both power and energy.
        case energy(power: String, energy: String)
        /// A parameter.
        case parameter(ParameterRule, name: String, decimals: UInt8)
        /// Whether the node is heard from.
        case availability
    }

    /// The last segment of the href.
    let segment: String
    /// What people call it.
    let title: String
    /// Where the value comes from.
    let source: Source

    /// The type of the resource.
    var definition: ResourceTypeDefinition {
        switch source {
        case .field(let rule, _): rule.definition
        case .energy: .energyConsumption
        case .parameter(let rule, _, _): rule.definition
        case .availability: .genericSensor
        }
    }

    /// How soon observers hear of a change.
    var pace: FieldRule.Pace {
        if case .field(let rule, _) = source { rule.pace } else { .prompt }
    }

    /// Whether it shows this field.
    func shows(field: String) -> Bool {
        switch source {
        case .field(_, let name): name == field
        case .energy(let power, let energy): power == field || energy == field
        // An output that tells its state back may do so as a field of the parameter's name.
        case .parameter(_, let name, _): name == field
        case .availability: false
        }
    }

    /// Whether it shows this parameter.
    func shows(parameter: String) -> Bool {
        if case .parameter(_, let name, _) = source { name == parameter } else { false }
    }
}

extension BoundValue {
    /// The segment under which a node tells whether it is heard from.
    static let availabilitySegment = "available"

    /// The resources of a node: its parameters, then its fields, then whether it is heard from.
    ///
    /// A field with the name of a parameter is that parameter's state and no resource of its own. Two names that make one
    /// segment are told apart by a number at the end.
    static func all(of node: NodeSnapshot) -> [BoundValue] {
        var values: [BoundValue] = []
        var segments: Set<String> = []
        func add(_ name: String, _ source: Source) {
            let wanted = FieldName.segment(name)
            var segment = wanted
            var number = 2
            while !segments.insert(segment).inserted {
                segment = "\(wanted)-\(number)"
                number += 1
            }
            values.append(BoundValue(segment: segment, title: name, source: source))
        }
        let parameters = node.description.parameters
        for parameter in parameters {
            var decimals: UInt8 = 0
            if case .number(_, _, let places, _) = parameter.kind { decimals = places }
            add(parameter.name, .parameter(ParameterRule(parameter), name: parameter.name, decimals: decimals))
        }
        let names = Set(parameters.map(\.name))
        let fields = node.fields.filter { !names.contains($0.name) }
        let power = fields.first { $0.isNumber("power", in: FieldRule.powerUnits) }?.name
        let energy = fields.first { $0.isNumber("energy", in: FieldRule.energyUnits) }?.name
        let isMeter = power != nil && energy != nil
        for field in fields {
            if isMeter, field.name == energy { continue }
            if isMeter, let power, let energy, field.name == power {
                add(energy, .energy(power: power, energy: energy))
                continue
            }
            let rule = FieldRule.find(
                name: field.name, value: field.value, unit: field.unit, deviceClass: node.description.deviceClass)
            add(field.name, .field(rule, name: field.name))
        }
        // A wire is there or the gateway is broken; a radio may be out of reach.
        if node.id.cacheType != "gpio" { add(availabilitySegment, .availability) }
        return values
    }

    /// What the resource shows of a node.
    ///
    /// - Throws: `ResourceError` 5.03 while there is no value.
    func properties(of node: NodeSnapshot, batteryThreshold: Int) throws(ResourceError) -> CBOR.Map {
        switch source {
        case .field(let rule, let name):
            if let field = node.field(name), field.quality != .missing,
                let map = rule.properties(field, batteryThreshold: batteryThreshold)
            {
                return map
            }
        case .energy(let power, let energy):
            if let watts = node.field(power)?.number(in: FieldRule.powerUnits),
                let hours = node.field(energy)?.number(in: FieldRule.energyUnits)
            {
                return ["power": .double(watts), "energy": .double(hours)]
            }
        case .parameter(let rule, let name, _):
            if let value = node.parameter(name)?.value ?? node.field(name)?.value, let map = rule.properties(value) {
                return map
            }
        case .availability:
            return ["value": .boolean(node.available)]
        }
        throw ResourceError(.serviceUnavailable, "\(title) of \(node.id) has no value yet")
    }
}

extension Field {
    /// The number in the unit that the table's property has; nil when it is none, or in another unit.
    fileprivate func number(in units: [String: UnitConversion]) -> Double? {
        guard quality != .missing, let quantity = value.number, let conversion = unit.flatMap({ units[$0] }) else {
            return nil
        }
        return conversion.apply(quantity)
    }

    fileprivate func isNumber(_ key: String, in units: [String: UnitConversion]) -> Bool {
        number(in: units) != nil && FieldName.keys(name).contains(key)
    }
}
