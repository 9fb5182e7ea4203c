import CoAPMessages

/// A device's security: its resources and its onboarding state, as one value that changes whole or not at all.
///
/// Who may ask is decided by ``decide(_:on:_:)``; what a permitted request may change in which state by the `apply`
/// functions. They throw without having changed anything. Nothing here waits, stores or sends: what there is to do comes
/// back as ``SecurityEffect``s.
///
/// Nothing of an owner transfer is stored before it is complete (RFPRO): when power fails in the middle of one, the device
/// comes back as if nobody had begun.
public struct SecurityState: Sendable, Hashable {
    /// `oic.r.doxm`.
    public internal(set) var doxm: OwnerTransferMethods
    /// `oic.r.pstat`.
    public internal(set) var pstat: ProvisioningStatus
    /// `oic.r.cred`.
    public internal(set) var cred: CredentialList
    /// `oic.r.acl2`.
    public internal(set) var acl2: AccessControlList
    /// `oic.r.sp`.
    public internal(set) var sp: SecurityProfiles
    /// `oic.r.sdi`.
    public internal(set) var sdi: SecurityDomain
    /// The next numbers for entries.
    public internal(set) var counters: SecurityCounters

    /// What `sp` may say: the profiles of the factory.
    public internal(set) var availableProfiles: [SecurityProfile]
    /// The device ownership connection: the one encrypted connection of an owner transfer, with every right on the
    /// resources that configure the device.
    public internal(set) var ownershipConnection: SessionID?
    /// Whether anything has been written through the ownership connection.
    var isTransferBegun = false
    /// `oic.r.roles` of each connection.
    var assertions: [SessionID: RoleAssertions] = [:]

    /// A device as the factory made it: nobody's, in RFOTM.
    public init(deviceID: Identifier, presets: FactoryPresets, counters: SecurityCounters = SecurityCounters()) {
        doxm = OwnerTransferMethods(
            supported: presets.methods, credentialTypes: presets.credentialTypes, deviceID: deviceID)
        pstat = ProvisioningStatus(state: .rfotm, supportedModes: presets.supportedModes)
        acl2 = AccessControlList()
        sp = presets.profiles
        sdi = SecurityDomain()
        availableProfiles = presets.profiles.supported
        self.counters = counters
        cred = CredentialList()
        for preset in presets.credentials.prefix(SecurityLimits.credentials) {
            var credential = preset
            let used = Set(cred.entries.map(\.id))
            credential.id = SecurityCounters.take(&self.counters.credential, notIn: used)
            cred.entries.append(credential)
        }
    }

    /// `dos.s`.
    public var state: OnboardingState { pstat.state }
    /// `deviceuuid`, the `di` of `/oic/d`.
    public var deviceID: Identifier { doxm.deviceID }

    /// The owner of a resource by `rowneruuid`; nil for resources without one, and while there is none.
    public func owner(of resource: SecurityResource) -> Identifier? {
        let owner: Identifier
        switch resource {
        case .doxm: owner = doxm.owner
        case .pstat: owner = pstat.owner
        case .cred: owner = cred.owner
        case .acl2: owner = acl2.owner
        case .sp, .csr, .roles, .sdi: return nil
        }
        return owner == .none ? nil : owner
    }

    // MARK: Reset

    /// Begins a reset, as the factory reset of a person, a refused owner transfer, or ``apply(_:_:)`` of a POST does: the
    /// state is RESET and pending, and serves nobody until ``finishReset(deviceID:presets:)``.
    public mutating func beginReset() -> [SecurityEffect] {
        guard state != .reset else { return [] }
        let wasOperational = state == .rfnop
        pstat.enter(.reset)
        pstat.isPending = true
        var effects: [SecurityEffect] = [
            .store, .stateChanged(.reset), .reset(deregistersFromCloud: wasOperational),
        ]
        if doxm.selected == .randomPIN { effects.append(.hidePIN) }
        return effects
    }

    /// Ends a reset: everything as the factory made it, a new device id, and RFOTM by itself.
    ///
    /// - Parameter deviceID: a fresh one.
    public mutating func finishReset(deviceID: Identifier, presets: FactoryPresets) -> [SecurityEffect] {
        self = SecurityState(deviceID: deviceID, presets: presets, counters: counters)
        return [.store, .deviceIDChanged(deviceID), .credentialsChanged, .stateChanged(.rfotm)]
    }

    // MARK: Entering states

    /// What the device lacks to enter a state; nil when it lacks nothing.
    public func entryFault(_ next: OnboardingState) -> String? {
        switch next {
        case .reset: return nil
        case .rfotm:
            if doxm.isOwned { return "doxm.owned is true" }
            if doxm.deviceOwner != .none { return "doxm.devowneruuid is set" }
            return nil
        case .rfpro, .rfnop, .sreset:
            let needed: [(String, Identifier)] = [
                ("doxm.devowneruuid", doxm.deviceOwner), ("doxm.deviceuuid", doxm.deviceID),
                ("doxm.rowneruuid", doxm.owner), ("pstat.rowneruuid", pstat.owner), ("cred.rowneruuid", cred.owner),
                ("acl2.rowneruuid", acl2.owner),
            ]
            if let missing = needed.first(where: { $0.1 == .none }) { return "\(missing.0) is not set" }
            if !doxm.isOwned { return "doxm.owned is false" }
            for (name, owner) in needed.dropFirst(2) where !cred.hasEntry(for: owner) {
                return "no credential is for \(name) \(owner)"
            }
            return nil
        }
    }

    /// Changes the state. 4.00, and nothing changed, when the table or the entry checks forbid it.
    mutating func enter(_ next: OnboardingState) throws(ResourceError) -> [SecurityEffect] {
        let before = state
        guard before.mayBecome(next) else {
            throw ResourceError(.badRequest, "\(before) does not become \(next)")
        }
        if next == .reset { return beginReset() }
        // RESET becomes RFOTM by itself when it is done; whoever asks for it has nothing to add.
        if before == .reset { return [] }
        if let fault = entryFault(next) {
            throw ResourceError(.badRequest, "\(before) does not become \(next) while \(fault)")
        }
        pstat.enter(next)
        pstat.isPending = false
        guard next != before else { return [] }
        var effects: [SecurityEffect] = [.stateChanged(next)]
        if before == .rfotm, doxm.selected == .randomPIN { effects.append(.hidePIN) }
        isTransferBegun = false
        // The transfer is over: from here on the owner is who its credential says, on any connection.
        if next == .rfnop || next == .sreset { ownershipConnection = nil }
        return effects
    }

    /// Whether a context is that of the ownership connection.
    public func isOwnershipConnection(_ context: SecurityContext) -> Bool {
        context.session != nil && context.session == ownershipConnection
    }

    /// Runs a change on a copy, which becomes the state when nothing was thrown.
    ///
    /// - Parameter isBeforeOwnership: whether the change may come from outside the ownership connection in RFOTM. Access
    ///   is decided before; this holds even for a caller who forgot to.
    mutating func change(
        _ context: SecurityContext, isBeforeOwnership: Bool = false,
        _ body: (inout SecurityState) throws(ResourceError) -> SecurityOutcome
    ) throws(ResourceError) -> SecurityOutcome {
        guard state != .rfotm || isBeforeOwnership || isOwnershipConnection(context) else {
            throw ResourceError(.badRequest, "while nobody owns the device, its ownership connection alone writes this")
        }
        var next = self
        var outcome = try body(&next)
        if next.state == .rfotm, isOwnershipConnection(context) { next.isTransferBegun = true }
        if next.state != .rfotm, !next.isStored(as: self), !outcome.effects.contains(.store) {
            outcome.effects.insert(.store, at: 0)
        }
        self = next
        return outcome
    }
}
