import CBOR
import CoAPMessages
import OCFModel
import OneLoop

/// `oic.wk.introspection`: where the description of the device's resources is.
struct IntrospectionResource: DeviceResource {
    unowned let device: OCFDevice

    /// IoTivity-Lite's addresses; the specification leaves both open.
    static let path = "/oc/wk/introspection"
    static let dataPath = "/oc/introspection"

    let href = IntrospectionResource.path
    let policy: Link.Policy = .discoverable
    let isPublished = true
    let instance: Int? = CoreInstance.introspection
    var definition: ResourceTypeDefinition? { .introspection }

    /// One address for each way to the device: through the cloud, whose router takes the device's id in front of the path.
    /// While there is no cloud the path alone, on the connection that the question came over.
    func retrieve(
        _ interface: Interface, _ request: ResourceRequest, by caller: Caller
    ) throws(ResourceError) -> CBOR.Value {
        guard let endpoint = device.endpoints?(caller, false).first else {
            return try representation(through: interface)
        }
        let information: CBOR.Value = [
            "url": .text(endpoint.address + Self.dataPath), "protocol": "coaps", "content-type": "application/cbor",
            "version": 1,
        ]
        let own: CBOR.Map = ["urlInfo": [information]]
        return .map(interface == .baseline ? baseline(own) : own)
    }

    func properties() -> CBOR.Map {
        let cloud = device.cloud?.configuration
        let url: String
        if let cloud, !cloud.address.isEmpty {
            url = "\(cloud.address)/\(device.identity.deviceID)\(Self.dataPath)"
        } else {
            url = Self.dataPath
        }
        let information: CBOR.Value = [
            "url": .text(url), "protocol": "coaps+tcp", "content-type": "application/cbor", "version": 1,
        ]
        return ["urlInfo": [information]]
    }
}

/// The description itself.
struct IntrospectionData: DeviceResource {
    unowned let device: OCFDevice

    let href = IntrospectionResource.dataPath
    let resourceTypes = ["oic.introspection.data"]
    let interfaces: [Interface] = [.baseline]
    let policy: Link.Policy = []
    let instance: Int? = nil

    func properties() -> CBOR.Map { [:] }

    /// The link says application/cbor; a client that asks for OCF CBOR gets the same bytes under that name.
    func answer(_ interface: Interface, _ request: ResourceRequest, by caller: Caller) -> Message {
        var message = Message(code: .content, contentFormat: ContentFormat.cbor, payload: document())
        if request.responseFormat == ContentFormat.ocfCBOR, request.acceptsExplicitly {
            message.contentFormat = ContentFormat.ocfCBOR
            message.ocfContentFormatVersion = OCFVersion.v1_0_0
        }
        return message
    }

    /// The OpenAPI document, as CBOR.
    private func document() -> [UInt8] {
        var document = IntrospectionDocument(
            title: device.name, version: device.settings.softwareVersion ?? DeviceSettings.coreVersion)
        for resource in device.discoverable() {
            if let definition = resource.definition {
                document.add(.init(href: resource.href, definition: definition, interfaces: resource.interfaces))
            } else if resource is NodeCollection {
                document.addCollection(href: resource.href)
            }
        }
        return document.encoded
    }
}
