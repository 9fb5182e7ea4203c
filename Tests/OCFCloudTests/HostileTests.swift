import CBOR
import CoAP
import CoAPMessages
import Foundation
import Logging
import OCFModel
import Testing

@testable import OCFCloud

@Suite struct HostileTests {
    /// Sends one request on a new connection; the answer, and that the cloud hangs up after it.
    func lastWords(_ request: Message, _ profile: ClientProfile) async throws -> Code {
        let device = try await FakeDevice(profile: profile)
        let code = try await device.send(request).code
        try await device.connection.closeFuture.get()
        return code
    }

    @Test func wrongTokensAreRefusedAndEndTheConnection() async throws {
        let cloud = try await TestCloud.start()
        let profile = try cloud.profile()
        let di = CBOR.Value.text(profile.id.description)
        let cases: [(String, CBOR.Value, Code)] = [
            ("account", ["di": di, "accesstoken": "guess"], .unauthorized),
            ("account", ["di": di, "accesstoken": .text(String(repeating: "x", count: 100_000))], .unauthorized),
            ("account", ["di": di, "accesstoken": ""], .badRequest),
            ("account", ["di": di], .badRequest),
            ("account", ["accesstoken": "guess"], .badRequest),
            ("account", ["di": 7, "accesstoken": "guess"], .badRequest),
            ("account", ["di": "not a uuid", "accesstoken": "guess"], .badRequest),
            ("account", ["di": .text(cloud.server.id.description), "accesstoken": "guess"], .badRequest),
            ("account", ["a", "list"], .badRequest),
            ("account", .null, .badRequest),
            ("session", ["di": di, "uid": di, "accesstoken": "guess", "login": true], .unauthorized),
            ("session", ["di": di, "uid": di, "accesstoken": "guess"], .badRequest),
            ("session", ["di": di, "accesstoken": "guess", "login": true], .badRequest),
            ("session", ["login": false], .badRequest),
            ("tokenrefresh", ["di": di, "uid": di, "refreshtoken": "guess"], .unauthorized),
            ("tokenrefresh", ["di": di, "refreshtoken": "guess"], .badRequest),
        ]
        for (resource, body, code) in cases {
            let request = Message.ocfRequest(.post, path: "/oic/sec/\(resource)", representation: body)
            #expect(try await lastWords(request, profile) == code, "\(resource) \(body)")
        }
        // What is no CBOR at all, and what is no method there.
        var garbage = Message(code: .post, path: "/oic/sec/account", contentFormat: ContentFormat.ocfCBOR)
        garbage.payload = [0xFF, 0x00, 0xBF]
        #expect(try await lastWords(garbage, profile) == .badRequest)
        garbage.contentFormat = ContentFormat.json
        #expect(try await lastWords(garbage, profile) == .unsupportedContentFormat)
        #expect(try await lastWords(Message(code: .get, path: "/oic/sec/account"), profile) == .methodNotAllowed)
        #expect(try cloud.database.devices().isEmpty)
        await cloud.server.stop()
    }

    @Test func beforeSignInNothingElseIsServed() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        let profile = try cloud.profile()
        for path in ["/oic/res", "/oic/rd", "/oic/d", "/\(device.id)/lamp", "/nothing", "/"] {
            #expect(try await lastWords(Message(code: .get, path: path), profile) == .unauthorized, "\(path)")
        }
        await cloud.server.stop()
    }

    @Test func theCertificateBindsTheDevice() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        // Another device's certificate, with the device's own tokens.
        let thief = try cloud.profile(device.id, certified: .random())
        let account = device.account
        #expect(
            try await lastWords(
                .ocfRequest(
                    .post, path: "/oic/sec/session",
                    representation: [
                        "di": .text(device.id.description), "uid": .text(account.user),
                        "accesstoken": .text(account.access), "login": true,
                    ]), thief) == .unauthorized)
        #expect(
            try await lastWords(
                .ocfRequest(
                    .post, path: "/oic/sec/tokenrefresh",
                    representation: [
                        "di": .text(device.id.description), "uid": .text(account.user),
                        "refreshtoken": .text(account.refresh),
                    ]), thief) == .unauthorized)
        #expect(
            try await lastWords(
                .ocfRequest(
                    .post, path: "/oic/sec/account",
                    representation: [
                        "di": .text(device.id.description), "accesstoken": .text(cloud.token("anna")),
                    ]), thief) == .unauthorized)
        #expect(device.connection.channel.isActive)
        await cloud.server.stop()
    }

    @Test func withoutACertificateThereIsNoConnection() async throws {
        let cloud = try await TestCloud.start()
        // TLS 1.2 tells the client nothing before its first flight is done, so the refusal may come with the first
        // request.
        await #expect(throws: CoAPError.self) {
            let device = try await FakeDevice(profile: cloud.profile(withCertificate: false))
            _ = try await device.signUp(token: cloud.token("anna"))
        }
        // A certificate of another authority is none.
        let other = try CertificateAuthority(creating: "other")
        var profile = try cloud.profile()
        let issued = try other.issueIdentity(profile.id)
        profile.certificate = issued.certificate
        profile.key = issued.key
        await #expect(throws: CoAPError.self) {
            let device = try await FakeDevice(profile: profile)
            _ = try await device.signUp(token: cloud.token("anna"))
        }
        #expect(try cloud.database.devices().isEmpty)
        await cloud.server.stop()
    }

    @Test func whereCertificatesAreOptionalTheTokenDecides() async throws {
        let cloud = try await TestCloud.start { $0.clientCertificate = .optional }
        let device = try await FakeDevice(profile: cloud.profile(withCertificate: false))
        #expect(try await device.signUp(token: cloud.token("anna")).code == .changed)
        #expect(try await device.signIn().code == .changed)
        // One that is shown binds nevertheless.
        let other = try await FakeDevice(profile: cloud.profile(.random(), certified: .random()))
        #expect(try await other.signUp(token: cloud.token("anna")).code == .unauthorized)
        await cloud.server.stop()
    }

    @Test func nobodyPublishesForAnother() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        let other = try await cloud.device("anna", hrefs: ["/mine"])
        let client = try await cloud.client("anna")
        #expect(try await other.publish(["/fake"], di: device.id).code == .forbidden)
        #expect(
            try await other.send(.ocfRequest(.delete, path: "/oic/rd", query: ["di=\(device.id)"])).code == .forbidden)
        // By number: the number is not one of the sender's, so nothing happens.
        let ins = try #require(try await client.resources(device: device.id).first?.link.instance)
        _ = try await other.send(.ocfRequest(.delete, path: "/oic/rd", query: ["di=\(other.id)", "ins=\(ins)"]))
        let remove = try await other.send(
            .ocfRequest(.delete, path: "/oic/sec/account", query: ["di=\(device.id)"]))
        #expect(remove.code == .forbidden)
        #expect(try await client.resources().count == 2)
        // A client publishes nothing.
        let answer = try await client.request(
            .ocfRequest(
                .post, path: "/oic/rd",
                representation: [
                    "di": .text(client.profile.id.description), "ttl": 0,
                    "links": [["href": "/x", "rt": ["a"], "if": ["oic.if.r"]]],
                ]))
        #expect(answer.code == .forbidden)
        await cloud.server.stop()
    }

    @Test func malformedLinksAreRefusedWholeAndTheConnectionStays() async throws {
        let cloud = try await TestCloud.start { $0.limits.linksPerDevice = 3 }
        let device = try await cloud.device("anna", hrefs: ["/a"])
        let client = try await cloud.client("anna")
        let di = CBOR.Value.text(device.id.description)
        let good: CBOR.Value = ["href": "/b", "rt": ["x"], "if": ["oic.if.r"]]
        let cases: [(CBOR.Value, Code)] = [
            (["di": di, "links": [good]], .badRequest),
            (["di": di, "ttl": -1, "links": [good]], .badRequest),
            (["di": di, "ttl": 0, "links": []], .badRequest),
            (["di": di, "ttl": 0], .badRequest),
            (["ttl": 0, "links": [good]], .badRequest),
            (["di": di, "ttl": 0, "links": [good, ["rt": ["x"]]]], .badRequest),
            (["di": di, "ttl": 0, "links": [good, 7]], .badRequest),
            (["di": di, "ttl": 0, "links": [good, ["href": "", "rt": ["x"]]]], .badRequest),
            (
                ["di": di, "ttl": 0, "links": [good, ["href": .text(String(repeating: "y", count: 5_000))]]],
                .badRequest
            ),
            (
                ["di": di, "ttl": 0, "links": .array((0..<4).map { ["href": .text("/\($0)"), "rt": ["x"]] })],
                .forbidden
            ),
            (
                ["di": di, "ttl": 0, "links": .array((0..<3).map { ["href": .text("/\($0)"), "rt": ["x"]] })],
                .forbidden
            ),
        ]
        for (body, code) in cases {
            let answer = try await device.send(.ocfRequest(.post, path: "/oic/rd", representation: body))
            #expect(answer.code == code, "\(body)")
        }
        #expect(try await client.resources().map(\.href) == ["/\(device.id)/a"])
        #expect(device.connection.channel.isActive)
        await cloud.server.stop()
    }

    @Test func giantBodiesAreRefused() async throws {
        let cloud = try await TestCloud.start {
            $0.limits.messageSize = 8_192
            $0.limits.bodySize = 65_536
        }
        let device = try await cloud.device("anna")
        let client = try await cloud.client("anna")
        let before = device.requests.count
        let giant = Message.ocfRequest(
            .post, path: "/\(device.id)/lamp", representation: .text(String(repeating: "z", count: 200_000)))
        #expect(try await client.request(giant).code == .requestEntityTooLarge)
        #expect(device.requests.count == before)
        #expect(try await client.get("/\(device.id)/lamp") == ["value": false])
        await cloud.server.stop()
    }

    @Test func aFloodIsMeteredAndCutOff() async throws {
        let cloud = try await TestCloud.start { $0.limits.requestsPerSecond = 10 }
        let device = try await cloud.device("anna")
        let connection = device.connection
        let futures = (0..<400).map { _ in connection.send(Message(code: .get, path: "/oic/d"), timeout: .seconds(10)) }
        var codes: [Code: Int] = [:]
        var failures = 0
        for future in futures {
            do { codes[try await future.get().code, default: 0] += 1 } catch { failures += 1 }
        }
        #expect((codes[.content] ?? 0) <= 20)
        #expect((codes[.tooManyRequests] ?? 0) >= 90)
        #expect(failures > 0)
        try await connection.closeFuture.get()
        await cloud.server.stop()
    }

    @Test func strangersFromOneAddressAreLimited() async throws {
        let cloud = try await TestCloud.start { $0.limits.strangersPerAddress = 2 }
        let profile = try cloud.profile()
        let first = try await FakeDevice(profile: profile)
        _ = try await FakeDevice(profile: profile)
        try await eventually("both are in") { cloud.server.core.sessions.count == 2 }
        let third = try await FakeDevice(profile: profile)
        try await third.connection.closeFuture.get()
        // Who signs in is no stranger any more.
        try await first.signUp(token: cloud.token("anna"))
        #expect(try await first.signIn().code == .changed)
        let fourth = try await FakeDevice(profile: profile)
        try await eventually("three are in") { cloud.server.core.sessions.count == 3 }
        fourth.connection.close()
        await cloud.server.stop()
    }

    @Test func whoDoesNotSignInIsCutOff() async throws {
        let cloud = try await TestCloud.start { $0.signInDeadline = 1 }
        let idle = try await FakeDevice(profile: cloud.profile())
        try await idle.connection.closeFuture.get()
        #expect(cloud.server.core.sessions.isEmpty)
        await cloud.server.stop()
    }

    @Test func oneStateDirectoryHasOneServer() async throws {
        let cloud = try await TestCloud.start()
        #expect(throws: CloudError.self) {
            _ = try CloudServer(
                configuration: cloud.configuration, state: cloud.scratch.path, logger: .init(label: "second"))
        }
        await cloud.server.stop()
    }

    @Test func aStrayCertificateNamesTheMistake() async throws {
        let cloud = try await TestCloud.start()
        // The client insists on another cloud's id.
        var profile = try cloud.profile()
        profile.cloudID = .random()
        await #expect(throws: CoAPError(.secureConnectionFailed, "")) { _ = try await FakeDevice(profile: profile) }
        await cloud.server.stop()
    }
}
