import Foundation
import Testing

/// The whole house as its user runs it.
@Suite("The whole way", .serialized)
struct WholeWayTests {
    @Test("The demonstration goes from sensor to cloud and back, unattended")
    func unattended() throws {
        let result = try Programs.run("gatehouse-demo", ["--unattended"])
        #expect(result.code == 0, "\(result.output)")
        #expect(result.output.split(separator: "\n").filter { $0.hasPrefix("  ok") }.count == 12)
    }

    @Test("A step that fails is named, and the demonstration ends with another code than 0")
    func failing() throws {
        // A program folder without the cloud: the demonstration cannot begin.
        let folder = FileManager.default.temporaryDirectory.appending(path: "demo-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let copy = folder.appending(path: "gatehouse-demo")
        try FileManager.default.copyItem(at: Programs.folder.appending(path: "gatehouse-demo"), to: copy)
        let result = try Programs.run(copy, ["--unattended"])
        #expect(result.code != 0)
        #expect(result.output.contains("gatehouse is not built"))
    }

    @Test("Power cuts at random points lose no trust and no registration")
    func powerCuts() throws {
        // `make torture` makes 200; a few here keep the way of testing itself alive.
        let result = try Programs.run("gatehouse-demo", ["torture", "--cycles", "12"])
        #expect(result.code == 0, "\(result.output)")
        #expect(result.output.contains("12 power cuts, nothing lost"))
    }
}
