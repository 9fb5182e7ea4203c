import Foundation
import Testing

/// The gateway against a hub that shares no code with it and behaves as plgd hub was measured to.
@Suite("A scripted cloud", .serialized)
struct ScriptedCloudTests {
    private static let script = Programs.root.appending(path: "Tests/Interop/scripted_cloud/scripted_cloud.py")

    /// The scenarios that take less than half a minute each.
    private static let scenarios: [String] = {
        let result = try? Programs.run(URL(filePath: Programs.python), [script.path, "--list"])
        guard let result, result.code == 0 else { return [] }
        return result.output.split(separator: "\n").filter { !$0.contains("Slow (") }
            .compactMap { $0.split(separator: " ").first.map(String.init) }
    }()

    @Test("The script can be run here")
    func runnable() throws {
        guard Programs.peersAreRequired else { return }
        #expect(Self.scenarios.count >= 15, "GATEHOUSE_PYTHON has no cbor2, or the script is broken")
    }

    @Test("The gateway passes", arguments: scenarios)
    func scenario(name: String) throws {
        let gatehouse = Programs.folder.appending(path: "gatehouse").path
        let result = try Programs.run(
            URL(filePath: Programs.python), [Self.script.path, "--gatehouse", gatehouse, "--scenario", name])
        let failures = result.output.split(separator: "\n").filter { $0.contains("\"ok\": false") }
        #expect(result.code == 0, "\(failures.joined(separator: "\n"))\n\(result.output.suffix(2000))")
        #expect(failures.isEmpty)
    }
}
