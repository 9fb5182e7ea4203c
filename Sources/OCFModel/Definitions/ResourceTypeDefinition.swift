import CBOR

/// What a resource type is: its interfaces, its properties, and what an UPDATE of it may hold.
///
/// The facts of the OpenAPI definitions of OCF as Swift values; the tests compare each with its definition file.
public struct ResourceTypeDefinition: Sendable, Hashable {
    /// `rt`, such as `oic.r.temperature`.
    public let type: String
    /// The interfaces its definition allows, the default one of ours first.
    public let interfaces: [Interface]
    /// Its properties, the common ones (`rt`, `if`, `n`, `id`) aside.
    public let properties: [PropertyDefinition]
    /// Whether its definition answers a value out of range with 4.03 and the present state, instead of 4.00.
    public let forbidsOutOfRange: Bool

    /// A definition.
    public init(
        _ type: String, _ interfaces: [Interface], forbidsOutOfRange: Bool = false, _ properties: [PropertyDefinition]
    ) {
        self.type = type
        self.interfaces = interfaces
        self.properties = properties
        self.forbidsOutOfRange = forbidsOutOfRange
    }

    /// The property of this name.
    public subscript(_ name: String) -> PropertyDefinition? {
        properties.first { $0.name == name }
    }

    /// Checks the body of an UPDATE whole, before anything is done.
    ///
    /// Unknown properties are ignored, so that a newer client can speak to us; a body with nothing we know is refused. A
    /// read-only property is refused, unless it repeats the value it has: clients send back what they have read.
    ///
    /// - Parameters:
    ///   - body: the payload; a map.
    ///   - current: the resource's present representation.
    /// - Returns: the writable properties of the body, at least one, each of its kind.
    /// - Throws: ``ResourceError`` 4.00, or 4.03 with `current` for what ``forbidsOutOfRange`` says.
    public func checkUpdate(_ body: CBOR.Value?, current: CBOR.Map) throws(ResourceError) -> CBOR.Map {
        guard let body else {
            throw ResourceError(.badRequest, "an UPDATE needs a payload: a map of properties")
        }
        guard let map = body.entries else {
            throw ResourceError(.badRequest, "the payload is no map of properties")
        }
        var accepted: CBOR.Map = [:]
        for (key, value) in map {
            guard let name = key.string else {
                throw ResourceError(.badRequest, "the names of properties are text")
            }
            guard let property = self[name] else {
                if Self.commonProperties.contains(name), let present = current[name], present != value {
                    throw ResourceError(.badRequest, "\(name) is read-only")
                }
                continue
            }
            guard property.access != .readOnly else {
                if let present = current[name], present.means(value) { continue }
                throw ResourceError(.badRequest, "\(name) of \(type) is read-only")
            }
            do {
                try property.kind.check(value)
            } catch {
                if error.isOutOfRange, forbidsOutOfRange {
                    throw ResourceError(.forbidden, "\(name): \(error)", representation: .map(current))
                }
                throw ResourceError(.badRequest, "\(name): \(error)")
            }
            accepted[name] = value
        }
        if let missing = properties.first(where: { $0.isMandatoryInUpdate && accepted[$0.name] == nil }) {
            throw ResourceError(.badRequest, "\(missing.name) is missing; an UPDATE of \(type) needs it")
        }
        guard !accepted.isEmpty else {
            let names = properties.filter { $0.access != .readOnly }.map(\.name).joined(separator: ", ")
            throw ResourceError(
                .badRequest, names.isEmpty ? "\(type) has nothing to write" : "nothing to write; expected \(names)")
        }
        return accepted
    }

    /// The properties that every resource may have (core, "Common Properties"); nobody writes them through an UPDATE,
    /// but for `n` where a type defines it itself.
    static let commonProperties: Set<String> = ["rt", "if", "n", "id"]
}

extension CBOR.Value {
    /// Whether two values say the same to a client: equal, or equal as numbers (`20` and `20.0`).
    func means(_ other: CBOR.Value) -> Bool {
        if self == other { return true }
        switch (self, other) {
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.means($1) }
        default:
            guard let left = number, let right = other.number else { return false }
            return left == right
        }
    }
}
