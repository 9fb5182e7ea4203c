extension TextFormat {
    /// Whether the text has the format.
    public func matches(_ text: String) -> Bool {
        switch self {
        case .uuid: Identifier(text) != nil
        case .uri: Self.isURI(text)
        case .dateTime: Self.isDateTime(text)
        case .date: Self.isDate(text)
        case .languageTag: Self.isLanguageTag(text)
        }
    }

    /// What the text should be, for people.
    var name: String {
        switch self {
        case .uuid: "a UUID such as 123e4567-e89b-12d3-a456-426614174000"
        case .uri: "an address such as coaps+tcp://host:5684"
        case .dateTime: "a date and time such as 2026-03-01T12:00:00Z"
        case .date: "a date such as 2026-03-01"
        case .languageTag: "a language tag such as en or de-AT"
        }
    }

    private static func isURI(_ text: String) -> Bool {
        // The characters of RFC 3986; whether it names something that exists shows when it is used.
        text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"<>\\^`{|}".utf8.contains($0) }
    }

    private static func isLanguageTag(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            guard (1...8).contains(part.utf8.count) else { return false }
            let letters = part.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                    || index > 0 && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
            guard letters else { return false }
        }
        return true
    }

    private static func isDate(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            number(bytes[0..<4]) != nil, let month = number(bytes[5..<7]), let day = number(bytes[8..<10])
        else { return false }
        return (1...12).contains(month) && (1...31).contains(day)
    }

    private static func isDateTime(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, isDate(String(decoding: bytes[0..<10], as: UTF8.self)), bytes[10] | 0x20 == 0x74,
            let hour = number(bytes[11..<13]), bytes[13] == UInt8(ascii: ":"), let minute = number(bytes[14..<16]),
            bytes[16] == UInt8(ascii: ":"), let second = number(bytes[17..<19]), hour < 24, minute < 60, second < 61
        else { return false }
        var rest = bytes[19...]
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard !digits.isEmpty else { return false }
            rest = rest.dropFirst(digits.count)
        }
        if rest.count == 1, let zone = rest.first { return zone | 0x20 == 0x7A }
        let zone = Array(rest)
        guard zone.count == 6, zone[0] == UInt8(ascii: "+") || zone[0] == UInt8(ascii: "-"),
            zone[3] == UInt8(ascii: ":"), let hours = number(zone[1..<3]), let minutes = number(zone[4..<6])
        else { return false }
        return hours < 24 && minutes < 60
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var number = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return number
    }
}
