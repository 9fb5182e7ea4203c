import CBOR
import Foundation

extension SchemaStore {
    /// What of a value is not as its schema says; empty when everything is.
    ///
    /// Knows the keywords that the definition files use; ``unknownKeywords`` is there to prove that it does.
    public func faults(of value: CBOR.Value, at path: String = "", in place: Place) throws -> [String] {
        let place = try resolve(place)
        let schema = place.schema
        var faults: [String] = []
        func fail(_ what: String) { faults.append("\(path.isEmpty ? "/" : path): \(what), found \(value)") }
        func sub(_ schema: CBOR.Value) -> Place { Place(file: place.file, schema: schema) }

        if let type = schema["type"]?.string, !Self.isOfType(value, type) { fail("is no \(type)") }
        if let choices = schema["enum"]?.items, !choices.contains(value) { fail("is not one of \(choices)") }
        if let number = value.number, value.bool == nil {
            let exclusive = schema["exclusiveMinimum"] == true
            if let minimum = schema["minimum"]?.number, exclusive ? number <= minimum : number < minimum {
                fail("is below \(minimum)")
            }
            if let maximum = schema["maximum"]?.number, number > maximum { fail("is above \(maximum)") }
        }
        if let text = value.string {
            if let limit = schema["maxLength"]?.int, text.unicodeScalars.count > limit {
                fail("is longer than \(limit)")
            }
            if let pattern = schema["pattern"]?.string {
                let range = NSRange(text.startIndex..., in: text)
                if try NSRegularExpression(pattern: pattern).firstMatch(in: text, range: range) == nil {
                    fail("does not match \(pattern)")
                }
            }
            if schema["format"] == "date-time", !Self.isDateTime(text) { fail("is no date-time") }
            if schema["format"] == "uri", text.contains(" ") { fail("is no uri") }
        }
        if let items = value.items {
            if let limit = schema["minItems"]?.int, items.count < limit { fail("has fewer than \(limit) items") }
            if let limit = schema["maxItems"]?.int, items.count > limit { fail("has more than \(limit) items") }
            if schema["uniqueItems"] == true, Set(items).count != items.count { fail("has an item twice") }
            if let each = schema["items"] {
                for (index, item) in items.enumerated() {
                    faults += try self.faults(of: item, at: "\(path)/\(index)", in: sub(each))
                }
            }
        }
        if let map = value.entries {
            for name in schema["required"]?.items ?? [] where map[name] == nil { fail("lacks \(name)") }
            let properties = schema["properties"]?.entries ?? [:]
            for (key, item) in map {
                if let property = properties[key] {
                    faults += try self.faults(of: item, at: "\(path)/\(key.string ?? "?")", in: sub(property))
                } else if schema["additionalProperties"] == false {
                    fail("has the unknown \(key)")
                }
            }
        }
        for each in schema["allOf"]?.items ?? [] { faults += try self.faults(of: value, at: path, in: sub(each)) }
        if let any = schema["anyOf"]?.items,
            try !any.contains(where: { try self.faults(of: value, in: sub($0)).isEmpty })
        {
            fail("is none of anyOf")
        }
        if let one = schema["oneOf"]?.items,
            try one.count(where: { try self.faults(of: value, in: sub($0)).isEmpty }) != 1
        {
            fail("is not exactly one of oneOf")
        }
        return faults
    }

    /// The keywords of the files' schemas that ``faults(of:at:in:)`` would pass over in silence.
    public var unknownKeywords: Set<String> {
        let known: Set<String> = [
            "type", "enum", "minimum", "maximum", "exclusiveMinimum", "maxLength", "pattern", "format", "minItems",
            "maxItems", "uniqueItems", "items", "required", "properties", "additionalProperties", "allOf", "anyOf",
            "oneOf", "$ref", "description", "readOnly", "default", "title", "x-detail-desc",
        ]
        var unknown: Set<String> = []
        func walk(_ schema: CBOR.Value) {
            for (key, value) in schema.entries ?? [:] {
                guard let key = key.string else { continue }
                if !known.contains(key) { unknown.insert(key) }
                switch key {
                case "properties": for (_, property) in value.entries ?? [:] { walk(property) }
                case "items": walk(value)
                case "allOf", "anyOf", "oneOf": for each in value.items ?? [] { walk(each) }
                default: break
                }
            }
        }
        for name in names {
            for definition in allDefinitions(in: name) { walk(definition) }
        }
        return unknown
    }

    private static func isOfType(_ value: CBOR.Value, _ type: String) -> Bool {
        switch type {
        case "object": value.entries != nil
        case "array": value.items != nil
        case "string": value.string != nil
        case "boolean": value.bool != nil
        case "integer": value.int != nil || value.number.map { $0.rounded() == $0 } ?? false
        case "number": value.number != nil
        case "null": value.isNull
        default: false
        }
    }

    private static func isDateTime(_ text: String) -> Bool {
        let pattern = #"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$"#
        return text.range(of: pattern, options: .regularExpression) != nil
    }
}
