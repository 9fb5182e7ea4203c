import Foundation
import TLS
import Testing

@testable import XMPP

@Suite("Authentication by binding and by certificate, at servers of others", .serialized, .timeLimit(.minutes(2)))
struct BoundAuthenticationTests {
    private func mechanism(_ station: Station) async throws -> String? {
        try await station.on { parts in
            guard let stream = parts.connection.stream else { return nil }
            return "\(stream.mechanism?.rawValue ?? "")"
        }
    }

    @Test(
        "SCRAM-SHA-256-PLUS by tls-unique, with STARTTLS and direct TLS; somebody in between is noticed",
        arguments: XMPPServer.Kind.allCases)
    func unique(_ kind: XMPPServer.Kind) async throws {
        let server = try await XMPPServer(kind)
        for security in [ServerTarget.Security.startTLS, .direct] {
            var configuration = try server.configuration("gateway", security: security)
            configuration.channelBinding = .required
            let station = try await Station(configuration)
            try await station.online()
            #expect(try await mechanism(station) == "SCRAM-SHA-256-PLUS")
            #expect(try await station.on { $0.connection.stream?.channel.unique?.count } == 12)
        }
        let interceptor = try await Interceptor(to: server.directPort, authority: server.authority)
        var configuration = try server.configuration("reader", security: .direct, port: interceptor.port)
        configuration.channelBinding = .never
        let unaware = try await Station(configuration)
        try await unaware.online()
        // The same way, with authentication bound to the connection as it is by default: the proof fits no other.
        configuration.channelBinding = .offered
        #expect(try await Station(configuration).trouble().code == .credentialsRefused)
    }

    @Test("SCRAM-SHA-256-PLUS by tls-server-end-point, at Prosody with a module of the tests")
    func serverEndPoint() async throws {
        let server = try await XMPPServer(.prosody, options: .init(prosodyModules: ["server_end_point"]))
        var configuration = try server.configuration("gateway", security: .direct)
        configuration.channelBinding = .required
        let station = try await Station(configuration)
        try await station.online()
        #expect(try await mechanism(station) == "SCRAM-SHA-256-PLUS")
        let interceptor = try await Interceptor(to: server.directPort, authority: server.authority)
        configuration.target?.port = interceptor.port
        #expect(try await Station(configuration).trouble().code == .credentialsRefused)
    }

    @Test(
        "EXTERNAL by a certificate with the account's address, at ejabberd",
        arguments: [ServerTarget.Security.startTLS, .direct])
    func external(_ security: ServerTarget.Security) async throws {
        let server = try await XMPPServer(.ejabberd, options: .init(takesCertificates: true))
        var configuration = try server.configuration("gateway", security: security)
        configuration.credentials = .certificate()
        configuration.identity = try await identity("gateway@localhost", server)
        let station = try await Station(configuration)
        try await station.online()
        #expect(try await mechanism(station) == "EXTERNAL")
        #expect(try await station.address.bare == JID("gateway@localhost"))
        let info = try await station.ask(XMLElement("query", Namespace.discoInfo), to: JID("localhost")).get()
        #expect(info?.isNamed("query", Namespace.discoInfo) == true)
        try await station.stop()

        // A certificate for another account, and none at all.
        configuration.jid = try #require(JID("reader@localhost"))
        let other = try await Station(configuration)
        #expect(try await other.trouble().code == .credentialsRefused)
        configuration.identity = nil
        let none = try await Station(configuration)
        #expect([.noMechanism, .credentialsRefused].contains(try await none.trouble().code))
    }

    /// A certificate with `xmppAddr` (RFC 6120 13.7.1.4), which only OpenSSL is asked for here.
    private func identity(_ account: String, _ server: XMPPServer) async throws -> Identity {
        let key = try PrivateKey.generateP256()
        try key.pem().write(toFile: "\(server.folder)/client.key", atomically: true, encoding: .utf8)
        try server.authority.key.pem().write(toFile: "\(server.folder)/ca.key", atomically: true, encoding: .utf8)
        try "subjectAltName=otherName:1.3.6.1.5.5.7.8.5;UTF8:\(account)\nextendedKeyUsage=clientAuth\n".write(
            toFile: "\(server.folder)/client.ext", atomically: true, encoding: .utf8)
        for words in [
            ["openssl", "req", "-new", "-key", "client.key", "-subj", "/CN=gateway", "-out", "client.csr"],
            [
                "openssl", "x509", "-req", "-in", "client.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-extfile", "client.ext", "-out", "client.crt",
            ],
        ] {
            try await ServerProcess.run(words, folder: server.folder)
        }
        let pem = try String(contentsOfFile: "\(server.folder)/client.crt", encoding: .utf8)
        return try Identity(chain: CertificateChain(pem: pem), key: key)
    }
}
