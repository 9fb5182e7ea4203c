import Foundation
import Testing

/// The gateway read, controlled and administered through servers that are not ours, by a client that shares no code with it.
@Suite("XMPP", .serialized)
struct XMPPTests {
    private static let script = Programs.root.appending(path: "Tests/Interop/xmpp/xmpp_house.py")

    /// Whether the peers are here; where they must be, their absence fails.
    private func canRun(_ server: String) throws -> Bool {
        let program = server == "prosody" ? "/usr/bin/prosody" : "/usr/sbin/ejabberdctl"
        let python = try Programs.run(URL(filePath: Programs.python), ["-c", "import slixmpp"])
        let isThere = python.code == 0 && FileManager.default.isExecutableFile(atPath: program)
        if Programs.peersAreRequired { #expect(isThere, "no \(server), or no slixmpp in GATEHOUSE_PYTHON") }
        return isThere
    }

    @Test("slixmpp reads, controls and administers the house", arguments: ["prosody", "ejabberd"])
    func house(server: String) throws {
        guard try canRun(server) else { return }
        let result = try Programs.run(
            URL(filePath: Programs.python),
            [
                Self.script.path, "--gatehouse", Programs.folder.appending(path: "gatehouse").path, "--server", server,
                "--docs", Programs.root.appending(path: "docs/xmpp.md").path,
            ])
        let lines = result.output.split(separator: "\n")
        #expect(result.code == 0, "\(result.output.suffix(4000))")
        #expect(lines.filter { $0.hasPrefix("ok ") }.count >= 95)
    }

    @Test("A provisioning server is trusted by the button, asked, obeyed and left", arguments: ["prosody", "ejabberd"])
    func provisioning(server: String) throws {
        guard try canRun(server) else { return }
        let result = try Programs.run(
            URL(filePath: Programs.python),
            [
                Programs.root.appending(path: "Tests/Interop/xmpp/provisioned_house.py").path, "--gatehouse",
                Programs.folder.appending(path: "gatehouse").path, "--server", server,
            ])
        let lines = result.output.split(separator: "\n")
        #expect(result.code == 0, "\(result.output.suffix(4000))")
        #expect(lines.filter { $0.hasPrefix("ok ") }.count >= 34)
    }
}
