// What TLS costs: a handshake, a megabyte, a connection that does nothing.
//
//     swift run -c release TLSBench [SECONDS-A-ROW]
//
// Both ends are in this process, joined in memory, on one thread; the CPU time of each end is counted on its own.

import Measuring
import NIOCore
import NIOEmbedded
import TLS

/// The certificates: an OCF cloud and an OCF device under one root.
struct House {
    let trust: TrustAnchors
    let cloud: Identity
    let device: Identity
    static let cloudID = "11111111-2222-3333-4444-555555555555"
    static let deviceID = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

    init() throws {
        let validity = CertificateIssuer.Validity.days(2)
        let root = try CertificateIssuer.root(
            commonName: "Bench Root", key: .generateP256(), validity: validity)
        func identity(_ uuid: String) throws -> Identity {
            let key = try PrivateKey.generateP256()
            let leaf = try root.issue(
                .ocfIdentity(uuid: uuid, publicKey: key.publicKey(), validity: validity))
            return try Identity(chain: CertificateChain([leaf]), key: key)
        }
        trust = TrustAnchors([root.certificate])
        cloud = try identity(Self.cloudID)
        device = try identity(Self.deviceID)
    }

    func client(
        _ suites: [CipherSuite] = CipherSuite.standard, resumption: TLSConfiguration.Resumption
    ) throws -> TLSConfiguration {
        try .client(
            trust: trust, peerName: .ocf(uuid: Self.cloudID), identity: device, cipherSuites: suites,
            resumption: resumption)
    }

    func server() throws -> TLSConfiguration {
        try .server(identity: cloud, clientCertificate: .required, trust: trust, peerName: .ocf(uuid: nil))
    }
}

/// One end in memory, with the CPU time it has used.
final class End {
    let channel = EmbeddedChannel()
    private(set) var cpu = 0.0

    init(_ configuration: TLSConfiguration) throws {
        try channel.pipeline.syncOperations.addHandler(TLSHandler(configuration: configuration))
    }

    func timed(_ body: () throws -> Void) rethrows {
        let start = threadTime()
        try body()
        cpu += threadTime() - start
    }

    func connect() throws {
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
        timed {
            channel.connect(to: address, promise: nil)
            channel.embeddedEventLoop.run()
        }
    }
}

struct Wire {
    let client: End
    let server: End

    init(_ client: TLSConfiguration, _ server: TLSConfiguration) throws {
        self.client = try End(client)
        self.server = try End(server)
        try self.server.connect()
        try self.client.connect()
        try pump()
    }

    /// Carries until nothing moves; plaintext that arrives is dropped.
    func pump() throws {
        var isMoving = true
        while isMoving {
            isMoving = false
            for (from, to) in [(client, server), (server, client)] {
                while let buffer = try from.channel.readOutbound(as: ByteBuffer.self) {
                    if buffer.readableBytes == 0 { continue }
                    isMoving = true
                    try to.timed { _ = try to.channel.writeInbound(buffer) }
                    while try to.channel.readInbound(as: ByteBuffer.self) != nil {}
                }
            }
        }
    }

    func close() throws {
        client.channel.close(promise: nil)
        try pump()
    }
}

func fixed(_ value: Double, _ width: Int) -> String {
    right("\((value * 100).rounded() / 100)", width)
}

func name(_ text: String) -> String { left(text, 40) }

@main
struct TLSBench {
    static func main() throws {
        let seconds = CommandLine.arguments.dropFirst().first.flatMap(Double.init) ?? 2
        let house = try House()

        // First, while nothing has been freed that sessions could take up again unseen.
        let datagrams = Datagrams(house: house, seconds: seconds)
        try datagrams.memory()

        print("\n" + name("handshake, P-256, both with certificates"), "  ms client", "  ms server")
        for (label, resumption) in [("full", TLSConfiguration.Resumption.off), ("resumed by ticket", .standard)] {
            let (client, server) = (try house.client(resumption: resumption), try house.server())
            // The first handshake of a resuming client is a full one.
            try Wire(client, server).close()
            var (clientCPU, serverCPU, rounds) = (0.0, 0.0, 0.0)
            while clientCPU + serverCPU < seconds {
                let wire = try Wire(client, server)
                (clientCPU, serverCPU, rounds) = (clientCPU + wire.client.cpu, serverCPU + wire.server.cpu, rounds + 1)
                try wire.close()
            }
            print(name(label), fixed(clientCPU / rounds * 1000, 11), fixed(serverCPU / rounds * 1000, 11))
        }

        print("\n" + name("data, records of 16 kB"), " MB/s and core, encrypt and decrypt")
        for suite in CipherSuite.standard.prefix(6) {
            let wire = try Wire(house.client([suite], resumption: .off), house.server())
            let chunk = ByteBuffer(repeating: 0x61, count: 1 << 18)
            let start = threadTime()
            var bytes = 0
            while threadTime() - start < seconds / 4 {
                wire.client.channel.writeAndFlush(chunk, promise: nil)
                wire.client.channel.embeddedEventLoop.run()
                try wire.pump()
                bytes += chunk.readableBytes
            }
            print(name(suite.description), fixed(Double(bytes) / 1e6 / (threadTime() - start), 11))
            try wire.close()
        }

        print("\n" + name("memory, bytes in use (RssAnon)"))
        let (client, server) = (try house.client(resumption: .off), try house.server())
        // Warm: allocator, tables.
        var wires = [try Wire(client, server)]
        let before = Memory().anonymous
        let count = 200
        for _ in 0..<count { wires.append(try Wire(client, server)) }
        let each = (Memory().anonymous - before) / count / 2
        print(name("an open connection, one end, with its channel"), each)
        let bare = Memory().anonymous
        let channels = try (0..<count).map { _ in
            let channel = EmbeddedChannel()
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
            return channel
        }
        let channel = (Memory().anonymous - bare) / count
        print(name("of that, the channel in memory"), channel)
        for channel in channels { _ = try channel.finish() }
        for wire in wires { try wire.close() }

        try datagrams.run()
    }
}
