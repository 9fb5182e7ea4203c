import CMbedTLS
import NIOCore
import Testing

@testable import TLS

@Suite struct DTLSHandshakeTests {
    let house = House.shared

    @Test(arguments: CipherSuite.datagram) func certificates(suite: CipherSuite) throws {
        let network = Network(try house.dtlsServer(suites: [suite]))
        try network.connect(house.dtlsClient(suites: [suite]))
        network.run()
        let client = try #require(try network.atClient().completed.first)
        let server = try #require(try network.atServer().completed.first)
        #expect(client.cipherSuite == suite && server.cipherSuite == suite)
        #expect(client.peer?.ocfUUID == House.cloudID)
        #expect(server.peer?.ocfUUID == House.deviceID)
        #expect(server.preSharedIdentity == nil)
        try network.fromClient("there")
        network.run()
        try network.fromServer("and back")
        network.run()
        #expect(try network.atServer().texts == ["there"])
        #expect(try network.atClient().texts == ["and back"])
        #expect(network.server.statistics.cookiesAsked == 1)
        #expect(network.server.statistics.completedHandshakes == 1)
        #expect(network.longest <= 1232)
        let capacity = try #require(network.server.session(with: Network.address())?.capacity)
        #expect(capacity >= 1152)
    }

    /// Nothing is kept of an address before its cookie has come back, and a cookie is good for its address alone.
    @Test func cookies() throws {
        let network = Network(try house.dtlsServer())
        network.fate = { _, _, number in number < 2 ? [5] : [] }
        try network.connect(house.dtlsClient())
        network.run(.milliseconds(500))
        #expect(network.server.statistics.cookiesAsked == 1)
        #expect(network.server.peers.isEmpty)
        let hello = network.record[2].datagram
        let stranger = try Network.address(2)
        network.atServer { network.server.receive(hello, from: stranger, now: network.now, into: &$0) }
        #expect(network.server.statistics.cookiesAsked == 2)
        #expect(network.server.peers.isEmpty)
        let owner = try Network.address(1)
        network.atServer { network.server.receive(hello, from: owner, now: network.now, into: &$0) }
        #expect(network.server.peers == [owner])
    }

    @Test func preSharedKey() throws {
        let network = Network(try .server(preSharedKeys: House.keys, exportsSecrets: true))
        let session = try network.connect(
            .client(preSharedKey: PreSharedKey(identity: House.keyIdentity, key: House.key), exportsSecrets: true))
        network.run()
        let server = try #require(try network.atServer().completed.first)
        #expect(server.cipherSuite == .pskAES128CBC)
        #expect(server.preSharedIdentity == House.keyIdentity)
        #expect(server.peer == nil)
        try network.fromClient("there")
        network.run()
        #expect(try network.atServer().texts == ["there"])
        #expect(session.capacity >= 1152)
        // Both ends have the same secrets, once.
        let ours = try #require(network.server.session(with: Network.address())?.takeSecrets())
        let theirs = try #require(session.takeSecrets())
        #expect(ours.masterSecret == theirs.masterSecret && ours.masterSecret.count == 48)
        #expect(Set(ours.masterSecret).count > 8)
        #expect(ours.clientRandom == theirs.clientRandom && ours.serverRandom == theirs.serverRandom)
        #expect(ours.clientRandom != ours.serverRandom)
        #expect(session.takeSecrets() == nil)
        #expect(!String(reflecting: ours).contains("\(ours.masterSecret[0]), "))
    }

    /// A server with keys and certificates serves clients of either kind; the hint lies in its ServerKeyExchange.
    @Test func hintOnThisLibrary() throws {
        #expect(OCFHandshakes.availability == .available)
        let hint = Array("oic.sec.doxm.rdp:".utf8) + [UInt8](repeating: 0, count: 16)
        let network = Network(try house.dtlsServer(keys: House.keys, hint: hint))
        try network.connect(.client(preSharedKey: PreSharedKey(identity: House.keyIdentity, key: House.key)), from: 1)
        try network.connect(house.dtlsClient(), from: 2)
        network.run()
        #expect(try network.atServer(1).completed.first?.preSharedIdentity == House.keyIdentity)
        #expect(try network.atServer(2).completed.first?.peer?.ocfUUID == House.deviceID)
        let toClients = network.record.filter { !$0.isToServer }.flatMap { $0.datagram.readableBytesView }
        let wire = [0, UInt8(hint.count)] + hint
        #expect(toClients.indices.contains { toClients[$0...].starts(with: wire) })
        try network.fromClient("by key", 1)
        network.run()
        #expect(try network.atServer(1).texts == ["by key"])
    }

    @Test func secretsStayInsideUnlessAsked() throws {
        let network = Network(try house.dtlsServer())
        let session = try network.connect(house.dtlsClient())
        network.run()
        #expect(session.state == .open)
        #expect(session.takeSecrets() == nil)
    }

    @Test func smallDatagrams() throws {
        let network = Network(try house.dtlsServer(), limits: DTLSLimits(maximumDatagram: 256))
        let session = try network.connect(house.dtlsClient())
        network.run()
        #expect(session.state == .open)
        #expect(network.longest <= 256)
        // A message fits one datagram or is refused; the session goes on.
        let capacity = session.capacity
        #expect((150...240).contains(capacity))
        try network.fromClient(String(repeating: "x", count: capacity))
        #expect(throws: TLSError(.messageTooLong, "")) {
            try network.fromClient(String(repeating: "x", count: capacity + 1))
        }
        network.run()
        #expect(try network.atServer().texts.map(\.utf8.count) == [capacity])
    }

    @Test func closing() throws {
        for isClientFirst in [true, false] {
            let network = Network(try house.dtlsServer())
            let session = try network.connect(house.dtlsClient())
            network.run()
            let address = try Network.address()
            if isClientFirst {
                network.client(address) { session.close(into: &$0) }
            } else {
                network.atServer { network.server.close(address, into: &$0) }
            }
            network.run()
            #expect(try network.atServer().isClosed && network.atClient().isClosed)
            #expect(try network.atServer().errors.isEmpty && network.atClient().errors.isEmpty)
            #expect(session.state == .closed && network.server.peers.isEmpty)
            #expect(throws: TLSError(.connectionClosed, "")) { try network.fromClient("late") }
            #expect(throws: TLSError(.connectionClosed, "")) { try network.fromServer("late") }
        }
    }
}
