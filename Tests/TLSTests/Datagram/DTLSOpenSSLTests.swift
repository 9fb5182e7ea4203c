import Foundation
import NIOCore
import Testing

@testable import TLS

/// OpenSSL as the peer, in both roles.
@Suite(.enabled(if: OpenSSL.isThere, "needs /usr/bin/openssl"), .serialized) struct DTLSOpenSSLTests {
    let house = House.shared
    let openssl: OpenSSL

    init() throws { openssl = try OpenSSL() }

    /// Runs `s_client`; it says something, hears it back, and closes.
    private func client(_ port: Int, _ arguments: [String], answer: String? = "gatehouse back") async throws
        -> OpenSSL.Child
    {
        let child = try openssl.child(
            ["s_client", "-dtls1_2", "-connect", "127.0.0.1:\(port)", "-nocommands"] + arguments)
        if let answer {
            child.write(Data((answer + "\n").utf8))
            try await eventually("an answer") {
                child.text.components(separatedBy: answer).count > 1 || !child.isRunning
            }
        }
        child.closeInput()
        try await child.exit()
        return child
    }

    /// OpenSSL checks our chain and the signature of our ServerKeyExchange, and shows its own certificate.
    @Test(arguments: CipherSuite.datagram) func clientWithCertificate(suite: CipherSuite) async throws {
        let (channel, port, log) = try await DTLSSocket.open(house.dtlsServer())
        let anchors = try openssl.file("ca.pem", house.trust.pem)
        let files = try openssl.files(house.device(), "device")
        let child = try await client(
            port,
            [
                "-CAfile", anchors, "-verify_return_error", "-cert", files.certificate, "-key", files.key, "-cipher",
                "\(suite.description):@SECLEVEL=0", "-mtu", "600",
            ])
        #expect(child.status == 0, "\(child.text)")
        #expect(child.text.contains("Verification: OK"))
        #expect(child.text.contains("Peer signature type: ECDSA"))
        #expect(child.text.contains("CN = uuid:\(House.cloudID)"))
        try await eventually("closed") { log.told.isClosed }
        #expect(log.told.errors == [])
        #expect(log.told.completed.first?.cipherSuite == suite)
        #expect(log.told.completed.first?.peer?.ocfUUID == House.deviceID)
        #expect(log.told.texts == ["gatehouse back\n"])
        try await channel.close()
    }

    /// The identity hint goes out and is hashed: OpenSSL prints it and finishes.
    @Test func clientWithKeySeesTheHint() async throws {
        let keys = PreSharedKeys { $0 == Array("owner".utf8) ? House.key : nil }
        let (channel, port, log) = try await DTLSSocket.open(
            house.dtlsServer(keys: keys, hint: Array("oic.sec.doxm.rdp:0123456789abcdef".utf8)))
        let key = House.key.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        let arguments = ["-psk", key, "-psk_identity", "owner", "-cipher", "ECDHE-PSK-AES128-CBC-SHA256"]
        let child = try await client(port, arguments)
        #expect(child.status == 0, "\(child.text)")
        #expect(child.text.contains("PSK identity hint: oic.sec.doxm.rdp:0123456789abcdef"))
        try await eventually("closed") { log.told.isClosed }
        #expect(log.told.completed.first?.preSharedIdentity == Array("owner".utf8))
        #expect(log.told.texts == ["gatehouse back\n"])
        try await channel.close()
    }

    @Test func clientWithKeyWithoutHint() async throws {
        let keys = PreSharedKeys { _ in House.key }
        let (channel, port, _) = try await DTLSSocket.open(.server(preSharedKeys: keys))
        let key = House.key.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        let child = try await client(
            port, ["-psk", key, "-psk_identity", "owner", "-cipher", "ECDHE-PSK-AES128-CBC-SHA256"])
        #expect(child.status == 0, "\(child.text)")
        #expect(child.text.contains("PSK identity hint: None"))
        try await channel.close()
    }

    @Test func clientWithWrongKey() async throws {
        let keys = PreSharedKeys { $0 == Array("owner".utf8) ? House.key : nil }
        let (channel, port, log) = try await DTLSSocket.open(.server(preSharedKeys: keys))
        let suite = ["-cipher", "ECDHE-PSK-AES128-CBC-SHA256"]
        let wrong = String(repeating: "5a", count: 16)
        let stranger = try await client(port, ["-psk", wrong, "-psk_identity", "nobody"] + suite, answer: nil)
        #expect(stranger.status != 0)
        try await eventually("refused") { log.told.errors.count == 1 }
        let guesser = try await client(port, ["-psk", wrong, "-psk_identity", "owner"] + suite, answer: nil)
        #expect(guesser.status != 0)
        try await eventually("refused") { log.told.errors.count == 2 }
        #expect(log.told.errors == [TLSError(.unknownIdentity, ""), TLSError(.badRecord, "")])
        #expect(log.told.completed.isEmpty)
        try await channel.close()
    }

    @Test(arguments: [false, true]) func serverWithCertificate(asksCookie: Bool) async throws {
        let files = try openssl.files(house.ocf(House.cloudID), "cloud")
        let anchors = try openssl.file("ca.pem", house.trust.pem)
        let (child, port) = try await openssl.server(
            [
                "-dtls1_2", "-cert", files.certificate, "-key", files.key, "-CAfile", anchors, "-Verify", "2",
                "-verify_return_error", "-cipher", "ALL:@SECLEVEL=0",
            ] + (asksCookie ? ["-listen"] : []))
        let (channel, _, log) = try await DTLSSocket.open(
            nil, connect: (house.dtlsClient(suites: [.ecdsaAES128CCM8]), port), isEcho: false)
        try await eventually("open") { log.told.completed.count == 1 || log.told.isClosed }
        #expect(log.told.completed.first?.cipherSuite == .ecdsaAES128CCM8)
        #expect(log.told.completed.first?.peer?.ocfUUID == House.cloudID)
        channel.pipeline.fireUserInboundEventTriggered("from the gateway\n")
        try await eventually("heard") { child.text.contains("from the gateway") }
        child.write(Data("from openssl\n".utf8))
        try await eventually("answered") { log.told.texts == ["from openssl\n"] }
        channel.pipeline.fireUserInboundEventTriggered(())
        try await eventually("close_notify") { log.told.isClosed }
        #expect(log.told.errors == [])
        #expect(child.text.contains("CN = uuid:\(House.deviceID)"))
        child.signal(SIGKILL)
        try await channel.close()
    }

    @Test func serverWithKey() async throws {
        let key = House.key.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        let (child, port) = try await openssl.server(
            [
                "-dtls1_2", "-nocert", "-psk", key, "-psk_identity", "owner", "-psk_hint", "who are you", "-cipher",
                "ECDHE-PSK-AES128-CBC-SHA256",
            ])
        let (channel, _, log) = try await DTLSSocket.open(
            nil,
            connect: (.client(preSharedKey: PreSharedKey(identity: Array("owner".utf8), key: House.key)), port),
            isEcho: false)
        try await eventually("open") { log.told.completed.count == 1 || log.told.isClosed }
        #expect(log.told.completed.first?.cipherSuite == .pskAES128CBC)
        child.write(Data("from openssl\n".utf8))
        try await eventually("heard") { log.told.texts == ["from openssl\n"] }
        child.signal(SIGKILL)
        try await channel.close()
    }

    /// A server whose certificate another authority has issued.
    @Test func wrongServer() async throws {
        let files = try openssl.files(house.ocf(House.cloudID, issuer: house.otherRoot), "other")
        let (child, port) = try await openssl.server(
            ["-dtls1_2", "-cert", files.certificate, "-key", files.key])
        let (channel, _, log) = try await DTLSSocket.open(nil, connect: (house.dtlsClient(), port))
        try await eventually("refused") { log.told.isClosed }
        #expect(log.told.errors == [TLSError(.unknownIssuer, "")])
        #expect(log.told.completed.isEmpty)
        child.signal(SIGKILL)
        try await channel.close()
    }
}
