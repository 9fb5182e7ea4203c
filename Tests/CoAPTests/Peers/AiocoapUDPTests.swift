import CoAP
import CoAPMessages
import NIOCore
import Testing

/// Against aiocoap's client and server over UDP (PyPI package aiocoap).
@Suite(
    .enabled(
        if: Peers.hasAiocoap, "no Python with aiocoap: set GATEHOUSE_PYTHON to one (pip install aiocoap into a venv)"))
struct AiocoapUDPTests {
    @Test(arguments: [0, 2000]) func itsClientUsesOurServer(_ notificationSize: Int) async throws {
        try await UDPPeers.listening(PeerServer(notificationSize: notificationSize)) { port in
            let command = [Peers.python, Peers.script("aiocoap_client.py"), "coap://127.0.0.1:\(port)"]
            let (status, output) = try await PeerProcess.result(command)
            #expect(status == 0, "\(output)")
            #expect(output.hasSuffix("ok\n"))
        }
    }

    private func withServer(_ body: @Sendable (Connection) async throws -> Void) async throws {
        let port = try await UDPPeers.freePort()
        let server = try PeerProcess([Peers.python, Peers.script("aiocoap_server.py"), "\(port)", "udp6"])
        do {
            try await UDPPeers.connected(to: port, body)
        } catch {
            Issue.record("\(error); the server wrote: \(server.stop())")
            return
        }
        _ = server.stop()
    }

    @Test func ourClientUsesItsServer() async throws {
        try await withServer { connection in
            func send(_ code: Code, _ path: String, _ payload: [UInt8] = []) async throws -> Message {
                try await connection.send(Message(code: code, path: path, payload: payload), timeout: patience).get()
            }
            let missing = try await send(.get, "/store")
            #expect(missing.code == .notFound)
            #expect(try await send(.put, "/store", [1, 2]).code == .changed)
            #expect(try await send(.get, "/store").payload == [1, 2])
            #expect(try await send(.delete, "/store").code == .deleted)
            #expect(try await send(.get, "/nowhere").code == .notFound)
            for count in [0, 1, 1024, 1025, 5000, 70_000] {
                let big = try await send(.get, "/big/\(count)")
                #expect(big.payload == body(count), "\(count)")
                let echo = try await send(.post, "/store", body(count))
                #expect(echo.payload == body(count), "\(count)")
            }
            for _ in 0..<3 { try await connection.ping(timeout: patience).get() }
            let many = (0..<100).map { number in
                connection.send(Message(code: .post, path: "/store", payload: body(number)), timeout: patience)
            }
            for (number, future) in many.enumerated() {
                let response = try await future.get()
                #expect(response.payload == body(number))
            }
        }
    }

    @Test func ourClientObservesItsServer() async throws {
        try await withServer { connection in
            let seen = Shared<[String]>([])
            let observation = try await connection.observe(Message(code: .get, path: "/count"), timeout: patience) {
                message in
                seen.update { $0.append(String(decoding: message.payload, as: UTF8.self)) }
            }.get()
            #expect(observation.isAccepted)
            #expect(await eventually { seen.value.last == "count 5" }, "\(seen.value)")
            observation.cancel()
            let response = try await connection.send(Message(code: .get, path: "/count"), timeout: patience).get()
            #expect(response.payload == Array("count 5".utf8))
        }
    }
}
