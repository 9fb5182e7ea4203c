import NIOCore
import Testing

@testable import TLS

/// Handshakes and data over networks as they are.
@Suite struct DTLSLossTests {
    let house = House.shared

    /// Each datagram of a handshake lost once, by number: the timers repair every one.
    @Test(arguments: 0..<10) func oneLost(number: Int) throws {
        let network = Network(try house.dtlsServer())
        network.fate = { _, _, sent in sent == number ? [] : [5] }
        let session = try network.connect(house.dtlsClient())
        network.run(.seconds(10))
        #expect(session.state == .open)
        // Data is not repeated: that is for the layer above.
        network.fate = { _, _, _ in [5] }
        try network.fromClient("there")
        network.run()
        #expect(try network.atServer().texts == ["there"])
    }

    @Test(arguments: 0..<12) func lossDuplicationReordering(seed: UInt64) throws {
        let network = Network(try house.dtlsServer(), limits: DTLSLimits(maximumDatagram: 300))
        var random = FixedRandom(seed &+ 7)
        network.fate = { _, _, _ in
            switch Int.random(in: 0..<10, using: &random) {
            case 0: []
            case 1, 2: [5, 40]
            case 3, 4: [Int64.random(in: 5..<60, using: &random)]
            default: [5]
            }
        }
        let session = try network.connect(house.dtlsClient())
        network.run(.seconds(60))
        let errors = try network.atClient().errors
        #expect(session.state == .open, "\(errors)")
        #expect(try network.atServer().completed.count == 1)
        // The data: what is not lost arrives once and unaltered, in any order.
        let texts = (0..<50).map { "message \($0)" }
        for text in texts {
            try network.fromClient(text)
            network.run(.milliseconds(10))
        }
        network.run(.seconds(5))
        let received = try network.atServer().texts
        #expect(Set(received).isSubset(of: texts) && Set(received).count == received.count)
        #expect(received.count > 30)
    }

    /// The server is silent: the client repeats after 1, 2, 4, 8, 16 and 20 seconds, then gives up.
    @Test func repetitions() throws {
        let network = Network(nil)
        network.fate = { _, _, _ in [] }
        let start = network.now
        var times: [Int64] = []
        network.fate = { [unowned network] _, _, _ in
            times.append((network.now - start).nanoseconds / 1_000_000_000)
            return []
        }
        try network.connect(house.dtlsClient())
        network.run(.seconds(100))
        #expect(times == [0, 1, 3, 7, 15, 31])
        #expect(try network.atClient().errors == [TLSError(.handshakeTimeout, "")])
    }

    /// A client that goes silent in the middle is forgotten in a minute.
    @Test func silentClient() throws {
        let network = Network(try house.dtlsServer())
        network.fate = { _, isToServer, number in isToServer && number > 2 ? [] : [5] }
        try network.connect(house.dtlsClient())
        network.run()
        #expect(network.server.halfOpenCount == 1)
        network.run(.seconds(65))
        #expect(network.server.peers.isEmpty)
        #expect(network.server.statistics.failedHandshakes == 1)
        #expect(try network.atServer().errors == [TLSError(.handshakeTimeout, "")])
        #expect(network.server.deadline == nil)
    }

    @Test func idle() throws {
        let network = Network(try house.dtlsServer())
        let session = try network.connect(house.dtlsClient())
        network.run()
        network.run(.seconds(590))
        try network.fromClient("still here")
        network.run(.seconds(590))
        #expect(session.state == .open && network.server.openCount == 1)
        #expect(try network.atServer().texts == ["still here"])
        network.run(.seconds(30))
        #expect(session.state == .closed)
        #expect(network.server.peers.isEmpty)
        #expect(try (network.atServer().errors + network.atClient().errors).contains(TLSError(.idleTimeout, "")))
    }

    /// The trimmed buffers serve again, in both directions, whatever the pauses.
    @Test func dataAfterPauses() throws {
        let network = Network(try house.dtlsServer())
        try network.connect(house.dtlsClient())
        network.run()
        for round in 0..<5 {
            try network.fromClient(String(repeating: "\(round)", count: 1000))
            network.run(.seconds(1))
            try network.fromServer(String(repeating: "\(round)", count: 1000))
            network.run(.seconds(30))
        }
        let expected = (0..<5).map { String(repeating: "\($0)", count: 1000) }
        #expect(try network.atServer().texts == expected)
        #expect(try network.atClient().texts == expected)
    }
}
