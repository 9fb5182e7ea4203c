/// Reads DER (X.690) one element after another. Every length is checked against what is there; nothing recurses.
struct DERReader {
    /// One element: its tag and its content.
    struct Element {
        let tag: UInt8
        let content: ArraySlice<UInt8>
        /// With tag and length.
        let whole: ArraySlice<UInt8>

        var inner: DERReader { DERReader(content) }
    }

    static let boolean: UInt8 = 0x01
    static let integer: UInt8 = 0x02
    static let bitString: UInt8 = 0x03
    static let octetString: UInt8 = 0x04
    static let objectIdentifier: UInt8 = 0x06
    static let sequence: UInt8 = 0x30
    static let set: UInt8 = 0x31
    /// A constructed element with a tag that its place gives its meaning.
    static func context(_ number: UInt8) -> UInt8 { 0xA0 | number }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }

    /// The next element; nil when there is none, or when it is not whole.
    mutating func next() -> Element? {
        let start = rest.startIndex
        guard rest.count >= 2 else { return nil }
        let tag = rest[start]
        // Tags of more than one octet do not occur in certificates.
        guard tag & 0x1F != 0x1F else { return nil }
        var count = Int(rest[start + 1])
        var place = start + 2
        if count & 0x80 != 0 {
            // Lengths of certificates fit three octets; the form must be the shortest.
            let octets = count & 0x7F
            guard (1...3).contains(octets), rest.endIndex - place >= octets else { return nil }
            count = rest[place..<place + octets].reduce(0) { $0 << 8 | Int($1) }
            place += octets
            guard count >= 0x80, octets == 1 || count >> (8 * (octets - 1)) != 0 else { return nil }
        }
        guard rest.endIndex - place >= count else { return nil }
        let element = Element(tag: tag, content: rest[place..<place + count], whole: rest[start..<place + count])
        rest = rest[(place + count)...]
        return element
    }

    /// The next element when it has this tag; otherwise nil, and the reader stays where it is.
    mutating func next(_ tag: UInt8) -> Element? {
        guard rest.first == tag else { return nil }
        return next()
    }
}
