import Concentrator
import JSONText

/// Nodes as the control socket shows them.
enum NodeJSON {
    /// A node with its fields and parameters.
    static func node(_ snapshot: NodeSnapshot) -> JSON {
        [
            "id": .string("\(snapshot.id)"),
            "name": .string(snapshot.description.displayName),
            "available": .bool(snapshot.available),
            "state": .string(name(of: snapshot.state)),
            "last_seen": .string(orNull: snapshot.lastSeen?.iso8601),
            "fields": .array(snapshot.fields.map(field)),
            "parameters": .array(snapshot.description.parameters.map(parameter)),
            "messages": .array(snapshot.messages.map { .string($0.text) }),
        ]
    }

    /// A field with its decimals kept.
    static func field(_ field: Field) -> JSON {
        [
            "name": .string(field.name), "value": value(field.value), "unit": .string(orNull: field.unit),
            "time": .string(field.timestamp.iso8601),
        ]
    }

    /// A parameter with what it takes.
    static func parameter(_ parameter: Parameter) -> JSON {
        [
            "name": .string(parameter.name), "value": parameter.value.map(value) ?? .null,
            "takes": .string(expectation(of: parameter.kind)),
        ]
    }

    /// A value: numbers keep their decimals.
    static func value(_ value: FieldValue) -> JSON {
        switch value {
        case .number(let quantity):
            .number(JSONNumber(mantissa: quantity.mantissa, decimals: quantity.decimals))
        case .boolean(let flag): .bool(flag)
        case .text(let text): .string(text)
        case .timestamp(let time): .string(time.iso8601)
        }
    }

    /// What a parameter takes, in words.
    static func expectation(of kind: ParameterKind) -> String {
        switch kind {
        case .boolean: "true or false"
        case .number(let minimum, let maximum, let decimals, let unit):
            "a number" + (minimum.map { " from \($0)" } ?? "") + (maximum.map { " to \($0)" } ?? "")
                + (unit.map { " \($0)" } ?? "") + (decimals == 0 ? ", whole" : ", at most \(decimals) decimals")
        case .text(let length): "a text of at most \(length) bytes"
        case .choice(let words): "one of " + words.joined(separator: ", ")
        }
    }

    private static func name(of state: NodeState) -> String { state == .none ? "ok" : "\(state)" }
}

extension ParameterKind {
    /// What a person typed, as a value of this kind; the concentrator checks its range.
    ///
    /// - Throws: ``ControlError`` `badValue`.
    func value(typed text: String) throws(ControlError) -> FieldValue {
        switch self {
        case .boolean:
            switch text.lowercased() {
            case "true", "on", "1", "yes": return .boolean(true)
            case "false", "off", "0", "no": return .boolean(false)
            default: break
            }
        case .number:
            if let quantity = Quantity(text) { return .number(quantity) }
        case .text, .choice:
            return .text(text)
        }
        throw ControlError(.badValue, "found \"\(text)\", expected \(NodeJSON.expectation(of: self))")
    }
}

extension ControlError {
    /// A node's error as the command line sees it.
    init(_ error: NodeError) {
        let code: Code =
            switch error.code {
            case .notFound, .unknownField, .unknownParameter, .unknownCommand, .unknownSource: .notFound
            case .ambiguous, .invalidName, .badParent: .badRequest
            case .invalidValue: .badValue
            case .exists, .full, .refused: .refused
            case .driverFailed: .failed
            }
        self.init(code, error.reason)
    }

    /// A write's error as the command line sees it.
    init(_ error: WriteError) {
        let first = error.failures.first.map { ControlError($0.error).code } ?? .failed
        self.init(first, error.description)
    }
}
