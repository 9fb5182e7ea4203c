import CBOR
import CoAPMessages
import OCFModel
import OneLoop

/// `oic.r.coapcloudconf`: which cloud the device belongs to, and how it stands with it.
struct CloudConfigurationResource: DeviceResource {
    unowned let device: OCFDevice

    /// IoTivity-Lite's address; clients find the resource by its type.
    static let path = "/CoapCloudConfResURI"

    let href = CloudConfigurationResource.path
    let policy: Link.Policy = [.discoverable, .observable]
    let instance: Int? = CoreInstance.cloud
    var definition: ResourceTypeDefinition? { .coapCloudConf }

    func properties() -> CBOR.Map {
        (device.cloud?.configuration ?? CloudConfiguration()).representation
    }

    func update(
        _ interface: Interface, _ request: ResourceRequest, by caller: Caller
    ) async throws(ResourceError) -> CBOR.Value {
        guard let cloud = device.cloud else {
            throw ResourceError(.serviceUnavailable, "the cloud connection is switched off in the configuration")
        }
        let accepted = try ResourceTypeDefinition.coapCloudConf.checkUpdate(
            request.body, current: baseline(properties()))
        try await cloud.update(try CloudConfigurationUpdate(accepted))
        return try representation(through: interface)
    }
}
