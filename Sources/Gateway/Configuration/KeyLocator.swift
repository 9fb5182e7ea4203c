/// Finds on which line of a TOML text each key and table stands.
///
/// The parser tells positions of syntax errors only; for complaints about a key that parses well we look for it
/// ourselves. It reads line by line and knows no more of TOML than where keys can stand: headers, `key =` at the start
/// of a line outside multi-line strings and lists. A key inside an inline table counts as its parent's line.
struct KeyLocator {
    private var lines: [String: Int] = [:]

    init(_ text: String) {
        var table = ""
        var counts: [String: Int] = [:]
        var depth = 0
        var inString: String?
        for (index, rawLine) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = rawLine.drop { $0 == " " || $0 == "\t" }
            if inString == nil && depth == 0 {
                if line.hasPrefix("[[") {
                    let name = Self.headerName(line.dropFirst(2))
                    let count = counts[name, default: 0]
                    counts[name] = count + 1
                    table = "\(name)[\(count)]"
                    lines[table] = index + 1
                    // The list of them begins at the first.
                    if count == 0 && lines[name] == nil { lines[name] = index + 1 }
                    continue
                }
                if line.hasPrefix("[") {
                    table = Self.headerName(line.dropFirst())
                    if lines[table] == nil { lines[table] = index + 1 }
                    continue
                }
                if let equals = line.firstIndex(of: "="), line.first != "#" {
                    let key = line[..<equals].filter { $0 != "\"" && $0 != "'" && $0 != " " && $0 != "\t" }
                    let path = table.isEmpty ? String(key) : table + "." + key
                    if lines[path] == nil { lines[path] = index + 1 }
                }
            }
            Self.scan(line, depth: &depth, inString: &inString)
        }
    }

    /// The line of `path`, or of the nearest table or key around it; 0 when nothing of it is there.
    func line(of path: String) -> Int {
        var path = Substring(path)
        while true {
            if let line = lines[String(path)] { return line }
            guard let dot = path.lastIndex(of: ".") else { return 0 }
            path = path[..<dot]
        }
    }

    private static func headerName(_ rest: Substring) -> String {
        rest.prefix { $0 != "]" }.filter { $0 != " " && $0 != "\"" && $0 != "'" }
    }

    /// Follows brackets and multi-line strings through one line, up to a comment.
    private static func scan(_ line: Substring, depth: inout Int, inString: inout String?) {
        var rest = line
        while let character = rest.first {
            if let quote = inString {
                if quote.count == 1 && quote == "\"" && character == "\\" {
                    rest = rest.dropFirst(2)
                } else if rest.hasPrefix(quote) {
                    rest = rest.dropFirst(quote.count)
                    inString = nil
                } else {
                    rest = rest.dropFirst()
                }
                continue
            }
            switch character {
            case "#": return
            case "\"", "'":
                let triple = String(repeating: character, count: 3)
                inString = rest.hasPrefix(triple) ? triple : String(character)
                rest = rest.dropFirst(inString?.count ?? 1)
                continue
            case "[", "{": depth += 1
            case "]", "}": depth = max(0, depth - 1)
            default: break
            }
            rest = rest.dropFirst()
        }
        // A string of one line ends with it, whether or not it was closed.
        if inString?.count == 1 { inString = nil }
    }
}
