import CoAP
import CoAPMessages
import Foundation
import NIOCore
import Testing

/// Against libcoap's client and server over TCP (Debian package libcoap3-bin).
@Suite(.enabled(if: Peers.hasLibcoap, "coap-client-notls is not installed (Debian package libcoap3-bin)"))
struct LibcoapTests {
    /// Runs coap-client against `path` of our server.
    static func client(_ port: Int, _ path: String, _ arguments: [String] = []) async throws -> String {
        let command = ["coap-client-notls", "-B", "5"] + arguments + ["coap+tcp://127.0.0.1:\(port)\(path)"]
        return try await PeerProcess.result(command).output
    }

    // MARK: Its client, our server

    @Test func itsClientUsesEveryMethod() async throws {
        let server = PeerServer()
        try await PeerServer.listening(server) { port in
            let hello = try await LibcoapTests.client(port, "/hello")
            #expect(hello == "hello\n")
            #expect(try await LibcoapTests.client(port, "/store/a", ["-m", "put", "-e", "one"]) == "")
            #expect(server.store.value == ["/store/a": Array("one".utf8)])
            #expect(try await LibcoapTests.client(port, "/store/a") == "one\n")
            #expect(try await LibcoapTests.client(port, "/echo", ["-m", "post", "-e", "back"]) == "back\n")
            #expect(try await LibcoapTests.client(port, "/store/a", ["-m", "delete"]) == "")
            #expect(server.store.value.isEmpty)
            #expect(try await LibcoapTests.client(port, "/store/a").hasPrefix("4.04"))
            #expect(try await LibcoapTests.client(port, "/nowhere").contains("4.04 nothing here"))
            // A critical option nobody knows.
            #expect(try await LibcoapTests.client(port, "/hello", ["-O", "65001,x"]).hasPrefix("4.02"))
        }
    }

    @Test(arguments: [1000, 5000, 100_000, 500_000])
    func itsClientSendsAndFetchesLargeBodies(_ count: Int) async throws {
        let server = PeerServer()
        try await withTemporaryFolder { folder in
            let (sent, fetched) = (
                folder.appendingPathComponent("sent").path, folder.appendingPathComponent("got").path
            )
            try Data(body(count)).write(to: URL(fileURLWithPath: sent))
            try await PeerServer.listening(server) { port in
                let put = try await LibcoapTests.client(port, "/store/a", ["-m", "put", "-f", sent])
                #expect(server.store.value["/store/a"] == body(count), "\(put)")
                let get = try await LibcoapTests.client(port, "/store/a", ["-o", fetched])
                #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: fetched))) == body(count), "\(get)")
            }
        }
    }

    @Test(arguments: ["16", "64", "1024"]) func itsClientChoosesTheBlockSize(_ size: String) async throws {
        let server = PeerServer()
        try await withTemporaryFolder { folder in
            let (sent, fetched) = (
                folder.appendingPathComponent("sent").path, folder.appendingPathComponent("got").path
            )
            try Data(body(3000)).write(to: URL(fileURLWithPath: sent))
            try await PeerServer.listening(server) { port in
                _ = try await LibcoapTests.client(port, "/big/3000", ["-b", size, "-o", fetched])
                #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: fetched))) == body(3000))
                _ = try await LibcoapTests.client(port, "/store/a", ["-b", size, "-m", "put", "-f", sent])
                #expect(server.store.value["/store/a"] == body(3000))
            }
        }
    }

    @Test(arguments: ["1152", "4000"]) func itsClientTakesSmallMessages(_ size: String) async throws {
        try await withTemporaryFolder { folder in
            let fetched = folder.appendingPathComponent("got").path
            try await PeerServer.listening(PeerServer()) { port in
                let said = try await LibcoapTests.client(port, "/big/20000", ["-X", size, "-o", fetched])
                #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: fetched))) == body(20_000), "\(said)")
            }
        }
    }

    @Test func itsClientObserves() async throws {
        let server = PeerServer()
        try await PeerServer.listening(server) { port in
            let output = try await LibcoapTests.client(port, "/count", ["-s", "1", "-w"])
            let lines = output.split(separator: "\n").filter { $0.hasPrefix("count") }
            #expect(lines.prefix(6) == ["count 0", "count 1", "count 2", "count 3", "count 4", "count 5"], "\(output)")
            #expect(await eventually { server.cancelled.value == 1 })
        }
    }

    @Test func itsClientPings() async throws {
        try await PeerServer.listening(PeerServer()) { port in
            let output = try await LibcoapTests.client(port, "/count", ["-s", "2", "-K", "1", "-v", "7"])
            #expect(output.contains("c:Ping"), "\(output)")
            #expect(output.contains("c:Pong"))
            #expect(!output.contains("c:Abort"))
        }
    }

    // MARK: Our client, its server

    @Test func ourClientUsesEveryMethod() async throws {
        try await ForeignServer.libcoap(over: .tcp) { connection in
            try await connection.expectEveryMethodOfLibcoap()
            #expect(try await connection.ask(.post, "/").code == .methodNotAllowed)
            var request = Message(code: .get, path: "/")
            request.options.add(OptionNumber(rawValue: 65_001), [1])
            // Its 4.02 repeats the option, so that the response itself is one to be refused (RFC 7252 §5.4.1).
            await #expect(throws: CoAPError(.badResponse, "")) {
                try await connection.send(request, timeout: patience).get()
            }
        }
    }

    @Test func ourClientPings() async throws {
        try await ForeignServer.libcoap(over: .tcp) { connection in
            for _ in 0..<3 { try await connection.ping(timeout: patience).get() }
            _ = try await connection.ping(timeout: patience, custody: true).get()
        }
    }

    @Test(arguments: [[], ["-X", "1152"], ["-X", "4000"]])
    func ourClientSendsAndFetchesLargeBodies(_ arguments: [String]) async throws {
        try await ForeignServer.libcoap(over: .tcp, arguments) { try await $0.expectLargeBodiesOfLibcoap() }
    }

    @Test func ourClientObserves() async throws {
        try await ForeignServer.libcoap(over: .tcp) { connection in
            let observation = try await connection.expectObservationOfLibcoap()
            #expect(observation.first.code == .content)
            let end = try await observation.ended.get()
            #expect(end == .cancelled)
        }
    }

    @Test func theServersDeathFailsWhatIsOpen() async throws {
        let port = try await Peers.freePort()
        let server = try PeerProcess(["coap-server-notls", "-A", "127.0.0.1", "-p", "\(port)"])
        try await Peers.waitForPort(port)
        let connection = try await CoAPTCP.connect(host: "127.0.0.1", port: port, on: testGroup.next()).get()
        let observation = try await connection.observe(Message(code: .get, path: "/time"), timeout: patience) { _ in }
            .get()
        // It answers /async after some seconds.
        let pending = connection.send(Message(code: .get, path: "/async"), timeout: patience)
        _ = server.stop()
        await #expect(throws: CoAPError(.connectionClosed, "")) { try await pending.get() }
        let end = try await observation.ended.get()
        #expect(end == .failed(CoAPError(.connectionClosed, "")))
    }
}
