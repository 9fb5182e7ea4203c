import OneM2MPrimitives
import Testing

@testable import OneM2MDoor

@Suite("The table of resource types")
struct ResourceTableTests {
    @Test("What the page says is absent is: nothing is both there and not")
    func absent() {
        #expect(!AbsentFeatures.types.isEmpty)
        for type in AbsentFeatures.types {
            #expect(ResourceTable.definition(ResourceType(rawValue: type.number)) == nil, "\(type.title)")
        }
        for definition in ResourceTable.all {
            for name in AbsentFeatures.attributes(of: definition.type) {
                #expect(definition.attribute(name) == nil, "\(definition.title) \(name)")
                #expect(!definition.common.contains { $0.rawValue == name }, "\(definition.title) \(name)")
                #expect(ResourceReference.markdown.contains("| `\(name)` | no |"))
            }
        }
        let numbers = AbsentFeatures.types.map(\.number)
        #expect(Set(numbers).count == numbers.count)
    }
}
