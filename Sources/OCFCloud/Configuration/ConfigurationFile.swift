import TOMLKit

/// Reads and describes the server's configuration file.
public enum ConfigurationFile {
    /// Reads `text`.
    ///
    /// - Parameter file: the path, for complaints.
    /// - Throws: ``CloudError`` `.configuration` with a line `file:line: reason` for **every** mistake.
    public static func read(_ text: String, file: String) throws -> ServerConfiguration {
        var configuration = ServerConfiguration()
        var problems: [String] = []
        let lines = KeyLines(text)
        func complain(_ path: String, _ reason: String) {
            problems.append("\(file):\(lines[path]): \(reason)")
        }
        let root: TOMLTable
        do {
            root = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw CloudError(
                .configuration, "\(file):\(error.source.begin.line): this is no TOML: \(error.description)")
        }
        let tables = Set(ConfigurationKey.all.compactMap { $0.path.split(separator: ".").first.map(String.init) })
        for name in root.keys.sorted() {
            guard tables.contains(name) else {
                complain(
                    name, "there is no [\(name)]; expected \(tables.sorted().map { "[\($0)]" }.joined(separator: ", "))"
                )
                continue
            }
            guard let table = root[name]?.table else {
                complain(name, "\(name) is a table, write [\(name)] and its keys below")
                continue
            }
            for key in table.keys.sorted() {
                let path = "\(name).\(key)"
                guard let known = ConfigurationKey.all.first(where: { $0.path == path }) else {
                    let others = ConfigurationKey.all.filter { $0.path.hasPrefix(name + ".") }
                        .map { $0.path.dropFirst(name.count + 1) }
                    complain(path, "there is no key \(key) in [\(name)]; expected \(others.joined(separator: ", "))")
                    continue
                }
                guard let value = table[key].flatMap(value(of:)), known.accepts(value) else {
                    complain(
                        path, "\(key) is \(table[key]?.debugDescription ?? "nothing"), expected \(known.expectation)")
                    continue
                }
                known.apply(&configuration, value)
            }
        }
        if (configuration.certificate == nil) != (configuration.key == nil) {
            complain("tls.certificate", "tls.certificate and tls.key are given together or not at all")
        }
        if let problem = configuration.provisioning.problem {
            complain("provisioning.\(problem.key)", problem.reason)
        }
        guard problems.isEmpty else { throw CloudError(.configuration, problems.joined(separator: "\n")) }
        return configuration
    }

    /// A file with every key at its default, commented out.
    public static func example() -> String {
        var lines = ["# Configuration of gatehouse-cloud. Every key is shown with its default.", ""]
        var table = ""
        for key in ConfigurationKey.all {
            let parts = key.path.split(separator: ".")
            if table != parts[0] {
                table = String(parts[0])
                if lines.last != "" { lines.append("") }
                lines.append("[\(table)]")
            }
            lines.append("# \(key.help)")
            lines.append("# \(parts[1]) = \(key.standard.isEmpty ? "\"…\"" : key.standard)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func value(of node: any TOMLValueConvertible) -> ConfigurationKey.Value? {
        if let text = node.string { return .text(text) }
        if let number = node.int { return .integer(Int64(number)) }
        return nil
    }
}

/// On which line a key stands. The parser tells lines of syntax errors only, so this reads headers and `key =` itself; the
/// file has neither nested tables nor values over several lines that it would take for keys.
private struct KeyLines {
    private var lines: [String: Int] = [:]

    init(_ text: String) {
        var table = ""
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.drop { $0 == " " || $0 == "\t" }
            if line.first == "[" {
                table = String(line.dropFirst().prefix { $0 != "]" }.filter { $0 != " " })
                lines[table] = lines[table] ?? index + 1
            } else if line.first != "#", let equals = line.firstIndex(of: "=") {
                let key = line[..<equals].filter { $0 != " " && $0 != "\"" && $0 != "\t" }
                lines[table.isEmpty ? String(key) : "\(table).\(key)"] = index + 1
            }
        }
    }

    /// The line of the key, or of its table, or 1.
    subscript(path: String) -> Int {
        lines[path] ?? path.split(separator: ".").first.flatMap { lines[String($0)] } ?? 1
    }
}
