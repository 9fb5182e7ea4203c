extension Value: CustomStringConvertible {
    /// Diagnostic notation (RFC 8949 §8): `{"href": "/a", 1: h'00ff'}`. For logs and people; the caller keeps secrets out.
    public var description: String {
        switch self {
        case .unsigned(let number): "\(number)"
        case .negative(.max): "-18446744073709551616"
        case .negative(let number): "-\(number + 1)"
        case .bytes(let bytes): "h'\(Self.hex(bytes))'"
        case .text(let text): Self.quoted(text)
        case .array(let items): "[\(items.map(\.description).joined(separator: ", "))]"
        case .map(let map): "{\(map.map { "\($0.key): \($0.value)" }.joined(separator: ", "))}"
        case .tagged(let tag, let item): "\(tag)(\(item))"
        case .simple(let simple): "simple(\(simple.number))"
        case .boolean(let flag): "\(flag)"
        case .null: "null"
        case .undefined: "undefined"
        case .double(let double): Self.written(double)
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// A JSON string: what is quoted or not printable is escaped, so that a log line stays one line.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}":
                let code = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - code.count) + code
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// As the RFC writes floats: `1.0e+300`, `5.960464477539063e-8`, `Infinity`.
    private static func written(_ double: Double) -> String {
        if double.isNaN { return "NaN" }
        if double.isInfinite { return double < 0 ? "-Infinity" : "Infinity" }
        let text = "\(double)"
        guard let mark = text.firstIndex(of: "e") else { return text }
        let mantissa = text[..<mark]
        let exponent = text[text.index(after: mark)...]
        let digits = exponent.drop { $0 == "-" || $0 == "+" || $0 == "0" }
        return "\(mantissa)\(mantissa.contains(".") ? "" : ".0")e\(exponent.hasPrefix("-") ? "-" : "+")\(digits)"
    }
}
