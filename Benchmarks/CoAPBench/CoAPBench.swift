// How many messages a second are coded on one core, and how many requests a second one connection answers.
//
//     swift run -c release CoAPBench [SECONDS-A-ROW]
//     swift run -c release CoAPBench load HOST PORT PATH SECONDS       (asks another's server over UDP)
//
// For coap-compare.sh, where SECURITY is `key` or `certificate FOLDER`:
//
//     CoAPBench certificates FOLDER
//     CoAPBench serve PORT [SECURITY]
//     CoAPBench load-secure PORT SECONDS SERVER-PID SECURITY

import AllocationCount
import CoAP
import CoAPMessages
import Measuring
import NIOCore
import NIOPosix
import Synchronization
import TLS

/// A request as the OCF cloud sends it, and its answer.
func samples() -> (request: Message, response: Message) {
    var request = Message(
        code: .get, token: Token(0x0123_4567_89AB_CDEF), path: "/ble/A4C1388D18B2/temperature",
        query: ["if=oic.if.baseline"])
    request.accept = ContentFormat.ocfCBOR
    request.ocfAcceptVersion = OCFVersion.v1_0_0
    var response = Message(
        code: .content, token: request.token, contentFormat: ContentFormat.ocfCBOR,
        payload: [UInt8](repeating: 0x61, count: 60))
    response.ocfContentFormatVersion = OCFVersion.v1_0_0
    response.observe = 70_000
    return (request, response)
}

func coding(_ seconds: Double) {
    printHeading("messages, encoded or decoded")
    let sink = Sink()
    let (request, response) = samples()
    for (what, message) in [("request", request), ("response", response)] {
        let datagram = Datagram(kind: .confirmable, id: 7, message: message)
        let datagramBytes = datagram.encoded()
        let frame = message.encodedFrame()
        var buffer = ByteBuffer()
        var limits = MessageLimits()
        limits.messageSize = 65_536

        measure("\(what), datagram, encode, \(datagramBytes.count) bytes", seconds: seconds) {
            for _ in 0..<1000 {
                buffer.clear()
                datagram.encode(into: &buffer)
                sink.value &+= buffer.readableBytes
            }
        }
        measure("\(what), datagram, decode", seconds: seconds) {
            for _ in 0..<1000 {
                if let read = try? Datagram.decode(datagramBytes.span, limits: limits) {
                    sink.value &+= read.message.payload.count
                }
            }
        }
        measure("\(what), stream, encode, \(frame.count) bytes", seconds: seconds) {
            for _ in 0..<1000 {
                buffer.clear()
                message.encodeFrame(into: &buffer)
                sink.value &+= buffer.readableBytes
            }
        }
        measure("\(what), stream, decode", seconds: seconds) {
            for _ in 0..<1000 {
                if let header = try? StreamFrame.header(frame.span, limits: limits),
                    let read = try? Message.decode(frame: frame.span, header: header, limits: limits)
                {
                    sink.value &+= read.payload.count
                }
            }
        }
    }
    measure("request, made from path and query", seconds: seconds) {
        for _ in 0..<1000 { sink.value &+= samples().request.options.count }
    }
    measure("request, path and query read", seconds: seconds) {
        for _ in 0..<1000 {
            sink.value &+= request.pathString.utf8.count
            sink.value &+= request.queryValue("if")?.utf8.count ?? 0
        }
    }
    print("")
}

/// Answers every request with the same representation.
struct Representation: RequestHandler {
    let response: Message

    func handle(_ request: Message, _ exchange: Exchange) {
        exchange.respond(response)
    }
}

/// Keeps a number of requests under way until told to stop.
final class Load: Sendable {
    let connection: Connection
    let request: Message
    let isRunning = Atomic(true)
    let done = Atomic(0)

    init(_ connection: Connection, _ request: Message) {
        self.connection = connection
        self.request = request
    }

    /// Sends, and sends again when the answer has come.
    func run(_ ended: EventLoopPromise<Void>) {
        connection.send(request, timeout: .seconds(10)).whenComplete { result in
            switch result {
            case .failure(let error):
                ended.fail(error)
            case .success:
                self.done.add(1, ordering: .relaxed)
                if self.isRunning.load(ordering: .relaxed) { self.run(ended) } else { ended.succeed() }
            }
        }
    }
}

/// Allocations on the threads of these loops; each thread counts its own.
func loopAllocations(_ loops: [any EventLoop]) async throws -> UInt64 {
    var sum: UInt64 = 0
    for (index, loop) in loops.enumerated() where !loops[..<index].contains(where: { $0 === loop }) {
        sum += try await loop.submit { allocation_count() }.get()
    }
    return sum
}

/// Runs a load over one connection and prints what it did.
func run(
    _ label: String, _ seconds: Double, inFlight: Int, loops: [any EventLoop], connection: Connection,
    request: Message
) async throws {
    let load = Load(connection, request)
    let ended = (0..<inFlight).map { _ in connection.eventLoop.makePromise(of: Void.self) }
    for promise in ended { load.run(promise) }
    try await Task.sleep(for: .milliseconds(300))
    let (before, allocations) = (load.done.load(ordering: .relaxed), try await loopAllocations(loops))
    let (start, cpu) = (wallTime(), processTime())
    try await Task.sleep(for: .seconds(seconds))
    let (elapsed, spent) = (wallTime() - start, processTime() - cpu)
    let count = load.done.load(ordering: .relaxed) - before
    printRow(
        label, count: count, seconds: elapsed, cpu: spent,
        allocations: Int(try await loopAllocations(loops) - allocations))
    load.isRunning.store(false, ordering: .relaxed)
    for promise in ended { try await promise.futureResult.get() }
}

func requests(
    _ label: String, _ seconds: Double, inFlight: Int, servers: any EventLoopGroup, clients: any EventLoopGroup,
    tls: (server: TLSConfiguration, client: TLSConfiguration)?
) async throws {
    let (request, response) = samples()
    let listener = try await CoAPTCP.listen(host: "127.0.0.1", port: 0, tls: tls?.server, group: servers) { _ in
        Representation(response: response)
    }.get()
    let connection = try await CoAPTCP.connect(
        host: "127.0.0.1", port: listener.localAddress?.port ?? 0, tls: tls?.client, on: clients.next()
    ).get()
    try await run(
        label, seconds, inFlight: inFlight, loops: [servers.next(), clients.next()], connection: connection,
        request: request)
    connection.close()
    try await connection.closeFuture.get()
    try await listener.close()
}

/// The same over UDP. A client that keeps to NSTART has one request under way; these have as many as they may.
func datagramRequests(
    _ label: String, _ seconds: Double, inFlight: Int, servers: any EventLoopGroup, clients: any EventLoopGroup
) async throws {
    let (request, response) = samples()
    var limits = Limits.default
    limits.datagram.transmission.simultaneousRequests = inFlight
    let server = try await CoAPUDP.bind(host: "127.0.0.1", port: 0, group: servers) { _ in
        Representation(response: response)
    }.get()
    let connection = try await CoAPUDP.connect(
        host: "127.0.0.1", port: server.port, on: clients.next(), limits: limits
    ).get()
    try await run(
        label, seconds, inFlight: inFlight, loops: [servers.next(), clients.next()], connection: connection,
        request: request)
    connection.close()
    try await connection.closeFuture.get()
    try await server.close().get()
}

/// Loads another's server over UDP with GETs of a path, confirmable.
func load(_ host: String, _ port: Int, _ path: String, _ seconds: Double) async throws {
    printHeading("GET \(path) of \(host):\(port) over UDP")
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    for inFlight in [1, 16, 64] {
        var limits = Limits.default
        limits.datagram.transmission.simultaneousRequests = inFlight
        let connection = try await CoAPUDP.connect(host: host, port: port, on: group.next(), limits: limits).get()
        try await run(
            "\(inFlight) in flight", seconds, inFlight: inFlight, loops: [group.next()], connection: connection,
            request: Message(code: .get, path: path))
        connection.close()
        try await connection.closeFuture.get()
    }
}

func secureConfigurations() throws -> (server: TLSConfiguration, client: TLSConfiguration) {
    let root = try CertificateIssuer.root(commonName: "Root", key: .generateP256(), validity: .days(1))
    let key = try PrivateKey.generateP256()
    let leaf = try root.issue(
        .ocfIdentity(
            uuid: "11111111-2222-3333-4444-555555555555", publicKey: try key.publicKey(), validity: .days(1)))
    let identity = try Identity(chain: CertificateChain([leaf]), key: key)
    let trust = TrustAnchors([root.certificate])
    return (
        try .server(identity: identity, clientCertificate: .required, trust: trust, peerName: .ocf(uuid: nil)),
        try .client(trust: trust, peerName: .ocf(uuid: nil), identity: identity)
    )
}

@main
enum CoAPBench {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch (arguments.first, arguments.count) {
        case ("serve", 2...):
            return try await serve(port: Int(arguments[1]) ?? 0, security: Security(arguments.dropFirst(2)))
        case ("certificates", 2):
            return try Security.write(to: arguments[1])
        case ("load", 5):
            return try await load(arguments[1], Int(arguments[2]) ?? 0, arguments[3], Double(arguments[4]) ?? 1)
        case ("load-secure", 5...):
            guard let security = Security(arguments.dropFirst(4)), let server = pid_t(arguments[3]) else { break }
            return try await SecureLoad(
                port: Int(arguments[1]) ?? 0, security: security, seconds: Double(arguments[2]) ?? 1, server: server
            ).run()
        default: break
        }
        let seconds = arguments.first.flatMap { Double($0) } ?? 1
        coding(seconds)
        printHeading("requests over loopback, both ends together")
        let one = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let other = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let tls = try secureConfigurations()
        for (loops, clients) in [("one loop", one), ("two loops", other)] {
            for inFlight in [1, 64] {
                try await requests(
                    "TCP, \(loops), \(inFlight) in flight", seconds, inFlight: inFlight, servers: one, clients: clients,
                    tls: nil)
                try await requests(
                    "TLS, \(loops), \(inFlight) in flight", seconds, inFlight: inFlight, servers: one, clients: clients,
                    tls: tls)
            }
            for inFlight in [1, 16, 64] {
                try await datagramRequests(
                    "UDP, \(loops), \(inFlight) in flight", seconds, inFlight: inFlight, servers: one, clients: clients)
            }
        }
        try await one.shutdownGracefully()
        try await other.shutdownGracefully()
    }
}
