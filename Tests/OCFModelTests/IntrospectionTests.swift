import CBOR
import OCFModel
import OCFSchemas
import Testing

@Suite struct IntrospectionTests {
    @Test("each resource has its path, and its schemas are whole")
    func document() throws {
        var document = IntrospectionDocument(title: "Gatehouse", version: "1.0")
        let all = ResourceTypeDefinition.core + ResourceTypeDefinition.standard + ResourceTypeDefinition.own
        for (index, definition) in all.enumerated() {
            document.add(.init(href: "/r/\(index)", definition: definition, interfaces: definition.interfaces))
        }
        document.addCollection(href: "/node")
        let value = try CBOR.decode(document.encoded)
        #expect(value["swagger"] == "2.0")
        #expect(value["info"]?["title"] == "Gatehouse")
        #expect(value["paths"]?.entries?.count == all.count + 1)
        for (index, definition) in all.enumerated() {
            let path = try #require(value["paths"]?["/r/\(index)"])
            #expect((path["post"] != nil) == definition.interfaces.allowUpdates)
            let schema = try resolve(path["get"]?["responses"]?["200"]?["schema"], in: value)
            for property in definition.properties {
                let shown = schema["properties"]?[property.name]
                #expect((shown != nil) == (property.access != .writeOnly), "\(definition.type) \(property.name)")
                if property.access == .readOnly { #expect(shown?["readOnly"] == true) }
            }
            let query = try resolve(path["get"]?["parameters"]?[0], in: value)
            #expect(query["enum"] == .texts(definition.interfaces.map(\.rawValue)))
            guard definition.interfaces.allowUpdates else { continue }
            let update = try resolve(path["post"]?["parameters"]?[1]?["schema"], in: value)
            let writable = definition.properties.filter { $0.access != .readOnly }.map(\.name)
            #expect(Set(update["properties"]?.entries?.keys.compactMap(\.string) ?? []) == Set(writable))
        }
    }

    private func resolve(_ value: CBOR.Value?, in document: CBOR.Value) throws -> CBOR.Value {
        var value = try #require(value)
        if let reference = value["$ref"]?.string {
            value = document
            for step in reference.dropFirst(2).split(separator: "/") { value = try #require(value[String(step)]) }
        }
        return value
    }
}
