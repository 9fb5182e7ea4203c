import CBOR
import CoAP
import CoAPMessages
import Foundation
import NIOCore
import OCFModel
import Testing

@testable import OCFCloud

@Suite struct AccountProtocolTests {
    @Test func signUpInAndOutAnswerAsTheModelsSay() async throws {
        let cloud = try await TestCloud.start()
        let device = try await FakeDevice(profile: cloud.profile())
        let up = try await device.signUp(token: cloud.token("anna"))
        #expect(up.code == .changed)
        #expect(up.contentFormat == ContentFormat.ocfCBOR)
        let body = try #require(try up.representation())
        #expect(body["expiresin"]?.int == 86_400)
        #expect(body["redirecturi"]?.string == "")
        #expect(body["uid"]?.string.flatMap { Identifier($0) } != nil)
        let session = try await device.signIn()
        #expect(session.code == .changed)
        #expect(try session.representation()?["expiresin"]?.int == 86_400)
        // Again on the same connection.
        #expect(try await device.signIn().code == .changed)
        #expect(try await device.signIn(login: false).code == .changed)
        // Signed out, only signing in is left; anything else ends the connection.
        let refused = try await device.send(.ocfRequest(.get, path: "/oic/res"))
        #expect(refused.code == .unauthorized)
        try await device.connection.closeFuture.get()
        await cloud.server.stop()
    }

    @Test func aRefreshProlongsTheSession() async throws {
        let cloud = try await TestCloud.start { $0.lifetimes.access = 100 }
        let device = try await cloud.device("anna")
        let session = try #require(cloud.server.core.sessions.first)
        #expect(session.member?.expiresAt == 1_000_100)
        cloud.now.add(50, ordering: .relaxed)
        #expect(try await device.refresh().code == .changed)
        #expect(session.member?.expiresAt == 1_000_150)
        #expect(device.connection.channel.isActive)
        await cloud.server.stop()
    }

    @Test func aSessionEndsWithItsToken() async throws {
        let cloud = try await TestCloud.start { $0.lifetimes.access = 1 }
        let device = try await FakeDevice(profile: cloud.profile())
        try await device.signUp(token: cloud.token("anna"))
        #expect(try await device.signIn().code == .changed)
        try await device.connection.closeFuture.get()
        await cloud.server.stop()
    }

    @Test func anExpiredTokenIsRefusedAndTheRefreshTokenMendsIt() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        device.connection.close()
        cloud.now.add(86_401, ordering: .relaxed)
        try await device.connect()
        #expect(try await device.signIn().code == .unauthorized)
        try await device.connection.closeFuture.get()
        try await device.connect()
        #expect(try await device.refresh().code == .changed)
        #expect(try await device.signIn().code == .changed)
        await cloud.server.stop()
    }

    @Test func theClientRefreshesByItself() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        let client = try await cloud.client("anna")
        let before = try #require(await client.account)
        await client.close()
        cloud.now.add(86_401, ordering: .relaxed)
        #expect(try await client.get("/\(device.id)/lamp") == ["value": false])
        let after = try #require(await client.account)
        #expect(after.accessToken != before.accessToken)
        await cloud.server.stop()
    }

    @Test func processesThatShareAClientDoNotLockEachOtherOut() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        let directory = ClientDirectory(cloud.scratch.path + "/client")
        try directory.create(cloud.profile(), token: "unused")
        let first = try CloudClient(directory: directory)
        try await first.signUp(token: cloud.token("anna"))
        await first.close()
        let clients = try (0..<4).map { _ in try CloudClient(directory: directory) }
        // All find their token ended at once.
        cloud.now.add(86_401, ordering: .relaxed)
        for _ in 0..<2 {
            let values = try await withThrowingTaskGroup(of: CBOR.Value.self) { group in
                for client in clients {
                    group.addTask {
                        await client.close()
                        return try await client.get("/\(device.id)/lamp")
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(values == Array(repeating: ["value": false], count: clients.count))
            // And who comes later finds on disk what is good.
            let late = try CloudClient(directory: directory)
            #expect(try await late.get("/\(device.id)/lamp") == ["value": false])
            await late.close()
            cloud.now.add(86_401, ordering: .relaxed)
            for client in clients { await client.close() }
        }
        await cloud.server.stop()
    }

    @Test func everythingIsThereAfterARestart() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        let client = try await cloud.client("anna")
        try await cloud.restart()
        try await device.connection.closeFuture.get()
        #expect(try await client.resources().map(\.href) == ["/\(device.id)/lamp"])
        await #expect(throws: CloudError(.away, "/\(device.id)/lamp: 5.03 the device is away")) {
            try await client.get("/\(device.id)/lamp")
        }
        try await device.connect()
        #expect(try await device.signIn().code == .changed)
        #expect(try await client.get("/\(device.id)/lamp") == ["value": false])
        await cloud.server.stop()
    }

    @Test func deregistrationRemovesTheDeviceItsLinksAndItsConnection() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        let client = try await cloud.client("anna")
        #expect(try await client.resources().count == 1)
        let answer = try await device.send(.ocfRequest(.delete, path: "/oic/sec/account"))
        #expect(answer.code == .deleted)
        try await device.connection.closeFuture.get()
        #expect(try await client.resources().isEmpty)
        let gone = try await client.request(.ocfRequest(.get, path: "/\(device.id)/lamp"))
        #expect(gone.code == .notFound)
        try await device.connect()
        #expect(try await device.signIn().code == .unauthorized)
        // With a new token it starts again.
        try await device.connect()
        #expect(try await device.signUp(token: cloud.token("anna")).code == .changed)
        #expect(try await device.signIn().code == .changed)
        await cloud.server.stop()
    }

    @Test func deregistrationByTokenNeedsNoSession() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        let other = try await cloud.device("anna", hrefs: ["/other"])
        device.connection.close()
        try await device.connect()
        let account = device.account
        func delete(_ di: Identifier, _ token: String) async throws -> Code {
            defer { device.state.withLock { $0.connection = nil } }
            let code = try await device.send(
                .ocfRequest(
                    .delete, path: "/oic/sec/account",
                    query: ["uid=\(account.user)", "di=\(di)", "accesstoken=\(token)"])
            ).code
            try await device.connection.closeFuture.get()
            return code
        }
        // Neither with a guess, nor somebody else's device.
        #expect(try await delete(device.id, "guess") == .unauthorized)
        try await device.connect()
        #expect(try await delete(other.id, account.access) == .unauthorized)
        try await device.connect()
        #expect(try await delete(device.id, account.access) == .deleted)
        #expect(try cloud.database.devices().map(\.id) == [other.id.description])
        await cloud.server.stop()
    }

    @Test func theCommandLineRemovesWhatTheServerServes() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        let client = try await cloud.client("anna")
        // Another process, as far as SQLite is concerned.
        let other = try CloudDatabase(directory: cloud.scratch.path)
        try other.removeDevice(device.id)
        try await device.connection.closeFuture.get()
        let gone = try await client.request(.ocfRequest(.get, path: "/\(device.id)/lamp"))
        #expect(gone.code == .notFound)
        try other.removeUser("anna")
        try await eventually("the client is out") { cloud.server.core.sessions.isEmpty }
        other.close()
        await cloud.server.stop()
    }

    @Test func presenceIsWrittenDown() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        try await eventually("online") { try cloud.database.devices().first?.online == true }
        device.connection.close()
        try await eventually("away") { try cloud.database.devices().first?.online == false }
        #expect(try cloud.database.devices().first?.lastSeen == 1_000_000)
        await cloud.server.stop()
    }

    @Test func publishingAssignsNumbersAndUnpublishingTakesThem() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna", hrefs: ["/a"])
        let client = try await cloud.client("anna")
        let answer = try await device.publish(["/b", "c"], ttl: 600)
        #expect(answer.code == .changed)
        let body = try #require(try answer.representation())
        #expect(body["di"]?.string == device.id.description)
        #expect(body["ttl"]?.int == 600)
        let links = try Link.list(#require(body["links"]))
        #expect(links.map(\.href) == ["/b", "/c"])
        let numbers = links.compactMap(\.instance)
        #expect(numbers.count == 2)
        let remove = try await device.send(
            .ocfRequest(.delete, path: "/oic/rd", query: ["di=\(device.id)", "ins=\(numbers[0])"]))
        #expect(remove.code == .deleted)
        #expect(Set(try await client.resources().map(\.href)) == ["/\(device.id)/a", "/\(device.id)/c"])
        // Once more: its answer may have got lost.
        #expect(
            try await device.send(
                .ocfRequest(.delete, path: "/oic/rd", query: ["di=\(device.id)", "ins=\(numbers[0])"])
            ).code == .deleted)
        #expect(
            try await device.send(.ocfRequest(.delete, path: "/oic/rd", query: ["di=\(device.id)"])).code == .deleted)
        #expect(try await client.resources().isEmpty)
        let selection = try await device.send(.ocfRequest(.get, path: "/oic/rd"))
        #expect(try selection.representation()?["sel"]?.int == 0)
        await cloud.server.stop()
    }

    @Test func requestsOfOneConnectionAreDoneInOrder() async throws {
        let cloud = try await TestCloud.start()
        let device = try await FakeDevice(profile: cloud.profile())
        try await device.signUp(token: cloud.token("anna"))
        // Sent at once, without waiting for any answer.
        let account = device.account
        let connection = device.connection
        let futures = [
            Message.ocfRequest(
                .post, path: "/oic/sec/session",
                representation: [
                    "di": .text(device.id.description), "uid": .text(account.user),
                    "accesstoken": .text(account.access),
                    "login": true,
                ]),
            .ocfRequest(
                .post, path: "/oic/rd",
                representation: [
                    "di": .text(device.id.description), "ttl": 0,
                    "links": [["href": "/x", "rt": ["oic.r.temperature"], "if": ["oic.if.s"]]],
                ]),
            .ocfRequest(.get, path: "/oic/res"),
        ].map { connection.send($0, timeout: .seconds(10)) }
        #expect(try await futures[0].get().code == .changed)
        #expect(try await futures[1].get().code == .changed)
        #expect(try await futures[2].get().representation()?.items?.count == 1)
        await cloud.server.stop()
    }
}
