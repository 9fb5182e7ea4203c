import CoAP
import CoAPMessages
import Glibc
import Measuring
import NIOCore
import NIOPosix
import TLS

/// Loads a `coaps` server of another process: handshakes, requests, and the memory its sessions take.
struct SecureLoad {
    let port: Int
    let security: Security
    let seconds: Double
    /// The server's process.
    let server: pid_t

    private static let sessions = 1000
    /// Longer than our server keeps the pages of its sessions' record buffers.
    private static let pause = Duration.seconds(5)
    private let request = Message(code: .get, path: "/oic/d")

    func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let dtls = try security.client()
        func connect(_ limits: Limits = .default) async throws -> Connection {
            try await CoAPDTLS.connect(host: "127.0.0.1", port: port, dtls: dtls, on: group.next(), limits: limits)
                .get()
        }
        func ask(_ connection: Connection) async throws {
            let response = try await connection.send(request, timeout: .seconds(10)).get()
            guard response.code == .content else { throw Failure.answer(response.code) }
        }

        // Memory first, while nothing has been freed that sessions could take up again unseen.
        for _ in 0..<20 {
            let connection = try await connect()
            try await ask(connection)
            connection.close()
            try await connection.closeFuture.get()
        }
        let before = Memory(of: server).anonymous
        var connections: [Connection] = []
        for _ in 0..<Self.sessions {
            let connection = try await connect()
            try await ask(connection)
            connections.append(connection)
        }
        try await Task.sleep(for: Self.pause)
        let each = Double(Memory(of: server).anonymous - before) / Double(Self.sessions)
        print(String(repeating: " ", count: 4), "memory of a session, idle: \(Int(each)) bytes")
        for connection in connections { connection.close() }

        var count = 0
        let (start, spent) = (wallTime(), processTime(of: server))
        while wallTime() - start < seconds {
            let connection = try await connect()
            count += 1
            connection.close()
        }
        report("handshakes, one after the other", count, wallTime() - start, processTime(of: server) - spent)

        for inFlight in [1, 16, 64] {
            var limits = Limits.default
            limits.datagram.transmission.simultaneousRequests = inFlight
            let connection = try await connect(limits)
            let load = Load(connection, request)
            let ended = (0..<inFlight).map { _ in connection.eventLoop.makePromise(of: Void.self) }
            for promise in ended { load.run(promise) }
            try await Task.sleep(for: .milliseconds(250))
            let (before, start, spent) = (load.done.load(ordering: .relaxed), wallTime(), processTime(of: server))
            try await Task.sleep(for: .seconds(seconds))
            report(
                "GET /oic/d, \(inFlight) in flight", load.done.load(ordering: .relaxed) - before, wallTime() - start,
                processTime(of: server) - spent)
            load.isRunning.store(false, ordering: .relaxed)
            for promise in ended { try await promise.futureResult.get() }
            connection.close()
        }
    }

    enum Failure: Error {
        case answer(Code)
    }

    private func report(_ what: String, _ count: Int, _ elapsed: Double, _ spent: Double) {
        let rate = right(grouped(Int(Double(count) / elapsed)), 9)
        let each = (spent * 1e6 / Double(count) * 10).rounded() / 10
        print(String(repeating: " ", count: 4), left(what, 46), rate, "/s", right("\(each)", 9), "us CPU each, server")
    }
}
