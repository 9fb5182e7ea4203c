import Measuring
import NIOCore
import TLS

/// What DTLS costs: handshakes, records, memory of a session, a flood of strangers. Client and server are joined in
/// memory; the CPU time of each is counted on its own.
struct Datagrams {
    let house: House
    let seconds: Double

    private static let key = PreSharedKey(identity: [UInt8](1...16), key: [UInt8](repeating: 7, count: 16))

    private func kinds() throws -> [(String, DTLSConfiguration, DTLSConfiguration)] {
        func certificates(_ suite: CipherSuite) throws -> (DTLSConfiguration, DTLSConfiguration) {
            (
                try .client(
                    trust: house.trust, peerName: .ocf(uuid: House.cloudID), identity: house.device,
                    cipherSuites: [suite]),
                try .server(
                    identity: house.cloud, clientCertificate: .required, trust: house.trust, peerName: .ocf(uuid: nil),
                    cipherSuites: [suite])
            )
        }
        let keys = PreSharedKeys { $0 == Self.key.identity ? Self.key.key : nil }
        var kinds: [(String, DTLSConfiguration, DTLSConfiguration)] = []
        for suite in CipherSuite.datagram {
            let (client, server) = try certificates(suite)
            kinds.append((suite.description, client, server))
        }
        kinds.append(
            (
                CipherSuite.pskAES128CBC.description, try .client(preSharedKey: Self.key),
                try .server(preSharedKeys: keys)
            ))
        return kinds
    }

    func run() throws {
        print("\n" + name("DTLS handshake, with cookie"), "  ms client", "  ms server", "  a second and core, server")
        for (label, client, server) in try kinds() {
            let link = Link(server)
            var rounds = 0.0
            while link.clientCPU + link.serverCPU < seconds / 2 {
                try link.connect(client, Int(rounds))
                rounds += 1
                link.endpoint.closeAll(into: &link.discarded)
                link.discarded = []
            }
            print(
                name(label), fixed(link.clientCPU / rounds * 1000, 11), fixed(link.serverCPU / rounds * 1000, 11),
                fixed(rounds / link.serverCPU, 11))
        }

        print("\n" + name("DTLS records of 64 bytes, there and back"), " µs server")
        for (label, client, server) in try kinds() {
            let link = Link(server)
            let session = try link.connect(client, 1)
            link.serverCPU = 0
            var rounds = 0.0
            while link.serverCPU < seconds / 8 {
                try link.echo(session, 1)
                rounds += 1
            }
            print(name(label), fixed(link.serverCPU / rounds * 1e6, 11))
        }

        try strangers()
    }

    /// What a session holds. Both ends are in this process, so each counts for half.
    func memory() throws {
        print(name("DTLS memory of a session, RssAnon"), "  open", "  after data", "  idle")
        var links: [Link] = []
        var sessions: [DTLSSession] = []
        for (label, client, server) in try kinds() {
            let link = Link(server)
            links.append(link)
            for number in 0..<10 { sessions.append(try link.connect(client, 1000 + number)) }
            let before = Memory().anonymous
            let count = 100
            let fresh = try (0..<count).map { try link.connect(client, $0) }
            sessions += fresh
            let open = Memory().anonymous
            for (number, session) in fresh.enumerated() { try link.echo(session, number) }
            let used = Memory().anonymous
            link.now = link.now + .seconds(3)
            link.endpoint.timerFired(now: link.now, into: &link.discarded)
            var events: [DTLSEvent] = []
            for session in fresh { session.timerFired(now: link.now, into: &events) }
            let idle = Memory().anonymous
            func each(_ memory: Int) -> String { "  " + String((memory - before) / count / 2) }
            print(name(label), each(open), each(used), each(idle))
        }
        for link in links { link.endpoint.closeAll(into: &link.discarded) }
    }

    /// Ten thousand addresses that answer their cookie and go silent.
    private func strangers() throws {
        print("\n" + name("10,000 half-open handshakes"))
        guard let (_, client, server) = try kinds().first else { return }
        let link = Link(server)
        try link.connect(client, 0)
        var before = 0
        for number in 1...10_000 {
            try link.begin(client, number)
            if number == 100 { before = Memory().anonymous }
        }
        print(name("half-open sessions held"), link.endpoint.halfOpenCount)
        print(name("memory more than after 100, bytes"), Memory().anonymous - before)
        print(name("µs of the server's time each"), fixed(link.serverCPU / 10_000 * 1e6, 11))
    }
}

/// A server's table and its clients, joined in memory.
final class Link {
    let endpoint: DTLSEndpoint
    var now = NIODeadline.now()
    var clientCPU = 0.0
    var serverCPU = 0.0
    var discarded: [DTLSEndpoint.Event] = []
    private let text = ByteBuffer(repeating: 0x61, count: 64)

    init(_ server: DTLSConfiguration) { endpoint = DTLSEndpoint(serverConfiguration: server) }

    private func address(_ number: Int) throws -> SocketAddress {
        try SocketAddress(ipAddress: "192.0.2.1", port: 1 + number % 65_000)
    }

    private func timed(_ total: inout Double, _ body: () throws -> Void) rethrows {
        let start = threadTime()
        try body()
        total += threadTime() - start
    }

    /// The whole handshake.
    @discardableResult
    func connect(_ configuration: DTLSConfiguration, _ number: Int) throws -> DTLSSession {
        let peer = try address(number)
        var out: [DTLSEvent] = []
        var session: DTLSSession?
        try timed(&clientCPU) {
            let new = try DTLSSession(configuration, now: now)
            new.start(now: now, into: &out)
            session = new
        }
        guard let session else { preconditionFailure("made just now") }
        carry(session, peer, &out)
        precondition(session.state == .open, "the handshake was not done: \(out)")
        return session
    }

    private func carry(_ session: DTLSSession, _ peer: SocketAddress, _ out: inout [DTLSEvent]) {
        while !out.isEmpty {
            var answers: [DTLSEndpoint.Event] = []
            timed(&serverCPU) {
                for case .send(let datagram) in out {
                    endpoint.receive(datagram, from: peer, now: now, into: &answers)
                }
            }
            out = []
            timed(&clientCPU) {
                for case .send(let datagram) in answers.map(\.event) {
                    session.receive(datagram, now: now, into: &out)
                }
            }
            out.removeAll { if case .send = $0 { false } else { true } }
        }
    }

    /// A record there, the same back.
    func echo(_ session: DTLSSession, _ number: Int) throws {
        let peer = try address(number)
        var out: [DTLSEvent] = []
        try session.send(text, now: now, into: &out)
        var answers: [DTLSEndpoint.Event] = []
        try timed(&serverCPU) {
            for case .send(let datagram) in out { endpoint.receive(datagram, from: peer, now: now, into: &answers) }
            for case .received(let plain) in answers.map(\.event) {
                try endpoint.send(plain, to: peer, now: now, into: &answers)
            }
        }
        out = []
        for case .send(let datagram) in answers.map(\.event) { session.receive(datagram, now: now, into: &out) }
    }

    /// Hello, cookie, hello again; the server's flight is never read.
    func begin(_ configuration: DTLSConfiguration, _ number: Int) throws {
        let peer = try address(number)
        let session = try DTLSSession(configuration, now: now)
        var out: [DTLSEvent] = []
        session.start(now: now, into: &out)
        for round in 0..<2 {
            var answers: [DTLSEndpoint.Event] = []
            timed(&serverCPU) {
                for case .send(let datagram) in out { endpoint.receive(datagram, from: peer, now: now, into: &answers) }
            }
            out = []
            guard round == 0 else { return }
            for case .send(let datagram) in answers.map(\.event) { session.receive(datagram, now: now, into: &out) }
        }
    }
}
