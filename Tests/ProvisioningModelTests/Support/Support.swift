import Foundation
import ProvisioningModel
import Testing
import XMPP

let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// XML text as elements.
func elements(_ text: String) throws -> [XMLElement] {
    let header =
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
    let (events, fault) = XMLStreamReader().read(Array((header + text).utf8))
    if let fault { throw TestFailure("\(fault)") }
    return events.compactMap { if case .element(let element) = $0 { element } else { nil } }
}

/// One element of XEP-0324; the namespace is put in.
func element(_ text: String) throws -> XMLElement {
    let end = try #require(text.firstIndex { $0 == " " || $0 == ">" || $0 == "/" })
    return try #require(
        try elements(text[..<end] + " xmlns='\(Provisioning.namespace)'" + text[end...]).first)
}

/// The listings of XEP-0324 by their numbers.
func listings() throws -> [Int: [XMLElement]] {
    let file = tests.appending(path: "ProvisioningModelTests/Examples/xep-0324.xml")
    let text = try String(contentsOf: file, encoding: .utf8)
    let start = try #require(text.range(of: "<examples xmlns='jabber:client'>"))
    let end = try #require(text.range(of: "</examples>"))
    var found: [Int: [XMLElement]] = [:]
    for listing in try elements(String(text[start.upperBound..<end.lowerBound])) {
        found[try #require(listing["number"].flatMap { Int($0) })] = listing.children
    }
    return found
}

/// Judges elements by the XSF's schema of XEP-0324, with `xmllint`; what is wrong, empty when nothing is.
func judge(_ elements: [XMLElement]) throws -> String {
    let directory = FileManager.default.temporaryDirectory.appending(path: "provisioning-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    var paths: [String] = []
    for (index, text) in Set(elements.map { $0.serialized() }).sorted().enumerated() {
        let path = directory.appending(path: "\(index).xml")
        try Data(text.utf8).write(to: path)
        paths.append(path.path)
    }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/xmllint")
    process.arguments =
        ["--noout", "--nonet", "--schema", tests.appending(path: "XMPPDoorTests/Schemas/provisioning.xsd").path] + paths
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let data = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? "" : String(decoding: data, as: UTF8.self)
}
