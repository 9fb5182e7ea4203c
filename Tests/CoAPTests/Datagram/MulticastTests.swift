import CoAPMessages
import NIOCore
import NIOPosix
import Testing

@testable import CoAP

/// Groups, interfaces and addresses, between networks that the test makes.
@Suite(.enabled(if: NetworkNamespace.isPossible, "\(NetworkNamespace.obstacle ?? "")"))
struct MulticastTests {
    /// Answers at once, so that the tests do.
    static let prompt: Limits = {
        var limits = Limits.default
        limits.datagram.transmission.leisure = .milliseconds(20)
        return limits
    }()

    /// `/oic/res` to all, with 3,000 bytes; `/other` is silence.
    private static func device(_ space: NetworkNamespace, port: Int = 0) async throws -> UDPEndpoint {
        try await CoAPUDP.bind(
            port: port, group: space.group, multicast: MulticastListening(), limits: MulticastTests.prompt
        ) { _ in
            Served(serve: { request, exchange in
                if request.pathString == "/oic/res" {
                    exchange.respond(Message(code: .content, payload: body(3000)))
                } else if exchange.isMulticast {
                    exchange.drop()
                } else {
                    exchange.respond(.notFound)
                }
            })
        }.outside.get()
    }

    private static func client(_ space: NetworkNamespace) async throws -> UDPEndpoint {
        try await CoAPUDP.bind(port: 0, group: space.group) { _ in NothingServed() }.outside.get()
    }

    private static func search(
        _ client: UDPEndpoint, _ path: String = "/oic/res", groups: [String] = MulticastListening.ocfGroups,
        window: TimeAmount = .milliseconds(500)
    ) async throws -> [String] {
        let found = Shared<[String]>([])
        let count = try await client.multicast(Message(code: .get, path: path), to: groups, window: window) {
            response in
            found.update { $0.append(response.remoteAddress.ipAddress ?? "?") }
            #expect(response.message.payload == body(3000))
        }.outside.get()
        #expect(count == found.value.count)
        return found.value.sorted()
    }

    @Test(arguments: [
        ("224.0.1.187", "10.213.1.1"), ("ff02::158", "fe80:"), ("ff03::158", "fd00:213:1::1"),
        ("ff05::158", "fd00:213:1::1"),
    ])
    func aDeviceIsFoundByEachOfItsGroups(_ row: (group: String, prefix: String)) async throws {
        try await NetworkNamespace.withTwo { left, right in
            try await NetworkNamespace.link(left, right, number: 1)
            let device = try await MulticastTests.device(left)
            let client = try await MulticastTests.client(right)
            let found = try await MulticastTests.search(client, groups: [row.group])
            // From an address of the interface that was asked, which the kernel chooses.
            #expect(found.count == 1)
            #expect(found.allSatisfy { $0.hasPrefix(row.prefix) || $0.hasPrefix("fe80:") }, "\(found)")
            // What does not concern it, it does not answer.
            #expect(try await MulticastTests.search(client, "/other", groups: [row.group]).isEmpty)
            #expect(try await device.statistics().outside.get().memberships == 4)
            try await client.close().outside.get()
            try await device.close().outside.get()
        }
    }

    @Test func aDeviceOnTheGroupsOwnPortIsFound() async throws {
        try await NetworkNamespace.withTwo { left, right in
            try await NetworkNamespace.link(left, right, number: 1)
            let first = try await MulticastTests.device(left, port: 5683)
            // Another one on the same host hears the groups too.
            let second = try await MulticastTests.device(left, port: 5684)
            let client = try await MulticastTests.client(right)
            #expect(try await MulticastTests.search(client, groups: ["224.0.1.187"]).count == 2)
            try await second.close().outside.get()
            #expect(try await MulticastTests.search(client, groups: ["224.0.1.187"]).count == 1)
            try await client.close().outside.get()
            try await first.close().outside.get()
        }
    }

    @Test func membershipFollowsTheInterfaces() async throws {
        try await NetworkNamespace.withTwo { left, right in
            // No interface but loopback yet.
            let device = try await MulticastTests.device(left)
            let client = try await MulticastTests.client(right)
            let names = Shared<[[String]]>([])
            device.onInterfacesChanged { interfaces in names.update { $0.append(interfaces.map(\.name)) } }
            #expect(try await device.statistics().outside.get().memberships == 0)
            for number in 1...2 {
                try await NetworkNamespace.link(left, right, number: number)
                var memberships = 0
                for _ in 0..<400 where memberships != 4 * number {
                    try await Task.sleep(for: .milliseconds(10))
                    memberships = try await device.statistics().outside.get().memberships
                }
                #expect(memberships == 4 * number)
                let found = try await MulticastTests.search(client, groups: ["224.0.1.187"])
                #expect(found == (1...number).map { "10.213.\($0).1" })
            }
            // An address changes: the answer comes from the new one.
            try left.ip("address", "delete", "10.213.1.1/24", "dev", "gh1")
            try left.ip("address", "add", "10.213.1.77/24", "dev", "gh1")
            let moved = try await MulticastTests.search(client, groups: ["224.0.1.187"])
            #expect(moved == ["10.213.1.77", "10.213.2.1"])
            // An interface goes, and comes back as another one.
            try left.ip("link", "delete", "gh1")
            #expect(await eventually { names.value.last == ["lo", "gh2"] })
            #expect(try await device.statistics().outside.get().memberships == 4)
            try await NetworkNamespace.link(left, right, number: 1)
            #expect(await eventually { names.value.last?.count == 3 })
            let back = try await MulticastTests.search(client, groups: ["224.0.1.187"])
            #expect(back == ["10.213.1.1", "10.213.2.1"])
            try await client.close().outside.get()
            try await device.close().outside.get()
        }
    }

    @Test func addressesThatComeLaterAnswerToo() async throws {
        try await NetworkNamespace.withTwo { left, right in
            try await NetworkNamespace.link(left, right, number: 1)
            let device = try await MulticastTests.device(left)
            try left.ip("address", "add", "10.213.1.99/24", "dev", "gh1")
            for host in ["10.213.1.1", "10.213.1.99", "fd00:213:1::1"] {
                let connection = try await CoAPUDP.connect(host: host, port: device.port, on: right.group.next())
                    .outside.get()
                let response = try await connection.send(Message(code: .get, path: "/oic/res"), timeout: patience)
                    .outside.get()
                #expect(response.payload == body(3000), "\(host)")
                connection.close()
                try await connection.closeFuture.outside.get()
            }
            try await device.close().outside.get()
        }
    }

    @Test func aNetworkThatIsNotThereFailsRequestsAtOnce() async throws {
        try await NetworkNamespace.withTwo { left, right in
            let client = try await MulticastTests.client(left)
            let connection = try await client.peer(SocketAddress(ipAddress: "192.0.2.1", port: 5683)).outside.get()
            await #expect(throws: CoAPError(.unreachable, "")) {
                try await connection.send(Message(code: .get), timeout: patience).outside.get()
            }
            await #expect(throws: CoAPError(.unreachable, "")) {
                _ = try await MulticastTests.search(client)
            }
            // It comes up.
            try await NetworkNamespace.link(left, right, number: 1)
            let device = try await MulticastTests.device(right)
            let there = try await client.peer(SocketAddress(ipAddress: "10.213.1.2", port: device.port)).outside.get()
            let response = try await there.send(Message(code: .get, path: "/oic/res"), timeout: patience).outside.get()
            #expect(response.code == .content)
            try await client.close().outside.get()
            try await device.close().outside.get()
        }
    }

    // MARK: libcoap

    @Test(.enabled(if: Peers.hasLibcoap, "coap-client-notls is not installed (Debian package libcoap3-bin)"))
    func libcoapsClientFindsOurServer() async throws {
        try await NetworkNamespace.withTwo { left, right in
            try await NetworkNamespace.link(left, right, number: 1)
            let server = try await CoAPUDP.bind(
                port: 5683, group: left.group, multicast: MulticastListening(), limits: MulticastTests.prompt
            ) { _ in PeerServer() }.outside.get()
            try right.ip("route", "add", "224.0.0.0/4", "dev", "gh1")
            for host in ["224.0.1.187", "[ff02::158%gh1]", "[ff05::158]"] {
                if host == "[ff05::158]" {
                    try right.ip("route", "add", "multicast", "ff05::/16", "dev", "gh1", "table", "local")
                }
                let output = try await PeerProcess.result(
                    right.command(["coap-client-notls", "-N", "-B", "2", "coap://\(host)/hello"])
                ).output
                #expect(output.contains("hello"), "\(host): \(output)")
            }
            try await server.close().outside.get()
        }
    }

    @Test(.enabled(if: Peers.hasLibcoap, "coap-server-notls is not installed (Debian package libcoap3-bin)"))
    func weFindLibcoapsServer() async throws {
        try await NetworkNamespace.withTwo { left, right in
            try await NetworkNamespace.link(left, right, number: 1)
            try right.ip("route", "add", "224.0.0.0/4", "dev", "gh1")
            let server = try PeerProcess(
                right.command(["coap-server-notls", "-A", "0.0.0.0", "-p", "5683", "-g", "224.0.1.187"]))
            let client = try await MulticastTests.client(left)
            var found = 0
            // libcoap answers within the five seconds that RFC 7252 §8.2 has as the leisure; the first try may come before
            // it listens.
            for _ in 0..<3 where found == 0 {
                found = try await client.multicast(
                    Message(code: .get, path: "/.well-known/core"), to: ["224.0.1.187"], window: .milliseconds(5500)
                ) { response in
                    #expect(response.remoteAddress.ipAddress == "10.213.1.2")
                    #expect(response.message.contentFormat == ContentFormat.linkFormat)
                }.outside.get()
            }
            #expect(found == 1, "\(server.stop())")
            _ = server.stop()
            try await client.close().outside.get()
        }
    }
}
