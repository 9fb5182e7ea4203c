import CBOR
import CoAP
import CoAPMessages
import Foundation
import OCFModel
import Testing

@testable import OCFCloud

@Suite struct RoutingTests {
    @Test func everyMethodReachesTheDeviceAndItsAnswerReturns() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna", hrefs: ["/lamp", "/ble/A4C1388D18B2/temperature"])
        let client = try await cloud.client("anna")

        #expect(try await client.get("/\(device.id)/lamp") == ["value": false])
        #expect(try await client.post("/\(device.id)/lamp", ["value": true]) == ["value": true])
        #expect(try await client.get("/\(device.id)/lamp", query: ["if=oic.if.baseline"]) == ["value": true])
        let seen = try #require(device.requests.last)
        #expect(seen.pathString == "/lamp")
        #expect(seen.query == ["if=oic.if.baseline"])
        #expect(seen.accept == ContentFormat.ocfCBOR && seen.ocfAcceptVersion == OCFVersion.v1_0_0)
        try await client.delete("/\(device.id)/lamp")
        await #expect(throws: CloudError(.notFound, "/\(device.id)/lamp: 4.04")) {
            try await client.get("/\(device.id)/lamp")
        }
        let put = try await client.request(
            .ocfRequest(.put, path: "/\(device.id)/ble/A4C1388D18B2/temperature", representation: 1))
        #expect(put.code == .methodNotAllowed)
        // The device's id in upper case is the same device.
        let upper = device.id.description.uppercased()
        #expect(try await client.get("/\(upper)/ble/A4C1388D18B2/temperature") == ["value": false])
        await cloud.server.stop()
    }

    @Test func theDirectoryShowsTheCloudsEndpointAndPrefixedHrefs() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna", hrefs: ["/a", "/b"])
        let other = try await cloud.device("anna", hrefs: ["/c"])
        let client = try await cloud.client("anna")
        let all = try await client.resources()
        #expect(Set(all.map(\.href)) == ["/\(device.id)/a", "/\(device.id)/b", "/\(other.id)/c"])
        let link = try #require(all.first { $0.device == device.id }).link
        #expect(link.anchor == "ocf://\(device.id)")
        #expect(link.endpoints == [Endpoint(cloud.server.uri.description)])
        #expect(link.resourceTypes == ["oic.r.switch.binary"])
        #expect(link.policy == [.discoverable, .observable])
        #expect(try await client.resources(device: other.id).map(\.href) == ["/\(other.id)/c"])
        #expect(try await client.resources(type: "oic.r.temperature").isEmpty)
        #expect(try await client.resources(type: "oic.r.switch.binary").count == 3)
        let sensors = try await client.get("/oic/res", query: ["if=oic.if.s"])
        #expect(sensors == [])
        let baseline = try await client.get("/oic/res", query: ["if=oic.if.baseline"])
        #expect(baseline[0]?["links"]?.items?.count == 3)
        let about = try await client.get("/oic/d")
        #expect(about["di"]?.string == cloud.server.id.description)
        await cloud.server.stop()
    }

    @Test func usersAreIsolated() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        let stranger = try await cloud.client("bert")
        #expect(try await stranger.resources().isEmpty)
        let before = device.requests.count
        for request in [
            Message.ocfRequest(.get, path: "/\(device.id)/lamp"),
            .ocfRequest(.post, path: "/\(device.id)/lamp", representation: ["value": true]),
            .ocfRequest(.delete, path: "/\(device.id)/lamp"),
        ] {
            let answer = try await stranger.request(request)
            // The very words a device that does not exist gets.
            let nobody = Identifier.random()
            var other = request
            other.path = [nobody.description, "lamp"]
            let blank = try await stranger.request(other)
            #expect(answer.code == .notFound && blank.code == .notFound)
            #expect(
                String(decoding: answer.payload, as: UTF8.self).replacing(device.id.description, with: "")
                    == String(decoding: blank.payload, as: UTF8.self).replacing(nobody.description, with: ""))
        }
        await #expect(throws: CloudError.self) { try await stranger.observe("/\(device.id)/lamp") }
        #expect(try await stranger.resources(device: device.id).isEmpty)
        #expect(device.requests.count == before)
        await cloud.server.stop()
    }

    @Test func aDeviceThatIsAwayGets503AndReturns() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        let client = try await cloud.client("anna")
        device.connection.close()
        try await eventually("away") {
            try await client.request(.ocfRequest(.get, path: "/\(device.id)/lamp")).code == .serviceUnavailable
        }
        let answer = try await client.request(.ocfRequest(.get, path: "/\(device.id)/lamp"))
        #expect(answer.maxAge == 10)
        // Its links stay.
        #expect(try await client.resources().count == 1)
        try await device.connect()
        #expect(try await device.signIn().code == .changed)
        #expect(try await client.get("/\(device.id)/lamp") == ["value": false])
        await cloud.server.stop()
    }

    @Test func aSilentDeviceGets504() async throws {
        let cloud = try await TestCloud.start { $0.requestTimeout = 1 }
        let device = try await cloud.device("anna")
        let client = try await cloud.client("anna")
        device.state.withLock { $0.isSilent = true }
        let answer = try await client.request(.ocfRequest(.get, path: "/\(device.id)/lamp"))
        #expect(answer.code == .gatewayTimeout)
        await cloud.server.stop()
    }

    @Test func aDeviceThatGoesDuringARequest() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        let client = try await cloud.client("anna")
        device.state.withLock { $0.isSilent = true }
        async let get = client.request(.ocfRequest(.get, path: "/\(device.id)/lamp"))
        async let post = client.request(.ocfRequest(.post, path: "/\(device.id)/lamp", representation: ["value": true]))
        try await eventually("the requests are there") { device.requests.count >= 2 }
        device.connection.channel.close(promise: nil)
        // The GET can be made again; of the POST nobody knows.
        #expect(try await get.code == .serviceUnavailable)
        #expect(try await post.code == .gatewayTimeout)
        await cloud.server.stop()
    }

    @Test func aSecondConnectionOfADeviceReplacesTheFirst() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        let client = try await cloud.client("anna")
        let old = device.connection
        try await device.connect()
        try await device.signIn()
        try await old.closeFuture.get()
        #expect(try await client.get("/\(device.id)/lamp") == ["value": false])
        await cloud.server.stop()
    }

    @Test func aClientMayConnectSeveralTimes() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        let client = try await cloud.client("anna")
        let second = CloudClient(
            profile: client.profile, account: await client.account, clock: { cloud.now.load(ordering: .relaxed) })
        for _ in 0..<3 {
            #expect(try await client.get("/\(device.id)/lamp") == ["value": false])
            #expect(try await second.get("/\(device.id)/lamp") == ["value": false])
        }
        #expect(cloud.server.core.sessions.count == 3)
        await cloud.server.stop()
    }

    @Test func requestsWaitingForADeviceAreLimited() async throws {
        let cloud = try await TestCloud.start { $0.limits.pendingPerDevice = 4 }
        let device = try await cloud.device("anna")
        let client = try await cloud.client("anna")
        device.state.withLock { $0.isSilent = true }
        let codes = try await withThrowingTaskGroup(of: Code.self) { group in
            for _ in 0..<10 {
                group.addTask { try await client.request(.ocfRequest(.get, path: "/\(device.id)/lamp")).code }
            }
            var codes: [Code] = []
            while codes.count < 6, let code = try await group.next() { codes.append(code) }
            device.connection.channel.close(promise: nil)
            return codes
        }
        #expect(codes == Array(repeating: .serviceUnavailable, count: 6))
        await cloud.server.stop()
    }

    @Test func bodiesLargerThanOneMessageGoThrough() async throws {
        let cloud = try await TestCloud.start { $0.limits.messageSize = 4_096 }
        let device = try await cloud.device("anna")
        let client = try await cloud.client("anna")
        let large = CBOR.Value.map(["value": .text(String(repeating: "x", count: 60_000))])
        #expect(try await client.post("/\(device.id)/lamp", large) == large)
        #expect(try await client.get("/\(device.id)/lamp") == large)
        await cloud.server.stop()
    }
}
