import FlashStore
import Logging
import OneLoop
import Testing

@testable import Gateway

@Suite("The oneM2M side of the house")
@Loop
struct OneM2MSettingsTests {
    private func configuration(_ text: String) throws -> Configuration.OneM2M { try whole(text).oneM2M }

    private func whole(_ text: String) throws -> Configuration {
        let boards = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return try Configuration.load(
            text: "[board]\nprofile = \"/\(boards)/board/generic.toml\"\n[onem2m]\n\(text)\n", file: "test.toml")
    }

    @Test("It is off until it is asked for, and then nobody may see the nodes")
    func defaults() throws {
        let read = try configuration("")
        #expect(!read.isEnabled)
        #expect(read.readers.isEmpty && read.controllers.isEmpty && read.administrators.isEmpty)
        #expect(read.insecure == "applications")
        #expect(read.durable)
    }

    @Test("The CSE is who the configuration says, and a factory reset forgets what it kept")
    func house() async throws {
        let read = try whole(
            "enabled = true\ncse_id = \"gw7\"\ncse_name = \"base7\"\nsp_id = \"sp.example\"\nreaders = [\"Cr\"]")
        let store = try FlashStore.inMemory()
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let house = try OneM2MHouse(
            read.oneM2M, read.oneM2MBindings, store: store, certificates: .system, log: log
        ) { 1_800_000_000_000_000 }
        #expect(house.cse.identity.entity.absolute == "//sp.example/gw7")
        #expect(house.cse.resource("base7/nodes-policy") != nil)
        _ = try await house.cse.add(.container, under: "-", name: "kept", attributes: [:])
        #expect(house.status["resources"]?.int == 3)
        #expect(!store.scan(prefix: "m2m/r/").isEmpty)
        await house.stop()
        try await OneM2MHouse.forget(store)
        #expect(["r", "i", "n"].allSatisfy { store.scan(prefix: "m2m/\($0)/").isEmpty })
    }
}
