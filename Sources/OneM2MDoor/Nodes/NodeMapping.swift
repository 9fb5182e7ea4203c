import Concentrator
import JSONText
import OneM2MPrimitives

/// How fields and parameters of nodes are told as module classes of TS-0023.
struct NodeMapping: Sendable {
    /// The module class.
    let module: ModuleClass
    /// The data point that holds the value.
    let point: String

    /// The class of a field of this name, unit and kind of value.
    init(name: String, unit: String?, value: FieldValue) {
        let words = Set(name.lowercased().split { !$0.isLetter }.map(String.init))
        func has(_ wanted: String...) -> Bool { wanted.contains { words.contains($0) } }
        switch value {
        case .boolean:
            if has("motion", "occupancy", "presence", "moving") {
                self.init("cod:motSr", "alarm")
            } else if has("smoke") {
                self.init("cod:smoSr", "alarm")
            } else if has("moisture", "leak", "water") {
                self.init("cod:watSr", "alarm")
            } else if has("lock") {
                self.init("cod:lock", "lock")
            } else if has("button", "pushed") {
                self.init("cod:pusBn", "pushd")
            } else {
                self.init("cod:binSh", "state")
            }
        case .number:
            if unit == "°C" {
                self.init("cod:tempe", "curT0")
            } else if has("humidity"), unit == "%" || unit == nil {
                self.init("cod:relHy", "relHy")
            } else if has("pressure"), unit == "hPa" {
                self.init("cod:baror", "atmPe")
            } else if has("battery"), unit == "%" {
                self.init("cod:bat", "lvl")
            } else {
                self.init("cod:numVe", "numVe")
            }
        case .text, .timestamp: self.init("cod:texMe", "texMe")
        }
    }

    /// The class of a parameter.
    init(_ parameter: Parameter) {
        switch parameter.kind {
        case .boolean:
            self.init(name: parameter.name, unit: nil, value: .boolean(false))
        case .number: self.init("cod:numVe", "numVe")
        case .text, .choice: self.init("cod:texMe", "texMe")
        }
    }

    private static let fallback = ModuleClass("texMe", "textMessage", [])

    private init(_ shortName: String, _ point: String) {
        module = ModuleClass.named(shortName: shortName) ?? Self.fallback
        self.point = point
    }

    /// The data point's definition.
    var definition: AttributeDefinition? { module.attributes.first { $0.name == point } }

    /// The value that a request wants a parameter to take; nil when it is of another kind.
    static func value(_ json: JSON, for kind: ParameterKind) -> FieldValue? {
        switch kind {
        case .boolean: json.bool.map { .boolean($0) }
        case .number:
            json.number.flatMap { Quantity($0.literal) ?? Quantity(rounding: $0.double, decimals: 6) }.map {
                .number($0)
            }
        case .text, .choice: json.string.map { .text($0) }
        }
    }

    /// What besides its value a parameter tells: its bounds, its choices.
    static func bounds(_ kind: ParameterKind) -> JSONObject {
        var object = JSONObject()
        switch kind {
        case .number(let minimum, let maximum, _, _):
            object["minVe"] = minimum.map { .number(JSONNumber(mantissa: $0.mantissa, decimals: $0.decimals)) }
            object["maxVe"] = maximum.map { .number(JSONNumber(mantissa: $0.mantissa, decimals: $0.decimals)) }
        case .choice(let choices): object["suMVs"] = .array(choices.map { .string($0) })
        case .text(let maximum): object["maxLh"] = .int(maximum)
        case .boolean: break
        }
        return object
    }

    /// What a data point says before the first value is known; TS-0023 wants it to be there.
    var unknown: JSON {
        switch definition?.form {
        case .boolean: false
        case .text: ""
        default: 0
        }
    }

    /// A field's name as a resource's: letters and digits in lower case, the rest hyphens.
    static func segment(_ name: String) -> String {
        var text = ""
        for byte in name.utf8.prefix(48) {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): text.unicodeScalars.append(Unicode.Scalar(byte | 0x20))
            default: if !text.isEmpty, text.utf8.last != UInt8(ascii: "-") { text += "-" }
            }
        }
        while text.utf8.last == UInt8(ascii: "-") { text.removeLast() }
        return text.isEmpty ? "value" : text
    }
}
