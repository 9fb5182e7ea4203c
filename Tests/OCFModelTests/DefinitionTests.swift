import CBOR
import OCFModel
import OCFSchemas
import Testing

/// Our definitions say what OCF's files say.
@Suite struct DefinitionTests {
    let store: SchemaStore

    init() throws { store = try SchemaStore.shared.get() }

    static let all = ResourceTypeDefinition.core + ResourceTypeDefinition.standard

    @Test("properties, types, bounds and access are those of the file", arguments: all)
    func agrees(_ definition: ResourceTypeDefinition) throws {
        let file = try #require(store.file(ofType: definition.type))
        let reading = try store.resolve(store.answer(in: file))
        let properties = try #require(reading.schema["properties"]?.entries)
        let updating = try? store.resolve(store.update(in: file)).schema["properties"]?.entries
        let required = Set(reading.schema["required"]?.items?.compactMap(\.string) ?? [])
        #expect(required.isSubset(of: Set(definition.properties.filter(\.isMandatory).map(\.name))))
        for property in definition.properties {
            let schema = try #require(properties[property.name] ?? updating?[property.name], "\(property.name)")
            let updated = try store.flat(store.place(updating?[property.name] ?? schema, in: file))
            if property.access != .writeOnly {
                #expect(property.isMandatory == required.contains(property.name) || property.name == "units")
                try agrees(property.kind, store.place(schema, in: file), property.name)
            }
            let isReadOnly = updated["readOnly"] == true
            if definition.interfaces.allowUpdates {
                let isWritable = updating?[property.name] != nil && !isReadOnly
                #expect((property.access != .readOnly) == isWritable, "\(definition.type) \(property.name)")
            } else {
                #expect(property.access == .readOnly)
            }
        }
    }

    @Test(
        "interfaces are among the file's, and a file without update has no interface to update through", arguments: all)
    func interfaces(_ definition: ResourceTypeDefinition) throws {
        let file = try #require(store.file(ofType: definition.type))
        #expect(Set(definition.interfaces.map(\.rawValue)).isSubset(of: store.interfaces(in: file)))
        #expect(definition.interfaces.contains(.baseline))
        if definition.interfaces.allowUpdates { #expect(!store.updateAnswers(in: file).isEmpty) }
        #expect(
            !definition.forbidsOutOfRange || store.updateAnswers(in: file).contains("403"),
            "4.03 is for the types whose file has it")
    }

    @Test("every file kept is of a type we have, and the checker knows all its keywords")
    func filesAreUsed() {
        let types = Set(Self.all.map(\.type))
        // The security resources are values of their own, not definitions.
        let security = SecurityResource.allCases.map { "oic.sec.\($0).swagger.json" }
        let used = Set(types.compactMap { store.file(ofType: $0) } + security)
        #expect(
            Set(store.names).subtracting(used) == [
                "oic.wk.col.swagger.json", "oic.wk.rd.swagger.json", "oic.wk.res.swagger.json",
            ])
        #expect(store.unknownKeywords == [])
    }

    private func agrees(_ kind: PropertyKind, _ place: SchemaStore.Place, _ name: String) throws {
        let schema = try store.flat(place)
        let type = schema["type"]?.string
        switch kind {
        case .boolean: #expect(type == "boolean")
        case .integer(let range):
            #expect(type == "integer", "\(name)")
            #expect(range?.lowerBound == schema["minimum"]?.int, "\(name)")
            if let maximum = schema["maximum"]?.int { #expect(range?.upperBound == maximum, "\(name)") }
        case .number(let minimum, let maximum):
            #expect(type == "number", "\(name)")
            #expect(minimum == schema["minimum"]?.number, "\(name)")
            #expect(maximum == schema["maximum"]?.number, "\(name)")
        case .text(let maximumLength, let format):
            #expect(type == "string", "\(name)")
            #expect(maximumLength == schema["maxLength"]?.int, "\(name)")
            #expect((format != nil) == (schema["format"] != nil || schema["pattern"] != nil), "\(name)")
        case .choice(let choices):
            #expect(schema["enum"] == .texts(choices), "\(name)")
        case .integerChoice(let choices):
            #expect(schema["enum"] == .array(choices.map { .int($0) }), "\(name)")
        case .array(let item, let count):
            #expect(type == "array")
            #expect(count.lowerBound >= schema["minItems"]?.int ?? 0, "\(name)")
            if let maximum = schema["maxItems"]?.int { #expect(count.upperBound == maximum, "\(name)") }
            try agrees(item, store.place(try #require(schema["items"]), in: store.resolve(place)), name)
        case .object(let properties):
            #expect(type == "object")
            for property in properties {
                let member = try #require(schema["properties"]?[property.name], "\(name).\(property.name)")
                try agrees(property.kind, store.place(member, in: store.resolve(place)), "\(name).\(property.name)")
            }
        }
    }
}
