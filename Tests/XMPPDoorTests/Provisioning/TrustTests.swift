import Access
import OneLoop
import Pairing
import PowerCuts
import ProvisioningModel
import Testing
import XMPP
import XMPPDoor

@testable import FlashStore

@Suite("XEP-0324: trust in servers", .timeLimit(.minutes(1)))
@Loop
struct ProvisioningTrustTests {
    private func presences(_ world: ProvisionedWorld, _ type: String, to jid: String) -> Int {
        world.world.server.sent.count { $0.name == "presence" && $0["type"] == type && $0["to"] == jid }
    }

    private func knock(_ authority: Authority, _ world: ProvisionedWorld) async throws {
        authority.session.subscribe(to: world.world.house)
        try await until("the lamp to flash") {
            if case .knocking = world.pairing.phase { true } else { false }
        }
    }

    @Test("A server that knocks is trusted by the button, asked back, proved by its feature, and gives a token")
    func button() async throws {
        let world = try await ProvisionedWorld()
        world.cache.remember(
            AccessQuestion(who: "bob@example.org", action: .control), .denied("old"),
            world.cache.ticket(for: "former@example.org"))
        let authority = try world.authority("prov@example.org/main")
        try await knock(authority, world)
        #expect(presences(world, "subscribed", to: "prov@example.org") == 0)
        world.press()
        try await until("trust") { world.client.statuses.first?.hasToken == true }
        let status = try #require(world.client.statuses.first)
        #expect((status.address, status.origin, status.isThere) == ("prov@example.org", "button", true))
        #expect(presences(world, "subscribed", to: "prov@example.org") == 1)
        #expect(presences(world, "subscribe", to: "prov@example.org") == 1)
        #expect(world.pairing.isTrusted(.xmppServer, "prov@example.org"))
        #expect(world.cache.count == 0)
        try world.judge()
    }

    @Test("Nobody presses: the knock is refused, and nobody is trusted")
    func refused() async throws {
        let store = try FlashStore.inMemory()
        let world = try await ProvisionedWorld(store: store)
        let authority = try world.authority("prov@example.org/main")
        try await knock(authority, world)
        // A reset in the making: the press is none.
        try await world.pairing.lock()
        try await until("the answer") { presences(world, "unsubscribed", to: "prov@example.org") == 1 }
        world.press()
        #expect(world.client.statuses.isEmpty)
        #expect(world.pairing.trusted.isEmpty)
        // A locked gateway takes no knock at all.
        authority.session.subscribe(to: world.world.house)
        try await until("the second answer") { presences(world, "unsubscribed", to: "prov@example.org") == 2 }
    }

    @Test("A press with nobody knocking does nothing")
    func strayPress() async throws {
        let world = try await ProvisionedWorld()
        world.press()
        _ = try world.authority("prov@example.org/main")
        try await Task.sleep(for: .milliseconds(20))
        #expect(world.client.statuses.isEmpty)
    }

    @Test("Whom the button lets in without the feature is a plain friend")
    func plainFriend() async throws {
        let world = try await ProvisionedWorld()
        let friend = try world.authority("friend@example.org/phone", hasFeature: false)
        try await knock(friend, world)
        world.press()
        try await until("the friendship") { presences(world, "subscribed", to: "friend@example.org") == 1 }
        friend.session.presence.payloads = [XMLElement("again", "urn:test")]
        try await until("disco#info") {
            world.world.server.sent.contains {
                $0["to"] == "friend@example.org/phone" && $0.firstChild?.namespace == Namespace.discoInfo
            }
        }
        try await Task.sleep(for: .milliseconds(20))
        #expect(world.client.statuses.isEmpty)
        #expect(world.pairing.trusted.isEmpty)
    }

    @Test("A server that the configuration names is trusted without a button, a component and an account")
    func configured() async throws {
        let world = try await ProvisionedWorld(naming("provisioning.example.org", "prov@example.net"), connects: false)
        let component = try await world.trusted()
        #expect(component.questions("getToken") == 1)
        // The account's server is asked to be a friend, so that it learns of the gateway.
        #expect(presences(world, "subscribe", to: "prov@example.net") == 1)
        let account = try world.authority("prov@example.net/main")
        account.session.subscribe(to: world.world.house)
        try await until("both") { world.client.statuses.allSatisfy { $0.hasToken } && world.client.statuses.count == 2 }
        #expect(world.client.statuses.map(\.origin) == ["configured", "configured"])
        #expect(presences(world, "subscribed", to: "prov@example.net") == 1)
        try world.judge()
    }

    @Test("A named address without the feature is no server, and a stranger with it is none either")
    func featureAlone() async throws {
        let world = try await ProvisionedWorld(naming("provisioning.example.org"), connects: false)
        _ = try world.authority("provisioning.example.org", hasFeature: false)
        _ = try world.authority("stranger@example.org/main")
        world.world.connect()
        try await until("disco#info") {
            world.world.server.sent.contains { $0["to"] == "provisioning.example.org" }
        }
        try await Task.sleep(for: .milliseconds(20))
        #expect(world.client.statuses.isEmpty)
    }

    @Test("The component of the account's own server is found (listings 1 to 3)")
    func found() async throws {
        let world = try await ProvisionedWorld(ProvisioningSettings(findsComponent: true), connects: false)
        let home = try world.authority("example.org", hasFeature: false)
        home.session.items = ["chat.example.org", "provisioning.example.org"].compactMap { JID($0) }.map {
            DiscoItems.Item($0)
        }
        _ = try world.authority("chat.example.org", hasFeature: false)
        _ = try await world.trusted()
        #expect(world.client.statuses.map(\.origin) == ["found"])
        #expect(world.client.statuses.map(\.address) == ["provisioning.example.org"])
    }

    @Test("Secondary trust is closed until every server's latest answer allows it")
    func secondary() async throws {
        let world = try await ProvisionedWorld(naming("a.example.org", "b.example.org"), connects: false)
        var allows = ["a": true, "b": false]
        func rule(_ name: String) -> (ProvisioningPayload) -> Authority.Turn {
            { payload in
                guard case .isFriend(let question) = payload else { return .silence }
                return .answer(
                    FriendAnswer(to: question, isFriend: false, allowsSecondaryTrust: allows[name] == true).element)
            }
        }
        _ = try world.authority("a.example.org", rule("a"))
        _ = try await world.trusted("b.example.org", rule("b"))
        try await until("both") { world.client.statuses.count == 2 }
        #expect(!world.client.admitsByButton)
        let one = try world.authority("one@example.org/phone", hasFeature: false)
        one.session.subscribe(to: world.world.house)
        try await until("a no") { presences(world, "unsubscribed", to: "one@example.org") == 1 }
        #expect(world.client.statuses.map(\.allowsSecondaryTrust) == [true, false])
        #expect(world.pairing.phase == .idle)
        allows["b"] = true
        let two = try world.authority("two@example.org/phone", hasFeature: false)
        try await knock(two, world)
        #expect(world.client.admitsByButton)
        world.press()
        try await until("a yes") { presences(world, "subscribed", to: "two@example.org") == 1 }
        allows["a"] = false
        let three = try world.authority("three@example.org/phone", hasFeature: false)
        three.session.subscribe(to: world.world.house)
        try await until("a no again") { presences(world, "unsubscribed", to: "three@example.org") == 1 }
        #expect(world.pairing.phase == .idle)
        try world.judge()
    }

    @Test("Friends are judged by the servers; the list's and the servers themselves are let in without a question")
    func friends() async throws {
        let world = try await ProvisionedWorld(
            naming("provisioning.example.org"), rules: [AccessRule(who: "known@example.org", right: .befriend)],
            connects: false)
        let authority = try await world.trusted { payload in
            guard case .isFriend(let question) = payload else { return .silence }
            return .answer(FriendAnswer(to: question, isFriend: question.jid.local == "client1").element)
        }
        for (name, verdict) in [("client1", "subscribed"), ("client2", "unsubscribed"), ("known", "subscribed")] {
            let peer = try world.authority("\(name)@example.org/phone", hasFeature: false)
            peer.session.subscribe(to: world.world.house)
            try await until("\(name)") { presences(world, verdict, to: "\(name)@example.org") == 1 }
        }
        #expect(authority.questions("isFriend") == 2)
        // The answer is remembered.
        authority.script = { _ in .silence }
        let again = try world.authority("client2@example.org/laptop", hasFeature: false)
        again.session.subscribe(to: world.world.house)
        try await until("the same no") { presences(world, "unsubscribed", to: "client2@example.org") == 2 }
        try world.judge()
    }

    @Test("friend and unfriend are heeded from trusted servers alone, and not against the configuration")
    func demands() async throws {
        let world = try await ProvisionedWorld(
            naming("provisioning.example.org"), rules: [AccessRule(who: "known@example.org", right: .befriend)],
            connects: false)
        let authority = try await world.trusted { payload in
            guard case .isFriend(let question) = payload else { return .silence }
            return .answer(FriendAnswer(to: question, isFriend: question.jid.local != "bad").element)
        }
        let stranger = try world.authority("stranger@example.org/main")
        let client = try #require(JID("client2@example.org"))
        let known = try #require(JID("known@example.org"))
        let bad = try #require(JID("bad@example.org"))
        stranger.send(.unfriend(Unfriending(jid: client)))
        stranger.send(.friend(Recommendation(jid: client)))
        try await until("both to be passed over") { world.client.counters.strangers == 2 }
        authority.send(.unfriend(Unfriending(jid: known)))
        authority.send(.friend(Recommendation(jid: bad)))
        authority.send(.friend(Recommendation(jid: client)))
        try await until("the recommendation") { presences(world, "subscribe", to: "client2@example.org") == 1 }
        authority.send(.unfriend(Unfriending(jid: client)))
        try await until("the end") { presences(world, "unsubscribed", to: "client2@example.org") == 1 }
        #expect(presences(world, "unsubscribe", to: "client2@example.org") == 1)
        #expect(presences(world, "unsubscribed", to: "known@example.org") == 0)
        #expect(presences(world, "subscribe", to: "bad@example.org") == 0)
        #expect(!world.cache.all.contains { $0.question.who == "client2@example.org" })
    }

    @Test("Trust and decisions outlive a restart; trust that was taken away takes its decisions with it")
    func restart() async throws {
        let store = try FlashStore.inMemory()
        let question = AccessQuestion(who: "bob@example.org", action: .control, names: ["Output"])
        do {
            let world = try await ProvisionedWorld(store: store)
            let authority = try world.authority("prov@example.org/main") { payload in
                guard case .canControl(let question) = payload else { return .silence }
                return .answer(ControlAnswer(to: question).element)
            }
            try await knock(authority, world)
            world.press()
            try await until("trust") { world.client.statuses.first?.hasToken == true }
            #expect(await world.client.answer(question).grant != nil)
            world.client.close()
        }
        // The server is not even there: what it has said counts.
        let world = try await ProvisionedWorld(store: store)
        #expect(world.client.statuses.map(\.address) == ["prov@example.org"])
        #expect(world.client.statuses.first?.hasToken == true)
        #expect(await world.client.answer(question).grant != nil)
        try await world.pairing.removeTrust(.xmppServer, "prov@example.org")
        #expect(world.client.statuses.isEmpty)
        #expect(await world.client.answer(question).grant == nil)
        try await until("it to be gone") { store.scan(prefix: "decision/").isEmpty }
        let third = try await ProvisionedWorld(store: store)
        #expect(third.client.statuses.isEmpty)
    }

    @Test(
        "A server that the configuration names is gone when a person sends it away, until the next start, and that is told"
    )
    func dismissed() async throws {
        let store = try FlashStore.inMemory()
        let question = AccessQuestion(who: "bob@example.org", action: .control)
        let address = try #require(JID("prov@example.net"))
        do {
            let world = try await ProvisionedWorld(naming("prov@example.net"), store: store, connects: false)
            let authority = try world.authority("prov@example.net/main") { payload in
                guard case .canControl(let question) = payload else { return .silence }
                return .answer(ControlAnswer(to: question).element)
            }
            world.world.connect()
            authority.session.subscribe(to: world.world.house)
            try await until("trust") { world.client.statuses.first?.hasToken == true }
            #expect(await world.client.answer(question).grant != nil)
            try await world.client.dismiss(address)
            #expect(world.client.statuses.isEmpty)
            #expect(await world.client.answer(question).grant == nil)
            #expect(store.scan(prefix: "decision/").isEmpty && store.scan(prefix: "xmpp/provisioning/").isEmpty)
            #expect(world.client.comesBack(address)?.contains("xmpp.provisioning") == true)
            // It shows itself again, and has to knock like anybody.
            authority.session.presence.payloads = [XMLElement("again", "urn:test")]
            try await knock(authority, world)
            #expect(world.client.statuses.isEmpty)
            world.client.close()
        }
        let world = try await ProvisionedWorld(naming("prov@example.net"), store: store, connects: false)
        #expect(world.client.statuses.isEmpty)
        let authority = try world.authority("prov@example.net/main")
        world.world.connect()
        authority.session.subscribe(to: world.world.house)
        try await until("trust again") { world.client.statuses.first?.hasToken == true }
    }

    @Test("A factory reset leaves nothing of it")
    func reset() async throws {
        let world = try await ProvisionedWorld(naming("provisioning.example.org"), connects: false)
        _ = try await world.trusted { payload in
            guard case .canControl(let question) = payload else { return .silence }
            return .answer(ControlAnswer(to: question).element)
        }
        _ = await world.client.answer(AccessQuestion(who: "bob@example.org", action: .control))
        #expect(world.cache.count == 1)
        world.pairing.onFactoryReset("xmpp") { [store = world.store] _ in try await ProvisioningClient.forget(store) }
        #expect(await world.pairing.factoryReset(by: .command))
        #expect(world.client.statuses.isEmpty)
        #expect(world.store.scan(prefix: "xmpp/").isEmpty)
        #expect(world.store.scan(prefix: "decision").isEmpty)
    }

    @Test("An answer on its way when the gateway is reset counts for nothing, and leaves nothing")
    func resetMeanwhile() async throws {
        let world = try await ProvisionedWorld(naming("provisioning.example.org"), connects: false)
        let authority = try await world.trusted { payload in
            guard case .canControl(let question) = payload else { return .silence }
            return .hold(ControlAnswer(to: question).element)
        }
        world.cache.remember(
            AccessQuestion(who: "carol@example.org", action: .control), .denied("no"),
            world.cache.ticket(for: "provisioning.example.org"))
        async let answer = world.client.answer(AccessQuestion(who: "bob@example.org", action: .control))
        try await until("the question") { authority.questions("canControl") == 1 }
        world.pairing.onFactoryReset("xmpp") { [store = world.store] _ in try await ProvisioningClient.forget(store) }
        #expect(await world.pairing.factoryReset(by: .command))
        authority.release()
        #expect(await answer.grant == nil)
        world.client.close()
        #expect(world.store.scan(prefix: "decision").isEmpty)
        #expect(world.store.scan(prefix: "order/").isEmpty)
    }

    /// Trust is stored in three steps, and taken away in three. Whatever of them a cut leaves, the next start trusts wholly or
    /// not at all, and never with answers from before.
    @Test("A power cut at any byte or torn sector of giving and taking trust leaves it whole or not given")
    func cut() async throws {
        // Pages of 128 bytes: every byte of a small device can be cut at.
        var options = StoreOptions(segmentSize: 8_192)
        options.pageSize = 128
        let device = RecordingBlockFile(size: 16_384)
        let store = try FlashStore.open(on: device, options: options)
        let world = try await ProvisionedWorld(store: store)
        let old = AccessQuestion(who: "bob@example.org", action: .control)
        world.cache.remember(old, .granted(AccessGrant(old)), world.cache.ticket(for: "prov@example.org"))
        try await store.flush()
        let authority = try world.authority("prov@example.org/main")
        device.note(.issued(0))
        try await knock(authority, world)
        world.press()
        try await until("trust") { world.client.statuses.first?.hasToken == true }
        try await store.flush()
        device.note(.acknowledged(0))
        let new = AccessQuestion(who: "carol@example.org", action: .control)
        world.cache.remember(new, .granted(AccessGrant(new)), world.cache.ticket(for: "prov@example.org"))
        try await store.flush()
        device.note(.issued(1))
        try await world.pairing.removeTrust(.xmppServer, "prov@example.org")
        try await until("it to be gone") {
            store.scan(prefix: "decision/").isEmpty && store.scan(prefix: "xmpp/provisioning/").isEmpty
        }
        try await store.flush()
        device.note(.acknowledged(1))
        await store.close()

        var seen: Set<[Bool]> = []
        let (cuts, count) = try PowerCut.distinct(of: device, sector: 128) { image in
            guard case .log(_, let contents, _) = try SegmentLog.open(MemoryBlockFile(image), pageSize: 128) else {
                return [:]
            }
            return Dictionary(uniqueKeysWithValues: contents.map { ($0.key.text, $0.value.value) })
        }
        for cut in cuts {
            let found = try FlashStore.open(on: MemoryBlockFile(cut.image), options: options)
            let after = try await ProvisionedWorld(store: found, connects: false)
            let isTrusted = !after.client.statuses.isEmpty
            seen.insert([cut.issued == 1, isTrusted])
            #expect(isTrusted == after.pairing.isTrusted(.xmppServer, "prov@example.org"))
            // What was said before the trust counts for nothing, and what was said under it only as long as it lasts.
            #expect(await after.client.answer(old).grant == nil)
            if isTrusted {
                #expect(!after.cache.all.contains { $0.question.who == old.who })
            } else {
                #expect(await after.client.answer(new).grant == nil)
            }
            if cut.acknowledged == cut.issued {
                #expect(isTrusted == (cut.acknowledged == 0))
                if isTrusted { #expect(after.client.statuses.first?.hasToken == true) }
            }
            await found.close()
        }
        #expect(seen == [[false, false], [false, true], [true, true], [true, false]])
        #expect(count > 300)
    }
}
