import NIOHTTP1
import OneLoop
import OneM2MDoor
import ProvisioningModel
import Testing
import XMPPDoor

@testable import Gateway

@Suite("The page of metrics")
@Loop
struct MetricsTests {
    /// A clock whose hands the test turns, and provisioning servers that say what it tells them.
    @Loop
    private final class World {
        var now = ContinuousClock.now
        var verdict = PrivilegeVerdict.unanswered("no provisioning server is trusted")
        var asked: [ServiceUser] = []
        var meanwhile: () -> Void = {}
        var isSilent = false
        nonisolated init() {}
    }

    private let world = World()

    private func page(secret: String? = nil) -> MetricsPage {
        let world = world
        return MetricsPage(
            secret: secret.map { Array($0.utf8) }, clock: { world.now }, text: { "gatehouse_nodes 3\n" }
        ) { user, _ in
            world.asked.append(user)
            world.meanwhile()
            while world.isSilent { try? await Task.sleep(for: .milliseconds(2)) }
            return world.verdict
        }
    }

    private func status(
        _ page: MetricsPage, from address: String?, _ target: String = "/metrics", _ method: HTTPMethod = .GET,
        host: String? = "192.0.2.1:9464", authorization: String? = nil
    ) async -> UInt {
        var headers: HTTPHeaders = [:]
        if let host { headers.add(name: "Host", value: host) }
        if let authorization { headers.add(name: "Authorization", value: authorization) }
        let answer = await page.answer(
            HTTPRequest(method, target, headers: headers),
            HTTPPeer(address: address, isSecure: false, certificate: nil))
        // Nothing of the page is in a refusal.
        let text = String(decoding: answer.body, as: UTF8.self)
        #expect((text == "gatehouse_nodes 3\n") == (answer.status == .ok))
        return answer.status.code
    }

    @Test("Whoever comes from the gateway itself reads it, by an address or localhost")
    func loopback() async {
        let page = page()
        for address in ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"] {
            #expect(await status(page, from: address, host: "localhost:9464") == 200)
        }
        #expect(await status(page, from: "127.0.0.1", host: "[::1]:9464") == 200)
        #expect(await status(page, from: "127.0.0.1", host: "evil.example:9464") == 403)
        #expect(await status(page, from: "127.0.0.1", "/") == 404)
        #expect(await status(page, from: "127.0.0.1", "/metricsX") == 404)
        #expect(await status(page, from: "127.0.0.1", "/metrics?a=b") == 200)
        #expect(await status(page, from: "127.0.0.1", "/metrics", .POST) == 405)
        #expect(await status(page, from: nil) == 403)
        #expect(world.asked.isEmpty)
    }

    @Test("The secret lets in from anywhere; a wrong one lets nobody in, from anywhere")
    func secret() async {
        let page = page(secret: "0123456789abcdef")
        #expect(await status(page, from: "192.0.2.7", authorization: "Bearer 0123456789abcdef") == 200)
        #expect(await status(page, from: "192.0.2.7", authorization: "bearer  0123456789abcdef") == 200)
        for wrong in ["Bearer 0123456789abcdeg", "Bearer ", "Basic 0123456789abcdef", "0123456789abcdef", ""] {
            #expect(await status(page, from: "192.0.2.7", authorization: wrong) == 401, "\(wrong)")
            #expect(await status(page, from: "127.0.0.1", authorization: wrong) == 401)
        }
        let without = self.page()
        #expect(await status(without, from: "192.0.2.7", authorization: "Bearer ") == 401)
        #expect(world.asked.isEmpty)
    }

    @Test(
        "Whoever else comes is a user, whose privilege the provisioning servers decide; once a minute, and anew after clearCache"
    )
    func privileges() async {
        let page = page()
        world.verdict = .given(by: "prov@example.org")
        #expect(await status(page, from: "192.0.2.7") == 200)
        #expect(world.asked == [ServiceUser([.ip4("192.0.2.7"), .connection(.http)])])
        #expect(await status(page, from: "::ffff:192.0.2.8") == 200)
        #expect(await status(page, from: "2001:db8::1") == 200)
        #expect(world.asked.map { $0.credentials[0] }.suffix(2) == [.ip4("192.0.2.8"), .ip6("2001:db8::1")])
        world.verdict = .refused("prov@example.org does not let 192.0.2.7 use the gateway's services")
        #expect(await status(page, from: "192.0.2.7") == 200)
        world.now += .seconds(61)
        #expect(await status(page, from: "192.0.2.7") == 403)
        world.verdict = .given(by: "prov@example.org")
        #expect(await status(page, from: "192.0.2.7") == 403)
        page.forget()
        #expect(await status(page, from: "192.0.2.7") == 200)
        #expect(world.asked.count == 5)
    }

    @Test("What nobody could say is a no that is not remembered, and so is what was taken back meanwhile")
    func unanswered() async {
        let page = page()
        #expect(await status(page, from: "192.0.2.7") == 403)
        world.verdict = .given(by: "prov@example.org")
        world.meanwhile = { page.forget() }
        #expect(await status(page, from: "192.0.2.7") == 403)
        world.meanwhile = {}
        #expect(await status(page, from: "192.0.2.7") == 200)
        #expect(world.asked.count == 3)
    }

    @Test("Many addresses are forgotten, the oldest first")
    func bounds() async {
        let page = page()
        world.verdict = .given(by: "prov@example.org")
        for number in 0...64 { #expect(await status(page, from: "192.0.2.\(number)") == 200) }
        #expect(await status(page, from: "192.0.2.64") == 200)
        #expect(world.asked.count == 65)
        #expect(await status(page, from: "192.0.2.0") == 200)
        #expect(world.asked.count == 66)
    }

    @Test("So many addresses are asked about at once; one more is told to come again", .timeLimit(.minutes(1)))
    func openQuestions() async throws {
        let page = page()
        world.verdict = .given(by: "prov@example.org")
        world.isSilent = true
        let first = (0..<MetricsPage.openQuestions).map { number in
            Task { await status(page, from: "192.0.2.\(number)") }
        }
        while world.asked.count < first.count { try await Task.sleep(for: .milliseconds(2)) }
        #expect(await status(page, from: "192.0.2.99") == 403)
        #expect(world.asked.count == first.count)
        world.isSilent = false
        for request in first { #expect(await request.value == 200) }
        #expect(await status(page, from: "192.0.2.99") == 200)
    }

    @Test("Numbers are written as Prometheus reads them")
    func text() {
        var text = MetricsText()
        text.add("nodes", .gauge, "Nodes.", 3)
        text.add("store_flushes", .counter, "Flushes.", UInt64.max)
        text.add("degraded", .gauge, "Parts.", [])
        text.add(
            "info", .gauge, "The gateway.", [(["version": "1", "name": "a \"b\" \\ c\nd"], 1), (["name": "ü"], 2)])
        #expect(
            text.text == """
                # HELP gatehouse_nodes Nodes.
                # TYPE gatehouse_nodes gauge
                gatehouse_nodes 3
                # HELP gatehouse_store_flushes_total Flushes.
                # TYPE gatehouse_store_flushes_total counter
                gatehouse_store_flushes_total 9223372036854775807
                # HELP gatehouse_info The gateway.
                # TYPE gatehouse_info gauge
                gatehouse_info{name="a \\"b\\" \\\\ c\\nd",version="1"} 1
                gatehouse_info{name="ü"} 2

                """)
    }
}
