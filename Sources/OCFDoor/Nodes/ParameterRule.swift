import CBOR
import Concentrator
import OCFModel

/// How a parameter becomes a resource that can be set.
final class ParameterRule: Sendable {
    /// How values go both ways.
    enum Shape: Sendable, Hashable {
        /// A truth value under this name.
        case truth(String)
        /// A whole number under this name.
        case integer(String)
        /// A number under this name.
        case number(String)
        /// A temperature, in this unit on our side.
        case temperature(TemperatureUnit)
        /// Text under this name.
        case text(String)
    }

    /// The type of the resource.
    let definition: ResourceTypeDefinition
    /// How values go both ways.
    let shape: Shape
    /// Properties that do not change: range, choices, unit.
    let constants: CBOR.Map

    private static let dimmers: Set<String> = ["dim", "dimmer", "dimming", "brightness", "level", "output level"]
    private static let openers: Set<String> = [
        "open", "open level", "opening", "position", "blind", "shutter", "valve",
    ]
    private static let colours: Set<String> = ["colour temperature", "color temperature"]

    /// The rule for a parameter.
    convenience init(_ parameter: Parameter) {
        switch parameter.kind {
        case .boolean:
            self.init(.binarySwitch, .truth("value"))
        case .choice(let choices) where Set(choices) == ["Locked", "Unlocked"]:
            self.init(.lockStatus, .text("lockState"))
        case .choice(let choices):
            self.init(.textSetting, .text("value"), ["choices": .texts(choices.prefix(64))])
        case .text:
            self.init(.textSetting, .text("value"))
        case .number(let minimum, let maximum, let decimals, let unit):
            let keys = Set(FieldName.keys(parameter.name))
            var integers: CBOR.Map = [:]
            var numbers: CBOR.Map = [:]
            if let minimum, let maximum {
                integers["range"] = [.int(minimum.integerValue), .int(maximum.integerValue)]
                numbers["range"] = [.double(minimum.doubleValue), .double(maximum.doubleValue)]
            }
            if decimals == 0, !keys.isDisjoint(with: Self.dimmers) {
                self.init(.dimming, .integer("dimmingSetting"), integers)
            } else if decimals == 0, !keys.isDisjoint(with: Self.openers) {
                self.init(.openLevel, .integer("openLevel"), integers)
            } else if decimals == 0, !keys.isDisjoint(with: Self.colours) {
                self.init(.colourTemperature, .integer("ct"), integers)
            } else if let scale = unit.flatMap(TemperatureUnit.init(fieldUnit:)) {
                numbers["units"] = .text(scale.rawValue)
                self.init(.temperatureSetting, .temperature(scale), numbers)
            } else {
                if unit != nil { numbers["unit"] = .text(SenMLUnit.of(unit).unit) }
                self.init(.numberSetting, .number("value"), numbers)
            }
        }
    }

    private init(_ definition: ResourceTypeDefinition, _ shape: Shape, _ constants: CBOR.Map = [:]) {
        self.definition = definition
        self.shape = shape
        self.constants = constants
    }

    /// The properties that show a value; nil when it is of another kind than the parameter's.
    func properties(_ value: FieldValue) -> CBOR.Map? {
        var map: CBOR.Map
        switch (shape, value) {
        case (.truth(let name), .boolean(let flag)): map = [.text(name): .boolean(flag)]
        case (.integer(let name), .number(let quantity)): map = [.text(name): .int(quantity.integerValue)]
        case (.number(let name), .number(let quantity)): map = [.text(name): .double(quantity.doubleValue)]
        case (.temperature, .number(let quantity)): map = ["temperature": .double(quantity.doubleValue)]
        case (.text(let name), .text(let text)): map = [.text(name): .text(text)]
        default: return nil
        }
        for (key, constant) in constants { map[key] = constant }
        return map
    }

    /// The value that the checked properties of an UPDATE set.
    ///
    /// - Throws: `ResourceError` 4.00 when the property that carries it is missing.
    func value(_ accepted: CBOR.Map, decimals: UInt8) throws(ResourceError) -> FieldValue {
        let name: String
        switch shape {
        case .truth(let property), .integer(let property), .number(let property), .text(let property): name = property
        case .temperature: name = "temperature"
        }
        guard let value = accepted[name] else {
            throw ResourceError(.badRequest, "\(name) is missing; it is what an UPDATE of \(definition.type) sets")
        }
        switch shape {
        case .truth:
            if let flag = value.bool { return .boolean(flag) }
        case .text:
            if let text = value.string { return .text(text) }
        case .integer:
            if let number = value.wholeNumber { return .number(Quantity(number)) }
        case .number:
            if let quantity = Self.quantity(value, decimals) { return .number(quantity) }
        case .temperature(let ours):
            guard let theirs = accepted["units"]?.string.flatMap(TemperatureUnit.init(rawValue:)), theirs != ours,
                let number = value.number
            else {
                if let quantity = Self.quantity(value, decimals) { return .number(quantity) }
                break
            }
            // Another unit makes decimals of its own: 68.5 °F is 20.2777 °C.
            if let quantity = Quantity(rounding: ours.convert(number, from: theirs), decimals: decimals) {
                return .number(quantity)
            }
        }
        throw ResourceError(.badRequest, "\(name) is out of all bounds")
    }

    /// The number with the decimals it was written with, so that one with too many is refused and not rounded in silence.
    private static func quantity(_ value: CBOR.Value, _ decimals: UInt8) -> Quantity? {
        if let whole = value.wholeNumber { return Quantity(whole) }
        guard let number = value.number else { return nil }
        return Quantity("\(number)") ?? Quantity(rounding: number, decimals: decimals)
    }
}
