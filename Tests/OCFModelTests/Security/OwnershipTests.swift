import CBOR
import CoAPMessages
import OCFModel
import Testing

/// The ownership connection, and an owner transfer from end to end.
@Suite struct OwnershipTests {
    @Test("which connection becomes the ownership connection")
    func opening() throws {
        var state = SecurityHouse.fresh()
        #expect(throws: OwnershipRefusal.noMethodSelected) {
            try state.openOwnershipConnection(SecurityHouse.ownership, isAllowed: true)
        }
        _ = try state.apply(OwnerTransferMethods.Update(selected: .randomPIN), SecurityHouse.plain)
        #expect(throws: OwnershipRefusal.notAllowed) {
            try state.openOwnershipConnection(SecurityHouse.ownership, isAllowed: false)
        }
        try state.openOwnershipConnection(SecurityHouse.ownership, isAllowed: true)
        #expect(throws: OwnershipRefusal.alreadyOpen) {
            try state.openOwnershipConnection(SecurityHouse.session, isAllowed: true)
        }
        #expect(state.isOwnershipConnection(SecurityHouse.owning))
        #expect(!state.isOwnershipConnection(SecurityHouse.plain))
        for other in [OnboardingState.reset, .rfpro, .rfnop, .sreset] {
            var state = try SecurityHouse.device(in: other)
            #expect(throws: OwnershipRefusal.wrongState(other)) {
                try state.openOwnershipConnection(SecurityHouse.session, isAllowed: true)
            }
        }
    }

    @Test("a second would-be owner changes nothing during the first's connection")
    func second() throws {
        var state = try SecurityHouse.transferring()
        #expect(throws: ResourceError.self) {
            try state.apply(OwnerTransferMethods.Update(selected: .randomPIN), SecurityHouse.plain)
        }
        #expect(state.connectionClosed(SecurityHouse.session) == [])
        #expect(state.ownershipConnection == SecurityHouse.ownership)
    }

    @Test("a transfer that comes to nothing goes back to a clean RFOTM")
    func abandoned() throws {
        // Before anything is written, nothing is worth a reset.
        var untouched = try SecurityHouse.transferring()
        #expect(untouched.connectionClosed(SecurityHouse.ownership) == [])
        #expect(untouched == SecurityHouse.fresh())
        // A PIN disappears with it.
        var pin = SecurityHouse.fresh()
        _ = try pin.apply(OwnerTransferMethods.Update(selected: .randomPIN), SecurityHouse.plain)
        #expect(pin.abandonOwnerTransfer() == [.hidePIN])
        #expect(pin == SecurityHouse.fresh())
        // After, everything goes.
        var claimed = try SecurityHouse.claimed()
        let effects = claimed.connectionClosed(SecurityHouse.ownership)
        #expect(effects.contains(.reset(deregistersFromCloud: false)))
        #expect(claimed.state == .reset && claimed.pstat.isPending)
        _ = claimed.finishReset(deviceID: SecurityHouse.firstID, presets: SecurityHouse.presets)
        #expect(claimed.state == .rfotm && claimed.doxm == SecurityHouse.fresh().doxm)
        #expect(claimed.cred == CredentialList() && claimed.acl2 == AccessControlList())
        #expect(claimed.pstat == SecurityHouse.fresh().pstat && claimed.sdi == SecurityDomain())
    }

    @Test("the connection's rights end with RFNOP, and its end then changes nothing")
    func ending() throws {
        var state = try SecurityHouse.device(in: .rfpro)
        #expect(state.isOwnershipConnection(SecurityHouse.owning))
        _ = try state.apply(ProvisioningStatus.Update(state: .rfnop), SecurityHouse.owning)
        #expect(!state.isOwnershipConnection(SecurityHouse.owning))
        #expect(state.connectionClosed(SecurityHouse.ownership) == [])
        #expect(state.state == .rfnop)
        var early = try SecurityHouse.device(in: .rfpro)
        #expect(early.connectionClosed(SecurityHouse.ownership) == [])
        #expect(early.state == .rfpro)
    }

    @Test("the messages of an onboarding tool, from discovery to normal operation")
    func wholeTransfer() throws {
        var state = SecurityHouse.fresh()
        let tool = CBOR.Value.text(SecurityHouse.tool.description)
        typealias Step = (Code, SecurityResource, CBOR.Value?, Code, Bool)
        let steps: [Step] = [
            (.get, .doxm, nil, .content, false),
            (.post, .doxm, ["oxmsel": 2], .changed, false),
            (.post, .pstat, ["om": 4], .changed, true),
            (.post, .doxm, ["devowneruuid": tool], .changed, true),
            (.post, .doxm, ["deviceuuid": .text(SecurityHouse.deviceID.description)], .changed, true),
            (.post, .doxm, ["rowneruuid": tool], .changed, true),
            (.post, .acl2, ["rowneruuid": tool], .changed, true),
            (.post, .pstat, ["rowneruuid": tool], .changed, true),
            (
                .post, .cred,
                [
                    "creds": [
                        [
                            "credtype": 1, "subjectuuid": tool,
                            "privatedata": ["encoding": "oic.sec.encoding.raw", "data": .bytes([])],
                        ]
                    ], "rowneruuid": tool,
                ], .created, true
            ),
            (.post, .sdi, ["uuid": tool, "name": "Home", "priv": false], .changed, true),
            (.post, .doxm, ["owned": true], .changed, true),
            (.post, .pstat, ["dos": ["s": 2]], .changed, true),
            (.delete, .acl2, nil, .deleted, true),
            (
                .post, .acl2,
                [
                    "aclist2": [
                        ["subject": ["uuid": tool], "resources": [["href": "/oic/sec/sp"]], "permission": 14],
                        ["subject": ["uuid": tool], "resources": [["href": "/oic/sec/csr"]], "permission": 2],
                        [
                            "subject": ["conntype": "anon-clear"],
                            "resources": [["href": "/oic/d"], ["href": "/oic/p"], ["href": "/oic/res"]],
                            "permission": 2,
                        ],
                    ]
                ], .created, true
            ),
            (.post, .pstat, ["dos": ["s": 3]], .changed, true),
        ]
        for (number, step) in steps.enumerated() {
            let (code, resource, body, expected, isOwning) = step
            if isOwning, state.ownershipConnection == nil {
                try state.openOwnershipConnection(SecurityHouse.ownership, isAllowed: true)
            }
            let context = isOwning ? SecurityHouse.owning : SecurityHouse.plain
            let request = try SecurityHouse.request(code, resource, body)
            let facts = AccessFacts(href: resource.href, configuresDevice: true)
            #expect(state.decide(request.operation, on: facts, context).isPermitted, "step \(number)")
            let answer = try state.serve(request, on: resource, context)
            #expect(answer.code == expected, "step \(number)")
            // From RFPRO on every change is stored, before that none; the list that is deleted is empty already.
            let isStored = answer.effects.contains(.store)
            #expect(isStored == (number >= 11 && number != 12), "step \(number)")
        }
        #expect(state.state == .rfnop && state.pstat.isOperational)
        let key = try #require(state.cred.pairwiseKey(with: SecurityHouse.tool, at: nil))
        #expect(key.key == SecurityHouse.octets("44cf06a311a8df4fc4148a172167fef4"))
        #expect(state.acl2.entries.map(\.id) == [1, 2, 3])
        for service in SecurityService.allCases { #expect(state.host(of: service) == SecurityHouse.tool) }
    }

    @Test("the owner's key is derived for the owner alone, and only from a connection that has secrets")
    func ownerKeyTrigger() throws {
        func entry(_ subject: Identifier) -> CredentialList.Change {
            .update(
                CredentialList.Update(entries: [
                    Credential(
                        subject: .device(subject), type: .pairwiseKey,
                        privateData: Credential.PrivateData(.text(""), encoding: .raw))
                ]))
        }
        var state = try SecurityHouse.claimed()
        #expect(throws: ResourceError.self) { try state.apply(entry(SecurityHouse.other), SecurityHouse.owning) }
        var blind = SecurityHouse.owning
        blind.secrets = nil
        #expect(throws: ResourceError.self) { try state.apply(entry(SecurityHouse.tool), blind) }
        _ = try state.apply(entry(SecurityHouse.tool), SecurityHouse.owning)
        state = try SecurityHouse.device(in: .rfpro)
        #expect(throws: ResourceError.self) { try state.apply(entry(SecurityHouse.tool), SecurityHouse.owning) }
    }
}
