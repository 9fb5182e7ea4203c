import CBOR
import CoAPMessages

/// Reads the properties of a security resource out of a payload. Every error is 4.00 and names the property.
struct PropertyReader {
    /// What the map belongs to, for messages: "doxm", "creds[2]".
    let name: String
    let map: CBOR.Map

    init(_ map: CBOR.Map, of name: String) {
        self.map = map
        self.name = name
    }

    init(_ value: CBOR.Value?, of name: String) throws(ResourceError) {
        guard let map = value?.entries else {
            throw ResourceError(.badRequest, "\(name): expected a map of properties")
        }
        self.init(map, of: name)
    }

    func fail(_ property: String, _ expected: String) -> ResourceError {
        ResourceError(.badRequest, "\(name).\(property): expected \(expected)")
    }

    func contains(_ property: String) -> Bool { map[property] != nil }

    /// Throws when the payload has one of these, even with the value it has already: they are nobody's to write.
    func refuse(_ properties: String...) throws(ResourceError) {
        for property in properties where map[property] != nil {
            throw ResourceError(.badRequest, "\(name).\(property) is read-only")
        }
    }

    /// Throws when the payload has none of these.
    func requireAny(_ properties: String...) throws(ResourceError) {
        if !properties.contains(where: { map[$0] != nil }) {
            throw ResourceError(
                .badRequest, "\(name): nothing to write; expected \(properties.joined(separator: ", "))")
        }
    }

    func require<Value>(_ property: String, _ value: Value?) throws(ResourceError) -> Value {
        guard let value else { throw ResourceError(.badRequest, "\(name).\(property) is missing") }
        return value
    }

    func uuid(_ property: String) throws(ResourceError) -> Identifier? {
        guard let value = map[property] else { return nil }
        guard let id = value.string.flatMap({ Identifier($0) }) else { throw fail(property, "a UUID") }
        return id
    }

    func bool(_ property: String) throws(ResourceError) -> Bool? {
        guard let value = map[property] else { return nil }
        guard let flag = value.bool else { throw fail(property, "true or false") }
        return flag
    }

    func integer(_ property: String, _ range: ClosedRange<Int>) throws(ResourceError) -> Int? {
        guard let value = map[property] else { return nil }
        guard let number = value.wholeNumber, range.contains(number) else {
            throw fail(property, "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func text(
        _ property: String, maximumLength: Int = SecurityLimits.textLength
    ) throws(ResourceError) -> String? {
        guard let value = map[property] else { return nil }
        guard let text = value.string, text.unicodeScalars.count <= maximumLength else {
            throw fail(property, "text of at most \(maximumLength) characters")
        }
        return text
    }

    func array(_ property: String, maximumCount: Int) throws(ResourceError) -> [CBOR.Value]? {
        guard let value = map[property] else { return nil }
        guard let items = value.items, items.count <= maximumCount else {
            throw fail(property, "an array of at most \(maximumCount) items")
        }
        return items
    }

    func choice<Choice: RawRepresentable>(
        _ property: String, _ type: Choice.Type
    ) throws(ResourceError) -> Choice? where Choice.RawValue == String {
        guard let value = map[property] else { return nil }
        guard let choice = value.string.flatMap({ Choice(rawValue: $0) }) else {
            throw fail(property, "one of its definition's values; found \(value.string ?? "no text")")
        }
        return choice
    }

    func inner(_ property: String) throws(ResourceError) -> PropertyReader? {
        guard let value = map[property] else { return nil }
        return try PropertyReader(value, of: "\(name).\(property)")
    }
}
