/// Bounds of what a stream may bring (RFC 6120 13.12).
public struct XMLLimits: Sendable, Hashable {
    /// One stanza, in bytes. 256 kB: what Prosody takes of a client; a roster of 2,000 contacts fits.
    public var stanzaBytes = 262_144
    /// One tag, in bytes. 16 kB: expat looks at an unfinished tag again with each part of it that comes, so a large one
    /// in small parts costs time by the square; no attribute of the protocols has more than a few hundred bytes.
    public var tagBytes = 16_384
    /// Elements inside each other, the stanza the first. 32: the deepest of the protocols, a form in an iq, has 7.
    public var depth = 32
    /// Attributes of one element. 64: a read-out of XEP-0323 with every flag has 32.
    public var attributes = 64
    /// Elements of one stanza. 8,192: each takes some 150 bytes, so a stanza of the smallest holds 1.2 MB and no more.
    public var elements = 8_192
    /// A name with its namespace, in bytes. 1,024: the longest of the protocols have 60.
    public var nameBytes = 1_024
    /// What the parser itself may hold, in bytes. 1 MB: a tag, its attributes and buffers twice their size, ten times
    /// over.
    public var parserBytes = 1 << 20
    /// Between two stanzas a parser that holds more than this is replaced: it keeps every name it ever saw. 96 kB: three
    /// times what it holds when it has seen all names of the protocols.
    public var idleParserBytes = 98_304

    /// The defaults.
    public init() {}

    /// The defaults.
    public static let standard = XMLLimits()
}

/// Why a stream cannot be read on.
public struct XMLFault: Error, Sendable, Hashable {
    /// The kinds of fault.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// No XML, or a prefix without a namespace.
        case notWellFormed
        /// A document type, comment, processing instruction or entity (RFC 6120 11.1).
        case restricted
        /// A stanza or tag is too large, too deep, has too many elements or attributes, or a name is too long.
        case tooLarge
        /// Characters between stanzas, or a stream that does not begin with a stream.
        case badFormat
        /// Memory is short.
        case outOfMemory
    }

    /// The kind.
    public let code: Code
    /// A sentence for people.
    public let reason: String

    init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// Faults are equal when their codes are.
    public static func == (left: XMLFault, right: XMLFault) -> Bool { left.code == right.code }

    /// Feeds the code.
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }

    /// The stream error that tells the other side.
    var condition: StreamError.Condition {
        switch code {
        case .notWellFormed: .notWellFormed
        case .restricted: .restrictedXML
        case .tooLarge: .policyViolation
        case .badFormat: .badFormat
        case .outOfMemory: .resourceConstraint
        }
    }
}
