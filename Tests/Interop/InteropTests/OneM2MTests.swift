import Foundation
import Testing

/// The gateway as a CSE under an infrastructure CSE that is not ours.
@Suite("oneM2M", .serialized)
struct OneM2MTests {
    private static let script = Programs.root.appending(path: "Tests/Interop/onem2m/acme_house.py")

    /// Whether ACME is here; where it must be, its absence fails.
    private func canRun() throws -> Bool {
        let python = try Programs.run(URL(filePath: Programs.python), ["-c", "import acmecse"])
        if Programs.peersAreRequired { #expect(python.code == 0, "no acmecse in GATEHOUSE_PYTHON") }
        return python.code == 0
    }

    private func run(_ arguments: [String], atLeast count: Int) throws {
        let result = try Programs.run(
            URL(filePath: Programs.python),
            [Self.script.path, "--gatehouse", Programs.folder.appending(path: "gatehouse").path] + arguments)
        #expect(result.code == 0, "\(result.output.suffix(4000))")
        #expect(result.output.split(separator: "\n").filter { $0.hasPrefix("ok ") }.count >= count)
    }

    @Test(
        "Registered at ACME: requests both ways, subscriptions across, ACME restarted and away",
        arguments: ["http", "coap"])
    func registered(scheme: String) throws {
        guard try canRun() else { return }
        try run(["--scheme", scheme, "--away", "1"], atLeast: 45)
    }

    @Test("A registrar that answers wrongly is none, and harms nothing")
    func wrong() throws {
        try run(["--wrong"], atLeast: 16)
    }
}
