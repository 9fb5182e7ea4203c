import Foundation
import Testing

/// `gatehouse-cloud` as a provisioning server, asked by scripted devices through servers that are not ours.
@Suite("Provisioning", .serialized)
struct ProvisioningTests {
    private static let folder = Programs.root.appending(path: "Tests/Interop/provisioning")

    /// Whether the peers are here; where they must be, their absence fails.
    private func canRun(_ server: String) throws -> Bool {
        let program = server == "prosody" ? "/usr/bin/prosody" : "/usr/sbin/ejabberdctl"
        let python = try Programs.run(URL(filePath: Programs.python), ["-c", "import slixmpp, cryptography"])
        let isThere = python.code == 0 && FileManager.default.isExecutableFile(atPath: program)
        if Programs.peersAreRequired { #expect(isThere, "no \(server), or no slixmpp in GATEHOUSE_PYTHON") }
        return isThere
    }

    // Both servers and both forms, but not each with each: the other two say the same and take as long again.
    @Test("Scripted devices ask", arguments: [("prosody", "component"), ("ejabberd", "account")])
    func scripted(server: String, form: String) throws {
        guard try canRun(server) else { return }
        let result = try Programs.run(
            URL(filePath: Programs.python),
            [
                Self.folder.appending(path: "provisioning_server.py").path, "--cloud",
                Programs.folder.appending(path: "gatehouse-cloud").path, "--server", server, "--form", form,
            ])
        #expect(result.code == 0, "\(result.output.suffix(4000))")
        #expect(result.output.split(separator: "\n").filter { $0.hasPrefix("ok ") }.count >= 29)
    }

    @Test("A gateway's whole life with it", arguments: [("prosody", "component"), ("ejabberd", "account")])
    func life(server: String, form: String) throws {
        guard try canRun(server) else { return }
        let result = try Programs.run(
            URL(filePath: Programs.python),
            [
                Self.folder.appending(path: "provisioning_life.py").path, "--gatehouse",
                Programs.folder.appending(path: "gatehouse").path, "--cloud",
                Programs.folder.appending(path: "gatehouse-cloud").path, "--server", server, "--form", form,
            ])
        #expect(result.code == 0, "\(result.output.suffix(4000))")
        #expect(result.output.split(separator: "\n").filter { $0.hasPrefix("ok ") }.count >= 21)
    }
}
