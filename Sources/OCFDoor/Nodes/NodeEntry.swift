import Concentrator
import OneLoop

/// A node as the device shows it: a collection and its resources.
@Loop
final class NodeEntry {
    let id: NodeID
    /// `/ble/A4C1388D18B2`: the name of the node, which is made of characters that a URI needs no escape for.
    let href: String
    /// Its place among the nodes: they are listed in the order they came.
    var order = 0
    /// What people call the node.
    var title: String { didSet { links = nil } }
    /// Its resources.
    private(set) var values: [BoundValue] = [] { didSet { links = nil } }
    /// The `ins` of its links, once they are known.
    var numbers: InstanceNumbers.Numbers? { didSet { links = nil } }
    /// Its links and those of its resources as bytes; nil until somebody asks for them all, and when they changed since.
    var links: EncodedLinks?
    /// The charge in per cent at which `lowbattery` begins to be true.
    var batteryThreshold: Int
    /// Whether the cloud's directory has been told of it.
    var isAnnounced = false

    /// Units and kinds of the fields when the resources were made: other ones make other resources.
    private var shapes: [FieldShape] = []
    /// What observers were last told of each resource, so that readings that round to the same value are not told twice.
    private var told: [String: Int] = [:]

    private struct FieldShape: Equatable {
        let name: String
        let unit: String?
        let kind: UInt8
    }

    init(_ node: NodeSnapshot, batteryThreshold: Int) {
        id = node.id
        href = "/\(node.id)"
        title = node.description.displayName
        self.batteryThreshold = batteryThreshold
        bind(node)
    }

    /// Makes the resources anew.
    ///
    /// - Returns: the segments that were not there before or are of another type now, and those that are no more.
    @discardableResult
    func bind(_ node: NodeSnapshot) -> (changed: [String], removed: [String]) {
        let before = Dictionary(
            values.map { ($0.segment, $0.definition.type) }, uniquingKeysWith: { first, _ in first })
        values = BoundValue.all(of: node)
        shapes = node.fields.map(Self.shape)
        let after = Set(values.map(\.segment))
        return (
            values.filter { before[$0.segment] != $0.definition.type }.map(\.segment),
            before.keys.filter { !after.contains($0) }.sorted()
        )
    }

    /// Whether these readings are of fields that the resources were made for.
    func fits(_ fields: [Field]) -> Bool {
        fields.allSatisfy { shapes.contains(Self.shape($0)) }
    }

    /// The resource of a segment.
    func value(_ segment: String) -> BoundValue? {
        values.first { $0.segment == segment }
    }

    /// Notes what a resource shows now; false when that is what observers were told last.
    func note(_ segment: String, hash: Int) -> Bool {
        told.updateValue(hash, forKey: segment) != hash
    }

    private static func shape(_ field: Field) -> FieldShape {
        let kind: UInt8 =
            switch field.value {
            case .number: 0
            case .boolean: 1
            case .text: 2
            case .timestamp: 3
            }
        return FieldShape(name: field.name, unit: field.unit, kind: kind)
    }
}
