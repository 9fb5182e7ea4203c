import CBOR
import CoAPMessages
import Concentrator
import OCFModel
import OneLoop

/// One field or parameter of a node as a resource.
struct NodeResource: DeviceResource {
    unowned let device: OCFDevice
    let entry: NodeEntry
    let value: BoundValue

    var href: String { "\(entry.href)/\(value.segment)" }
    var definition: ResourceTypeDefinition? { value.definition }
    var title: String? { "\(entry.title) \(value.title)".limited(to: 64) }
    var configuresDevice: Bool { false }
    var isPublished: Bool { true }
    var instance: Int? { entry.numbers?.instance(value.segment) }
    let policy: Link.Policy = [.discoverable, .observable]

    /// What an UPDATE sets.
    enum Effect: Sendable {
        /// A parameter of the node.
        case write(NodeWrite)
        /// When a battery counts as low, which is kept here.
        case batteryThreshold(Int)
    }

    func properties() throws(ResourceError) -> CBOR.Map {
        guard let node = device.concentrator.node(entry.id) else {
            throw ResourceError(.notFound, "\(entry.id) is gone")
        }
        return try value.properties(of: node, batteryThreshold: entry.batteryThreshold)
    }

    func retrieve(
        _ interface: Interface, _ request: ResourceRequest, by caller: Caller
    ) throws(ResourceError) -> CBOR.Value {
        let representation = try representation(through: interface)
        // A temperature may be asked for in another unit (its definition, query "units").
        guard let asked = request[query: "units"], definition?["temperature"] != nil else { return representation }
        guard let unit = TemperatureUnit(rawValue: asked) else {
            throw ResourceError(.forbidden, "units=\(asked); C, F and K are known", representation: representation)
        }
        guard let own = representation["units"]?.string.flatMap(TemperatureUnit.init(rawValue:)) else {
            return representation
        }
        var converted = representation
        converted["units"] = .text(asked)
        if let number = representation["temperature"]?.number {
            converted["temperature"] = .double(unit.convert(number, from: own))
        }
        if let range = representation["range"]?.items {
            converted["range"] = .array(range.map { .double(unit.convert($0.number ?? 0, from: own)) })
        }
        return converted
    }

    func update(
        _ interface: Interface, _ request: ResourceRequest, by caller: Caller
    ) async throws(ResourceError) -> CBOR.Value {
        let effect = try effect(of: request.body)
        do throws(ResourceError) {
            try await device.perform([(self, effect)])
        } catch {
            throw answer(to: error)
        }
        return try representation(through: interface)
    }

    /// What the body of an UPDATE sets; nothing is done yet.
    func effect(of body: CBOR.Value?) throws(ResourceError) -> Effect {
        let definition = value.definition
        let current = baseline((try? properties()) ?? [:])
        let accepted = try definition.checkUpdate(body, current: current)
        switch value.source {
        case .parameter(let rule, let name, let decimals):
            let value = try rule.value(accepted, decimals: decimals)
            return .write(NodeWrite(node: entry.id, parameter: name, value: value))
        case .field, .energy, .availability:
            guard let threshold = accepted["batterythreshold"]?.wholeNumber else {
                throw ResourceError(.methodNotAllowed, "\(href) is measured, not set")
            }
            return .batteryThreshold(threshold)
        }
    }

    /// The error with the resource's state, where its definition promises that for values out of range.
    private func answer(to error: ResourceError) -> ResourceError {
        guard error.code == .forbidden, error.representation == nil, let own = try? properties() else { return error }
        return ResourceError(error.code, error.reason, representation: .map(own))
    }
}
