import CoAP
import CoAPMessages
import NIOCore
import Testing

/// Against aiocoap's client and server over TCP (PyPI package aiocoap).
@Suite(
    .enabled(
        if: Peers.hasAiocoap, "no Python with aiocoap: set GATEHOUSE_PYTHON to one (pip install aiocoap into a venv)"))
struct AiocoapTests {
    @Test(arguments: [1152, 5000, 262_144]) func itsClientUsesOurServer(_ messageSize: Int) async throws {
        var limits = Limits()
        limits.message.messageSize = messageSize
        // Notifications of 2,000 bytes, which need blocks where messages are small.
        try await PeerServer.listening(PeerServer(notificationSize: 2000), limits: limits) { port in
            let command = [Peers.python, Peers.script("aiocoap_client.py"), "coap+tcp://127.0.0.1:\(port)"]
            let (status, output) = try await PeerProcess.result(command)
            #expect(status == 0, "\(output)")
            #expect(output.hasSuffix("ok\n"))
        }
    }

    @Test func ourClientUsesItsServer() async throws {
        try await ForeignServer.aiocoap(over: .tcp) { connection in
            try await connection.expectStoreOfAiocoap(sizes: [0, 1, 1024, 1025, 5000, 70_000, 300_000])
        }
    }

    @Test func ourClientWithSmallMessagesUsesItsServer() async throws {
        var limits = Limits()
        limits.message.messageSize = 3000
        try await ForeignServer.aiocoap(over: .tcp, limits: limits) { connection in
            try await connection.expectEchoOfAiocoap(sizes: [1024, 2999, 3001, 50_000])
        }
    }

    @Test func ourClientObservesItsServer() async throws {
        try await ForeignServer.aiocoap(over: .tcp) { try await $0.expectCountOfAiocoap() }
    }
}
