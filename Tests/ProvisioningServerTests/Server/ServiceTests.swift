import OneLoop
import ProvisioningModel
import Testing
import XMPP

@testable import ProvisioningServer

@Suite("Services", .timeLimit(.minutes(1)))
@Loop
struct ServiceTests {
    private func access(_ device: TestDevice, _ token: String, _ credentials: [UserCredential]) async throws
        -> ServiceAnswer
    {
        try ServiceAnswer(
            try await device.answer(ServiceQuestion(serviceTokens: [token], credentials: credentials).element))
    }

    private func may(_ device: TestDevice, _ token: String, _ user: String, _ privilege: String) async throws -> Bool {
        let question = PrivilegeQuestion(
            serviceTokens: [token], userTokens: [user], privilege: try #require(PrivilegeID(privilege)))
        return try PrivilegeAnswer(try await device.answer(question.element)).isGranted
    }

    private func list(_ device: TestDevice, _ token: String, _ user: String) async throws -> PrivilegeList {
        try PrivilegeList(
            try await device.answer(PrivilegeListQuestion(serviceTokens: [token], userTokens: [user]).element))
    }

    /// Tells a name under which the user has logged in, and lets it arrive.
    private func logIn(_ name: String, _ service: TestDevice, _ token: String, _ user: String) async {
        let login = UserLogin(serviceTokens: [token], userTokens: [user], userName: name)
        service.session.send(Message([login.element], to: service.house.address))
        await service.house.pause()
    }

    /// A service that lets everybody in, and a device that proves its certificate, on which Kermit may read.
    private func portal(
        _ house: TestHouse, names: [String] = []
    ) async throws -> (service: TestDevice, token: String, device: TestDevice) {
        let service = try house.device("portal@home.example/service")
        let identity = try TestIdentity("portal")
        let token = try await service.token(identity)
        try await house.change { ledger in
            try ledger.addService("portal", certificate: identity.fingerprint)
            try ledger.add(PrivilegeOwner(isRole: false, name: "Kermit"))
            try ledger.addEntry(try #require(AccessEntry(.anybody, "*")), service: "portal")
            try ledger.admit("gateway@home.example")
            try ledger.addRule(Rule(.read, who: .user("Kermit"), names: names))
        }
        let device = try house.device()
        device.key = identity.key
        return (service, token, device)
    }

    @Test("Let in by a credential, logged in, and what the user's own list, roles and guests may")
    func life() async throws {
        let house = try await TestHouse()
        let service = try house.device("metrics@home.example/service")
        let identity = try TestIdentity("metrics")
        let token = try await service.token(identity)
        let kermit: [UserCredential] = [.ip4("10.0.0.1"), .userName("Kermit"), .longitude(12.5), .latitude(41.9)]
        #expect(try await !access(service, token, kermit).isGranted, "nobody has said that this is a service")
        let select = try #require(PrivilegeID("Databases.Energy.Select"))
        try await house.change { ledger in
            try ledger.addService("metrics", certificate: identity.fingerprint)
            try ledger.add(PrivilegeOwner(isRole: false, name: "Kermit"))
            try ledger.add(PrivilegeOwner(isRole: true, name: "energy"))
            try ledger.setRole("energy", of: "Kermit", isGiven: true)
            let energy = PrivilegeOwner(isRole: true, name: "energy")
            try ledger.addPrivilege(
                .include(try #require(PrivilegeID("Databases.Energy"))), of: energy, service: "metrics")
            try ledger.addPrivilege(
                .exclude(try #require(PrivilegeID("Databases.Energy.Delete"))), of: energy, service: "metrics", at: 1)
            try ledger.addPrivilege(
                .include(try #require(PrivilegeID("Pages.View"))),
                of: PrivilegeOwner(isRole: true, name: Ledger.guests),
                service: "metrics")
        }
        #expect(try await !access(service, token, kermit).isGranted)
        await house.turn()
        let pending = try house.pending()
        #expect(pending.map(\.kind) == [.access] && pending.first?.who == "user Kermit")
        try await house.change { try $0.answer(pending[0].id, PendingAnswer(isAllowed: true)) }
        let answer = try await access(service, token, kermit)
        let user = try #require(answer.userToken)
        #expect(answer.isGranted)

        // Not logged in yet: a guest.
        #expect(try await may(service, token, user, "Pages.View"))
        #expect(try await !may(service, token, user, select.text))
        #expect(try await list(service, token, user).entries == [.include(try #require(PrivilegeID("Pages.View")))])
        await logIn("Kermit", service, token, user)
        #expect(try await may(service, token, user, select.text))
        #expect(try await !may(service, token, user, "Databases.Energy.Delete"))
        #expect(try await !may(service, token, user, "Databases.EnergyOther.Select"))
        #expect(try await may(service, token, user, "Pages.View"))
        let whole = try await list(service, token, user)
        let delete = try #require(PrivilegeID("Databases.Energy.Delete"))
        #expect(whole.entries.count == 3 && !whole.allows(delete))
        #expect(service.challenges == 1, "proved once")

        // Another service's token, an unknown one, and a service that does not prove its own.
        let other = try house.device("other@home.example/x")
        other.key = nil
        #expect(try await !may(other, token, user, select.text))
        #expect(try await list(other, token, user).entries.isEmpty)
        #expect(try await !access(other, token, kermit).isGranted)
        #expect(try await !may(service, "unknown", user, select.text))
        #expect(try await !may(service, token, "unknown", select.text))

        // The token ends.
        house.clock.advance(86_401)
        #expect(try await !may(service, token, user, select.text))
        let sent = house.router.sent.filter { $0["from"] == TestHouse.component }
        let (count, trouble) = try Schema.judge(sent)
        #expect(count > 5 && trouble.isEmpty, "\(trouble)")
    }

    @Test("A user's token is a proof beside the service's own, for reading")
    func userRules() async throws {
        let house = try await TestHouse()
        let (service, token, device) = try await portal(house, names: ["Temperature"])
        let user = try #require(try await access(service, token, []).userToken)
        await logIn("Kermit", service, token, user)
        let who = "portal@home.example"
        #expect(
            try await device.mayRead(who, tokens: ProvisioningTokens(service: [token], user: [user])).fields
                == ["Temperature"])
        #expect(try await !device.mayRead(who, tokens: ProvisioningTokens(user: [user])).isGranted)
        #expect(try await !device.mayRead(who, tokens: ProvisioningTokens(service: [token])).isGranted)
        try await house.change { try $0.remove(PrivilegeOwner(isRole: false, name: "Kermit")) }
        #expect(
            try await !device.mayRead(who, tokens: ProvisioningTokens(service: [token], user: [user])).isGranted)
    }

    @Test("What devices remember of a user is cleared when the session ends: in time, by a login, with its service")
    func sessionEnds() async throws {
        let house = try await TestHouse { $0.sessionLife = 600 }
        let (service, token, device) = try await portal(house)
        for end in 0..<3 {
            let user = try #require(try await access(service, token, []).userToken)
            func mayRead() async throws -> Bool {
                let tokens = ProvisioningTokens(service: [token], user: [user])
                return try await device.mayRead("portal@home.example", tokens: tokens).isGranted
            }
            await logIn("Kermit", service, token, user)
            #expect(try await mayRead())
            await house.turn()
            let clears = device.clears
            switch end {
            case 0:
                house.clock.advance(601)
                for _ in 0..<60 { await house.server.keepHouse() }
            case 1: await logIn("nobody", service, token, user)
            default: try await house.change { try $0.removeService("portal") }
            }
            await house.turn()
            await house.turn()
            #expect(device.clears == clears + 1)
            #expect(try await !mayRead())
        }
    }

    @Test(
        "Who is let in",
        arguments: [
            (.jid, "reader@home.example", [.jid("Reader@Home.example/x")], true),
            (.jid, "home.example", [.jid("a@home.example")], true),
            (.jid, "home.example", [.jid("a@other.example")], false),
            (.jid, "home.example", [.userName("home.example")], false),
            (.ip, "10.0.0.0/8", [.ip4("10.200.1.1")], true), (.ip, "10.0.0.0/8", [.ip4("11.0.0.1")], false),
            (.ip, "10.0.0.1", [.ip4("10.0.0.1")], true), (.ip, "2001:db8::/32", [.ip6("2001:db8:1::1")], true),
            (.ip, "2001:db8::/32", [.ip4("10.0.0.1")], false), (.ip, "10.0.0.0/8", [.ip4("nonsense")], false),
            (.host, "*.example.org", [.hostName("a.Example.org")], true),
            (.host, "*.example.org", [.hostName("example.org")], false),
            (.host, "example.org", [.hostName("evil-example.org")], false),
            (.user, "Kermit", [.userName("Kermit")], true), (.user, "Kermit", [.userName("kermit")], false),
            (.connection, "HTTPS", [.connection(.https)], true), (.connection, "HTTPS", [.connection(.http)], false),
            (.place, "41, 12, 42, 13", [.latitude(41.9), .longitude(12.5)], true),
            (.place, "41, 12, 42, 13", [.latitude(41.9)], false),
            (.place, "41, 12, 42, 13", [.latitude(43), .longitude(12.5)], false),
            (.certificate, "a9993e364706816aba3e25717850c26c9cd0d89d", [.certificate(Array("abc".utf8))], true),
            (
                .certificate,
                "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:F2:00:15:AD",
                [.certificate(Array("abc".utf8))], true
            ),
            (.certificate, "a9993e364706816aba3e25717850c26c9cd0d89d", [.certificateThumbprint([0xa9])], false),
            (.anybody, "*", [], true),
        ] as [(AccessEntry.Kind, String, [UserCredential], Bool)])
    nonisolated func entries(_ kind: AccessEntry.Kind, _ value: String, _ shown: [UserCredential], _ expected: Bool)
        throws
    {
        let entry = try #require(AccessEntry(kind, value))
        #expect(AccessEntry.decide([entry], shown) == (expected ? true : nil))
        var denial = entry
        denial.isAllowed = false
        #expect(AccessEntry.decide([entry, denial], shown) == (expected ? false : nil))
    }

    @Test(
        "Entries that mean nothing",
        arguments: [
            (.jid, "*"), (.jid, "a@b@c"), (.ip, "10.0.0.0/33"), (.ip, "ten"), (.host, ""), (.certificate, "12"),
            (.connection, "carrier pigeon"), (.place, "1,2,3"), (.place, "42,12,41,13"), (.user, "a\nb"),
            (.place, "1,junk,2,3,4"), (.place, "1,2,3,4,5"), (.place, "1,,2,3,4"),
            (.place, "nan,0,1,1"), (.place, "0,0,inf,inf"), (.place, "0x1,0,2,2"), (.place, "1e1,0,20,2"),
            (.place, "-91,0,0,1"), (.place, "0,-181,1,0"), (.place, "2,0,1,1"), (.place, "0,170,1,-170"),
            (.ip, "10.0.0.0/+8"), (.ip, "10.0.0.0/"),
            (.certificate, String(repeating: "\u{FF11}", count: 8) + "0123456789abcdef"),
        ] as [(AccessEntry.Kind, String)])
    nonisolated func wrongEntries(_ kind: AccessEntry.Kind, _ value: String) {
        #expect(AccessEntry(kind, value) == nil)
    }
}
