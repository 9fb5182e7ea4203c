extension JSON {
    /// The text of this value.
    ///
    /// - Parameter pretty: two spaces a level and a line a member, for people; else one line with no space at all.
    public func serialized(pretty: Bool = false) -> String {
        var writer = JSONWriter(pretty: pretty)
        writer.write(self, level: 0)
        return writer.text
    }
}

struct JSONWriter {
    let pretty: Bool
    var text = ""

    init(pretty: Bool) {
        self.pretty = pretty
    }

    mutating func write(_ value: JSON, level: Int) {
        switch value {
        case .null: text += "null"
        case .bool(let flag): text += flag ? "true" : "false"
        case .number(let number): text += number.literal
        case .string(let string): quote(string)
        case .array(let elements):
            list("[", "]", elements, level: level) { writer, element in
                writer.write(element, level: level + 1)
            }
        case .object(let object):
            list("{", "}", object.members, level: level) { writer, member in
                writer.quote(member.name)
                writer.text += writer.pretty ? ": " : ":"
                writer.write(member.value, level: level + 1)
            }
        }
    }

    private mutating func list<Element>(
        _ opening: String, _ closing: String, _ elements: [Element], level: Int,
        _ body: (inout JSONWriter, Element) -> Void
    ) {
        text += opening
        for (index, element) in elements.enumerated() {
            if index > 0 { text += "," }
            newLine(level + 1)
            body(&self, element)
        }
        if !elements.isEmpty { newLine(level) }
        text += closing
    }

    private mutating func newLine(_ level: Int) {
        guard pretty else { return }
        text += "\n"
        text += String(repeating: "  ", count: level)
    }

    /// Quotes: the two characters and the controls that RFC 8259 §7 names are escaped, everything else stands as it is.
    /// U+007F and U+2028/2029 are escaped too, for a terminal and for JavaScript's sake.
    mutating func quote(_ string: String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{00}"..."\u{1F}", "\u{7F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
