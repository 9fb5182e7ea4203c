import Foundation
import NIOCore
import Testing

@testable import TLS

/// Strangers, copies and rubbish.
@Suite struct DTLSHostileTests {
    let house = House.shared
    private static let strangers: UInt64 = 1000

    /// Bytes of memory in use that no file backs.
    private static func memoryInUse() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") })
        return try #require(Int(line.filter(\.isNumber))) * 1024
    }

    /// A thousand addresses that answer their cookie and then go silent: the table holds 32 of them. (TLSBench does it
    /// with ten thousand; each costs the processor two milliseconds.)
    @Test func manyHalfOpen() throws {
        let limits = DTLSLimits()
        // By key: ten thousand signatures more would take long and show nothing more.
        let network = Network(try .server(preSharedKeys: House.keys), limits: limits)
        let client = try DTLSConfiguration.client(
            preSharedKey: PreSharedKey(identity: House.keyIdentity, key: House.key))
        // Hello, cookie, hello again; the server's flight is lost.
        var most = 0
        var before = 0
        for number in 0..<Self.strangers {
            let peer = try Network.address(Int(number))
            let session = try DTLSSession(client, limits: limits, now: network.now)
            var out: [DTLSEvent] = []
            session.start(now: network.now, into: &out)
            for _ in 0..<2 {
                let hellos = out
                out = []
                for case .send(let hello) in hellos {
                    var answers: [DTLSEndpoint.Event] = []
                    network.server.receive(hello, from: peer, now: network.now, into: &answers)
                    // The second answer is never read.
                    guard answers.count == 1, network.server.session(with: peer) == nil else { continue }
                    for case .send(let answer) in answers.map(\.event) {
                        session.receive(answer, now: network.now, into: &out)
                    }
                }
            }
            most = max(most, network.server.halfOpenCount)
            if number == 100 { before = try Self.memoryInUse() }
        }
        #expect(most == limits.halfOpenSessions)
        #expect(network.server.statistics.handshakes == Self.strangers)
        #expect(network.server.statistics.evictedHalfOpen == Self.strangers - UInt64(limits.halfOpenSessions))
        // Other tests run beside this one: a thousand sessions that stay would be twice this and more.
        #expect(try Self.memoryInUse() - before < 16 << 20)
        // An honest client still gets in.
        let session = try network.connect(client, from: 20_000)
        network.run()
        #expect(session.state == .open)
        // And a minute later all strangers are forgotten.
        network.run(.seconds(70))
        #expect(network.server.peers.count == 1)
    }

    /// Ten thousand hellos without a cookie, from as many addresses: nothing is kept at all.
    @Test func tenThousandStrangers() throws {
        let network = Network(try house.dtlsServer())
        network.fate = { _, _, _ in [] }
        try network.connect(house.dtlsClient())
        let hello = network.record[0].datagram
        var answered = 0
        for number in 0..<10_000 {
            var events: [DTLSEndpoint.Event] = []
            network.server.receive(hello, from: try Network.address(number), now: network.now, into: &events)
            for event in events {
                guard case .send(let answer) = event.event else { continue }
                answered += 1
                // No amplification.
                #expect(answer.readableBytes < hello.readableBytes)
            }
        }
        #expect(answered == 10_000)
        #expect(network.server.peers.isEmpty && network.server.deadline == nil)
    }

    @Test func openSessionsAreBounded() throws {
        let network = Network(try house.dtlsServer(), limits: DTLSLimits(openSessions: 4))
        for number in 1...4 {
            try network.connect(house.dtlsClient(), from: number)
            network.run()
        }
        // The first is used again, so the second is the least recently used.
        try network.fromClient("still here", 1)
        network.run()
        try network.connect(house.dtlsClient(), from: 5)
        network.run()
        #expect(network.server.openCount == 4)
        #expect(network.server.statistics.evictedOpen == 1)
        #expect(try network.atServer(2).errors == [TLSError(.sessionEvicted, "")])
        #expect(try network.atClient(2).isClosed && !network.atClient(1).isClosed)
    }

    @Test func replaysAndRubbish() throws {
        let network = Network(try house.dtlsServer())
        let session = try network.connect(house.dtlsClient())
        network.run()
        let handshake = network.record
        try network.fromClient("once")
        network.run()
        let record = try #require(network.record.last?.datagram)
        let peer = try Network.address()
        func toServer(_ datagram: ByteBuffer) {
            network.atServer { network.server.receive(datagram, from: peer, now: network.now, into: &$0) }
        }
        // The same record again, and everything of the handshake again.
        for _ in 0..<3 { toServer(record) }
        for (datagram, isToServer) in handshake where isToServer { toServer(datagram) }
        // Each byte altered in turn; in front of a good record and behind it; cut short; anything at all.
        try network.client(peer) { out in
            try session.send(ByteBuffer(string: "never altered"), now: network.now, into: &out)
            out.removeAll {
                if case .send(let fresh) = $0 { alter(fresh, toServer); return true } else { return false }
            }
        }
        var random = FixedRandom(42)
        for length in 0..<200 {
            toServer(ByteBuffer(bytes: (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }))
            var header = ByteBuffer(bytes: [UInt8.random(in: 20...23, using: &random), 0xFE, 0xFD, 0, 1])
            header.writeBytes((0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
            toServer(header)
        }
        toServer(ByteBuffer(repeating: 0x17, count: 65_000))
        network.run()
        try network.fromClient("and again")
        network.run()
        #expect(try network.atServer().texts == ["once", "and again"])
        #expect(try network.atServer().errors.isEmpty && network.atClient().errors.isEmpty)
        #expect(network.server.statistics.replacedSessions == 0)
    }

    private func alter(_ datagram: ByteBuffer, _ deliver: (ByteBuffer) -> Void) {
        for index in 0..<datagram.readableBytes {
            var altered = datagram
            let byte = altered.getInteger(at: index, as: UInt8.self) ?? 0
            altered.setInteger(byte ^ 0x55, at: index)
            deliver(altered)
            if let cut = datagram.getSlice(at: 0, length: index) { deliver(cut) }
        }
    }

    /// Rubbish in the middle of a handshake changes nothing.
    @Test func rubbishDuringTheHandshake() throws {
        let network = Network(try house.dtlsServer())
        var random = FixedRandom(7)
        let peer = try Network.address()
        network.fate = { [unowned network] _, isToServer, _ in
            var rubbish = ByteBuffer(bytes: [23, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 9, 0, 40])
            rubbish.writeBytes((0..<40).map { _ in UInt8.random(in: 0...255, using: &random) })
            network.flying.append(
                .init(
                    datagram: rubbish, peer: peer, isToServer: isToServer, at: network.now + .milliseconds(1), number: 0
                ))
            return [5]
        }
        let session = try network.connect(house.dtlsClient())
        network.run(.seconds(5))
        #expect(session.state == .open)
        #expect(network.server.openCount == 1)
    }

    /// RFC 6347 4.2.8: a client that has lost its session begins anew from the same address.
    @Test func restartedClient() throws {
        let network = Network(try house.dtlsServer())
        let first = try network.connect(house.dtlsClient())
        network.run()
        let second = try network.connect(house.dtlsClient())
        // Until its handshake is done the first session is the one.
        network.run(.milliseconds(22))
        #expect(network.server.openCount == 1 && network.server.halfOpenCount == 1)
        network.run()
        #expect(second.state == .open && first !== second)
        #expect(try network.atServer().completed.count == 2)
        #expect(try network.atServer().errors == [TLSError(.connectionClosed, "")])
        #expect(network.server.statistics.replacedSessions == 1)
        try network.fromClient("anew")
        network.run()
        #expect(try network.atServer().texts == ["anew"])
        #expect(network.server.peers.count == 1)
    }

    /// Somebody who can forge the address, but sees no cookie, ends nothing; nor does who goes silent after it.
    @Test func forgedRestart() throws {
        let network = Network(try house.dtlsServer())
        let session = try network.connect(house.dtlsClient())
        network.run()
        let peer = try Network.address()
        let other = try DTLSSession(house.dtlsClient(), now: network.now)
        var out: [DTLSEvent] = []
        other.start(now: network.now, into: &out)
        for round in 0..<2 {
            let hellos = out
            out = []
            for case .send(let hello) in hellos {
                var answers: [DTLSEndpoint.Event] = []
                network.server.receive(hello, from: peer, now: network.now, into: &answers)
                guard round == 0 else { continue }
                for case .send(let answer) in answers.map(\.event) {
                    other.receive(answer, now: network.now, into: &out)
                }
            }
        }
        #expect(network.server.halfOpenCount == 1)
        try network.fromClient("still me")
        network.run()
        try network.fromServer("I know")
        network.run(.seconds(70))
        #expect(network.server.halfOpenCount == 0)
        #expect(try network.atServer().texts == ["still me"] && network.atClient().texts == ["I know"])
        #expect(try network.atServer().errors.isEmpty)
        #expect(session.state == .open && network.server.openCount == 1)
    }

    /// A client that restarts in the middle of its handshake.
    @Test func restartDuringTheHandshake() throws {
        let network = Network(try house.dtlsServer())
        network.fate = { _, isToServer, number in isToServer || number < 3 ? [5] : [] }
        try network.connect(house.dtlsClient())
        network.run(.milliseconds(500))
        #expect(network.server.halfOpenCount == 1)
        network.fate = { _, _, _ in [5] }
        let second = try network.connect(house.dtlsClient())
        network.run()
        #expect(second.state == .open)
        #expect(try network.atServer().completed.count == 1)
    }
}
