import Foundation
import XMPP

/// The tables of `docs/xmpp.md` that say which elements and attributes are supported, held against schemas and stanzas.
struct SupportTable {
    /// A row: elements, attributes, yes or no, and why.
    struct Row {
        /// The elements in the first column, those of the row above where it is empty; none where it speaks of any.
        let elements: Set<String>
        let attributes: [String]
        let verdict: String
        let reason: String

        var isSupported: Bool { verdict == "yes" }
        var name: String { "\(elements.sorted()) \(attributes)" }

        func covers(_ element: String) -> Bool { elements.isEmpty || elements.contains(element) }
    }

    let rows: [Row]

    /// The table below the heading that begins with this.
    init(_ heading: String) throws {
        let file = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "../../../docs/xmpp.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        guard let start = text.range(of: "\n### \(heading)") else {
            throw TestFailure("docs/xmpp.md has no \(heading)")
        }
        let rest = text[start.upperBound...]
        let section = rest[..<(rest.range(of: "\n##")?.lowerBound ?? rest.endIndex)]
        var rows: [Row] = []
        for line in section.split(separator: "\n") where line.hasPrefix("|") {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            guard cells.count == 4 else { throw TestFailure("four columns were expected: \(line)") }
            guard cells[0] != "element", !cells[0].hasPrefix("---") else { continue }
            let elements = cells[0].isEmpty ? rows.last?.elements ?? [] : Set(Self.names(cells[0]))
            rows.append(
                Row(elements: elements, attributes: Self.names(cells[1]), verdict: cells[2], reason: cells[3]))
        }
        self.rows = rows
    }

    /// What stands between back-quotes.
    private static func names(_ cell: String) -> [String] {
        cell.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
            .map { String($0.element) }
    }

    /// Whether an element, or an attribute of it, is supported by any row that names it; nil when none does. A row that
    /// names the element goes before those that speak of any.
    func verdict(_ element: String, _ attribute: String? = nil) -> Bool? {
        let naming = rows.filter { row in
            attribute.map { row.covers(element) && row.attributes.contains($0) } ?? row.elements.contains(element)
        }
        let special = naming.filter { !$0.elements.isEmpty }
        let counting = special.isEmpty ? naming : special
        return counting.isEmpty ? nil : counting.contains(where: \.isSupported)
    }
}

/// The elements and attributes that schemas declare.
struct SchemaNames {
    /// By element, wherever it is declared: its attributes.
    private(set) var elements: [String: Set<String>] = [:]
    private var types: [String: XMLElement] = [:]
    private var groups: [String: XMLElement] = [:]

    init(_ files: String...) throws {
        for file in files {
            let text = try String(contentsOf: Schemas.folder.appending(path: file), encoding: .utf8)
            // XMPP has no comments and no declaration.
            let body = text.replacing(/<!--[\s\S]*?-->/, with: "").replacing(/<\?xml[\s\S]*?\?>/, with: "")
            guard let schema = try XMPPDoorTests.elements(body).first else { throw TestFailure("\(file) is empty") }
            types = Dictionary(schema.children("complexType").map { ($0["name"] ?? "", $0) }) { _, last in last }
            groups = Dictionary(schema.children("attributeGroup").map { ($0["name"] ?? "", $0) }) { _, last in last }
            collect(schema)
        }
    }

    private mutating func collect(_ node: XMLElement) {
        if node.name == "element", let name = (node["name"] ?? node["ref"])?.split(separator: ":").last {
            var found = attributes(node)
            if let type = node["type"].flatMap({ types[$0] }) { found.formUnion(attributes(type)) }
            elements[String(name), default: []].formUnion(found)
        }
        for child in node.children { collect(child) }
    }

    /// The attributes that are declared here, in groups and in what is extended; not those of elements below.
    private func attributes(_ node: XMLElement) -> Set<String> {
        var found: Set<String> = []
        for child in node.children where child.name != "element" {
            switch child.name {
            case "attribute": if let name = child["name"] { found.insert(name) }
            case "attributeGroup":
                if let group = child["ref"].flatMap({ groups[$0] }) { found.formUnion(attributes(group)) }
            default: found.formUnion(attributes(child))
            }
            if child.name == "extension", let base = child["base"].flatMap({ types[$0] }) {
                found.formUnion(attributes(base))
            }
        }
        return found
    }
}

/// The elements and attributes of one namespace in stanzas.
struct SeenNames {
    private(set) var elements: [String: Set<String>] = [:]

    init(_ stanzas: [XMLElement], _ namespace: String) {
        for stanza in stanzas { collect(stanza, namespace) }
    }

    private mutating func collect(_ node: XMLElement, _ namespace: String) {
        if node.namespace == namespace {
            elements[node.name, default: []].formUnion(node.attributes.map(\.name))
        }
        // A form is a word of the specification that holds it.
        if node.isNamed("x", Namespace.dataForm) { elements["x", default: []] = [] }
        for child in node.children { collect(child, namespace) }
    }
}
