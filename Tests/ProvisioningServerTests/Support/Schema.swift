import Foundation
import ProvisioningModel
import XMPP

/// The XSF's schema of XEP-0324, by which every stanza that the server sends in these tests is judged, with `xmllint`.
enum Schema {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "XMPPDoorTests/Schemas/provisioning.xsd")

    /// What is wrong with the stanzas' payloads; empty when nothing is.
    static func judge(_ stanzas: [XMLElement]) throws -> (count: Int, trouble: String) {
        let payloads = Set(
            stanzas.flatMap(\.children).filter { $0.namespace == Provisioning.namespace }.map { $0.serialized() })
        guard !payloads.isEmpty else { return (0, "") }
        let folder = FileManager.default.temporaryDirectory.appending(path: "payloads-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var paths: [String] = []
        for (index, text) in payloads.sorted().enumerated() {
            let path = folder.appending(path: "\(index).xml")
            try Data(text.utf8).write(to: path)
            paths.append(path.path)
        }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/xmllint")
        process.arguments = ["--noout", "--nonet", "--schema", file.path] + paths
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let output = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (paths.count, process.terminationStatus == 0 ? "" : output)
    }
}
