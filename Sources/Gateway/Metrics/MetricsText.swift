/// Metrics in the text format of Prometheus, version 0.0.4: families of samples, each family with its help and kind.
struct MetricsText {
    /// What a number means.
    enum Kind: String {
        /// It goes up and down.
        case gauge
        /// It only rises, from the start of the daemon.
        case counter
    }

    /// What says in an answer's head that this is it.
    static let mediaType = "text/plain; version=0.0.4; charset=utf-8"
    private static let prefix = "gatehouse_"

    private(set) var text = ""

    /// One number.
    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: some BinaryInteger) {
        add(name, kind, help, [([:], Int64(clamping: value))])
    }

    /// Several numbers of a kind, told apart by labels; nothing when there are none.
    mutating func add(
        _ name: String, _ kind: Kind, _ help: String, _ samples: [(labels: [String: String], value: Int64)]
    ) {
        guard !samples.isEmpty else { return }
        // A counter's name ends so by convention.
        let name = Self.prefix + name + (kind == .counter ? "_total" : "")
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
        for (labels, value) in samples {
            let list = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }
            text += name + (list.isEmpty ? "" : "{\(list.joined(separator: ","))}") + " \(value)\n"
        }
    }

    /// A label's value: backslash, quote and line feed have escapes.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
