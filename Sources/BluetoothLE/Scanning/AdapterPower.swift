/// Powers an adapter the way that scanning, connecting and pairing need it.
///
/// The kernel offers pairing only on an adapter that was powered through the management channel; an adapter with both
/// radios has LE off until it is asked for; keys of pairings are kept only when it is bondable.
struct AdapterPower: Sendable {
    let channel: ManagementChannel
    let adapter: AdapterIndex
    /// What tells whether it is switched off.
    var rfkill = RadioSwitch()

    /// What is wanted of an adapter that supports it.
    private static let wanted: AdapterSettings = [.lowEnergy, .bondable, .secureConnections]

    /// Powers it, unless it is as it should be. Where the capability is missing but the adapter is on, that is enough for
    /// scanning, and no error.
    ///
    /// - Returns: what it is now.
    func switchOn() async throws(RadioError) -> AdapterInformation {
        let information = try await read()
        guard information.supported.contains(.lowEnergy) else {
            throw RadioError(.unsupported, "\(adapter) has no Low Energy radio")
        }
        let wanted = AdapterPower.wanted.intersection(information.supported).union(.powered)
        if information.current.isSuperset(of: wanted) { return information }
        do throws(RadioError) {
            if information.current.contains(.powered) { try await set(.setPowered(adapter, false)) }
            try await configure(information)
        } catch {
            guard error.code == .permission, information.current.isSuperset(of: [.powered, .lowEnergy]) else {
                throw error
            }
            return information
        }
        return try await read()
    }

    /// Powers it off and on.
    func cycle() async throws(RadioError) {
        let information = try await read()
        try await set(.setPowered(adapter, false))
        try await configure(information)
    }

    /// Whether it is powered.
    func isOn() async throws(RadioError) -> Bool { try await read().current.contains(.powered) }

    private func configure(_ information: AdapterInformation) async throws(RadioError) {
        // LE-only controllers have it always, and the kernel may then refuse to be asked.
        if information.supported.contains(.classic) { try await set(.setLowEnergy(adapter, true)) }
        try await set(.setBondable(adapter, true))
        if information.supported.contains(.secureConnections) {
            try await set(.setSecureConnections(adapter, true))
        }
        do throws(RadioError) {
            try await set(.setPowered(adapter, true))
        } catch {
            // Of an adapter that is switched off Linux 6.1 says "failed", and later ones what it is.
            guard let block = rfkill.block(adapter) else { throw error }
            throw RadioError(block, of: adapter)
        }
    }

    private func read() async throws(RadioError) -> AdapterInformation {
        guard let information = ManagementReply.information(try await channel.request(.readInformation(adapter))) else {
            throw RadioError(.malformed, "\(adapter): the kernel's description of it cannot be read")
        }
        return information
    }

    private func set(_ command: ManagementCommand) async throws(RadioError) {
        _ = try await channel.request(command)
    }
}
