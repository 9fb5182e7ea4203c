import CBOR
import CoAPMessages
import OCFModel
import OneLoop

/// What the house does when `/oic/mnt` asks.
public struct MaintenanceActions: Sendable {
    /// Forgets everything (`fr`); nil when that is not offered.
    public var factoryReset: (@Loop () -> Void)?
    /// Starts anew (`rb`); nil when that is not offered.
    public var reboot: (@Loop () -> Void)?

    /// Nothing, until told.
    public init(factoryReset: (@Loop () -> Void)? = nil, reboot: (@Loop () -> Void)? = nil) {
        self.factoryReset = factoryReset
        self.reboot = reboot
    }
}

/// `/oic/mnt`: factory reset and restart.
@Loop
final class MaintenanceResource: DeviceResource {
    let href = "/oic/mnt"
    let policy: Link.Policy = [.discoverable, .observable]
    let isPublished = true
    let instance: Int? = CoreInstance.maintenance
    var definition: ResourceTypeDefinition? { .maintenance }

    /// From the answer to the deed, so that the answer and the notifications reach whoever asked. IoTivity-Lite waits as
    /// long before it resets.
    static let delay = Duration.seconds(2)

    private unowned let device: OCFDevice
    private var resets = false
    private var reboots = false

    init(device: OCFDevice) {
        self.device = device
    }

    func properties() -> CBOR.Map {
        ["fr": .boolean(resets), "rb": .boolean(reboots)]
    }

    func update(
        _ interface: Interface, _ request: ResourceRequest, by caller: Caller
    ) async throws(ResourceError) -> CBOR.Value {
        let accepted = try ResourceTypeDefinition.maintenance.checkUpdate(request.body, current: baseline(properties()))
        let wantsReset = accepted["fr"]?.bool == true
        let wantsReboot = accepted["rb"]?.bool == true
        if wantsReset, !device.permitsFactoryReset(by: caller) {
            throw ResourceError(.forbidden, "a factory reset is done at the box: hold its button")
        }
        if wantsReboot, !device.permitsReboot(by: caller) {
            throw ResourceError(.forbidden, "the cloud may not restart this gateway")
        }
        let actions = device.maintenance
        if wantsReset, actions.factoryReset == nil || wantsReboot && actions.reboot == nil {
            throw ResourceError(.notImplemented, "this gateway offers no such maintenance")
        }
        if wantsReboot, actions.reboot == nil {
            throw ResourceError(.notImplemented, "this gateway cannot restart itself")
        }
        guard wantsReset || wantsReboot, !resets, !reboots else { return try representation(through: interface) }
        resets = wantsReset
        reboots = wantsReboot
        device.resourceChanged(href)
        device.schedule(Self.delay) { [weak self] in self?.act(actions) }
        return try representation(through: interface)
    }

    private func act(_ actions: MaintenanceActions) {
        let (resets, reboots) = (resets, reboots)
        self.resets = false
        self.reboots = false
        device.resourceChanged(href)
        if resets { actions.factoryReset?() }
        if reboots { actions.reboot?() }
    }
}
