import CoAP
import CoAPMessages
import Foundation
import NIOCore
import TLS
import Testing

/// Against libcoap over TLS, on OpenSSL and on GnuTLS.
@Suite(.enabled(if: Peers.hasLibcoapTLS, "coap-client-openssl is not installed (Debian package libcoap3-bin)"))
struct LibcoapTLSTests {
    /// Certificates as files, as libcoap wants them.
    struct Files {
        let authority: Authority
        let named: (identity: Identity, certificate: String, key: String)
        let root: String
        let certificate: String
        let key: String

        init(_ folder: URL) throws {
            authority = try Authority()
            named = try authority.named(["localhost", "127.0.0.1"])
            func write(_ name: String, _ text: String) throws -> String {
                let file = folder.appendingPathComponent(name)
                try Data(text.utf8).write(to: file)
                return file.path
            }
            root = try write("root.pem", authority.root.certificate.pem)
            certificate = try write("leaf.pem", named.certificate)
            key = try write("key.pem", named.key)
        }
    }

    @Test(arguments: ["openssl", "gnutls"]) func itsClientUsesOurServer(_ library: String) async throws {
        try await withTemporaryFolder { folder in
            let files = try Files(folder)
            let tls = try TLSConfiguration.server(
                identity: files.named.identity, clientCertificate: .required, trust: files.authority.trust)
            let server = PeerServer()
            let listener = try await CoAPTCP.listen(host: "127.0.0.1", port: 0, tls: tls, group: testGroup) { _ in
                server
            }.get()
            let port = listener.localAddress?.port ?? 0
            func client(_ path: String, _ arguments: [String] = []) async throws -> String {
                try await PeerProcess.result(
                    ["coap-client-\(library)", "-B", "5", "-C", files.root, "-c", files.certificate, "-j", files.key]
                        + arguments + ["coaps+tcp://127.0.0.1:\(port)\(path)"]
                ).output
            }
            let hello = try await client("/hello")
            #expect(hello == "hello\n")
            let fetched = folder.appendingPathComponent("got").path
            let said = try await client("/big/100000", ["-o", fetched])
            #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: fetched))) == body(100_000), "\(said)")
            let observed = try await client("/count", ["-s", "1", "-w"])
            let lines = observed.split(separator: "\n").filter { $0.hasPrefix("count") }
            #expect(
                lines.prefix(6) == ["count 0", "count 1", "count 2", "count 3", "count 4", "count 5"], "\(observed)")
            try await listener.close()
        }
    }

    @Test(arguments: ["openssl", "gnutls"]) func ourClientUsesItsServer(_ library: String) async throws {
        try await withTemporaryFolder { folder in
            let files = try Files(folder)
            let port = try await Peers.freePort()
            let server = try PeerProcess([
                "coap-server-\(library)", "-A", "127.0.0.1", "-p", "\(port - 1)", "-d", "10", "-C", files.root,
                "-c", files.certificate, "-j", files.key,
            ])
            do {
                try await Peers.waitForPort(port)
                let tls = try TLSConfiguration.client(
                    trust: files.authority.trust, peerName: .hostName("localhost"), identity: files.named.identity)
                // libcoap 4.3 on GnuTLS sends the first record of a message alone: what it sends has to fit one.
                var limits = Limits()
                if library == "gnutls" { limits.message.messageSize = 16_000 }
                let connection = try await CoAPTCP.connect(
                    host: "127.0.0.1", port: port, tls: tls, on: testGroup.next(), limits: limits
                ).get()
                for count in [1, 1200, 50_000] {
                    let put = try await connection.send(
                        Message(code: .put, path: "/new", payload: body(count)), timeout: patience
                    ).get()
                    #expect(put.code.isSuccess)
                    let get = try await connection.send(Message(code: .get, path: "/new"), timeout: patience).get()
                    #expect(get.payload == body(count))
                }
                try await connection.ping(timeout: patience).get()
                connection.close()
                try await connection.closeFuture.get()
            } catch {
                Issue.record("\(error); the server wrote: \(server.stop())")
                return
            }
            _ = server.stop()
        }
    }
}
