import CoAPMessages

/// The changes of cred, acl2 and roles.
extension SecurityState {
    /// cred: entries and `rowneruuid`.
    ///
    /// In an owner transfer, the pair-wise entry without a key whose subject is `rowneruuid` stands for the key that both
    /// ends derive from the ownership connection.
    public mutating func apply(
        _ change: CredentialList.Change, _ context: SecurityContext
    ) throws(ResourceError) -> SecurityOutcome {
        try self.change(context) { (next) throws(ResourceError) in
            switch change {
            case .delete(let selection):
                try next.requireDeletion("cred")
                let kept = next.cred.entries.filter { !selection.contains($0) }
                guard kept.count < next.cred.entries.count || selection == .all else {
                    throw ResourceError(.notFound, "no credential matches")
                }
                next.cred.entries = kept
                return SecurityOutcome(.deleted, [.credentialsChanged])
            case .update(let update):
                if let owner = update.owner {
                    try next.requireOwnerChange(context, "cred.rowneruuid")
                    next.cred.owner = owner
                }
                guard let entries = update.entries else { return SecurityOutcome(.changed) }
                try next.requireProvisioning("cred.creds")
                var isNew = false
                for entry in entries {
                    isNew = try next.put(next.completed(entry, context)) || isNew
                }
                return SecurityOutcome(isNew ? .created : .changed, entries.isEmpty ? [] : [.credentialsChanged])
            }
        }
    }

    /// acl2: entries and `rowneruuid`.
    public mutating func apply(
        _ change: AccessControlList.Change, _ context: SecurityContext
    ) throws(ResourceError) -> SecurityOutcome {
        try self.change(context) { (next) throws(ResourceError) in
            switch change {
            case .delete(nil):
                try next.requireDeletion("acl2")
                next.acl2.entries = []
                return SecurityOutcome(.deleted)
            case .delete(let id?):
                try next.requireDeletion("acl2")
                guard let place = next.acl2.entries.firstIndex(where: { $0.id == id }) else {
                    throw ResourceError(.notFound, "no entry has the aceid \(id)")
                }
                next.acl2.entries.remove(at: place)
                return SecurityOutcome(.deleted)
            case .update(let update):
                if let owner = update.owner {
                    try next.requireOwnerChange(context, "acl2.rowneruuid")
                    next.acl2.owner = owner
                }
                guard let entries = update.entries else { return SecurityOutcome(.changed) }
                try next.requireProvisioning("acl2.aclist2")
                var isNew = false
                for entry in entries { isNew = try next.put(entry) || isNew }
                return SecurityOutcome(isNew ? .created : .changed)
            }
        }
    }

    /// roles: of the connection that asks, which has to have proved itself with an identity certificate.
    public mutating func apply(
        _ change: RoleAssertions.Change, _ context: SecurityContext
    ) throws(ResourceError) -> SecurityOutcome {
        try self.change(context) { (next) throws(ResourceError) in
            guard [.rfpro, .rfnop, .sreset].contains(next.state) else {
                throw ResourceError(
                    .badRequest, "roles are asserted in RFPRO, RFNOP and SRESET; the device is in \(next.state)")
            }
            guard let session = context.session, context.hasIdentityCertificate else {
                throw ResourceError(.badRequest, "roles are asserted on a connection with an identity certificate")
            }
            var asserted = next.assertions[session] ?? RoleAssertions()
            defer { next.assertions[session] = asserted.entries.isEmpty ? nil : asserted }
            switch change {
            case .delete(let selection):
                let kept = asserted.entries.filter { !selection.contains($0.credential) }
                guard kept.count < asserted.entries.count || selection == .all else {
                    throw ResourceError(.notFound, "no asserted role matches")
                }
                asserted.entries = kept
                return SecurityOutcome(.deleted)
            case .update(let update):
                for entry in update.entries {
                    let isKnown = asserted.entries.contains {
                        $0.credential.publicData == entry.publicData
                            && $0.credential.optionalData == entry.optionalData
                    }
                    if isKnown { continue }
                    guard asserted.entries.count < SecurityLimits.rolesPerConnection,
                        next.assertions[session] != nil
                            || next.assertions.count < SecurityLimits.connectionsWithRoles
                    else {
                        throw ResourceError(
                            .badRequest, "no more than \(SecurityLimits.rolesPerConnection) roles on a connection")
                    }
                    let used = Set(asserted.entries.map(\.credential.id))
                    let id = (1...SecurityLimits.rolesPerConnection + 1).first { !used.contains($0) } ?? 1
                    asserted.entries.append(try next.assertion(of: entry, id: id, context))
                }
                return SecurityOutcome(.changed)
            }
        }
    }

    /// Adds entries by the hand of a person at the device, who needs no service's consent; in every state with an owner.
    public mutating func grant(_ entries: [AccessControlEntry]) throws(ResourceError) -> [SecurityEffect] {
        guard [.rfpro, .rfnop, .sreset].contains(state) else {
            throw ResourceError(.badRequest, "entries are added to an owned device; this one is in \(state)")
        }
        var next = self
        for entry in entries where !next.acl2.entries.contains(where: { $0.isSame(as: entry) }) {
            _ = try next.put(entry)
        }
        guard !next.isStored(as: self) else { return [] }
        self = next
        return [.store]
    }

    /// What a connection has asserted.
    public func assertions(on session: SessionID?) -> RoleAssertions {
        session.flatMap { assertions[$0] } ?? RoleAssertions()
    }

    // MARK: Conditions

    /// 4.03, and not 4.00 as for an UPDATE: what IoTivity-Lite answers to a DELETE in normal operation.
    private func requireDeletion(_ resource: String) throws(ResourceError) {
        switch state {
        case .rfotm, .rfpro, .sreset: break
        case .reset, .rfnop:
            throw ResourceError(.forbidden, "\(resource) is not deleted from in \(state)")
        }
    }

    private mutating func put(_ credential: Credential) throws(ResourceError) -> Bool {
        if credential.id > 0, let place = cred.entries.firstIndex(where: { $0.id == credential.id }) {
            cred.entries[place] = credential
            return false
        }
        guard cred.entries.count < SecurityLimits.credentials else {
            throw ResourceError(.badRequest, "no more than \(SecurityLimits.credentials) credentials fit")
        }
        var credential = credential
        if credential.id == 0 {
            credential.id = SecurityCounters.take(&counters.credential, notIn: Set(cred.entries.map(\.id)))
        }
        cred.entries.append(credential)
        return true
    }

    private mutating func put(_ entry: AccessControlEntry) throws(ResourceError) -> Bool {
        if let period = entry.validity.first(where: { !$0.isUnderstood }) {
            throw ResourceError(
                .badRequest, "aclist2: a validity of \(period.period) \(period.recurrence) cannot be evaluated here")
        }
        if entry.id > 0, let place = acl2.entries.firstIndex(where: { $0.id == entry.id }) {
            acl2.entries[place] = entry
            return false
        }
        guard acl2.entries.count < SecurityLimits.accessControlEntries else {
            throw ResourceError(.badRequest, "no more than \(SecurityLimits.accessControlEntries) entries fit")
        }
        let used = Set(acl2.entries.map(\.id))
        acl2.entries.append(
            entry.id > 0
                ? entry : entry.with(id: SecurityCounters.take(&counters.accessControlEntry, notIn: used)))
        return true
    }

    /// The credential with the owner's key put in where it is to be derived; 4.00 when it cannot be used here.
    private func completed(
        _ credential: Credential, _ context: SecurityContext
    ) throws(ResourceError) -> Credential {
        guard doxm.credentialTypes.isSuperset(of: credential.type), !credential.type.isEmpty else {
            throw ResourceError(
                .badRequest, "credtype \(credential.type.rawValue) is not in sct \(doxm.credentialTypes.rawValue)")
        }
        if let period = credential.period, CalendarPeriod(period) == nil {
            throw ResourceError(.badRequest, "period \(period): expected start/end in UTC")
        }
        if credential.type == .certificate {
            try CertificateRules.checkEntry(credential, devicePublicKey: context.devicePublicKey, deviceID: deviceID)
            return credential
        }
        guard case .device(let subject) = credential.subject, subject != .none else {
            throw ResourceError(.badRequest, "subjectuuid of a key is the device it is shared with")
        }
        guard credential.type == .pairwiseKey else { return credential }
        if credential.privateData?.data.isEmpty == true, state == .rfotm, isOwnershipConnection(context),
            subject == cred.owner
        {
            guard let secrets = context.secrets,
                let key = KeyDerivation.ownerKey(
                    secrets, method: doxm.selected, owner: subject, deviceID: doxm.deviceID)
            else {
                throw ResourceError(.badRequest, "no owner key is derived from this connection")
            }
            var credential = credential
            credential.privateData = Credential.PrivateData(.bytes(key), encoding: .raw)
            return credential
        }
        guard let key = credential.privateData?.key, Self.keyLengths.contains(key.count) else {
            throw ResourceError(
                .badRequest, "privatedata: expected a key of \(Self.keyLengths.lowerBound) octets or more")
        }
        return credential
    }

    /// 16 octets are the pair-wise key of OCF; mbedTLS takes at most 32 as a pre-shared key.
    private static let keyLengths = 16...32

    private func assertion(
        of entry: Credential, id: Int, _ context: SecurityContext
    ) throws(ResourceError) -> RoleAssertions.Assertion {
        guard case .device(let peer) = context.requester.identity else {
            throw ResourceError(.badRequest, "the certificate of this connection names nobody")
        }
        let anchors = cred.usable(.trustAnchor, at: context.now).filter { anchor in
            anchor.subject == .anyone || anchor.subject == .device(peer)
        }
        let leaf = try CertificateRules.role(
            entry, peer: peer, anchors: anchors.compactMap(\.publicPEM), at: context.now)
        let credential = Credential(
            id: id, subject: entry.subject, type: .certificate, usage: entry.usage, publicData: entry.publicData,
            optionalData: entry.optionalData)
        return RoleAssertions.Assertion(credential: credential, roles: leaf.roles, notAfter: leaf.notAfter)
    }
}
