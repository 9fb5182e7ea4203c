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

    @Test func ourClientUsesItsServer() async throws {
        try await ForeignServer.aiocoap(over: .udp) { connection in
            try await connection.expectStoreOfAiocoap(sizes: [0, 1, 1024, 1025, 5000, 70_000])
        }
    }

    @Test func ourClientObservesItsServer() async throws {
        try await ForeignServer.aiocoap(over: .udp) { try await $0.expectCountOfAiocoap() }
    }
}
