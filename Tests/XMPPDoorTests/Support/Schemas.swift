import Foundation
import ProvisioningModel
import Testing
import XMPP
import XMPPDoor

/// The XSF's schemas, by which every stanza of the tests is judged, with `xmllint`.
enum Schemas {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Schemas")

    private static let files = [
        IoTNamespace.sensorData: "sensordata.xsd", IoTNamespace.control: "control.xsd",
        Provisioning.namespace: "provisioning.xsd", IoTNamespace.concentrators: "concentrators.xsd",
        IoTNamespace.discovery: "discovery.xsd",
        // That of XEP-0004 itself has no place for the pages of XEP-0141.
        Namespace.dataForm: "relaxed/x-data.xsd",
    ]

    /// What the strict schema of XEP-0326 cannot say though its text demands it: `result` on these answers, `command` and
    /// an absent form or node on others, children of getNodes. The relaxed schema adds just that.
    private static let slips: Set<String> = [
        "getNodes", "getNodeInheritanceResponse", "getAddableNodeTypesResponse", "getNodeCommandsResponse",
        "getCommonNodeCommandsResponse", "executeCommonNodeCommand", "executeCommonNodeQuery",
        "abortNodeQuery", "abortCommonNodeQuery",
        "getNodeParametersForEditResponse", "getCommonNodeParametersForEditResponse", "getParametersForNewNodeResponse",
        "getCommandParametersResponse", "getCommonCommandParametersResponse", "setNodeParametersAfterEditResponse",
        "setCommonNodeParametersAfterEditResponse", "createNewNodeResponse",
    ]

    /// As ``judge(_:relaxed:)``, not on the loop, which other tests wait for.
    @concurrent static func judged(_ stanzas: [XMLElement], relaxed: Bool = false) async throws -> String {
        try judge(stanzas, relaxed: relaxed)
    }

    /// Judges payloads of stanzas; answers what is wrong, empty when nothing is.
    static func judge(_ stanzas: [XMLElement], relaxed: Bool = false) throws -> String {
        var groups: [String: [XMLElement]] = [:]
        for stanza in stanzas {
            for payload in stanza.children {
                for element in [payload] + payload.children where files[element.namespace] != nil {
                    // Forms in a payload are judged with it; what an error holds is judged by itself.
                    if element != payload, payload.name != "error" { continue }
                    guard var file = files[element.namespace] else { continue }
                    if relaxed || slips.contains(element.name), !file.hasPrefix("relaxed/") {
                        file = "relaxed/" + file
                    }
                    var stripped = element
                    stripped.language = nil
                    groups[file, default: []].append(stripped)
                }
            }
        }
        var trouble = ""
        for (file, elements) in groups {
            let directory = FileManager.default.temporaryDirectory.appending(path: "stanzas-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: directory) }
            var paths: [String] = []
            for (index, text) in Set(elements.map { $0.serialized() }).sorted().enumerated() {
                let path = directory.appending(path: "\(index).xml")
                try Data(text.utf8).write(to: path)
                paths.append(path.path)
            }
            trouble += try lint(folder.appending(path: file).path, paths)
        }
        return trouble
    }

    private static func lint(_ schema: String, _ paths: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/xmllint")
        process.arguments = ["--noout", "--nonet", "--schema", schema] + paths
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let data = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
        guard process.terminationStatus != 0 else { return "" }
        let bad = lines.filter { $0.contains("error") }
        let names = Set(bad.compactMap { $0.split(separator: ":").first.map(String.init) })
        let texts = names.compactMap { try? String(contentsOfFile: $0, encoding: .utf8) }
        return (bad.map(String.init) + texts).joined(separator: "\n") + "\n"
    }
}

/// XML text as elements.
func elements(_ text: String) throws -> [XMLElement] {
    let header =
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
    let reader = XMLStreamReader()
    let (events, fault) = reader.read(Array((header + text).utf8))
    if let fault { throw TestFailure("\(fault)") }
    return events.compactMap { if case .element(let element) = $0 { element } else { nil } }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
