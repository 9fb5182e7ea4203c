import Foundation
import Testing

/// The gateway as a CSE: under an infrastructure CSE that is not ours, beside another gateway, and with clients of other people.
@Suite("oneM2M", .serialized)
struct OneM2MTests {
    private static let folder = Programs.root.appending(path: "Tests/Interop/onem2m")

    /// Whether the Python has this package; where it must, its absence fails.
    private func canRun(_ package: String) throws -> Bool {
        let python = try Programs.run(URL(filePath: Programs.python), ["-c", "import \(package)"])
        if Programs.peersAreRequired { #expect(python.code == 0, "no \(package) in GATEHOUSE_PYTHON") }
        return python.code == 0
    }

    private func run(_ script: String, _ arguments: [String] = [], atLeast count: Int) throws {
        let result = try Programs.run(
            URL(filePath: Programs.python),
            [
                Self.folder.appending(path: script).path, "--gatehouse",
                Programs.folder.appending(path: "gatehouse").path,
            ] + arguments)
        #expect(result.code == 0, "\(result.output.suffix(4000))")
        #expect(result.output.split(separator: "\n").filter { $0.hasPrefix("ok ") }.count >= count)
    }

    @Test(
        "Registered at ACME: requests both ways, subscriptions across, ACME restarted and away",
        arguments: ["http", "coap"])
    func registered(scheme: String) throws {
        guard try canRun("acmecse, cryptography") else { return }
        try run("acme_house.py", ["--scheme", scheme, "--away", "1"], atLeast: 60)
    }

    @Test("A registrar that answers wrongly is none, is named, and harms nothing")
    func wrong() throws {
        guard try canRun("cryptography, aiocoap") else { return }
        try run("wrong_registrars.py", atLeast: 75)
    }

    @Test("Two gateways: the tourist's phone with the lock, and the service with its role")
    func tokens() throws {
        guard try canRun("cryptography") else { return }
        try run("two_gateways.py", atLeast: 40)
    }

    @Test("Tokens over CoAP, by UDP and DTLS: in a whole primitive, by their id, by their local id")
    func tokensOverCoAP() throws {
        guard try canRun("cryptography, aiocoap, cbor2") else { return }
        try run("coap_tokens.py", atLeast: 50)
    }
}
