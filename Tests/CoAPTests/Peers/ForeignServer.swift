import CoAP
import CoAPMessages
import NIOCore
import Testing

/// Somebody else's server as a child process, with a connection of ours to it: what is the same over TCP and over UDP.
enum ForeignServer {
    enum Transport { case tcp, udp }

    /// libcoap's `coap-server`, which makes resources on PUT.
    static func libcoap(
        over transport: Transport, _ arguments: [String] = [], limits: Limits = .default,
        _ body: @Sendable (Connection) async throws -> Void
    ) async throws {
        try await run(over: transport, limits: limits, body) { port in
            ["coap-server-notls", "-A", "127.0.0.1", "-p", "\(port)", "-d", "10"] + arguments
        }
    }

    /// The server of `aiocoap_server.py`.
    static func aiocoap(
        over transport: Transport, limits: Limits = .default, _ body: @Sendable (Connection) async throws -> Void
    ) async throws {
        try await run(over: transport, limits: limits, body) { port in
            [Peers.python, Peers.script("aiocoap_server.py"), "\(port)"] + (transport == .udp ? ["udp6"] : [])
        }
    }

    private static func run(
        over transport: Transport, limits: Limits, _ body: @Sendable (Connection) async throws -> Void,
        command: (Int) -> [String]
    ) async throws {
        let port = transport == .tcp ? try await Peers.freePort() : try await UDPPeers.freePort()
        let server = try PeerProcess(command(port))
        do {
            switch transport {
            case .tcp: try await Peers.connected(to: port, limits: limits, body)
            case .udp: try await UDPPeers.connected(to: port, limits: limits, body)
            }
        } catch {
            Issue.record("\(error); the server wrote: \(server.stop())")
            return
        }
        _ = server.stop()
    }
}

extension Connection {
    /// A request without options but its path, and its response.
    func ask(_ code: Code, _ path: String, _ payload: [UInt8] = []) async throws -> Message {
        try await send(Message(code: code, path: path, payload: payload), timeout: patience).get()
    }

    /// Makes, changes, reads and removes a resource of libcoap's server.
    func expectEveryMethodOfLibcoap() async throws {
        let root = try await ask(.get, "/")
        #expect(String(decoding: root.payload, as: UTF8.self).contains("libcoap"))
        #expect(try await ask(.put, "/new", [1, 2, 3]).code == .created)
        #expect(try await ask(.put, "/new", [4, 5]).code == .changed)
        #expect(try await ask(.get, "/new").payload == [4, 5])
        #expect(try await ask(.delete, "/new").code == .deleted)
        #expect(try await ask(.get, "/new").code == .notFound)
    }

    /// Sends bodies of one block and of many to libcoap's server, and fetches them.
    func expectLargeBodiesOfLibcoap() async throws {
        for count in [1000, 1200, 5000, 50_000] {
            let put = try await ask(.put, "/new", body(count))
            #expect(put.code.isSuccess, "\(put) \(count)")
            #expect(try await ask(.get, "/new").payload == body(count), "\(count)")
        }
    }

    /// Observes libcoap's clock, and gives the observation that was cancelled; the connection is used on.
    func expectObservationOfLibcoap() async throws -> ClientObservation {
        let seen = Shared<[Message]>([])
        let observation = try await observe(Message(code: .get, path: "/time"), timeout: patience) { message in
            seen.update { $0.append(message) }
        }.get()
        #expect(observation.isAccepted)
        #expect(await eventually { seen.value.count >= 2 })
        #expect(seen.value.allSatisfy { $0.code == .content && $0.observe != nil })
        observation.cancel()
        #expect(try await ask(.get, "/").code == .content)
        return observation
    }

    /// What `aiocoap_server.py` serves: a store, bodies of any size, errors, and a hundred requests at once.
    ///
    /// - Parameter sizes: of the bodies that go and come.
    func expectStoreOfAiocoap(sizes: [Int]) async throws {
        #expect(try await ask(.get, "/store").code == .notFound)
        #expect(try await ask(.put, "/store", [1, 2]).code == .changed)
        #expect(try await ask(.get, "/store").payload == [1, 2])
        #expect(try await ask(.delete, "/store").code == .deleted)
        #expect(try await ask(.get, "/nowhere").code == .notFound)
        #expect(try await ask(.delete, "/big/1").code == .methodNotAllowed)
        #expect(try await ask(.get, "/big/x").payload == Array("not a number".utf8))
        try await expectEchoOfAiocoap(sizes: sizes)
        for _ in 0..<3 { try await ping(timeout: patience).get() }
        let many = (0..<100).map { number in
            send(Message(code: .post, path: "/store", payload: body(number)), timeout: patience)
        }
        for (number, future) in many.enumerated() {
            let response = try await future.get()
            #expect(response.payload == body(number))
        }
    }

    /// Bodies of these sizes, fetched and echoed.
    func expectEchoOfAiocoap(sizes: [Int]) async throws {
        for count in sizes {
            let big = try await ask(.get, "/big/\(count)")
            #expect(big.payload == body(count), "\(count)")
            #expect(big.contentFormat == 42)
            #expect(try await ask(.post, "/store", body(count)).payload == body(count), "\(count)")
        }
    }

    /// Observes the counter of `aiocoap_server.py` to its end.
    func expectCountOfAiocoap() async throws {
        let seen = Shared<[String]>([])
        let observation = try await observe(Message(code: .get, path: "/count"), timeout: patience) { message in
            seen.update { $0.append(String(decoding: message.payload, as: UTF8.self)) }
        }.get()
        #expect(observation.isAccepted)
        #expect(await eventually { seen.value.last == "count 5" }, "\(seen.value)")
        observation.cancel()
        #expect(try await ask(.get, "/count").payload == Array("count 5".utf8))
    }
}
