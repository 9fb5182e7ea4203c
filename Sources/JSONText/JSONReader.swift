extension JSON {
    /// Reads one value that fills `text` but for white space around it.
    ///
    /// - Throws: ``JSONError`` naming the place and the fault.
    public static func parse(_ text: String, limits: JSONLimits = .default) throws(JSONError) -> JSON {
        try parse(Array(text.utf8), limits: limits)
    }

    /// Reads one value that fills `bytes` (UTF-8, no byte order mark) but for white space around it.
    ///
    /// - Throws: ``JSONError`` naming the place and the fault.
    public static func parse(_ bytes: [UInt8], limits: JSONLimits = .default) throws(JSONError) -> JSON {
        guard bytes.count <= limits.bytes else {
            throw JSONError(
                .tooLong, at: limits.bytes, "the text has \(bytes.count) bytes, at most \(limits.bytes) are read")
        }
        var reader = JSONReader(bytes: bytes, limits: limits)
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.index == bytes.count else {
            throw JSONError(.trailingText, at: reader.index, "expected the end after the value, found \(reader.found)")
        }
        return value
    }
}

/// A recursive descent over RFC 8259's grammar; strict, with no extension.
struct JSONReader {
    let bytes: [UInt8]
    let limits: JSONLimits
    var index = 0
    var values = 0

    init(bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// The character at hand, for a message.
    var found: String {
        guard index < bytes.count else { return "the end" }
        let byte = bytes[index]
        return byte > 0x20 && byte < 0x7F ? "'\(Character(Unicode.Scalar(byte)))'" : "byte 0x\(String(byte, radix: 16))"
    }

    mutating func skipSpace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }

    mutating func value(depth: Int) throws(JSONError) -> JSON {
        skipSpace()
        values += 1
        guard values <= limits.values else {
            throw JSONError(.tooManyValues, at: index, "more than \(limits.values) values")
        }
        guard index < bytes.count else {
            throw JSONError(.unexpectedEnd, at: index, "expected a value, found the end")
        }
        switch bytes[index] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), 0x30...0x39: return try number()
        default: throw JSONError(.unexpectedCharacter, at: index, "expected a value, found \(found)")
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        for offset in 0..<word.utf8CodeUnitCount {
            guard index + offset < bytes.count else {
                throw JSONError(.unexpectedEnd, at: bytes.count, "expected \(word), found the end")
            }
            guard bytes[index + offset] == word.utf8Start[offset] else {
                throw JSONError(.unexpectedCharacter, at: index + offset, "expected \(word)")
            }
        }
        index += word.utf8CodeUnitCount
        return value
    }

    private mutating func number() throws(JSONError) -> JSON {
        let length = JSONNumber.length(in: bytes, from: index)
        let end = index + length
        // What follows must not continue it: `01` reads as `0` and then a digit.
        let continues = end < bytes.count && (0x30...0x39).contains(bytes[end])
        guard length > 0, !continues else {
            throw JSONError(.badNumber, at: index, "not a number of JSON's form, such as -0.5 or 1e3")
        }
        defer { index = end }
        return .number(JSONNumber(checked: String(decoding: bytes[index..<end], as: UTF8.self)))
    }

    private mutating func deeper(_ depth: Int) throws(JSONError) -> Int {
        guard depth < limits.depth else {
            throw JSONError(.tooDeep, at: index, "nested deeper than \(limits.depth) levels")
        }
        return depth + 1
    }

    /// Steps over `byte`, or over nothing when something else stands here.
    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private func expected(_ what: String) -> JSONError {
        JSONError(
            index < bytes.count ? .unexpectedCharacter : .unexpectedEnd, at: index, "expected \(what), found \(found)")
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSON {
        let depth = try deeper(depth)
        index += 1
        var elements: [JSON] = []
        if take(UInt8(ascii: "]")) { return .array(elements) }
        repeat {
            elements.append(try value(depth: depth))
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw expected("',' or ']'") }
        return .array(elements)
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSON {
        let depth = try deeper(depth)
        index += 1
        var members: [JSONObject.Member] = []
        var names: Set<String> = []
        if take(UInt8(ascii: "}")) { return .object(JSONObject()) }
        repeat {
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { throw expected("a member's name") }
            let start = index
            let name = try string()
            guard names.insert(name).inserted else {
                throw JSONError(.duplicateName, at: start, "the name \"\(name)\" stands twice in one object")
            }
            guard take(UInt8(ascii: ":")) else { throw expected("':'") }
            members.append(JSONObject.Member(name: name, value: try value(depth: depth)))
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw expected("',' or '}'") }
        return .object(JSONObject(uniqueMembers: members))
    }
}

extension JSONReader {
    /// Reads a string; `index` stands on its opening quote.
    mutating func string() throws(JSONError) -> String {
        let opening = index
        index += 1
        var run = index
        var text = ""
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                try append(run..<index, to: &text)
                index += 1
                return text
            case UInt8(ascii: "\\"):
                try append(run..<index, to: &text)
                text.unicodeScalars.append(try escape())
                run = index
            case 0..<0x20:
                throw JSONError(
                    .controlCharacter, at: index,
                    "control character 0x\(String(byte, radix: 16)) in a string must be escaped")
            default:
                index += 1
            }
        }
        throw JSONError(.unexpectedEnd, at: opening, "the string that starts here has no closing quote")
    }

    private func append(_ run: Range<Int>, to text: inout String) throws(JSONError) {
        guard !run.isEmpty else { return }
        guard let piece = String(validating: bytes[run], as: UTF8.self) else {
            throw JSONError(.badUTF8, at: run.lowerBound, "the string is no valid UTF-8")
        }
        text += piece
    }

    /// Reads an escape; `index` stands on the backslash.
    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        let start = index
        guard index + 1 < bytes.count else {
            throw JSONError(.unexpectedEnd, at: start, "an escape ends with the text")
        }
        index += 2
        switch bytes[index - 1] {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: throw JSONError(.badEscape, at: start, "an escape that JSON does not have")
        }
        let unit = try hexUnit(start)
        if let scalar = Unicode.Scalar(unit) { return scalar }
        // The first half of a pair must be followed by the second (RFC 8259 §7).
        guard (0xD800...0xDBFF).contains(unit), index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u")
        else { throw JSONError(.badEscape, at: start, "half of a surrogate pair") }
        index += 2
        let low = try hexUnit(start)
        guard (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
        else { throw JSONError(.badEscape, at: start, "half of a surrogate pair") }
        return scalar
    }

    private mutating func hexUnit(_ start: Int) throws(JSONError) -> UInt32 {
        guard index + 4 <= bytes.count else {
            throw JSONError(.unexpectedEnd, at: start, "an escape \\u needs four hexadecimal digits")
        }
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue, bytes[index] < 0x80 else {
                throw JSONError(.badEscape, at: start, "an escape \\u needs four hexadecimal digits")
            }
            unit = unit << 4 | UInt32(digit)
            index += 1
        }
        return unit
    }
}
