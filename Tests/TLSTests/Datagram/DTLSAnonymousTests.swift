import Foundation
import Testing

@testable import TLS

/// Suite 0xFF00 ("just works"), with a client of our own: no library has it.
@Suite struct DTLSAnonymousTests {
    static let python = ProcessInfo.processInfo.environment["GATEHOUSE_PYTHON"] ?? "python3"

    static let isThere: Bool = {
        guard let child = try? OpenSSL.Child(["-c", "import cryptography"], folder: "/", program: python) else {
            return false
        }
        child.closeInput()
        while child.isRunning { usleep(10_000) }
        return child.status == 0
    }()

    @Test(.enabled(if: DTLSAnonymousTests.isThere, "needs python3-cryptography"))
    func wholeHandshake() async throws {
        #expect(OCFHandshakes.availability == .available)
        let (channel, port, log) = try await DTLSSocket.open(.anonymousServer())
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Peers/anonymous_client.py").standardized.path
        let child = try OpenSSL.Child([script, "\(port)", "anybody there"], folder: "/", program: Self.python)
        child.closeInput()
        try await child.exit()
        #expect(child.status == 0, "\(child.text)")
        #expect(child.text.contains("heard anybody there"), "\(child.text)")
        try await eventually("closed") { log.told.isClosed }
        #expect(log.told.errors == [])
        let completed = try #require(log.told.completed.first)
        #expect(completed.cipherSuite == .ocfAnonymous)
        #expect(completed.peer == nil && completed.preSharedIdentity == nil)
        // What the owner's key is derived from is the same at both ends.
        let words = try #require(child.text.split(separator: "\n").first).split(separator: " ").map(String.init)
        let secrets = try #require(log.secrets)
        func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }
        #expect(
            words == ["finished", hex(secrets.masterSecret), hex(secrets.clientRandom), hex(secrets.serverRandom)])
        try await channel.close()
    }
}
