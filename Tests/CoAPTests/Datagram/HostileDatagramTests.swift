import CoAPMessages
import NIOCore
import Testing

@testable import CoAP

/// An endpoint among peers that keep to no rule.
struct HostileDatagramTests {
    /// A datagram of every kind, with what a peer could know of ours in it, and some of it spoilt.
    private func datagram(_ random: inout SplitMix, _ seen: [FakeCarrier.Sent]) -> [UInt8] {
        var message = Message(code: Code(rawValue: 0))
        switch Int.random(in: 0..<10, using: &random) {
        case 0...5:
            let code: Code = [.get, .post, .put, .fetch].randomElement(using: &random) ?? .get
            let path = ["/a", "/keep", "/observe", "/large", "/drop"].randomElement(using: &random) ?? "/a"
            message = Message(code: code, token: Token(.random(in: 0...3, using: &random)), path: path)
            if Bool.random(using: &random) { message.observe = .random(in: 0...2, using: &random) }
            if Int.random(in: 0..<4, using: &random) == 0 {
                message.block1 = Block(value: .random(in: 0...0xFFF, using: &random))
            }
            if Int.random(in: 0..<4, using: &random) == 0 {
                message.block2 = Block(value: .random(in: 0...0xFFF, using: &random))
            }
            message.payload = body(.random(in: 0...1100, using: &random))
        case 6...7:
            message = Message(
                code: .content, token: seen.randomElement(using: &random)?.datagram.message.token ?? .empty)
            message.observe = .random(in: 0...50, using: &random)
            if Bool.random(using: &random) { message.block2 = Block(value: .random(in: 0...0xFF, using: &random)) }
            message.payload = body(.random(in: 0...1024, using: &random))
        default:
            break
        }
        let kind = Datagram.Kind.allCases.randomElement(using: &random) ?? .confirmable
        let id = seen.randomElement(using: &random)?.datagram.id ?? 0
        var bytes = Datagram(
            kind: kind, id: Bool.random(using: &random) ? id : .random(in: 0...20, using: &random), message: message
        ).encoded()
        if Int.random(in: 0..<5, using: &random) == 0, let index = bytes.indices.randomElement(using: &random) {
            bytes[index] = .random(in: 0...255, using: &random)
        }
        if Int.random(in: 0..<20, using: &random) == 0 {
            bytes.removeLast(.random(in: 0...bytes.count, using: &random))
        }
        return bytes
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>) func nothingIsLeftOfThem(_ seed: UInt64) throws {
        var random = SplitMix(state: seed)
        var limits = Limits.default
        limits.datagram.peers = 8
        limits.datagram.openExchanges = 20
        limits.datagram.rememberedBytes = 20_000
        limits.datagram.blockwiseBytes = 50_000
        limits.datagram.waitingMessages = 4
        let kept = Shared<[Exchange]>([])
        let observations = Shared<[ServerObservation]>([])
        let open = Shared(0)
        let network = FakeNetwork(limits) { request, exchange in
            switch request.pathString {
            case "/keep": kept.update { $0.append(exchange) }
            case "/drop": exchange.drop()
            case "/large": exchange.respond(Message(code: .content, payload: body(5000)))
            case "/observe":
                if let observation = exchange.acceptObservation({ open.update { $0 -= 1 } }) {
                    open.update { $0 += 1 }
                    observations.update { $0.append(observation) }
                }
                exchange.respond(Message(code: .content, payload: body(100)))
            default: exchange.respond(.content)
            }
        }
        var connections: [Connection] = []
        var seen: [FakeCarrier.Sent] = []
        var bytes: [UInt8] = []
        var port: UInt16 = 1
        for step in 0..<4000 {
            // Sometimes the last one again.
            let isRepeated = Int.random(in: 0..<6, using: &random) == 0
            if !isRepeated {
                bytes = datagram(&random, seen)
                port = UInt16.random(in: 1...12, using: &random)
            }
            let destination = Int.random(in: 0..<6, using: &random) == 0 ? FakeNetwork.group : FakeNetwork.own
            network.send(bytes, from: FakeNetwork.peer.with(port: port), to: destination)
            switch Int.random(in: 0..<40, using: &random) {
            case 0: network.advance(.milliseconds(.random(in: 0...5000, using: &random)))
            case 1: kept.update { $0.popLast() }?.respond(Message(code: .content, payload: body(2000)))
            case 2: kept.value = []
            case 3...5:
                let isReplacing = Bool.random(using: &random)
                let size = Int.random(in: 0...3000, using: &random)
                observations.value.randomElement(using: &random)?
                    .notify(Message(code: .content, payload: body(size)), replacing: isReplacing)
            case 6: observations.value.randomElement(using: &random)?.end()
            case 7: connections.randomElement(using: &random)?.close()
            case 8...10:
                let remote = FakeNetwork.peer.with(port: port)
                if connections.count < 4, let connection = try? network.connect(remote) {
                    connections.append(connection)
                }
                let request = Message(code: .post, path: "/x", payload: body(.random(in: 0...2000, using: &random)))
                let connection = connections.randomElement(using: &random)
                if Bool.random(using: &random) {
                    _ = connection?.send(request, timeout: .seconds(30))
                } else {
                    _ = connection?.observe(Message(code: .get), timeout: .seconds(30)) { _ in }
                }
            default: break
            }
            while let sent = network.nextSent() {
                #expect(sent.bytes.count <= 1152)
                seen.append(sent)
            }
            seen.removeFirst(max(0, seen.count - 50))
            let statistics = network.endpoint.statistics
            guard statistics.peers <= 8, statistics.openExchanges <= 20, statistics.rememberedBytes <= 20_000,
                statistics.blockwiseBytes <= 50_000
            else {
                Issue.record("step \(step): \(statistics)")
                return
            }
        }
        for connection in connections { connection.close() }
        for observation in observations.value { observation.end() }
        observations.value = []
        kept.value = []
        network.advance(.seconds(1000))
        let statistics = network.endpoint.statistics
        #expect(statistics.peers == 0)
        #expect(statistics.openExchanges == 0)
        #expect(statistics.rememberedBytes == 0)
        #expect(statistics.blockwiseBytes == 0)
        #expect(open.value == 0)
        #expect(statistics.duplicates > 0)
        #expect(statistics.retransmissions > 0)
    }
}
