import TOMLKit

/// A configuration file, checked against the schema: every key known, of its type and possible.
struct ConfigurationDocument {
    /// One table: key name to value.
    typealias Table = [String: ConfigurationValue]

    /// The file's path as the user gave it.
    let file: String
    private(set) var problems: [ConfigurationProblem] = []
    private var values: [String: ConfigurationValue] = [:]
    private var tables: [String: [Table]] = [:]
    private let locator: KeyLocator

    /// Reads `text` and collects every problem; ``problems`` is empty when all is well.
    ///
    /// - Parameter only: the tables this file may hold (a board file holds fewer); `nil` for all.
    init(text: String, file: String, only: Set<String>? = nil) {
        self.file = file
        locator = KeyLocator(text)
        do {
            let root = try TOMLTable(string: text)
            for name in root.keys.sorted() {
                if let only, !only.contains(name) {
                    complain(
                        .unknownKey, at: name,
                        "this file cannot hold [\(name)]; it may hold \(only.sorted().map { "[\($0)]" }.joined(separator: ", "))"
                    )
                    continue
                }
                visit(root[name], path: name, place: name)
            }
        } catch let error as TOMLParseError {
            problems.append(
                ConfigurationProblem(
                    code: .syntax, file: file, line: error.source.begin.line,
                    reason: "this is no TOML: \(error.description)"))
        } catch {
            problems.append(
                ConfigurationProblem(code: .syntax, file: file, line: 0, reason: "this is no TOML: \(error)"))
        }
    }

    /// Records a problem at the key or table at `place` (with indices: `gpio.lines[0].name`).
    mutating func complain(_ code: ConfigurationProblem.Code, at place: String, _ reason: String) {
        problems.append(
            ConfigurationProblem(code: code, file: file, line: locator.line(of: place), reason: reason))
    }

    /// The value given for a key that stands in no repeated table; `nil` when absent.
    func value(_ path: String) -> ConfigurationValue? { values[path] }

    /// The repeated tables at `path` (`gpio.lines`), in the file's order.
    func repeated(_ path: String) -> [Table] { tables[path] ?? [] }

    // MARK: - Walking the file

    private mutating func visit(_ node: (any TOMLValueConvertible)?, path: String, place: String) {
        guard let node else { return }
        if ConfigurationSchema.isTable(path + "[]") {
            visitRepeated(node, path: path, place: place)
        } else if ConfigurationSchema.isTable(path) {
            guard let table = node.table else {
                return complain(.badValue, at: place, "found \(Self.read(node)), expected the table [\(path)]")
            }
            for name in table.keys.sorted() {
                visit(table[name], path: path + "." + name, place: place + "." + name)
            }
        } else {
            guard let key = ConfigurationSchema.key(path) else {
                return refuseUnknown(path: path, place: place)
            }
            if let value = accept(node, for: key, place: place) { values[path] = value }
        }
    }

    private mutating func visitRepeated(_ node: any TOMLValueConvertible, path: String, place: String) {
        guard let array = node.array else {
            return complain(.badValue, at: place, "found \(Self.read(node)), expected [[\(path)]] tables")
        }
        var read: [Table] = []
        for (index, element) in array.enumerated() {
            let elementPlace = "\(place)[\(index)]"
            guard let table = element.table else {
                complain(.badValue, at: elementPlace, "found \(Self.read(element)), expected a [[\(path)]] table")
                continue
            }
            var values: Table = [:]
            for name in table.keys.sorted() {
                guard let value = table[name] else { continue }
                let keyPath = path + "[]." + name
                guard let key = ConfigurationSchema.key(keyPath) else {
                    refuseUnknown(path: keyPath, place: elementPlace + "." + name)
                    continue
                }
                if let accepted = accept(value, for: key, place: elementPlace + "." + name) { values[name] = accepted }
            }
            for key in ConfigurationSchema.keys(of: path + "[]") where key.fallback == nil && table[key.name] == nil {
                complain(
                    .missing, at: elementPlace,
                    "\(key.name) is missing in [[\(path)]]; expected \(key.expectation)")
            }
            read.append(values)
        }
        tables[path] = read
    }

    private mutating func accept(
        _ node: any TOMLValueConvertible, for key: ConfigurationKey, place: String
    ) -> ConfigurationValue? {
        let value = Self.read(node)
        if let complaint = key.complaint(about: value) {
            complain(.badValue, at: place, "\(key.path): found \(complaint), expected \(key.expectation)")
            return nil
        }
        return value
    }

    private mutating func refuseUnknown(path: String, place: String) {
        let near = ConfigurationSchema.nearest(to: path)
        let hint = near.map { "; did you mean \($0)?" } ?? ""
        complain(.unknownKey, at: place, "there is no key \(path)\(hint) (docs/configuration.md lists all)")
    }

    private static func read(_ node: any TOMLValueConvertible) -> ConfigurationValue {
        if let flag = node.bool { return .boolean(flag) }
        if let text = node.string { return .text(text) }
        if let number = node.int { return .integer(number) }
        if let number = node.double { return .number(number) }
        if let array = node.array {
            if array.contains(where: { $0.table != nil }) { return .other("a list of tables") }
            var items: [String] = []
            for element in array {
                guard let text = element.string else { return .other("a list that holds other things than texts") }
                items.append(text)
            }
            return .list(items)
        }
        if node.table != nil { return .other("a table") }
        return .other("a date or time")
    }
}
