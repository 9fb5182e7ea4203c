import CBOR
import OCFModel
import OneLoop

/// `/oic/d`: the device.
struct DeviceInformation: DeviceResource {
    unowned let device: OCFDevice

    let href = "/oic/d"
    let policy: Link.Policy = [.discoverable, .observable]
    let isPublished = true
    let instance: Int? = CoreInstance.device
    let isReachableInClear = true
    var definition: ResourceTypeDefinition? { .device }
    var resourceTypes: [String] { [device.settings.deviceType, "oic.wk.d"] }

    func properties() -> CBOR.Map {
        let settings = device.settings
        var map: CBOR.Map = [
            "n": .text(device.name), "di": .text(device.identity.deviceID.description),
            "piid": .text(device.identity.permanentID.description), "icv": .text(DeviceSettings.coreVersion),
            "dmv": .text(DeviceSettings.dataModelVersion),
            "dmn": [["language": "en", "value": .text(settings.manufacturer.limited(to: 64))]],
        ]
        if let model = settings.model { map["dmno"] = .text(model.limited(to: 64)) }
        if let version = settings.softwareVersion { map["sv"] = .text(version.limited(to: 64)) }
        return map
    }
}

/// `/oic/p`: the platform that the device runs on.
struct PlatformInformation: DeviceResource {
    unowned let device: OCFDevice

    let href = "/oic/p"
    let policy: Link.Policy = [.discoverable, .observable]
    let isPublished = true
    let instance: Int? = CoreInstance.platform
    let isReachableInClear = true
    var definition: ResourceTypeDefinition? { .platform }

    func properties() -> CBOR.Map {
        let settings = device.settings
        var map: CBOR.Map = [
            "pi": .text(device.identity.platformID.description), "mnmn": .text(settings.manufacturer.limited(to: 64)),
        ]
        if let model = settings.model { map["mnmo"] = .text(model.limited(to: 64)) }
        if let version = settings.hardwareVersion { map["mnhw"] = .text(version.limited(to: 64)) }
        if let version = settings.systemVersion { map["mnos"] = .text(version.limited(to: 64)) }
        if let version = settings.softwareVersion { map["mnfv"] = .text(version.limited(to: 64)) }
        if let number = settings.serialNumber { map["mnsel"] = .text(number.limited(to: 64)) }
        return map
    }
}
