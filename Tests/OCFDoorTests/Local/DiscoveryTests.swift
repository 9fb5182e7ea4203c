import CBOR
import CoAP
import CoAPMessages
import NIOCore
import OCFModel
import OneLoop
import Testing

@testable import OCFDoor

/// What who asks in clear is told.
@Loop
@Suite(.serialized) struct DiscoveryTests {
    @Test(
        "filters of /oic/res", .timeLimit(.minutes(1)),
        arguments: [
            ([], true), (["rt=oic.wk.d"], true), (["rt=oic.r.light"], false), (["rt=oic.wk.d", "rt=oic.wk.p"], true),
            (["di=MINE"], true), (["di=00000000-0000-4000-8000-000000000000"], false),
            (["sduuid=00000000-0000-4000-8000-000000000000"], false), (["sdname=Home"], false),
            (["if=oic.if.baseline"], true), (["if=oic.if.b"], true), (["if=oic.if.ll"], true), (["if=oic.if.s"], false),
        ])
    func filters(_ query: [String], _ isFound: Bool) async throws {
        let house = try await LocalHouse()
        let plain = try await house.plain()
        let mine = house.security.state.deviceID.description
        let answer = try await plain.ask(.get, "/oic/res", query: query.map { $0.replacing("MINE", with: mine) })
        #expect(answer.code == (isFound ? .content : .badRequest))
        await house.close()
    }

    @Test("the security domain is told unless it is private", .timeLimit(.minutes(1)))
    func securityDomain() async throws {
        let house = try await LocalHouse()
        _ = try await TestTool().takeOver(house)
        let plain = try await house.plain()
        let domain = house.security.state.sdi
        #expect(try await plain.ask(.get, "/oic/res", query: ["sdname=Home"]).code == .content)
        #expect(try await plain.ask(.get, "/oic/res", query: ["sduuid=\(domain.id)"]).code == .content)
        #expect(try await plain.ask(.get, "/oic/res", query: ["sduuid=\(Identifier.random())"]).code == .badRequest)
        let shown = try #require(try await plain.get("/oic/res", query: ["if=oic.if.baseline"]))
        #expect(shown[0]?["sduuid"] == .text(domain.id.description) && shown[0]?["sdname"] == "Home")
        await house.close()
    }

    @Test("clear endpoints are told as the state demands", .timeLimit(.minutes(1)))
    func endpoints() async throws {
        let house = try await LocalHouse()
        let plain = try await house.plain()
        func inClear() async throws -> Set<String> {
            let links = try #require(try await plain.get("/oic/res")?.items)
            return Set(
                links.filter { link in
                    link["eps"]?.items?.contains { $0["ep"]?.string?.hasPrefix("coap://") == true } == true
                }.compactMap { $0["href"]?.string })
        }
        #expect(try await inClear() == ["/oic/res", "/oic/d", "/oic/p", "/oic/sec/doxm", "/oic/sec/pstat"])
        _ = try await TestTool().takeOver(house)
        #expect(try await inClear() == ["/oic/res", "/oic/d", "/oic/p"])
        await house.close()
    }

    @Test("/.well-known/core", .timeLimit(.minutes(1)))
    func wellKnown() async throws {
        let house = try await LocalHouse()
        let plain = try await house.plain()
        func ask(_ query: [String] = [], accept: UInt16? = nil, code: Code = .get) async throws -> Message {
            var request = Message(code: code, path: "/.well-known/core", query: query)
            request.accept = accept
            return try await plain.send(request, timeout: .seconds(10)).get()
        }
        let all = try await ask()
        let text = String(decoding: all.payload, as: UTF8.self)
        #expect(all.code == .content && all.contentFormat == 40)
        #expect(
            text.hasPrefix(
                "</oic/res>;rt=\"oic.wk.res\";if=\"oic.if.ll oic.if.b oic.if.baseline\";ct=\"10000\";obs,</oic/d>"))
        #expect(try await String(decoding: ask(["rt=oic.wk.d"]).payload, as: UTF8.self).hasPrefix("</oic/d>"))
        #expect(try await ask(["rt=oic.wk.*"], accept: 40).code == .content)
        #expect(try await ask(["rt=light"]).code == .badRequest)
        #expect(try await ask(accept: 60).code == .notAcceptable)
        #expect(try await ask(code: .post).code == .methodNotAllowed)
        await house.close()
    }

    @Test("a group is answered within two seconds, or not at all", .timeLimit(.minutes(1)))
    func multicast() async throws {
        let house = try await LocalHouse(discoveryPort: try await freePort())
        let loopback = try #require(NetworkInterface.current().first { $0.isLoopback })
        let client = try await CoAPUDP.bind(port: 0, group: Loop.eventLoop) { _ in NothingServed() }
            .get()
        func search(_ path: String, _ query: [String], _ code: Code = .get) async throws -> [Message] {
            let found = WireTests.Box()
            _ = try await client.multicast(
                .ocfRequest(code, path: path, query: query), to: ["224.0.1.187"], port: house.discoveryPort,
                interfaces: [loopback.index], window: .milliseconds(2_300)
            ) { found.add($0.message) }.get()
            return found.all
        }
        async let unowned = search("/oic/sec/doxm", ["owned=FALSE"])
        async let owned = search("/oic/sec/doxm", ["owned=TRUE"])
        async let other = search("/oic/sec/doxm", ["deviceuuid=\(Identifier.random())"])
        async let mine = search("/oic/sec/doxm", ["deviceuuid=\(house.security.state.deviceID)"])
        async let resources = search("/oic/res", ["rt=oic.r.doxm"])
        async let lights = search("/oic/res", ["rt=oic.r.light"])
        async let secret = search("/oic/sec/cred", [])
        async let selected = search("/oic/sec/doxm", [], .post)
        let answered = try await [unowned, mine, resources].map(\.count)
        let silent = try await [owned, other, lights, secret, selected].map(\.count)
        #expect(answered == [1, 1, 1])
        #expect(silent == [0, 0, 0, 0, 0])
        _ = try await client.close().get()
        await house.close()
    }
}

/// A UDP port that was free a moment ago.
func freePort() async throws -> Int {
    let probe = try await CoAPUDP.bind(host: "127.0.0.1", port: 0, group: Loop.eventLoop) { _ in NothingServed() }
        .get()
    let port = probe.port
    _ = try await probe.close().get()
    return port
}
