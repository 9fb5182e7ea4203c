import NIOCore
import Testing

@testable import TLS

/// Records in the wrong order, of the wrong epoch, and hellos in pieces.
@Suite struct DTLSRecordTests {
    let house = House.shared

    /// Seventy records that come the last one first: the window is 64 wide (RFC 6347 4.1.2.6). What is in it is taken, once;
    /// what is older is not.
    @Test func reordered() throws {
        let network = Network(try house.dtlsServer())
        let session = try network.connect(house.dtlsClient())
        network.run()
        let peer = try Network.address()
        var records: [ByteBuffer] = []
        for number in 0..<70 {
            var events: [DTLSEvent] = []
            try session.send(ByteBuffer(string: "\(number)"), now: network.now, into: &events)
            for case .send(let record) in events { records.append(record) }
        }
        #expect(records.count == 70)
        for _ in 0..<2 {
            for record in records.reversed() {
                network.atServer { network.server.receive(record, from: peer, now: network.now, into: &$0) }
            }
        }
        #expect(try network.atServer().texts == (6..<70).reversed().map { "\($0)" })
        try network.fromClient("and on")
        network.run()
        #expect(try network.atServer().texts.last == "and on")
        #expect(try network.atServer().errors.isEmpty)
    }

    /// Ten thousand records of other epochs, and of ours without its keys: none is answered, none ends the session or keeps
    /// it alive.
    @Test func floodOfOtherEpochs() throws {
        let network = Network(try house.dtlsServer())
        let session = try network.connect(house.dtlsClient())
        network.run()
        let peer = try Network.address()
        let sent = network.sent
        for number in 0..<10_000 {
            var record = ByteBuffer()
            record.writeBytes([[20, 21, 22, 23][number % 4], 0xFE, 0xFD])
            record.writeInteger(UInt16([0, 1, 2, 0xFFFF][number / 4 % 4]))
            record.writeInteger(UInt16(0))
            record.writeInteger(UInt32(number))
            record.writeInteger(UInt16(48))
            record.writeRepeatingByte(UInt8(truncatingIfNeeded: number), count: 48)
            network.atServer { network.server.receive(record, from: peer, now: network.now, into: &$0) }
        }
        #expect(network.sent == sent, "something was answered")
        #expect(network.server.openCount == 1 && session.state == .open)
        let idle = try #require(network.server.session(with: peer)?.lastActivity)
        #expect(idle < network.now)
        try network.fromClient("still here")
        network.run()
        #expect(try network.atServer().texts == ["still here"])
        #expect(try network.atServer().errors.isEmpty)
        // Strangers' records, with no session at all.
        let stranger = try Network.address(2)
        for kind: UInt8 in 20...23 {
            let record = ByteBuffer(bytes: [kind, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 1, 0, 4, 1, 2, 3, 4])
            network.atServer { network.server.receive(record, from: stranger, now: network.now, into: &$0) }
        }
        #expect(network.server.peers == [peer])
    }

    /// A ClientHello in two pieces, each a message fragment (RFC 6347 4.2.3): what would have to be kept of a stranger to put
    /// it together is not kept. Such a client is not served; others are.
    @Test func helloInPieces() throws {
        let network = Network(try house.dtlsServer())
        network.fate = { _, _, _ in [] }
        try network.connect(house.dtlsClient())
        let hello = Array(network.record[0].datagram.readableBytesView)
        let header = Array(hello[..<13])
        let message = Array(hello[13..<25])
        let body = Array(hello[25...])
        let cut = body.count / 2
        func piece(_ number: Int, _ offset: Int, _ part: some Collection<UInt8>) -> ByteBuffer {
            func three(_ value: Int) -> [UInt8] { [UInt8(value >> 16), UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)] }
            let length = 12 + part.count
            return ByteBuffer(
                bytes: header[..<10] + [UInt8(number)] + [UInt8(length >> 8), UInt8(length & 0xFF)] + message[..<6]
                    + three(offset) + three(part.count) + part)
        }
        let stranger = try Network.address(2)
        let before = network.sent
        for _ in 0..<100 {
            for datagram in [piece(0, 0, body[..<cut]), piece(1, cut, body[cut...])] {
                network.atServer { network.server.receive(datagram, from: stranger, now: network.now, into: &$0) }
            }
        }
        #expect(network.server.peers.isEmpty && network.server.deadline == nil)
        // At most an alert, shorter than what came.
        #expect(network.record[before...].allSatisfy { !$0.isToServer && $0.datagram.readableBytes < 64 })
        network.fate = { _, _, _ in [5] }
        let session = try network.connect(house.dtlsClient(), from: 3)
        network.run()
        #expect(session.state == .open)
    }

    /// Names nobody has told the server, and the right name with another key, by the hundred: no session, and who has the key
    /// gets in.
    @Test func strangersToTheKeys() throws {
        let network = Network(try .server(preSharedKeys: House.keys))
        for number in 1...20 {
            let isNamed = number.isMultiple(of: 2)
            let key = PreSharedKey(
                identity: isNamed ? House.keyIdentity : [UInt8](repeating: UInt8(number), count: 128),
                key: [UInt8](repeating: UInt8(number), count: 16))
            let session = try network.connect(.client(preSharedKey: key), from: number)
            network.run(.seconds(2))
            #expect(session.state != .open)
            #expect(
                try network.atServer(number).errors == [TLSError(isNamed ? .badRecord : .unknownIdentity, "")])
        }
        #expect(network.server.openCount == 0 && network.server.statistics.completedHandshakes == 0)
        let honest = try network.connect(
            .client(preSharedKey: PreSharedKey(identity: House.keyIdentity, key: House.key)), from: 100)
        network.run()
        #expect(honest.state == .open)
    }
}
