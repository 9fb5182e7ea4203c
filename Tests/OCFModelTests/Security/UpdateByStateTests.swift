import CBOR
import CoAPMessages
import OCFModel
import Testing

/// Which UPDATE and DELETE is taken in which state: the table of properties by state.
@Suite struct UpdateByStateTests {
    struct Row: Sendable {
        let name: String
        let resource: SecurityResource
        let code: Code
        let query: [String]
        let body: CBOR.Value?
        /// RFOTM, RFPRO, RFNOP, SRESET; by the owner, in RFOTM through the ownership connection.
        let isTaken: [Bool]
        let refusal: Code

        init(
            _ name: String, _ resource: SecurityResource, _ body: CBOR.Value?, _ isTaken: String, code: Code = .post,
            query: [String] = [], refusal: Code = .badRequest
        ) {
            self.name = name
            self.resource = resource
            self.code = code
            self.query = query
            self.body = body
            self.isTaken = isTaken.map { $0 == "y" }
            self.refusal = refusal
        }
    }

    static let uuid = CBOR.Value.text(SecurityHouse.tool.description)
    static let key: CBOR.Value = [
        "credtype": 1, "subjectuuid": .text(SecurityHouse.other.description),
        "privatedata": ["encoding": "oic.sec.encoding.raw", "data": .bytes([UInt8](repeating: 7, count: 16))],
    ]
    static let ace: CBOR.Value = ["subject": ["conntype": "auth-crypt"], "resources": [["wc": "*"]], "permission": 2]

    static let rows: [Row] = [
        // Through the ownership connection the method is chosen already; the way before it is tested elsewhere.
        Row("doxm.oxmsel", .doxm, ["oxmsel": 2], "nnnn"),
        Row("doxm.owned", .doxm, ["owned": true], "ynnn"),
        Row("doxm.devowneruuid", .doxm, ["devowneruuid": uuid], "ynnn"),
        Row("doxm.deviceuuid", .doxm, ["deviceuuid": uuid], "ynnn"),
        Row("doxm.rowneruuid", .doxm, ["rowneruuid": uuid], "ynny"),
        Row("doxm.oxms", .doxm, ["oxms": [2]], "nnnn"),
        Row("doxm.sct", .doxm, ["sct": 9], "nnnn"),
        Row("doxm, nothing", .doxm, [:], "nnnn"),
        Row("pstat.om", .pstat, ["om": 4], "yyyy"),
        Row("pstat.om out of range", .pstat, ["om": 8], "nnnn"),
        Row("pstat.tm", .pstat, ["tm": 0], "yyyy"),
        Row("pstat.tm out of range", .pstat, ["tm": 256], "nnnn"),
        Row("pstat.dos.s", .pstat, ["dos": ["s": 0]], "yyyy"),
        Row("pstat.dos.s out of range", .pstat, ["dos": ["s": 5]], "nnnn"),
        Row("pstat.dos.p", .pstat, ["dos": ["s": 0, "p": false]], "nnnn"),
        Row("pstat.rowneruuid", .pstat, ["rowneruuid": uuid], "ynny"),
        Row("pstat.isop", .pstat, ["isop": true], "nnnn"),
        Row("pstat.cm", .pstat, ["cm": 0], "nnnn"),
        Row("pstat.sm", .pstat, ["sm": 4], "nnnn"),
        Row("cred.rowneruuid", .cred, ["rowneruuid": uuid], "ynny"),
        Row("cred.creds", .cred, ["creds": [key]], "yyny"),
        Row("cred, one", .cred, nil, "yyny", code: .delete, query: ["credid=1"], refusal: .forbidden),
        Row(
            "cred, of a subject", .cred, nil, "yyny", code: .delete, query: ["subjectuuid=\(SecurityHouse.tool)"],
            refusal: .forbidden),
        Row("cred, all", .cred, nil, "yyny", code: .delete, refusal: .forbidden),
        Row("acl2.rowneruuid", .acl2, ["rowneruuid": uuid], "ynny"),
        Row("acl2.aclist2", .acl2, ["aclist2": [ace]], "yyny"),
        Row("acl2, all", .acl2, nil, "yyny", code: .delete, refusal: .forbidden),
        Row("sp", .sp, ["currentprofile": "1.3.6.1.4.1.51414.0.0.2.0"], "yyny"),
        Row("sdi.uuid", .sdi, ["uuid": uuid, "name": "x", "priv": true], "ynnn"),
        Row("sdi.name, sdi.priv", .sdi, ["name": "x", "priv": false], "yyny"),
        Row("sdi without priv", .sdi, ["name": "x"], "nnnn"),
        Row("csr", .csr, ["csr": "x"], "nnnn", refusal: .methodNotAllowed),
        Row("doxm", .doxm, nil, "nnnn", code: .delete, refusal: .methodNotAllowed),
        Row("pstat", .pstat, nil, "nnnn", code: .delete, refusal: .methodNotAllowed),
        Row("sp", .sp, nil, "nnnn", code: .delete, refusal: .methodNotAllowed),
        Row("sdi", .sdi, nil, "nnnn", code: .delete, refusal: .methodNotAllowed),
        Row("csr", .csr, nil, "nnnn", code: .delete, refusal: .methodNotAllowed),
        Row("cred", .cred, [:], "nnnn", code: .put, refusal: .methodNotAllowed),
    ]

    @Test("each property in each state", arguments: rows.indices, 0..<4)
    func row(_ index: Int, _ column: Int) throws {
        let row = Self.rows[index]
        let onboarding: OnboardingState = [.rfotm, .rfpro, .rfnop, .sreset][column]
        var state = try SecurityHouse.device(in: onboarding)
        let before = state
        let request = try SecurityHouse.request(row.code, row.resource, query: row.query, row.body)
        let context = SecurityHouse.owner(in: onboarding)
        if row.isTaken[column] {
            let answer = try state.serve(request, on: row.resource, context)
            #expect([Code.created, .changed, .deleted].contains(answer.code))
            #expect((answer.code == .deleted) == (row.code == .delete))
            // Nothing of a transfer is stored before it is complete.
            let isChanged = state.stored != before.stored
            #expect(answer.effects.contains(.store) == (isChanged && state.state != .rfotm))
        } else {
            let error = #expect(throws: ResourceError.self) {
                try state.serve(request, on: row.resource, context)
            }
            #expect(error?.code == row.refusal, "\(row.name)")
            #expect(state == before)
        }
    }

    @Test("in RFOTM the owner's properties are written through the ownership connection alone")
    func onlyThroughOwnership() throws {
        let bodies: [CBOR.Value] = [
            ["owned": true], ["devowneruuid": Self.uuid], ["deviceuuid": Self.uuid], ["rowneruuid": Self.uuid],
        ]
        for body in bodies {
            for context in [SecurityHouse.plain, SecurityHouse.from(SecurityHouse.tool)] {
                var state = SecurityHouse.fresh()
                #expect(throws: ResourceError(.badRequest, "")) {
                    try state.apply(OwnerTransferMethods.Update(body), context)
                }
            }
        }
    }

    @Test("in RFOTM nothing but the method is written outside the ownership connection", arguments: rows.indices)
    func nothingOutsideOwnership(_ index: Int) throws {
        let row = Self.rows[index]
        for context in [SecurityHouse.plain, SecurityHouse.from(SecurityHouse.tool, certificate: true)] {
            var state = SecurityHouse.fresh()
            let request = try SecurityHouse.request(row.code, row.resource, query: row.query, row.body)
            let isMethod = row.name == "doxm.oxmsel" && context.session == nil
            #expect(((try? state.serve(request, on: row.resource, context)) != nil) == isMethod, "\(row.name)")
            #expect((state == SecurityHouse.fresh()) == !isMethod)
        }
    }

    static let selections: [(CBOR.Value, Bool, Bool)] = [
        // oxmsel, through an encrypted connection, taken
        (2, false, true), (1, false, true), (0, false, false), (4, false, false), (3, false, false),
        (65536, false, false), (-1, false, false), ("2", false, false), (2, true, false),
    ]

    @Test("the method is one that is offered, over plain CoAP", arguments: selections.indices)
    func selection(_ index: Int) throws {
        let (value, isEncrypted, isTaken) = Self.selections[index]
        var state = SecurityHouse.fresh()
        let context = isEncrypted ? SecurityHouse.from(SecurityHouse.tool) : SecurityHouse.plain
        let outcome = try? state.apply(OwnerTransferMethods.Update(["oxmsel": value]), context)
        #expect((outcome != nil) == isTaken)
        #expect(state.doxm.selected == (isTaken ? OwnerTransferMethod(rawValue: value.int ?? -1) : .unselected))
        #expect((outcome?.effects == [.showPIN]) == (value == 1))
        for later in [OnboardingState.rfpro, .rfnop, .sreset] {
            var state = try SecurityHouse.device(in: later)
            #expect(throws: ResourceError.self) {
                try state.apply(OwnerTransferMethods.Update(["oxmsel": value]), SecurityHouse.plain)
            }
        }
    }

    @Test("in SRESET owners are changed by the DOTS alone")
    func ownersByDOTS() throws {
        for requester in [SecurityHouse.other, SecurityHouse.tool] {
            let context = SecurityHouse.from(requester)
            let isTaken = requester == SecurityHouse.tool
            var state = try SecurityHouse.device(in: .sreset)
            #expect(
                isTaken == ((try? state.apply(.update(CredentialList.Update(owner: requester)), context)) != nil))
            #expect(
                isTaken == ((try? state.apply(.update(AccessControlList.Update(owner: requester)), context)) != nil))
            #expect(isTaken == ((try? state.apply(ProvisioningStatus.Update(owner: requester), context)) != nil))
            #expect(isTaken == ((try? state.apply(OwnerTransferMethods.Update(owner: requester), context)) != nil))
        }
    }

    static let profiles: [(CBOR.Value, Bool)] = [
        (["supportedprofiles": ["1.3.6.1.4.1.51414.0.0.1.0"]], true),
        (["supportedprofiles": ["1.3.6.1.4.1.51414.0.0.2.0"]], false),
        (["supportedprofiles": ["1.3.6.1.4.1.51414.0.0.2.0"], "currentprofile": "1.3.6.1.4.1.51414.0.0.2.0"], true),
        (["supportedprofiles": ["1.3.6.1.4.1.51414.0.0.4.0", "1.3.6.1.4.1.51414.0.0.1.0"]], false),
        (["currentprofile": "1.3.6.1.4.1.51414.0.0.3.0"], false), (["currentprofile": 1], false),
        (["supportedprofiles": [1]], false), (["supportedprofiles": "1"], false), ([:], false),
    ]

    @Test("profiles are among those the device has", arguments: profiles.indices)
    func profile(_ index: Int) throws {
        var state = try SecurityHouse.device(in: .rfpro)
        let outcome = try? state.apply(SecurityProfiles.Update(Self.profiles[index].0), SecurityHouse.owning)
        #expect((outcome != nil) == Self.profiles[index].1)
    }

    @Test("roles are asserted from RFPRO on, with an identity certificate", arguments: OnboardingState.allCases)
    func roles(_ onboarding: OnboardingState) throws {
        var state = try SecurityHouse.device(in: .rfpro)
        _ = try state.apply(.update(CredentialList.Update(entries: [SecurityHouse.anchor])), SecurityHouse.owning)
        switch onboarding {
        case .rfpro: break
        case .rfotm: state = try SecurityHouse.device(in: .rfotm)
        case .reset: _ = state.beginReset()
        default: _ = try state.apply(ProvisioningStatus.Update(state: onboarding), SecurityHouse.owning)
        }
        let update = RoleAssertions.Change.update(RoleAssertions.Update([SecurityHouse.roleEntry]))
        let isTaken = [.rfpro, .rfnop, .sreset].contains(onboarding)
        let context = SecurityHouse.from(SecurityHouse.peer, certificate: true)
        #expect(((try? state.apply(update, context)) != nil) == isTaken)
        #expect(
            state.assertions(on: SecurityHouse.session).roles(at: SecurityHouse.now)
                == (isTaken ? [Requester.Role("household"), Requester.Role("admin", authority: "acme")] : []))
        #expect(((try? state.apply(RoleAssertions.Change.delete(.all), context)) != nil) == isTaken)
        #expect(state.assertions(on: SecurityHouse.session).entries.isEmpty)
        for context in [SecurityHouse.from(SecurityHouse.peer), SecurityHouse.plain, SecurityHouse.owning] {
            #expect(throws: ResourceError(.badRequest, "")) { try state.apply(update, context) }
        }
    }
}
