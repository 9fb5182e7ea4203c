/// What a registered option may hold.
public struct OptionDefinition: Sendable, Hashable {
    /// How the bytes are read (RFC 7252 §3.2).
    public enum Format: Sendable, Hashable {
        /// No bytes: its presence is the value.
        case empty
        /// Bytes without a meaning here.
        case opaque
        /// A number in network order, leading zero bytes left out.
        case uint
        /// UTF-8.
        case string
    }

    /// The number.
    public let number: OptionNumber
    /// The name in the IANA registry.
    public let name: String
    /// How the bytes are read.
    public let format: Format
    /// The lengths it may have, in bytes; any other makes it an option that is not known (RFC 7252 §5.4.3).
    public let length: ClosedRange<Int>
    /// Whether it may occur more than once; a second one that may not is an option that is not known (RFC 7252 §5.4.5).
    public let isRepeatable: Bool

    init(
        _ number: OptionNumber, _ name: String, _ format: Format, _ length: ClosedRange<Int>, repeatable: Bool = false
    ) {
        self.number = number
        self.name = name
        self.format = format
        self.length = length
        self.isRepeatable = repeatable
    }

    /// Every definition, in the order of the numbers.
    public static let all = (general + oneM2M).sorted { $0.number < $1.number }

    private static let general: [OptionDefinition] = [
        OptionDefinition(.ifMatch, "If-Match", .opaque, 0...8, repeatable: true),
        OptionDefinition(.uriHost, "Uri-Host", .string, 1...255),
        OptionDefinition(.etag, "ETag", .opaque, 1...8, repeatable: true),
        OptionDefinition(.ifNoneMatch, "If-None-Match", .empty, 0...0),
        OptionDefinition(.observe, "Observe", .uint, 0...3),
        OptionDefinition(.uriPort, "Uri-Port", .uint, 0...2),
        OptionDefinition(.locationPath, "Location-Path", .string, 0...255, repeatable: true),
        OptionDefinition(.oscore, "OSCORE", .opaque, 0...255),
        OptionDefinition(.uriPath, "Uri-Path", .string, 0...255, repeatable: true),
        OptionDefinition(.contentFormat, "Content-Format", .uint, 0...2),
        OptionDefinition(.maxAge, "Max-Age", .uint, 0...4),
        OptionDefinition(.uriQuery, "Uri-Query", .string, 0...255, repeatable: true),
        OptionDefinition(.hopLimit, "Hop-Limit", .uint, 1...1),
        OptionDefinition(.accept, "Accept", .uint, 0...2),
        OptionDefinition(.qBlock1, "Q-Block1", .uint, 0...3),
        OptionDefinition(.locationQuery, "Location-Query", .string, 0...255, repeatable: true),
        OptionDefinition(.block2, "Block2", .uint, 0...3),
        OptionDefinition(.block1, "Block1", .uint, 0...3),
        OptionDefinition(.size2, "Size2", .uint, 0...4),
        OptionDefinition(.qBlock2, "Q-Block2", .uint, 0...3, repeatable: true),
        OptionDefinition(.proxyURI, "Proxy-Uri", .string, 1...1034),
        OptionDefinition(.proxyScheme, "Proxy-Scheme", .string, 1...255),
        OptionDefinition(.size1, "Size1", .uint, 0...4),
        OptionDefinition(.echo, "Echo", .opaque, 1...40),
        OptionDefinition(.noResponse, "No-Response", .uint, 0...1),
        OptionDefinition(.requestTag, "Request-Tag", .opaque, 0...8, repeatable: true),
        OptionDefinition(.ocfAcceptVersion, "OCF-Accept-Content-Format-Version", .uint, 0...2),
        OptionDefinition(.ocfContentFormatVersion, "OCF-Content-Format-Version", .uint, 0...2),
    ]

    /// The definitions below 64, which are nearly all that occur, by number.
    private static let low: [OptionDefinition?] = {
        var table = [OptionDefinition?](repeating: nil, count: 64)
        for definition in all where definition.number.rawValue < 64 {
            table[Int(definition.number.rawValue)] = definition
        }
        return table
    }()

    /// The definition of a number; nil when it is not in the table.
    static func of(_ number: OptionNumber) -> OptionDefinition? {
        if number.rawValue < 64 { return low[Int(number.rawValue)] }
        return all.first { $0.number == number }
    }
}

extension OptionNumber {
    /// What the option may hold; nil when it is not in the table.
    public var definition: OptionDefinition? { OptionDefinition.of(self) }
}
