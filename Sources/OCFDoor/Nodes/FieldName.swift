/// A field's or parameter's name, for two uses: to be looked up in the table of rules, and to stand in an href.
enum FieldName {
    /// The words in lower case, one space between: `PM2.5` is "pm2 5", `Battery Level` "battery level". A leading
    /// "binary", which some formats put before a sensor that knows yes and no, goes.
    static func words(_ name: String) -> [String] {
        var words = name.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
        if words.count > 1, words.first == "binary" { words.removeFirst() }
        return words
    }

    /// What to look up, the most telling first: all words; then without numbers at the end, which tell several of a kind
    /// apart (`Temperature 2`); then without what follows an `@` (`temperature@remote`).
    static func keys(_ name: String) -> [String] {
        let whole = words(name)
        var keys = [whole.joined(separator: " ")]
        var short = whole
        while short.count > 1, let last = short.last, last.allSatisfy(\.isNumber) { short.removeLast() }
        if short.count != whole.count { keys.append(short.joined(separator: " ")) }
        if let at = name.firstIndex(of: "@") { keys += Self.keys(String(name[..<at])) }
        return keys
    }

    /// The longest segment of an href made of a name: hrefs end at 256 characters, and the node's part may take 200.
    static let longestSegment = 48

    /// The segment: letters and digits of ASCII in lower case, the rest hyphens; "value" when nothing is left.
    static func segment(_ name: String) -> String {
        var text = ""
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): text.unicodeScalars.append(Unicode.Scalar(byte | 0x20))
            default: if !text.isEmpty, !text.hasSuffix("-") { text += "-" }
            }
            if text.utf8.count >= longestSegment { break }
        }
        while text.hasSuffix("-") { text.removeLast() }
        return text.isEmpty ? "value" : text
    }
}
