import Foundation
import Testing

@testable import XMPP

@Suite("With a client on libstrophe", .serialized, .timeLimit(.minutes(2)))
struct LibstropheTests {
    @Test("It asks, pings, is refused and sends", arguments: XMPPServer.Kind.allCases)
    func client(_ kind: XMPPServer.Kind) async throws {
        let server = try await XMPPServer(kind)
        let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Peers/libstrophe_client.c")
        let program = "\(server.folder)/libstrophe_client"
        try await ServerProcess.run(["cc", "-o", program, source.path, "-lstrophe"], folder: server.folder)
        let gateway = try await Station(server.configuration("gateway", resource: "g"))
        try await gateway.online()
        let output = try await ServerProcess.run(
            [
                program, "peer@localhost", XMPPServer.password, "127.0.0.1", "\(server.startTLSPort)",
                "\(server.folder)/ca.pem", "gateway@localhost/g", "20",
            ], folder: server.folder)
        let lines = output.split(separator: "\n").map(String.init)
        let answers = lines.filter { $0.hasPrefix("q") }
        #expect(answers.prefix(20).allSatisfy { $0.hasSuffix("result echo") })
        #expect(answers.dropFirst(20) == ["q21 result -", "q22 error error"], "\(output)")
        try await gateway.eventually("message") { $0.messages.first?.body == "hello" }
    }
}
