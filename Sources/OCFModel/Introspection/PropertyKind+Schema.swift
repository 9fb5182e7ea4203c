import CBOR

extension PropertyKind {
    /// The kind as JSON Schema in the subset of OpenAPI 2.0.
    var schema: CBOR.Map {
        switch self {
        case .boolean: return ["type": "boolean"]
        case .integer(let range):
            var schema: CBOR.Map = ["type": "integer"]
            if let range {
                schema["minimum"] = .int(range.lowerBound)
                if range.upperBound != .max { schema["maximum"] = .int(range.upperBound) }
            }
            return schema
        case .number(let minimum, let maximum):
            var schema: CBOR.Map = ["type": "number"]
            if let minimum { schema["minimum"] = .double(minimum) }
            if let maximum { schema["maximum"] = .double(maximum) }
            return schema
        case .text(let maximumLength, let format):
            var schema: CBOR.Map = ["type": "string"]
            if let maximumLength { schema["maxLength"] = .int(maximumLength) }
            switch format {
            case .uuid: schema["format"] = "uuid"
            case .uri: schema["format"] = "uri"
            case .dateTime: schema["format"] = "date-time"
            case .date: schema["format"] = "date"
            case .languageTag: schema["pattern"] = "^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$"
            case nil: break
            }
            return schema
        case .choice(let choices): return ["type": "string", "enum": .texts(choices)]
        case .integerChoice(let choices): return ["type": "integer", "enum": .array(choices.map { .int($0) })]
        case .array(let kind, let count):
            var schema: CBOR.Map = ["type": "array", "items": .map(kind.schema)]
            schema["minItems"] = .int(count.lowerBound)
            schema["maxItems"] = .int(count.upperBound)
            return schema
        case .object(let properties):
            var members: CBOR.Map = [:]
            for property in properties { members[property.name] = .map(property.kind.schema) }
            var schema: CBOR.Map = ["type": "object", "properties": .map(members)]
            let required = properties.filter(\.isMandatory).map(\.name)
            if !required.isEmpty { schema["required"] = .texts(required) }
            return schema
        }
    }
}
