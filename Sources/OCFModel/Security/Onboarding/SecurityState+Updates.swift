import CoAPMessages

/// The UPDATEs of doxm, pstat, sp and sdi, property by property and state by state.
extension SecurityState {
    /// doxm: the method is selected in RFOTM before the ownership connection; the rest is set through it; later nothing
    /// but `rowneruuid`, in SRESET by the DOTS.
    public mutating func apply(
        _ update: OwnerTransferMethods.Update, _ context: SecurityContext
    ) throws(ResourceError) -> SecurityOutcome {
        try change(context, isBeforeOwnership: true) { (next) throws(ResourceError) in
            var effects: [SecurityEffect] = []
            if let selected = update.selected {
                try next.require(.rfotm, "doxm.oxmsel")
                guard next.ownershipConnection == nil, context.session == nil else {
                    throw ResourceError(.badRequest, "doxm.oxmsel is selected before the ownership connection")
                }
                guard next.doxm.supported.contains(selected) else {
                    let methods = next.doxm.supported.map { "\($0.rawValue)" }.joined(separator: ", ")
                    throw ResourceError(
                        .badRequest, "doxm.oxmsel: found \(selected.rawValue), expected one of \(methods)")
                }
                if next.doxm.selected == .randomPIN, selected != .randomPIN { effects.append(.hidePIN) }
                next.doxm.selected = selected
                if selected == .randomPIN { effects.append(.showPIN) }
            }
            if let isOwned = update.isOwned {
                try next.requireOwnershipConnection(context, "doxm.owned")
                next.doxm.isOwned = isOwned
            }
            if let owner = update.deviceOwner {
                try next.requireOwnershipConnection(context, "doxm.devowneruuid")
                next.doxm.deviceOwner = owner
            }
            if let id = update.deviceID {
                try next.requireOwnershipConnection(context, "doxm.deviceuuid")
                if next.doxm.deviceID != id { effects.append(.deviceIDChanged(id)) }
                next.doxm.deviceID = id
            }
            if let owner = update.owner {
                if next.state == .rfotm { try next.requireOwnershipConnection(context, "doxm.rowneruuid") }
                try next.requireOwnerChange(context, "doxm.rowneruuid")
                next.doxm.owner = owner
            }
            return SecurityOutcome(.changed, effects)
        }
    }

    /// pstat: state, target and operational mode in every state; `rowneruuid` in RFOTM and SRESET by the DOTS.
    ///
    /// The state changes last, so that its entry checks see the rest of the update, and its entry values stand.
    public mutating func apply(
        _ update: ProvisioningStatus.Update, _ context: SecurityContext
    ) throws(ResourceError) -> SecurityOutcome {
        try change(context) { (next) throws(ResourceError) in
            var effects: [SecurityEffect] = []
            if next.state == .reset, update.operationalMode != nil || update.targetMode != nil {
                throw ResourceError(.badRequest, "pstat: the device is being reset")
            }
            if let owner = update.owner {
                try next.requireOwnerChange(context, "pstat.rowneruuid")
                next.pstat.owner = owner
            }
            if let mode = update.operationalMode { next.pstat.operationalMode = mode }
            if let mode = update.targetMode { next.pstat.targetMode = mode }
            if let state = update.state {
                effects += try next.enter(state)
            } else if let mode = update.targetMode, !mode.isEmpty {
                effects.append(.provisioningWanted(mode))
            }
            return SecurityOutcome(.changed, effects)
        }
    }

    /// sp: in RFOTM, RFPRO and SRESET; the device follows one of the profiles it says, and says none it does not have.
    public mutating func apply(
        _ update: SecurityProfiles.Update, _ context: SecurityContext
    ) throws(ResourceError) -> SecurityOutcome {
        try change(context) { (next) throws(ResourceError) in
            try next.requireProvisioning("sp")
            if let supported = update.supported {
                for profile in supported where !next.availableProfiles.contains(profile) {
                    throw ResourceError(.badRequest, "sp.supportedprofiles: the device has no \(profile.rawValue)")
                }
                next.sp.supported = supported
            }
            if let current = update.current { next.sp.current = current }
            guard next.sp.supported.contains(next.sp.current) else {
                throw ResourceError(
                    .badRequest, "sp.currentprofile \(next.sp.current.rawValue) is not among supportedprofiles")
            }
            return SecurityOutcome(.changed)
        }
    }

    /// sdi: `uuid` in RFOTM; `name` and `priv` in RFPRO and SRESET too.
    public mutating func apply(
        _ update: SecurityDomain.Update, _ context: SecurityContext
    ) throws(ResourceError) -> SecurityOutcome {
        try change(context) { (next) throws(ResourceError) in
            if let id = update.id {
                try next.require(.rfotm, "sdi.uuid")
                next.sdi.id = id
            }
            try next.requireProvisioning("sdi")
            next.sdi.name = update.name
            next.sdi.isPrivate = update.isPrivate
            return SecurityOutcome(.changed)
        }
    }

    // MARK: Conditions

    private func require(_ needed: OnboardingState, _ property: String) throws(ResourceError) {
        guard state == needed else {
            throw ResourceError(.badRequest, "\(property) is written in \(needed); the device is in \(state)")
        }
    }

    private func requireOwnershipConnection(
        _ context: SecurityContext, _ property: String
    ) throws(ResourceError) {
        try require(.rfotm, property)
        guard isOwnershipConnection(context) else {
            throw ResourceError(.badRequest, "\(property) is written through the ownership connection")
        }
    }

    /// Whether what services provision may be written at all.
    func requireProvisioning(_ resource: String) throws(ResourceError) {
        switch state {
        case .rfotm, .rfpro, .sreset: break
        case .reset, .rfnop:
            throw ResourceError(
                .badRequest, "\(resource) is written in RFOTM, RFPRO and SRESET; the device is in \(state)")
        }
    }

    /// `rowneruuid` is written in RFOTM and SRESET, and (CR "Device Types for security-related entities") by the DOTS
    /// alone: who owns a resource does not give it away.
    func requireOwnerChange(_ context: SecurityContext, _ property: String) throws(ResourceError) {
        switch state {
        case .rfotm: break
        case .sreset:
            guard doxm.owner != .none, context.requester.identity == .device(doxm.owner) else {
                throw ResourceError(.badRequest, "\(property) is written by the DOTS, \(doxm.owner)")
            }
        case .reset, .rfpro, .rfnop:
            throw ResourceError(.badRequest, "\(property) is written in RFOTM and SRESET; the device is in \(state)")
        }
    }
}
