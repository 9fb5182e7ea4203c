import FlashStore
import OCFModel
import OneLoop
import TLS

extension DeviceSecurity {
    /// Does what has to wait for the answer.
    func perform(_ effect: SecurityEffect) async {
        guard case .reset(let deregisters) = effect else { return }
        tell(effect)
        await finishReset(deregistersFromCloud: deregisters)
    }

    /// Finishes a reset that a power cut has interrupted. To be called once, after the hooks are there and before anybody
    /// is served.
    public func finishInterruptedReset() async {
        guard state.state == .reset, trouble == nil else { return }
        log.warning("a reset was cut short; finishing it")
        await finishReset(deregistersFromCloud: false)
    }

    /// Everything as the factory made it, with another device id and another key pair: RESET, and by itself RFOTM.
    ///
    /// Durable at each step: what the hooks wipe goes first; then state, identity, key and what the owner has called the
    /// device change as one. A power cut, or a hook that fails, leaves RESET, in which nobody is served, and the next start
    /// does it again.
    func finishReset(deregistersFromCloud: Bool) async {
        do {
            // An owner transfer that came to nothing takes nothing from who was here before.
            if state.doxm.isOwned {
                for hook in resetHooks { try await hook(deregistersFromCloud) }
            }
            await enter()
            defer { leave() }
            let fresh = try PrivateKey.generateP256()
            var next = state
            let effects = next.finishReset(deviceID: environment.newDeviceID(), presets: environment.presets)
            try await keep(
                next,
                [
                    .put(key: SecurityStorage.keyName, value: try fresh.der()),
                    .remove(key: ConfigurationResource.key),
                ])
            key = fresh
            publicKey = try fresh.publicKey()
            signingRequest = nil
            transferSecrets = nil
            state = next
            trouble = nil
            for effect in effects { tell(effect) }
            onChange?()
        } catch {
            trouble = "the reset is unfinished and goes on at the next start: \(error)"
            log.error("the reset is unfinished", metadata: ["reason": "\(error)"])
        }
    }

    /// Resets the device as its owner can, by the hand of a person at it; returns when that is done.
    ///
    /// - Throws: ``ResourceError`` 5.00 when the flash does not take it; then nothing has changed.
    public func reset() async throws(ResourceError) {
        let (_, later) = try await change { (next) throws(ResourceError) in ((), next.beginReset()) }
        for effect in later { await perform(effect) }
    }

    /// Serves nobody any more, since a factory reset of the whole gateway has begun.
    public func suspend() {
        _ = state.beginReset()
        trouble = "a factory reset is going on"
        onChange?()
    }

    /// What a factory reset of the whole gateway leaves under `ocf/` in the store: a device of nobody, and the numbers that
    /// must not come back. One change: a power cut leaves the device as it was, or reset.
    ///
    /// - Parameter identity: who it is afterwards.
    public func factoryReset(identity: DeviceIdentity) async throws {
        await enter()
        defer { leave() }
        let fresh = try PrivateKey.generateP256()
        var next = state
        _ = next.finishReset(deviceID: identity.deviceID, presets: environment.presets)
        self.identity = identity
        try await keep(
            next, after: [.removeAll(prefix: "ocf/")],
            [.put(key: SecurityStorage.keyName, value: try fresh.der())])
        key = fresh
        publicKey = try fresh.publicKey()
        signingRequest = nil
        state = next
        trouble = nil
    }
}
