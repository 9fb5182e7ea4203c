import CBOR
import CoAPMessages
import OCFModel
import TLS
import Testing

/// Entries of cred, acl2 and roles: numbers, replacing, deleting, limits, keys.
@Suite struct SecurityEntryTests {
    static func key(_ subject: Identifier, _ octet: UInt8 = 1, id: Int = 0) -> Credential {
        .pairwiseKey([UInt8](repeating: octet, count: 16), with: subject, id: id)
    }

    static func ace(_ id: Int = 0, _ href: String = "/a") -> AccessControlEntry {
        AccessControlEntry(id: id, subject: .encrypted, resources: [.href(href)], permissions: .read)
    }

    @Test("credentials are numbered, replaced whole, and removed")
    func credentials() throws {
        var state = try SecurityHouse.device(in: .rfpro)
        func post(_ entries: Credential...) throws -> SecurityOutcome {
            try state.apply(
                CredentialList.Change.update(CredentialList.Update(entries: entries)), SecurityHouse.owning)
        }
        #expect(try post(Self.key(SecurityHouse.other), Self.key(SecurityHouse.other, 2, id: 55)).kind == .created)
        #expect(state.cred.entries.map(\.id) == [1, 2, 55])
        #expect(state.cred.pairwiseKey(with: SecurityHouse.other, at: nil)?.credential.id == 55, "the newest")
        #expect(try post(Self.key(SecurityHouse.other, 3, id: 55)).kind == .changed)
        #expect(state.cred.entries.count == 3)
        #expect(state.cred.pairwiseKey(with: SecurityHouse.other, at: nil)?.key == [UInt8](repeating: 3, count: 16))
        _ = try post(Self.key(SecurityHouse.other, id: 3))
        _ = try post(Self.key(SecurityHouse.other))
        #expect(state.cred.entries.map(\.id) == [1, 2, 55, 3, 4], "a number in use is passed over")

        func delete(_ query: String...) throws -> SecurityAnswer {
            try state.serve(
                SecurityHouse.request(.delete, .cred, query: query), on: .cred, SecurityHouse.owning)
        }
        #expect(try delete("credid=3").code == .deleted)
        #expect(throws: ResourceError(.notFound, "")) { try delete("credid=3") }
        #expect(throws: ResourceError(.badRequest, "")) { try delete("credid=x") }
        #expect(throws: ResourceError(.badRequest, "")) { try delete("credID=1") }
        #expect(throws: ResourceError(.badRequest, "")) { try delete("credid=1", "subjectuuid=*") }
        #expect(throws: ResourceError(.notFound, "")) { try delete("subjectuuid=*") }
        #expect(try delete("subjectuuid=\(SecurityHouse.other)").code == .deleted)
        #expect(state.cred.entries.map(\.id) == [1])
        _ = try post(Self.key(SecurityHouse.other))
        #expect(state.cred.entries.map(\.id) == [1, 5], "no number twice")
        #expect(try delete().code == .deleted)
        #expect(try delete().code == .deleted, "an empty list can be emptied")
        #expect(state.cred.entries.isEmpty)
    }

    @Test("access control entries are numbered, replaced whole, and removed")
    func accessControl() throws {
        var state = try SecurityHouse.device(in: .rfpro)
        func post(_ entries: AccessControlEntry...) throws -> SecurityOutcome {
            try state.apply(
                AccessControlList.Change.update(AccessControlList.Update(entries: entries)), SecurityHouse.owning)
        }
        #expect(try post(Self.ace(2), Self.ace(), Self.ace()).kind == .created)
        #expect(state.acl2.entries.map(\.id) == [2, 1, 3])
        #expect(try post(Self.ace(1, "/b")).kind == .changed)
        #expect(state.acl2.entries[1].resources == [.href("/b")])
        func delete(_ query: String...) throws -> SecurityAnswer {
            try state.serve(
                SecurityHouse.request(.delete, .acl2, query: query), on: .acl2, SecurityHouse.owning)
        }
        #expect(throws: ResourceError(.notFound, "")) { try delete("aceid=9") }
        #expect(throws: ResourceError(.badRequest, "")) { try delete("aceid=") }
        #expect(try delete("aceid=2").code == .deleted)
        #expect(state.acl2.entries.map(\.id) == [1, 3])
        let all = try state.serve(SecurityHouse.request(.get, .acl2), on: .acl2, SecurityHouse.owning)
        let one = try state.serve(
            SecurityHouse.request(.get, .acl2, query: ["aceid=3"]), on: .acl2, SecurityHouse.owning)
        #expect(all.representation?["aclist2"]?.items?.count == 2)
        #expect(one.representation?["aclist2"]?.items?.compactMap { $0["aceid"] } == [3])
        #expect(try delete().code == .deleted)
        #expect(state.acl2.entries.isEmpty && state.acl2.owner == SecurityHouse.tool)
        #expect(throws: ResourceError(.badRequest, "")) {
            try post(
                AccessControlEntry(
                    id: 0, subject: .encrypted, resources: [], permissions: .read,
                    validity: [ValidityPeriod(period: "20260101T000000Z/P1D", recurrence: ["RRULE:FREQ=HOURLY"])]))
        }
    }

    @Test("lists are bounded, and what does not fit changes nothing")
    func limits() throws {
        var state = try SecurityHouse.device(in: .rfpro)
        let half = [Credential](repeating: Self.key(SecurityHouse.other), count: SecurityLimits.credentials / 2)
        _ = try state.apply(
            CredentialList.Change.update(CredentialList.Update(entries: half)), SecurityHouse.owning)
        var before = state
        #expect(throws: ResourceError(.badRequest, "")) {
            try state.apply(CredentialList.Change.update(CredentialList.Update(entries: half)), SecurityHouse.owning)
        }
        #expect(state == before)
        let entries = (0...SecurityLimits.accessControlEntries).map { _ in Self.ace() }
        #expect(throws: ResourceError(.badRequest, "")) {
            try state.apply(
                AccessControlList.Change.update(AccessControlList.Update(entries: entries)), SecurityHouse.owning)
        }
        #expect(throws: ResourceError(.badRequest, "")) {
            try AccessControlList.Update(["aclist2": .array(entries.map(\.representation))])
        }
        before = state
        // A number at the end of the range moves the counter nowhere it cannot go.
        _ = try state.apply(
            AccessControlList.Change.update(
                AccessControlList.Update(entries: [Self.ace(SecurityLimits.largestID), Self.ace()])),
            SecurityHouse.owning)
        #expect(state.acl2.entries.map(\.id) == [SecurityLimits.largestID, 1])
    }

    static let refused: [(String, Credential)] = [
        ("a type that is not in sct", Credential(subject: .device(SecurityHouse.other), type: .password)),
        ("no type", Credential(subject: .device(SecurityHouse.other), type: [])),
        ("no key", Credential(subject: .device(SecurityHouse.other), type: .pairwiseKey)),
        ("a short key", .pairwiseKey([1, 2, 3], with: SecurityHouse.other)),
        ("a long key", .pairwiseKey([UInt8](repeating: 1, count: 33), with: SecurityHouse.other)),
        ("a key for nobody", .pairwiseKey([UInt8](repeating: 1, count: 16), with: .none)),
        (
            "a key for everybody",
            Credential(
                subject: .anyone, type: .pairwiseKey,
                privateData: .init(.bytes([UInt8](repeating: 1, count: 16)), encoding: .raw))
        ),
        (
            "a key in another form",
            Credential(
                subject: .device(SecurityHouse.other), type: .pairwiseKey,
                privateData: .init(.text("RAW-ENCODED-VALUE"), encoding: .raw))
        ),
        (
            "a period without a zone",
            Credential(
                subject: .device(SecurityHouse.other), type: .pairwiseKey,
                privateData: .init(.bytes([UInt8](repeating: 1, count: 16)), encoding: .raw),
                period: "20260101T000000/P1D")
        ),
        ("a certificate without a use", Credential(subject: .anyone, type: .certificate)),
        ("no certificate", .certificate(pem: "PEM-ENCODED-VALUE", .trustAnchor, subject: .anyone)),
        ("a leaf as an anchor", .certificate(pem: TestCertificates.peer, .trustAnchor, subject: .anyone)),
        (
            "an identity of another device",
            .certificate(pem: TestCertificates.peer, .identity, subject: .device(SecurityHouse.deviceID))
        ),
        (
            "an identity for another key",
            .certificate(
                pem: TestCertificates.identity, .identity, subject: .device(SecurityHouse.deviceID),
                privateKey: (try? PrivateKey.generateP256().pem()) ?? "")
        ),
        (
            "an identity where an own role belongs",
            .certificate(pem: TestCertificates.identity, .role, subject: .device(SecurityHouse.deviceID))
        ),
    ]

    @Test("credentials that cannot be used are refused", arguments: refused.indices)
    func refusal(_ index: Int) throws {
        var state = try SecurityHouse.device(in: .rfpro)
        let before = state
        var context = SecurityHouse.owning
        context.devicePublicKey = try CertificateRules.read(pem: TestCertificates.identity)[0].publicKey
        #expect(throws: ResourceError(.badRequest, "")) {
            try state.apply(
                CredentialList.Change.update(
                    CredentialList.Update(entries: [Self.key(SecurityHouse.other), Self.refused[index].1])), context)
        }
        #expect(state == before)
    }

    @Test("certificates for the device's own key are taken")
    func ownCertificates() throws {
        var state = try SecurityHouse.device(in: .rfpro)
        var context = SecurityHouse.owning
        let update = CredentialList.Change.update(
            CredentialList.Update(entries: [
                SecurityHouse.anchor,
                .certificate(
                    pem: TestCertificates.identity + "\n" + TestCertificates.sub, .identity,
                    subject: .device(SecurityHouse.deviceID)),
                .certificate(pem: TestCertificates.ownRole, .role, subject: .device(SecurityHouse.deviceID)),
            ]))
        #expect(throws: ResourceError(.badRequest, "")) { try state.apply(update, context) }
        context.devicePublicKey = try CertificateRules.read(pem: TestCertificates.identity)[0].publicKey
        let outcome = try state.apply(update, context)
        #expect(outcome.effects == [.store, .credentialsChanged])
        let isRoot: (String) -> Bool = { $0 == TestCertificates.root }
        #expect(state.cred.trusts(SecurityHouse.peer, rootPEM: isRoot, at: nil))
        #expect(!state.cred.trusts(SecurityHouse.peer, rootPEM: { $0 == TestCertificates.stranger }, at: nil))
        #expect(state.cred.usable(.identity, at: SecurityHouse.now).count == 1)
    }

    @Test("roles: numbered by us, once each, no more than fit, of the peer alone")
    func roles() throws {
        var state = try SecurityHouse.device(in: .rfpro)
        let peer = SecurityHouse.from(SecurityHouse.peer, certificate: true)
        func post(_ entries: Credential..., as context: SecurityContext) throws -> SecurityOutcome {
            try state.apply(RoleAssertions.Change.update(RoleAssertions.Update(entries)), context)
        }
        #expect(throws: ResourceError(.badRequest, "")) { try post(SecurityHouse.roleEntry, as: peer) }
        _ = try state.apply(
            CredentialList.Change.update(CredentialList.Update(entries: [SecurityHouse.anchor])), SecurityHouse.owning)
        var numbered = SecurityHouse.roleEntry
        numbered.usage = .role
        #expect(try post(SecurityHouse.roleEntry, numbered, as: peer).kind == .changed)
        #expect(state.assertions(on: SecurityHouse.session).entries.map(\.credential.id) == [1])
        #expect(throws: ResourceError(.badRequest, "")) {
            try post(
                SecurityHouse.roleEntry,
                as: SecurityHouse.from(SecurityHouse.other, .init(rawValue: 5), certificate: true))
        }
        var clockless = SecurityHouse.from(SecurityHouse.peer, .init(rawValue: 6), certificate: true)
        clockless.now = nil
        #expect(throws: ResourceError(.badRequest, "")) { try post(SecurityHouse.roleEntry, as: clockless) }
        var wrong = SecurityHouse.roleEntry
        wrong.publicData = Credential.PublicData(.text(TestCertificates.peer))
        #expect(throws: ResourceError(.badRequest, "")) { try post(wrong, as: peer) }
        let shown = try state.serve(SecurityHouse.request(.get, .roles), on: .roles, peer)
        #expect(shown.representation?["roles"]?.items?.count == 1)
        let elsewhere = SecurityHouse.from(SecurityHouse.other)
        #expect(
            try state.serve(
                SecurityHouse.request(.get, .roles), on: .roles,
                SecurityHouse.from(SecurityHouse.other, .init(rawValue: 5))
            ).representation?["roles"] == [])
        #expect(throws: ResourceError(.notFound, "")) {
            try state.apply(RoleAssertions.Change.delete(.id(7)), peer)
        }
        #expect(state.roles(elsewhere).count == 2, "both are on the same connection")
        // A chain to an anchor that is meant for somebody else proves nothing.
        var bound = SecurityHouse.anchor
        bound.subject = .device(SecurityHouse.other)
        state = try SecurityHouse.device(in: .rfpro)
        _ = try state.apply(
            CredentialList.Change.update(CredentialList.Update(entries: [bound])), SecurityHouse.owning)
        #expect(throws: ResourceError(.badRequest, "")) { try post(SecurityHouse.roleEntry, as: peer) }
    }

    @Test("what of a credential is usable when")
    func usable() {
        var entry = Self.key(SecurityHouse.other)
        #expect(entry.isUsable(at: nil))
        entry.period = "20270101T000000Z/20280101T000000Z"
        #expect(entry.isUsable(at: SecurityHouse.now) && !entry.isUsable(at: nil) && !entry.isUsable(at: 0))
        entry.period = "always"
        #expect(!entry.isUsable(at: SecurityHouse.now))
        entry.period = nil
        entry.optionalData = Credential.OptionalData(isRevoked: true)
        #expect(!entry.isUsable(at: SecurityHouse.now))
    }

    static let keys: [(Credential.Data, Credential.Encoding, [UInt8]?)] = [
        (.bytes([1, 2]), .raw, [1, 2]), (.text("0aFF"), .raw, [10, 255]), (.text("0aF"), .raw, nil),
        (.text("AQID"), .base64, [1, 2, 3]), (.text("AQI="), .base64, [1, 2]), (.text("AQ=="), .base64, [1]),
        (.text("A==="), .base64, nil), (.text("AQI"), .base64, nil), (.text("A=ID"), .base64, nil),
        (.bytes(Array("+/+/".utf8)), .base64, [0xFB, 0xFF, 0xBF]), (.text(""), .base64, []), (.text("x"), .pem, nil),
    ]

    @Test("keys in their encodings", arguments: keys.indices)
    func keyOctets(_ index: Int) {
        let (data, encoding, key) = Self.keys[index]
        #expect(Credential.PrivateData(data, encoding: encoding).key == key)
    }
}
