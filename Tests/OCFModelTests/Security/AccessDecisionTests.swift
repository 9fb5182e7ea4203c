import CoAPMessages
import OCFModel
import Testing

/// The order in which a request is decided.
@Suite struct AccessDecisionTests {
    struct Row: Sendable {
        let state: OnboardingState
        let context: SecurityContext
        let operation: ResourceRequest.Operation
        let facts: AccessFacts
        let rule: AccessRule
        let isPermitted: Bool

        init(
            _ state: OnboardingState, _ context: SecurityContext, _ operation: ResourceRequest.Operation,
            _ facts: AccessFacts, _ rule: AccessRule, _ isPermitted: Bool
        ) {
            self.state = state
            self.context = context
            self.operation = operation
            self.facts = facts
            self.rule = rule
            self.isPermitted = isPermitted
        }
    }

    static func facts(_ resource: SecurityResource) -> AccessFacts {
        AccessFacts(href: resource.href, configuresDevice: true)
    }

    static let light = AccessFacts(href: "/light", configuresDevice: false)
    static let res = AccessFacts(href: "/oic/res", configuresDevice: true)
    static let d = AccessFacts(href: "/oic/d", configuresDevice: true)
    static let p = AccessFacts(href: "/oic/p", configuresDevice: true)
    static let con = AccessFacts(href: "/oic/con", configuresDevice: true)
    static let core = AccessFacts(href: "/.well-known/core", configuresDevice: true)
    static let ael = AccessFacts(href: "/oic/sec/ael", configuresDevice: true)

    static let plain = SecurityHouse.plain
    static let owning = SecurityHouse.owning
    static let tool = SecurityHouse.from(SecurityHouse.tool)
    static let other = SecurityHouse.from(SecurityHouse.other)
    static let third = SecurityHouse.from(SecurityHouse.id("00000000-0000-4000-8000-000000000003"))
    static let nobody = SecurityContext(
        requester: Requester(.anonymous, isEncrypted: true), session: SecurityHouse.session, now: SecurityHouse.now)
    static let nilDevice = SecurityHouse.from(.none)
    static let ownerRole = SecurityHouse.from(
        SecurityHouse.other, roles: [Requester.Role("oic.role.owner")])

    /// The list of the devices of these rows: what an onboarding tool writes, and a member of the household.
    static let entries = [
        AccessControlEntry(
            id: 0, subject: .device(SecurityHouse.tool), resources: [.href("/oic/sec/sp")],
            permissions: Permissions(rawValue: 14)),
        AccessControlEntry(
            id: 0, subject: .device(SecurityHouse.tool), resources: [.href("/oic/sec/csr")], permissions: .read),
        AccessControlEntry(
            id: 0, subject: .everybody,
            resources: [.href("/oic/d"), .href("/oic/p"), .href("/oic/res"), .href("/oic/sec/sdi"), .href("/light")],
            permissions: .read),
        AccessControlEntry(
            id: 0, subject: .encrypted, resources: [.href("/oic/con"), .href("/oic/sec/acl2")], permissions: .all),
        AccessControlEntry(
            id: 0, subject: .device(SecurityHouse.other), resources: [.allApplication], permissions: [.read, .update]),
        AccessControlEntry(
            id: 0, subject: .device(SecurityHouse.other), resources: [.href("/oic/sec/cred")], permissions: .read),
    ]

    static let rows: [Row] = [
        // A reset serves nobody.
        Row(.reset, plain, .retrieve, res, .resetting, false),
        Row(.reset, tool, .retrieve, facts(.pstat), .resetting, false),
        Row(.reset, tool, .update, light, .resetting, false),
        // 1: plain CoAP beside the ownership connection.
        Row(.rfotm, plain, .retrieve, res, .plainBesideOwnership, false),
        Row(.rfotm, plain, .retrieve, facts(.doxm), .plainBesideOwnership, false),
        Row(.rfotm, plain, .retrieve, core, .plainBesideOwnership, false),
        // 2: applications in normal operation only.
        Row(.rfotm, owning, .retrieve, light, .applicationOutsideNormalOperation, false),
        Row(.rfpro, other, .retrieve, light, .applicationOutsideNormalOperation, false),
        Row(.rfpro, owning, .retrieve, light, .applicationOutsideNormalOperation, false),
        Row(.sreset, other, .update, light, .applicationOutsideNormalOperation, false),
        Row(.sreset, ownerRole, .update, light, .applicationOutsideNormalOperation, false),
        // 3: never over plain CoAP, even with an entry.
        Row(.rfnop, plain, .retrieve, light, .applicationOverPlain, false),
        // 4: the ownership connection.
        Row(.rfotm, owning, .update, facts(.cred), .ownershipConnection, true),
        Row(.rfotm, owning, .delete, facts(.acl2), .ownershipConnection, true),
        Row(.rfotm, owning, .update, con, .ownershipConnection, true),
        Row(.rfpro, owning, .update, facts(.acl2), .ownershipConnection, true),
        Row(.rfnop, owning, .update, facts(.acl2), .accessControlList, false),
        // 5: discovery.
        Row(.rfpro, plain, .retrieve, core, .discovery, true),
        Row(.rfnop, plain, .retrieve, core, .discovery, true),
        Row(.sreset, plain, .retrieve, core, .discovery, true),
        Row(.rfnop, plain, .update, core, .accessControlList, false),
        // 7: security resources over plain CoAP.
        Row(.rfpro, plain, .retrieve, facts(.doxm), .securityOverPlain, false),
        Row(.rfnop, plain, .retrieve, facts(.pstat), .securityOverPlain, false),
        Row(.rfnop, plain, .retrieve, facts(.sdi), .securityOverPlain, false),
        Row(.rfnop, plain, .retrieve, facts(.roles), .securityOverPlain, false),
        Row(.rfnop, plain, .retrieve, ael, .securityOverPlain, false),
        Row(.sreset, plain, .update, facts(.cred), .securityOverPlain, false),
        // 8: owners of resources.
        Row(.rfpro, tool, .update, facts(.cred), .resourceOwner, true),
        Row(.rfnop, tool, .update, facts(.pstat), .resourceOwner, true),
        Row(.rfnop, tool, .retrieve, facts(.doxm), .resourceOwner, true),
        Row(.sreset, tool, .delete, facts(.acl2), .resourceOwner, true),
        Row(.rfnop, other, .update, facts(.pstat), .accessControlList, false),
        Row(.rfnop, nilDevice, .update, facts(.pstat), .accessControlList, false),
        Row(.rfnop, nobody, .update, facts(.pstat), .accessControlList, false),
        // 9: roles.
        Row(.rfpro, third, .update, facts(.roles), .roles, true),
        Row(.rfnop, third, .update, facts(.roles), .roles, true),
        Row(.sreset, third, .delete, facts(.roles), .roles, true),
        // 10: the list.
        Row(.rfnop, tool, .retrieve, facts(.csr), .accessControlList, true),
        Row(.rfnop, tool, .update, facts(.csr), .accessControlList, false),
        Row(.rfnop, tool, .update, facts(.sp), .accessControlList, true),
        Row(.rfnop, tool, .delete, facts(.sp), .accessControlList, true),
        Row(.rfnop, other, .retrieve, facts(.cred), .accessControlList, true),
        Row(.rfnop, other, .update, facts(.cred), .accessControlList, false),
        Row(.rfnop, other, .update, light, .accessControlList, true),
        Row(.rfnop, other, .delete, light, .accessControlList, false),
        Row(.rfnop, third, .retrieve, light, .accessControlList, true),
        Row(.rfnop, third, .update, light, .accessControlList, false),
        Row(.rfnop, tool, .update, light, .accessControlList, false),
        Row(.rfpro, plain, .retrieve, res, .accessControlList, true),
        Row(.rfnop, plain, .retrieve, d, .accessControlList, true),
        Row(.sreset, plain, .retrieve, p, .accessControlList, true),
        Row(.rfnop, plain, .retrieve, con, .accessControlList, false),
        Row(.rfnop, third, .update, con, .accessControlList, true),
        // Kinds of connection open no security resource.
        Row(.rfnop, third, .retrieve, facts(.acl2), .accessControlList, false),
        Row(.rfnop, third, .retrieve, facts(.sdi), .accessControlList, false),
        // The owner's role may do everything that the state allows.
        Row(.rfnop, ownerRole, .delete, light, .accessControlList, true),
        Row(.rfnop, ownerRole, .update, facts(.acl2), .accessControlList, true),
        Row(.rfpro, ownerRole, .update, facts(.cred), .accessControlList, true),
    ]

    @Test("each step, in its order", arguments: rows.indices)
    func row(_ index: Int) throws {
        let row = Self.rows[index]
        var state = try SecurityHouse.device(in: .rfpro)
        _ = try state.apply(
            AccessControlList.Change.update(AccessControlList.Update(entries: Self.entries)), SecurityHouse.owning)
        switch row.state {
        case .rfpro: break
        case .rfotm: state = try SecurityHouse.device(in: .rfotm)
        case .reset: _ = state.beginReset()
        case .rfnop, .sreset: _ = try state.apply(ProvisioningStatus.Update(state: row.state), SecurityHouse.owning)
        }
        let decision = state.decide(row.operation, on: row.facts, row.context)
        #expect(decision.rule == row.rule)
        #expect(decision.isPermitted == row.isPermitted)
    }

    static let unowned: [(AccessFacts, ResourceRequest.Operation, AccessRule, Bool)] = [
        (light, .retrieve, .applicationOutsideNormalOperation, false),
        (res, .retrieve, .discovery, true), (d, .retrieve, .discovery, true), (p, .retrieve, .discovery, true),
        (core, .retrieve, .discovery, true), (res, .update, .beforeOwnership, false),
        (facts(.doxm), .retrieve, .beforeOwnership, true), (facts(.doxm), .update, .beforeOwnership, true),
        (facts(.doxm), .delete, .beforeOwnership, false), (facts(.pstat), .retrieve, .beforeOwnership, true),
        (facts(.pstat), .update, .beforeOwnership, false), (facts(.cred), .retrieve, .beforeOwnership, false),
        (facts(.acl2), .update, .beforeOwnership, false), (facts(.sdi), .retrieve, .beforeOwnership, false),
        (con, .retrieve, .beforeOwnership, false),
    ]

    @Test("6: what a would-be owner needs before its connection", arguments: unowned.indices)
    func beforeOwnership(_ index: Int) {
        let (facts, operation, rule, isPermitted) = Self.unowned[index]
        let decision = SecurityHouse.fresh().decide(operation, on: facts, SecurityHouse.plain)
        #expect(decision.rule == rule && decision.isPermitted == isPermitted)
    }

    @Test("every rule has a row")
    func complete() {
        let rules = Set(Self.rows.map(\.rule) + Self.unowned.map(\.2))
        #expect(rules == Set(AccessRule.allCases))
    }

    @Test("roles of a connection and of a key, and entries limited in time")
    func rolesAndTime() throws {
        var state = try SecurityHouse.device(in: .rfpro)
        let entries = [
            AccessControlEntry(
                id: 0, subject: .role(Requester.Role("admin", authority: "acme")), resources: [.href("/a")],
                permissions: .update),
            AccessControlEntry(
                id: 0, subject: .role(Requester.Role("guest")), resources: [.href("/b")], permissions: .read,
                validity: [ValidityPeriod(period: "20270801T000000Z/P1D")]),
        ]
        var key = Credential.pairwiseKey([UInt8](repeating: 1, count: 16), with: SecurityHouse.other)
        key.role = Requester.Role("guest")
        _ = try state.apply(
            AccessControlList.Change.update(AccessControlList.Update(entries: entries)), SecurityHouse.owning)
        _ = try state.apply(
            CredentialList.Change.update(CredentialList.Update(entries: [SecurityHouse.anchor, key])),
            SecurityHouse.owning)
        _ = try state.apply(ProvisioningStatus.Update(state: .rfnop), SecurityHouse.owning)
        let keyID = try #require(state.cred.entries.last?.id)
        let a = AccessFacts(href: "/a", configuresDevice: false)
        let b = AccessFacts(href: "/b", configuresDevice: false)

        let peer = SecurityHouse.from(SecurityHouse.peer, certificate: true)
        #expect(!state.decide(.update, on: a, peer).isPermitted)
        _ = try state.apply(
            RoleAssertions.Change.update(RoleAssertions.Update([SecurityHouse.roleEntry])), peer)
        #expect(state.decide(.update, on: a, peer).isPermitted)
        let elsewhere = SecurityHouse.from(SecurityHouse.peer, SessionID(rawValue: 9))
        #expect(!state.decide(.update, on: a, elsewhere).isPermitted, "roles belong to a connection")
        var clockless = peer
        clockless.now = nil
        #expect(!state.decide(.update, on: a, clockless).isPermitted, "without a clock no certificate is valid")
        _ = state.connectionClosed(SecurityHouse.session)
        #expect(!state.decide(.update, on: a, peer).isPermitted)

        let guest = SecurityHouse.from(SecurityHouse.other)
        #expect(state.decide(.retrieve, on: b, guest, credentialID: keyID).isPermitted)
        #expect(!state.decide(.retrieve, on: b, guest).isPermitted)
        for (now, isPermitted) in [(SecurityHouse.now + 86_400, false), (nil, false), (SecurityHouse.now, true)] {
            let later = SecurityHouse.from(SecurityHouse.other, now: now)
            #expect(state.decide(.retrieve, on: b, later, credentialID: keyID).isPermitted == isPermitted)
        }
    }
}
