import CBOR
import CoAPMessages
import OCFModel
import OCFSchemas
import Testing

/// The examples in OCF's files, through our codecs.
@Suite struct ExampleTests {
    static let examples: [SchemaStore.Example] = {
        guard let store = try? SchemaStore.shared.get() else { return [] }
        return store.names.flatMap { store.examples(in: $0) }
    }()

    @Test("there are examples of every file")
    func thereAreExamples() throws {
        let store = try SchemaStore.shared.get()
        #expect(Set(Self.examples.map(\.file)) == Set(store.names))
        #expect(Self.examples.count > 70)
    }

    @Test("every example survives a message and is as its schema says", arguments: examples)
    func survives(_ example: SchemaStore.Example) throws {
        var message = Message(code: .content)
        message.setRepresentation(example.value)
        let read = try #require(try message.representation())
        #expect(read == example.value)
        #expect(message.contentFormat == 10_000 && message.ocfContentFormatVersion == 2048)
        guard let place = example.place else { return }
        let faults = try SchemaStore.shared.get().faults(of: read, in: place)
        #expect(faults == [])
    }

    @Test("the body of every update in the files passes our check", arguments: examples.filter(\.isRequest))
    func updates(_ example: SchemaStore.Example) throws {
        let store = try SchemaStore.shared.get()
        let all = ResourceTypeDefinition.core + ResourceTypeDefinition.standard
        let definition = all.first {
            $0.interfaces.allowUpdates && store.file(ofType: $0.type) == example.file
        }
        // Batches and publications are no maps of properties; a humidity is not set here.
        guard let definition, example.value.entries != nil else { return }
        let accepted = try definition.checkUpdate(example.value, current: [:])
        #expect(accepted == example.value.entries)
    }

    @Test("the links of every list of links are read and written again", arguments: examples)
    func links(_ example: SchemaStore.Example) throws {
        var lists: [[CBOR.Value]] = []
        func collect(_ value: CBOR.Value) {
            if let items = value.items {
                if items.first?["rt"] != nil, items.first?["href"] != nil { lists.append(items) }
                for item in items { collect(item) }
            }
            for (_, item) in value.entries ?? [:] { collect(item) }
        }
        collect(example.value)
        for list in lists {
            let links = try Link.list(.array(list))
            for (link, item) in zip(links, list) {
                let written = link.value
                for (key, value) in item.entries ?? [:] {
                    #expect(written[key.string ?? ""] == value)
                }
            }
        }
    }
}
