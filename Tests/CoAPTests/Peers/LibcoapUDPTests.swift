import CoAP
import CoAPMessages
import Foundation
import NIOCore
import Testing

/// Against libcoap's client and server over UDP (Debian package libcoap3-bin).
@Suite(.enabled(if: Peers.hasLibcoap, "coap-client-notls is not installed (Debian package libcoap3-bin)"))
struct LibcoapUDPTests {
    /// Runs coap-client against `path` of our server.
    private static func client(_ port: Int, _ path: String, _ arguments: [String] = []) async throws -> String {
        let command = ["coap-client-notls", "-B", "5"] + arguments + ["coap://127.0.0.1:\(port)\(path)"]
        return try await PeerProcess.result(command).output
    }

    // MARK: Its client, our server

    @Test(arguments: [[], ["-N"]]) func itsClientUsesEveryMethod(_ kind: [String]) async throws {
        let server = PeerServer()
        try await UDPPeers.listening(server) { port in
            let hello = try await LibcoapUDPTests.client(port, "/hello", kind)
            #expect(hello == "hello\n")
            #expect(try await LibcoapUDPTests.client(port, "/slow", kind) == "late\n")
            #expect(try await LibcoapUDPTests.client(port, "/store/a", kind + ["-m", "put", "-e", "one"]) == "")
            #expect(server.store.value == ["/store/a": Array("one".utf8)])
            #expect(try await LibcoapUDPTests.client(port, "/store/a", kind) == "one\n")
            #expect(try await LibcoapUDPTests.client(port, "/echo", kind + ["-m", "post", "-e", "back"]) == "back\n")
            #expect(try await LibcoapUDPTests.client(port, "/store/a", kind + ["-m", "delete"]) == "")
            #expect(server.store.value.isEmpty)
            #expect(try await LibcoapUDPTests.client(port, "/nowhere", kind).contains("4.04 nothing here"))
            #expect(try await LibcoapUDPTests.client(port, "/hello", kind + ["-O", "65001,x"]).hasPrefix("4.02"))
        }
    }

    @Test(arguments: [1000, 1100, 5000, 100_000]) func itsClientSendsAndFetchesLargeBodies(_ count: Int) async throws {
        let server = PeerServer()
        try await withTemporaryFolder { folder in
            let (sent, fetched) = (
                folder.appendingPathComponent("sent").path, folder.appendingPathComponent("got").path
            )
            try Data(body(count)).write(to: URL(fileURLWithPath: sent))
            try await UDPPeers.listening(server) { port in
                let put = try await LibcoapUDPTests.client(port, "/store/a", ["-m", "put", "-f", sent])
                #expect(server.store.value["/store/a"] == body(count), "\(put)")
                let get = try await LibcoapUDPTests.client(port, "/store/a", ["-o", fetched])
                #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: fetched))) == body(count), "\(get)")
                _ = try await LibcoapUDPTests.client(port, "/big/3000", ["-b", "64", "-o", fetched])
                #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: fetched))) == body(3000))
            }
        }
    }

    @Test(arguments: [0, 3000]) func itsClientObserves(_ size: Int) async throws {
        let server = PeerServer(notifications: 12, notificationSize: size)
        try await UDPPeers.listening(server) { port in
            let output = try await LibcoapUDPTests.client(port, "/count", ["-s", "2", "-w"])
            let lines = output.split(separator: "\n").filter { $0.hasPrefix("count") }
                .map { $0.prefix { $0 != "." } }
            #expect(lines.first == "count 0", "\(output)")
            // It gives a body up that changes while it fetches it, and may not come back for the newest.
            if size == 0 {
                #expect(lines.last == "count 12", "\(output)")
                #expect(lines.count == 13, "\(output)")
            } else {
                #expect(lines.count > 1, "\(output)")
            }
            #expect(await eventually { server.cancelled.value == 1 })
        }
    }

    /// It loses its own datagrams of these numbers.
    @Test(arguments: ["1", "2", "3"]) func whatItsClientLosesIsRepeated(_ losses: String) async throws {
        let server = PeerServer()
        try await withTemporaryFolder { folder in
            let sent = folder.appendingPathComponent("sent").path
            try Data(body(3000)).write(to: URL(fileURLWithPath: sent))
            try await UDPPeers.listening(server) { port in
                let said = try await LibcoapUDPTests.client(port, "/store/a", ["-m", "put", "-f", sent, "-l", losses])
                let isWhole = server.store.value["/store/a"] == body(3000)
                #expect(isWhole, "\(said)")
                #expect(server.requests.value.count == 1)
            }
        }
    }

    // MARK: Our client, its server

    @Test func ourClientUsesEveryMethod() async throws {
        try await ForeignServer.libcoap(over: .udp) { connection in
            try await connection.expectEveryMethodOfLibcoap()
            // A separate response.
            #expect(try await connection.ask(.get, "/async").code == .content)
            let once = try await connection.sendUnconfirmed(Message(code: .get, path: "/"), timeout: patience).get()
            #expect(once.code == .content)
            try await connection.ping(timeout: patience).get()
        }
    }

    @Test func ourClientSendsAndFetchesLargeBodies() async throws {
        try await ForeignServer.libcoap(over: .udp) { try await $0.expectLargeBodiesOfLibcoap() }
    }

    @Test func ourClientObserves() async throws {
        try await ForeignServer.libcoap(over: .udp) { _ = try await $0.expectObservationOfLibcoap() }
    }

    @Test func ourClientRepeatsWhatItsServerLoses() async throws {
        try await ForeignServer.libcoap(over: .udp, ["-l", "2,3,4"], limits: UDPPeers.hasty) { connection in
            let root = try await connection.send(Message(code: .get, path: "/"), timeout: patience).get()
            #expect(root.code == .content)
            let again = try await connection.send(Message(code: .get, path: "/"), timeout: patience).get()
            #expect(again.code == .content)
        }
    }
}
