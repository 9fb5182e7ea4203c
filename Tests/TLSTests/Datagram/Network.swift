import NIOCore
import Testing

@testable import TLS

/// A generator that gives the same numbers at every run.
struct FixedRandom: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
}

/// Many clients and one server, joined by a network that loses, doubles and reorders, with a clock of its own.
final class Network {
    /// What happens to one datagram: how often it arrives and after how many milliseconds each time.
    typealias Fate = (_ datagram: ByteBuffer, _ isToServer: Bool, _ number: Int) -> [Int64]

    struct Flying {
        let datagram: ByteBuffer
        let peer: SocketAddress
        let isToServer: Bool
        let at: NIODeadline
        let number: Int
    }

    let server: DTLSEndpoint
    var clients: [SocketAddress: DTLSSession] = [:]
    var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    var flying: [Flying] = []
    var fate: Fate = { _, _, _ in [5] }
    var sent = 0
    var longest = 0
    /// What each client was told, without the datagrams.
    var clientEvents: [SocketAddress: [DTLSEvent]] = [:]
    var serverEvents: [DTLSEndpoint.Event] = []
    /// Every datagram in the order of sending.
    var record: [(datagram: ByteBuffer, isToServer: Bool)] = []
    var limits: DTLSLimits

    init(_ configuration: DTLSConfiguration?, limits: DTLSLimits = .standard) {
        server = DTLSEndpoint(serverConfiguration: configuration, limits: limits)
        self.limits = limits
    }

    static func address(_ number: Int = 1) throws -> SocketAddress {
        try SocketAddress(ipAddress: "192.0.\(number / 60000).\(1 + number % 250)", port: 1000 + number % 60000)
    }

    /// Begins a handshake; a client of the same address before is forgotten.
    @discardableResult
    func connect(_ configuration: DTLSConfiguration, from number: Int = 1) throws -> DTLSSession {
        let address = try Self.address(number)
        let session = try DTLSSession(configuration, limits: limits, now: now)
        clients[address] = session
        clientEvents[address] = []
        client(address) { session.start(now: now, into: &$0) }
        return session
    }

    func client(_ address: SocketAddress, _ body: (inout [DTLSEvent]) throws -> Void) rethrows {
        var events: [DTLSEvent] = []
        defer {
            for event in events {
                if case .send(let datagram) = event {
                    launch(datagram, address, toServer: true)
                } else {
                    clientEvents[address, default: []].append(event)
                }
            }
        }
        try body(&events)
    }

    func atServer(_ body: (inout [DTLSEndpoint.Event]) throws -> Void) rethrows {
        var events: [DTLSEndpoint.Event] = []
        defer {
            for event in events {
                if case .send(let datagram) = event.event {
                    launch(datagram, event.peer, toServer: false)
                } else {
                    serverEvents.append(event)
                }
            }
        }
        try body(&events)
    }

    func launch(_ datagram: ByteBuffer, _ peer: SocketAddress, toServer: Bool) {
        longest = max(longest, datagram.readableBytes)
        record.append((datagram, toServer))
        for delay in fate(datagram, toServer, sent) {
            flying.append(
                Flying(
                    datagram: datagram, peer: peer, isToServer: toServer, at: now + .milliseconds(delay), number: sent))
        }
        sent += 1
    }

    /// Goes on from event to event for so long.
    func run(_ time: TimeAmount = .seconds(1)) {
        let end = now + time
        while true {
            let next = flying.enumerated().min {
                ($0.element.at, $0.element.number) < ($1.element.at, $1.element.number)
            }
            let deadlines = clients.values.compactMap(\.deadline) + [server.deadline].compactMap { $0 }
            let timer = deadlines.min() ?? .distantFuture
            guard min(next?.element.at ?? .distantFuture, timer) <= end else { break }
            if let next, next.element.at <= timer {
                flying.remove(at: next.offset)
                now = max(now, next.element.at)
                deliver(next.element)
            } else {
                now = max(now, timer)
                for (address, session) in clients {
                    client(address) { session.timerFired(now: now, into: &$0) }
                }
                atServer { server.timerFired(now: now, into: &$0) }
            }
        }
        now = end
    }

    private func deliver(_ flying: Flying) {
        if flying.isToServer {
            atServer { server.receive(flying.datagram, from: flying.peer, now: now, into: &$0) }
        } else if let session = clients[flying.peer] {
            client(flying.peer) { session.receive(flying.datagram, now: now, into: &$0) }
        }
    }

    // MARK: What came of it

    func fromClient(_ text: String, _ number: Int = 1) throws {
        let address = try Self.address(number)
        let session = try #require(clients[address])
        try client(address) { try session.send(ByteBuffer(string: text), now: now, into: &$0) }
    }

    func fromServer(_ text: String, _ number: Int = 1) throws {
        try atServer { try server.send(ByteBuffer(string: text), to: Self.address(number), now: now, into: &$0) }
    }

    func atClient(_ number: Int = 1) throws -> Told { Told(clientEvents[try Self.address(number)] ?? []) }

    func atServer(_ number: Int = 1) throws -> Told {
        let address = try Self.address(number)
        return Told(serverEvents.filter { $0.peer == address }.map(\.event))
    }
}

/// Events by kind.
struct Told {
    var completed: [DTLSHandshakeCompleted] = []
    var texts: [String] = []
    var isClosed = false
    var errors: [TLSError] = []

    init(_ events: [DTLSEvent]) {
        for event in events {
            switch event {
            case .send: break
            case .completed(let completed): self.completed.append(completed)
            case .received(let plain): texts.append(String(buffer: plain))
            case .closed(let error):
                isClosed = true
                if let error { errors.append(error) }
            }
        }
    }
}

extension House {
    func dtlsServer(
        clientCertificate: TLSConfiguration.ClientCertificate = .required, keys: PreSharedKeys? = nil,
        hint: [UInt8] = [], suites: [CipherSuite] = CipherSuite.datagram, exportsSecrets: Bool = false
    ) throws -> DTLSConfiguration {
        try .server(
            identity: ocf(Self.cloudID), clientCertificate: clientCertificate, trust: trust, peerName: .ocf(uuid: nil),
            cipherSuites: suites, preSharedKeys: keys, identityHint: hint, exportsSecrets: exportsSecrets)
    }

    func dtlsClient(
        uuid: String? = House.cloudID, suites: [CipherSuite] = CipherSuite.datagram, exportsSecrets: Bool = false
    ) throws -> DTLSConfiguration {
        try .client(
            trust: trust, peerName: .ocf(uuid: uuid), identity: device(), cipherSuites: suites,
            exportsSecrets: exportsSecrets)
    }

    static let key = [UInt8](0x10..<0x20)
    static let keyIdentity = [UInt8](repeating: 0, count: 3) + [UInt8](1...13)
    static let keys = PreSharedKeys { $0 == keyIdentity ? key : nil }
}
