import CBOR
import CoAPMessages
import OCFModel
import OneLoop

/// A resource of the device.
@Loop
protocol DeviceResource {
    /// Its address.
    var href: String { get }
    /// Its types.
    var resourceTypes: [String] { get }
    /// Its interfaces, the default one first.
    var interfaces: [Interface] { get }
    /// What it is, where it has properties.
    var definition: ResourceTypeDefinition? { get }
    /// Whether it is in `/oic/res`, and whether it can be observed.
    var policy: Link.Policy { get }
    /// Its name for people.
    var title: String? { get }
    /// Whether it configures the device instead of serving an application.
    var configuresDevice: Bool { get }
    /// Whether it is offered without encryption, too.
    var isReachableInClear: Bool { get }
    /// Whether the cloud's directory is told of it.
    var isPublished: Bool { get }
    /// `ins` of its link.
    var instance: Int? { get }

    /// Its own properties.
    ///
    /// - Throws: `ResourceError` 5.03 when there is no value yet.
    func properties() throws(ResourceError) -> CBOR.Map
    /// What one of its interfaces shows: the properties, and for the baseline the common ones before them.
    ///
    /// - Throws: as ``properties()``.
    func representation(through interface: Interface) throws(ResourceError) -> CBOR.Value
    /// What a RETRIEVE through one of its interfaces shows.
    func retrieve(_ interface: Interface, _ request: ResourceRequest, by caller: Caller) throws(ResourceError)
        -> CBOR.Value
    /// The answer to a RETRIEVE through one of its interfaces: what ``retrieve(_:_:by:)`` shows, in the format asked for.
    func answer(_ interface: Interface, _ request: ResourceRequest, by caller: Caller) throws(ResourceError) -> Message
    /// Does an UPDATE through one of its interfaces, whole or not at all.
    ///
    /// - Returns: what the answer shows.
    func update(_ interface: Interface, _ request: ResourceRequest, by caller: Caller) async throws(ResourceError)
        -> CBOR.Value
}

extension DeviceResource {
    var definition: ResourceTypeDefinition? { nil }
    var title: String? { nil }
    var configuresDevice: Bool { true }
    var isReachableInClear: Bool { false }
    var isPublished: Bool { false }

    var resourceTypes: [String] { definition.map { [$0.type] } ?? [] }
    var interfaces: [Interface] { definition?.interfaces ?? [] }

    func retrieve(
        _ interface: Interface, _ request: ResourceRequest, by caller: Caller
    ) throws(ResourceError) -> CBOR.Value {
        try representation(through: interface)
    }

    func answer(
        _ interface: Interface, _ request: ResourceRequest, by caller: Caller
    ) throws(ResourceError) -> Message {
        .ocfResponse(.content, try retrieve(interface, request, by: caller), format: request.responseFormat)
    }

    func update(
        _ interface: Interface, _ request: ResourceRequest, by caller: Caller
    ) async throws(ResourceError) -> CBOR.Value {
        throw ResourceError(.methodNotAllowed, "\(href) is read-only")
    }

    func representation(through interface: Interface) throws(ResourceError) -> CBOR.Value {
        let own = try properties()
        return .map(interface == .baseline ? baseline(own) : own)
    }

    /// These properties with the common ones.
    func baseline(_ own: CBOR.Map) -> CBOR.Map {
        var map: CBOR.Map = ["rt": .texts(resourceTypes), "if": .texts(interfaces.map(\.rawValue))]
        if let title { map["n"] = .text(title) }
        for (key, value) in own { map[key] = value }
        return map
    }

    /// What the access control entries are asked about.
    var accessFacts: AccessFacts {
        AccessFacts(
            href: href, configuresDevice: configuresDevice, isDiscoverable: policy.contains(.discoverable),
            hasPlainEndpoint: isReachableInClear)
    }

    /// Its link.
    func link(anchor: String) -> Link {
        Link(
            href: href, resourceTypes: resourceTypes, interfaces: interfaces, policy: policy,
            relations: href == DiscoveryResource.path ? ["self"] : [], anchor: anchor, instance: instance, title: title)
    }
}

/// The `ins` of the resources that every device has. Those of nodes come from a counter and begin at 100.
enum CoreInstance {
    static let discovery = 1
    static let device = 2
    static let platform = 3
    static let introspection = 4
    static let configuration = 5
    static let maintenance = 6
    static let cloud = 7
    /// The security resources, in their order.
    static let firstOfSecurity = 20
    /// Added to the numbers of the counter.
    static let firstOfNodes = 100
}
