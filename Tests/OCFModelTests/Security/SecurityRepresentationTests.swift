import CBOR
import CoAPMessages
import OCFModel
import OCFSchemas
import TLS
import Testing

/// What the security resources show and read, against OCF's own files.
@Suite struct SecurityRepresentationTests {
    let store = try? SchemaStore.shared.get()

    static func examples(_ resource: SecurityResource, requests: Bool) -> [CBOR.Value] {
        guard let store = try? SchemaStore.shared.get() else { return [] }
        return store.examples(in: "oic.sec.\(resource).swagger.json").filter { $0.isRequest == requests }.map(\.value)
    }

    /// Whether everything we wrote is in the example, and everything of the example that is not common is in ours.
    private func agrees(_ ours: CBOR.Map, _ example: CBOR.Value, secrets: Bool) {
        var expected = example.entries ?? [:]
        expected["rt"] = nil
        expected["if"] = nil
        if !secrets, let creds = expected["creds"]?.items {
            expected["creds"] = .array(
                creds.map { entry in
                    var entry = entry
                    entry["privatedata"]?["data"] = ""
                    return entry
                })
        }
        #expect(CBOR.Value.map(ours) == .map(expected))
    }

    @Test("the examples of answers, read and written again")
    func answers() throws {
        for example in Self.examples(.doxm, requests: false) {
            agrees(try OwnerTransferMethods(representation: example).representation, example, secrets: true)
        }
        for example in Self.examples(.pstat, requests: false) {
            agrees(try ProvisioningStatus(representation: example).representation, example, secrets: true)
        }
        for example in Self.examples(.cred, requests: false) {
            let list = try CredentialList(representation: example)
            #expect(list.entries.count == 2)
            agrees(list.secretRepresentation, example, secrets: true)
            agrees(list.representation(), example, secrets: false)
        }
        for example in Self.examples(.acl2, requests: false) {
            let list = try AccessControlList(representation: example)
            #expect(list.entries.count == 3)
            agrees(list.representation(), example, secrets: true)
        }
        for var example in Self.examples(.sp, requests: false) {
            let profiles = try SecurityProfiles(representation: example)
            #expect(profiles.supported == [.baseline, .black])
            example["supportedprofiles"] = ["1.3.6.1.4.1.51414.0.0.1.0", "1.3.6.1.4.1.51414.0.0.2.0"]
            agrees(profiles.representation, example, secrets: true)
        }
        for example in Self.examples(.csr, requests: false) {
            agrees(try SigningRequest(representation: example).representation, example, secrets: true)
        }
        for example in Self.examples(.roles, requests: false) {
            agrees(try RoleAssertions.Update(example).representation, example, secrets: true)
        }
        for example in Self.examples(.sdi, requests: false) {
            agrees(try SecurityDomain(representation: example).representation, example, secrets: true)
        }
        #expect(SecurityResource.allCases.allSatisfy { !Self.examples($0, requests: false).isEmpty })
    }

    @Test("the examples of updates, read and written again")
    func updates() throws {
        let examples = SecurityResource.allCases.map { Self.examples($0, requests: true) }
        #expect(examples.filter(\.isEmpty).count == 1, "csr has none")
        for example in Self.examples(.doxm, requests: true) {
            agrees(try OwnerTransferMethods.Update(example).representation, example, secrets: true)
        }
        for example in Self.examples(.pstat, requests: true) {
            agrees(try ProvisioningStatus.Update(example).representation, example, secrets: true)
        }
        for example in Self.examples(.cred, requests: true) {
            agrees(try CredentialList.Update(example).representation, example, secrets: true)
        }
        for example in Self.examples(.acl2, requests: true) {
            agrees(try AccessControlList.Update(example).representation, example, secrets: true)
        }
        for example in Self.examples(.sp, requests: true) {
            #expect(try SecurityProfiles.Update(example).representation["currentprofile"] == example["currentprofile"])
        }
        for example in Self.examples(.roles, requests: true) {
            agrees(try RoleAssertions.Update(example).representation, example, secrets: true)
        }
        for example in Self.examples(.sdi, requests: true) {
            agrees(try SecurityDomain.Update(example).representation, example, secrets: true)
        }
    }

    /// A device that has everything in it.
    private func furnished(_ onboarding: OnboardingState) throws -> SecurityState {
        var state = try SecurityHouse.device(in: .rfpro)
        var guest = SecurityEntryTests.key(SecurityHouse.other, 0xA5)
        guest.role = Requester.Role("guest", authority: "acme")
        guest.period = "20260101T000000Z/P1W"
        guest.refreshMethods = [.provisioning, .certificateRequest]
        _ = try state.apply(
            CredentialList.Change.update(CredentialList.Update(entries: [SecurityHouse.anchor, guest])),
            SecurityHouse.owning)
        _ = try state.apply(
            AccessControlList.Change.update(
                AccessControlList.Update(
                    entries: AccessDecisionTests.entries + [
                        AccessControlEntry(
                            id: 0, subject: .role(Requester.Role("guest")),
                            resources: [.discoverablePlain, .discoverableEncrypted, .allApplication],
                            permissions: .notify,
                            validity: [
                                ValidityPeriod(period: "20260101T000000Z/PT1H", recurrence: ["RRULE:FREQ=DAILY"])
                            ], tag: "note")
                    ])), SecurityHouse.owning)
        let peer = SecurityHouse.from(SecurityHouse.peer, certificate: true)
        _ = try state.apply(RoleAssertions.Change.update(RoleAssertions.Update([SecurityHouse.roleEntry])), peer)
        if onboarding != .rfpro {
            _ = try state.apply(ProvisioningStatus.Update(state: onboarding), SecurityHouse.owning)
        }
        return state
    }

    @Test("every answer is as its definition says, and holds no key", arguments: SecurityResource.allCases)
    func definitions(_ resource: SecurityResource) throws {
        let store = try #require(store)
        let file = "oic.sec.\(resource).swagger.json"
        let key = try PrivateKey.generateP256()
        let signingRequest = try SigningRequest(deviceID: SecurityHouse.deviceID, key: key)
        var states = [SecurityHouse.fresh(), try SecurityHouse.claimed()]
        for onboarding in [OnboardingState.rfpro, .rfnop, .sreset] { states.append(try furnished(onboarding)) }
        for var state in states {
            for query in [[], ["if=oic.if.baseline"], ["if=oic.if.rw"]] {
                let answer = try state.serve(
                    SecurityHouse.request(.get, resource, query: query), on: resource,
                    SecurityHouse.from(SecurityHouse.peer), signingRequest: signingRequest)
                let value = try #require(answer.representation)
                #expect(try store.faults(of: value, in: store.answer(in: file)) == [])
                #expect((value["rt"] != nil) == (query == ["if=oic.if.baseline"]))
                let wire = CBOR.encode(value)
                #expect(try CBOR.decode(wire) == value)
                for secret in [[UInt8](repeating: 0xA5, count: 16), SecurityHouse.octets("44cf06a311a8df4f")] {
                    #expect(!wire.indices.contains { wire[$0...].starts(with: secret) })
                }
            }
            #expect(throws: ResourceError(.badRequest, "")) {
                try state.serve(
                    SecurityHouse.request(.get, resource, query: ["if=oic.if.a"]), on: resource,
                    SecurityHouse.from(SecurityHouse.peer), signingRequest: signingRequest)
            }
        }
        #expect(store.interfaces(in: file) == Set(resource.interfaces.map(\.rawValue)))
        #expect(store.file(ofType: resource.resourceType) == file)
        #expect(SecurityResource(href: resource.href) == resource)
    }

    @Test("printing a state shows no key")
    func printing() throws {
        let state = try furnished(.rfnop)
        var dump = ""
        Swift.dump(state, to: &dump)
        let texts = [dump, "\(state)", String(reflecting: state), String(reflecting: SecurityHouse.owning)]
        for text in texts {
            #expect(!text.contains("165, 165, 165"))
            #expect(!text.contains("- 165\n"))
            #expect(!text.contains("68, 207, 6, 163"))
            #expect(!text.contains("152, 39, 61, 101"))
        }
    }

    @Test("queries of doxm and cred")
    func queries() throws {
        var state = try furnished(.rfnop)
        let tool = SecurityHouse.from(SecurityHouse.tool)
        let rows: [(SecurityResource, String, Code?)] = [
            (.doxm, "owned=TRUE", nil), (.doxm, "owned=true", nil), (.doxm, "owned=FALSE", .badRequest),
            (.doxm, "owned=x", .badRequest), (.doxm, "deviceuuid=\(SecurityHouse.deviceID)", nil),
            (.doxm, "deviceuuid=\(SecurityHouse.other)", .badRequest), (.doxm, "deviceuuid=1", .badRequest),
            (.cred, "credid=x", .badRequest), (.cred, "subjectuuid=x", .badRequest), (.cred, "credid=99", nil),
            (.csr, "a=b", .serviceUnavailable),
        ]
        for (resource, query, code) in rows {
            let request = try SecurityHouse.request(.get, resource, query: [query])
            if let code {
                #expect(throws: ResourceError(code, "")) { try state.serve(request, on: resource, tool) }
            } else {
                #expect(try state.serve(request, on: resource, tool).code == .content)
            }
        }
        for (query, count) in [("credid=99", 0), ("subjectuuid=*", 1), ("subjectuuid=\(SecurityHouse.other)", 1)] {
            let request = try SecurityHouse.request(.get, .cred, query: [query])
            let answer = try state.serve(request, on: .cred, tool)
            #expect(answer.representation?["creds"]?.items?.count == count)
        }
    }

    @Test("the store keeps everything but connections", arguments: [OnboardingState.rfpro, .rfnop, .sreset])
    func stored(_ onboarding: OnboardingState) throws {
        var state = try furnished(onboarding)
        let bytes = CBOR.encode(state.stored)
        let read = try SecurityState(stored: CBOR.decode(bytes), presets: SecurityHouse.presets)
        #expect(read.stored == state.stored)
        #expect(read.assertions(on: SecurityHouse.session).entries.isEmpty && read.ownershipConnection == nil)
        _ = state.connectionClosed(SecurityHouse.session)
        _ = state.connectionClosed(SecurityHouse.ownership)
        #expect(read == state)
        // A reset that was cut off is still due.
        _ = state.beginReset()
        let cut = try SecurityState(stored: state.stored, presets: SecurityHouse.presets)
        #expect(cut.state == .reset && cut.pstat.isPending)
        for spoilt in [CBOR.Value.null, ["v": 2], ["v": 1]] {
            #expect(throws: ResourceError.self) {
                try SecurityState(stored: spoilt, presets: SecurityHouse.presets)
            }
        }
    }

    static let malformed: [(SecurityResource, CBOR.Value)] = [
        (.doxm, []), (.doxm, ["devowneruuid": "x"]), (.doxm, ["owned": 1]), (.pstat, ["dos": []]),
        (.pstat, ["dos": [:]]), (.pstat, ["dos": ["s": "0"]]), (.cred, ["creds": [:]]), (.cred, ["creds": [1]]),
        (.cred, ["creds": [["credtype": 1]]]), (.cred, ["creds": [["credtype": 3, "subjectuuid": "*"]]]),
        (.cred, ["creds": [["subjectuuid": "*"]]]), (.cred, ["creds": [["credtype": 512, "subjectuuid": "*"]]]),
        (.cred, ["creds": [["credtype": 1, "subjectuuid": "me"]]]),
        (.cred, ["creds": [["credtype": 1, "subjectuuid": "*", "credusage": "x"]]]),
        (.cred, ["creds": [["credtype": 1, "subjectuuid": "*", "privatedata": [:]]]]),
        (.cred, ["creds": [["credtype": 1, "subjectuuid": "*", "privatedata": ["encoding": "x"]]]]),
        (.cred, ["creds": [["credtype": 8, "subjectuuid": "*", "publicdata": ["data": 1]]]]),
        (.cred, ["creds": [["credtype": 8, "subjectuuid": "*", "optionaldata": ["data": "x"]]]]),
        (.cred, ["creds": [["credtype": 1, "subjectuuid": "*", "roleid": [:]]]]),
        (.cred, ["creds": [["credtype": 1, "subjectuuid": "*", "crms": ["x"]]]]),
        (.cred, ["creds": [["credid": -1, "credtype": 1, "subjectuuid": "*"]]]),
        (
            .cred,
            [
                "creds": [
                    [
                        "credtype": 8, "subjectuuid": "*",
                        "publicdata": ["data": .text(String(repeating: "x", count: 3073))],
                    ]
                ]
            ]
        ),
        (.acl2, ["aclist2": [["resources": [], "permission": 2]]]),
        (.acl2, ["aclist2": [["subject": [:], "resources": [], "permission": 2]]]),
        (.acl2, ["aclist2": [["subject": ["conntype": "x"], "resources": [], "permission": 2]]]),
        (.acl2, ["aclist2": [["subject": ["uuid": "*"], "resources": [], "permission": 2]]]),
        (
            .acl2,
            ["aclist2": [["subject": ["conntype": "auth-crypt", "role": "x"], "resources": [], "permission": 2]]]
        ),
        (.acl2, ["aclist2": [["subject": ["role": ""], "resources": [], "permission": 2]]]),
        (.acl2, ["aclist2": [["subject": ["role": "x"], "resources": [], "permission": 32]]]),
        (.acl2, ["aclist2": [["subject": ["role": "x"], "resources": []]]]),
        (.acl2, ["aclist2": [["subject": ["role": "x"], "permission": 2]]]),
        (.acl2, ["aclist2": [["subject": ["role": "x"], "resources": [[:]], "permission": 2]]]),
        (.acl2, ["aclist2": [["subject": ["role": "x"], "resources": [["wc": "?"]], "permission": 2]]]),
        (.acl2, ["aclist2": [["subject": ["role": "x"], "resources": [["wc": "*", "href": "/"]], "permission": 2]]]),
        (
            .acl2,
            ["aclist2": [["subject": ["role": "x"], "resources": [["wc": "*", "rt": ["oic.r.x"]]], "permission": 2]]]
        ),
        (.acl2, ["aclist2": [["aceid": 0, "subject": ["role": "x"], "resources": [], "permission": 2]]]),
        (.acl2, ["aclist2": [["subject": ["role": "x"], "resources": [], "permission": 2, "validity": [[:]]]]]),
        (.roles, [:]), (.roles, ["roles": .array([CBOR.Value](repeating: UpdateByStateTests.key, count: 9))]),
        (.sdi, ["name": 1, "priv": true]), (.sdi, ["priv": true]),
    ]

    @Test("payloads that are not as their definitions say are 4.00", arguments: malformed.indices)
    func malformedBody(_ index: Int) throws {
        let (resource, body) = Self.malformed[index]
        var state = try furnished(.sreset)
        let before = state
        #expect(throws: ResourceError(.badRequest, "")) {
            try state.serve(
                SecurityHouse.request(.post, resource, body), on: resource,
                SecurityHouse.from(SecurityHouse.tool, certificate: true))
        }
        #expect(state == before)
    }

    @Test("wildcards for any type, and types beside an address, are tolerated")
    func tolerated() throws {
        let update = try AccessControlList.Update([
            "aclist2": [
                [
                    "subject": ["role": "x"], "permission": 2,
                    "resources": [["wc": "*", "rt": ["*"], "if": ["*"]], ["href": "/a", "rt": ["oic.r.a"]]],
                ]
            ]
        ])
        #expect(update.entries?[0].resources == [.allApplication, .href("/a")])
    }

    @Test("services and their hosts")
    func services() throws {
        var state = try SecurityHouse.device(in: .rfnop)
        #expect(SecurityService.owning(.cred) == .cms && SecurityService.owning(.sp) == nil)
        for service in SecurityService.allCases {
            try service.checkHost(SecurityHouse.tool, deviceTypes: ["oic.wk.d", service.deviceType])
            let fault = #expect(throws: ServiceFault.self) {
                try service.checkHost(SecurityHouse.other, deviceTypes: ["oic.wk.d", "oic.d.light"])
            }
            #expect(fault?.description.contains(service.deviceType) == true)
        }
        #expect(state.wantedServices == [:])
        _ = try state.apply(
            ProvisioningStatus.Update(targetMode: [.credentials, .accessControlLists]),
            SecurityHouse.from(SecurityHouse.tool))
        #expect(state.wantedServices == [.cms: SecurityHouse.tool, .ams: SecurityHouse.tool])
        #expect(SecurityHouse.fresh().host(of: .dots) == nil)
    }
}
