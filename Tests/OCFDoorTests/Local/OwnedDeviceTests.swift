import CBOR
import CoAP
import CoAPMessages
import Concentrator
import FlashStore
import OCFModel
import OneLoop
import TLS
import Testing

@testable import OCFDoor

/// A device with an owner: who may do what, and what ends it.
@Loop
@Suite(.serialized) struct OwnedDeviceTests {
    private func owned() async throws -> (LocalHouse, TestTool, [UInt8]) {
        var times = TransferTimes()
        times.farewell = .milliseconds(20)
        let house = try await LocalHouse(times: times)
        let tool = TestTool()
        return (house, tool, try await tool.takeOver(house))
    }

    private func set(_ state: Int, _ owner: Connection) async throws {
        #expect(try await owner.ask(.post, "/oic/sec/pstat", ["dos": ["s": .int(state)]]).code == .changed)
    }

    @Test("identity certificates: who is let in by which root, and whose session ends with it", .timeLimit(.minutes(1)))
    func certificates() async throws {
        let (house, tool, key) = try await owned()
        try house.add("ble/X", fields: [Field(name: "Temperature", value: .n("20"), unit: "°C")])
        let owner = try await house.secured(house.byKey(tool.id, key))
        try await set(2, owner)
        // The device's own certificate, for the key of its request.
        let csr = try #require(try await owner.get("/oic/sec/csr")?["csr"]?.string)
        #expect(csr.hasPrefix("-----BEGIN CERTIFICATE REQUEST-----"))
        let authority = try TestAuthority("Home")
        let leaf = try authority.leaf("uuid:\(house.security.state.deviceID)", try #require(house.security.publicKey))
        let peer = Identifier.random()
        let creds: CBOR.Value = [
            "creds": [
                [
                    "credtype": 8, "credusage": "oic.sec.cred.trustca", "subjectuuid": .text(peer.description),
                    "publicdata": ["encoding": "oic.sec.encoding.pem", "data": .text(authority.root.certificate.pem)],
                ],
                [
                    "credtype": 8, "credusage": "oic.sec.cred.cert",
                    "subjectuuid": .text(house.security.state.deviceID.description),
                    "publicdata": ["encoding": "oic.sec.encoding.pem", "data": .text(leaf.pem)],
                ],
            ]
        ]
        #expect(try await owner.ask(.post, "/oic/sec/cred", creds).code == .created)
        let ace: CBOR.Value = [
            "aclist2": [
                [
                    "subject": ["uuid": .text(peer.description)],
                    "resources": [["href": "/ble/X/temperature"]], "permission": 2,
                ]
            ]
        ]
        #expect(try await owner.ask(.post, "/oic/sec/acl2", ace).code == .created)
        try await set(3, owner)

        func client(_ identity: Identity) throws -> DTLSConfiguration {
            try .client(
                trust: authority.trust, peerName: .ocf(uuid: house.security.state.deviceID.description),
                identity: identity)
        }
        let friend = try await house.secured(client(authority.identity("uuid:\(peer)")))
        #expect(try await friend.get("/ble/X/temperature")?["temperature"]?.number == 20)
        #expect(try await friend.ask(.get, "/ble/X").code == .unauthorized)
        #expect(try await friend.ask(.get, "/oic/sec/cred").code == .unauthorized)
        // The root is trusted for that peer alone.
        let stranger = try await house.secured(client(authority.identity("uuid:\(Identifier.random())")))
        #expect(try await stranger.ask(.get, "/ble/X/temperature").code == .unauthorized)
        try await stranger.closeFuture.get()
        await #expect(throws: CoAPError.self) {
            let other = try TestAuthority("Other")
            let connection = try await house.secured(client(other.identity("uuid:\(peer)")))
            // Some builds of the library tell the client after its last flight.
            _ = try await connection.ask(.get, "/ble/X/temperature")
        }

        // The root goes, and with it whoever came by it.
        let id = try #require(
            house.security.state.cred.entries.first { $0.usage == .trustAnchor }?.id)
        try await set(2, owner)
        #expect(try await owner.ask(.delete, "/oic/sec/cred", query: ["credid=\(id)"]).code == .deleted)
        try await friend.closeFuture.get()
        #expect(try await owner.get("/oic/sec/pstat")?["dos"]?["s"] == 2)
        await house.close()
    }

    @Test("the owner's reset: answered, then everything as new, durably", .timeLimit(.minutes(1)))
    func reset() async throws {
        let (house, tool, key) = try await owned()
        let before = house.security.state
        let publicKey = house.security.publicKey
        let owner = try await house.secured(house.byKey(tool.id, key))
        #expect(try await owner.ask(.post, "/oic/con", ["n": "My gateway"]).code == .unauthorized)
        #expect(try await owner.ask(.post, "/oic/sec/pstat", ["dos": ["s": 0]]).code == .changed)
        try await owner.closeFuture.get()
        try await house.until { house.security.state.state == .rfotm }
        #expect(house.wipes == [true])
        let state = house.security.state
        #expect(state.deviceID != before.deviceID && !state.doxm.isOwned && state.acl2.entries.isEmpty)
        #expect(house.security.publicKey != publicKey)
        #expect(state.counters.credential >= before.counters.credential)
        let plain = try await house.plain()
        #expect(try await plain.get("/oic/sec/doxm", query: ["owned=FALSE"])?["owned"] == false)
        await house.close()
        let again = try await LocalHouse(store: house.store, manufacturer: house.manufacturer)
        #expect(again.security.state.deviceID == state.deviceID && again.wipes.isEmpty)
        // And it can be owned again.
        _ = try await TestTool().takeOver(again)
        #expect(again.security.state.state == .rfnop)
        await again.close()
    }

    @Test("a person resets the device: the owner's session ends", .timeLimit(.minutes(1)))
    func resetByHand() async throws {
        let (house, tool, key) = try await owned()
        let owner = try await house.secured(house.byKey(tool.id, key))
        _ = try await owner.get("/oic/d")
        try await house.security.reset()
        try await owner.closeFuture.get()
        #expect(house.security.state.state == .rfotm)
        #expect(house.wipes == [true])
        await house.close()
    }

    @Test("observed over DTLS: sensors by permission until it goes, and pstat", .timeLimit(.minutes(1)))
    func observing() async throws {
        let (house, tool, key) = try await owned()
        let node = try house.add("ble/X", fields: [Field(name: "Temperature", value: .n("20"), unit: "°C")])
        let owner = try await house.secured(house.byKey(tool.id, key))
        let seen = WireTests.Box()
        let states = WireTests.Box()
        let observation = try await owner.observe(
            .ocfRequest(.get, path: "/ble/X/temperature"), timeout: .seconds(20)
        ) { seen.add($0) }.get()
        #expect(observation.isAccepted)
        _ = try await owner.observe(.ocfRequest(.get, path: "/oic/sec/pstat"), timeout: .seconds(20)) {
            states.add($0)
        }.get()
        house.concentrator.update(node, fields: [Field(name: "Temperature", value: .n("21"), unit: "°C")])
        try await house.until { seen.all.count == 1 }
        #expect(try seen.all.first?.representation()?["temperature"]?.number == 21)
        try await set(2, owner)
        try await house.until { states.all.count == 1 }
        #expect(try states.all.first?.representation()?["dos"]?["s"] == 2)
        // Outside normal operation sensors are nobody's.
        house.concentrator.update(node, fields: [Field(name: "Temperature", value: .n("22"), unit: "°C")])
        guard case .byServer(let last) = try await observation.ended.get() else {
            Issue.record("the observation has not ended")
            return await house.close()
        }
        #expect(last.code == .unauthorized && seen.all.count == 1)
        await house.close()
    }

    @Test(
        "a mediator with an entry provisions the cloud without another press; nobody else does", .timeLimit(.minutes(1))
    )
    func mediator() async throws {
        let (house, tool, key) = try await owned()
        let cloud = FakeCloud()
        house.device.cloud = cloud
        let presses = house.attempts.count
        let sid = Identifier.random()
        let wanted: CBOR.Value = [
            "cis": "coaps+tcp://cloud.example:5684", "sid": .text(sid.description), "at": "token", "apn": "provider",
        ]
        let plain = try await house.plain()
        #expect(try await plain.ask(.post, "/CoapCloudConfResURI", wanted).code == .unauthorized)
        let owner = try await house.secured(house.byKey(tool.id, key))
        let answer = try await owner.ask(.post, "/CoapCloudConfResURI", wanted)
        #expect(answer.code == .changed)
        #expect(try answer.representation()?["at"] == nil)
        #expect(
            cloud.updates == [
                .connect(
                    address: "coaps+tcp://cloud.example:5684", cloudID: sid, accessToken: "token", provider: "provider")
            ])
        #expect(house.attempts.count == presses)
        // The entry goes, and with it the right.
        _ = try await owner.ask(.post, "/oic/sec/pstat", ["dos": ["s": 2]])
        #expect(try await owner.ask(.delete, "/oic/sec/acl2").code == .deleted)
        #expect(try await owner.ask(.post, "/CoapCloudConfResURI", wanted).code == .unauthorized)
        #expect(cloud.updates.count == 1)
        await house.close()
    }

    @Test("introspection is told where this caller reaches it", .timeLimit(.minutes(1)))
    func introspection() async throws {
        let (house, tool, key) = try await owned()
        let owner = try await house.secured(house.byKey(tool.id, key))
        _ = try await owner.ask(.post, "/oic/sec/pstat", ["dos": ["s": 2]])
        let entry: CBOR.Value = [
            "aclist2": [
                [
                    "subject": ["uuid": .text(tool.id.description)],
                    "resources": [["href": "/oc/wk/introspection"], ["href": "/oc/introspection"]], "permission": 2,
                ]
            ]
        ]
        #expect(try await owner.ask(.post, "/oic/sec/acl2", entry).code == .created)
        let url = try #require(try await owner.get("/oc/wk/introspection")?["urlInfo"]?[0])
        #expect(url["protocol"] == "coaps")
        #expect(url["url"] == .text("coaps://127.0.0.1:\(house.door.securePort ?? 0)/oc/introspection"))
        let document = try #require(try await owner.get("/oc/introspection"))
        #expect(document["paths"]?["/oic/d"] != nil && document["paths"]?["/oic/sec/cred"] == nil)
        await house.close()
    }

    @Test("a large list goes in blocks both ways", .timeLimit(.minutes(1)))
    func blockwise() async throws {
        let (house, tool, key) = try await owned()
        let owner = try await house.secured(house.byKey(tool.id, key))
        try await set(2, owner)
        let entries = (0..<60).map { number in
            CBOR.Value.map([
                "subject": ["uuid": .text(Identifier.random().description)],
                "resources": [["href": .text("/ble/N\(number)/temperature")]], "permission": 2,
            ])
        }
        #expect(try await owner.ask(.post, "/oic/sec/acl2", ["aclist2": .array(entries)]).code == .created)
        #expect(try await owner.get("/oic/sec/acl2")?["aclist2"]?.items?.count == 65)
        for number in 0..<40 { try house.add("ble/N\(number)", fields: [Field(name: "Humidity", value: .n("5"))]) }
        try await set(3, owner)
        let links = try #require(try await owner.get("/oic/res")?.items)
        #expect(links.count > 80)
        #expect(links.allSatisfy { $0["eps"]?.items?.isEmpty == false })
        await house.close()
    }

    @Test(
        "the cloud that the button admitted has its entries in the list, and no more than those",
        .timeLimit(.minutes(1)))
    func cloud() async throws {
        let (house, tool, key) = try await owned()
        try house.add("ble/X", fields: [Field(name: "Temperature", value: .n("20"), unit: "°C")])
        let cloud = Identifier.random()
        func ask(_ path: String) async -> Code {
            let exchange = TestExchange()
            house.device.handle(.ocfRequest(.get, path: path), from: .cloud(.cloud(cloud)), exchange)
            while exchange.responses.isEmpty { await Task.yield() }
            return exchange.responses[0].code
        }
        house.device.trustedCloud = cloud
        #expect(await ask("/ble/X/temperature") == .unauthorized, "an owner's list decides, not the ledger")
        try await house.security.grant(cloud: cloud)
        try await house.security.grant(cloud: cloud)
        #expect(await ask("/ble/X/temperature") == .content)
        #expect(await ask("/oic/sec/cred") == .unauthorized)
        let owner = try await house.secured(house.byKey(tool.id, key))
        let entries = try #require(try await owner.get("/oic/sec/acl2")?["aclist2"]?.items)
        #expect(entries.count { $0["subject"]?["uuid"]?.string == cloud.description } == 3)
        await house.close()
    }
}
