/// A question to one server in a form of its own: the key under which the answer is remembered.
///
/// The whole question: the server, what is to be done, who, tokens, nodes and names. The order of lists means nothing and is
/// sorted away. The bytes are those of the record on flash (`docs/provisioning.md`).
public struct DecisionKey: Sendable, Hashable {
    /// The form of the bytes.
    static let version: UInt8 = 1
    /// What stands for a list that is not there.
    private static let absent: UInt16 = .max

    /// The bytes.
    public let bytes: [UInt8]

    /// The key of a question to a server.
    public init(_ question: AccessQuestion, to server: String) {
        var writer = ByteWriter()
        writer.bytes.reserveCapacity(96 + server.utf8.count + question.who.utf8.count)
        writer.append(DecisionKey.version)
        switch question.action {
        case .befriend: writer.append(UInt8(1))
        case .read(let kinds):
            writer.append(UInt8(2))
            writer.append(kinds.rawValue)
        case .control: writer.append(UInt8(3))
        case .administer: writer.append(UInt8(4))
        }
        writer.append(server)
        writer.append(question.who)
        for tokens in [question.tokens.service, question.tokens.device, question.tokens.user] {
            writer.append(UInt16(clamping: tokens.count))
            for token in tokens.count > 1 ? tokens.sorted() : tokens { writer.append(token) }
        }
        DecisionKey.append(question.nodes, to: &writer)
        DecisionKey.append(question.names, to: &writer)
        bytes = writer.bytes
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    static func append(_ nodes: [NodeReference]?, to writer: inout ByteWriter) {
        guard let nodes else { return writer.append(absent) }
        writer.append(UInt16(clamping: nodes.count))
        for node in nodes.count > 1 ? nodes.sorted(by: DecisionKey.precedes) : nodes {
            writer.append(node.nodeID)
            writer.append(node.sourceID ?? "")
            writer.append(node.cacheType ?? "")
        }
    }

    static func append(_ names: [String]?, to writer: inout ByteWriter) {
        guard let names else { return writer.append(absent) }
        writer.append(UInt16(clamping: names.count))
        for name in names.count > 1 ? names.sorted() : names { writer.append(name) }
    }

    static func precedes(_ left: NodeReference, _ right: NodeReference) -> Bool {
        (left.nodeID, left.sourceID ?? "", left.cacheType ?? "")
            < (right.nodeID, right.sourceID ?? "", right.cacheType ?? "")
    }

    // MARK: Reading

    /// What the key asks, and whom; nil when the bytes are no key of this form, which a store written by another version
    /// may hold.
    public var question: (server: String, question: AccessQuestion)? {
        var reader = ByteReader(bytes)
        return DecisionKey.read(&reader)
    }

    /// The key at the beginning of a record.
    init?(_ reader: inout ByteReader) {
        let start = reader.position
        guard DecisionKey.read(&reader) != nil else { return nil }
        bytes = Array(reader.bytes[start..<reader.position])
    }

    private static func read(_ reader: inout ByteReader) -> (server: String, question: AccessQuestion)? {
        guard reader.byte() == version, let kind = reader.byte() else { return nil }
        let action: AccessQuestion.Action
        switch kind {
        case 1: action = .befriend
        case 2:
            guard let kinds = reader.number() else { return nil }
            action = .read(ReadingKinds(rawValue: kinds))
        case 3: action = .control
        case 4: action = .administer
        default: return nil
        }
        guard let server = reader.text(), let who = reader.text(), let service = reader.texts(),
            let device = reader.texts(), let user = reader.texts(), let nodes = reader.nodes(),
            let names = reader.optionalTexts()
        else { return nil }
        let tokens = AccessTokens(service: service, device: device, user: user)
        return (
            server, AccessQuestion(who: who, action: action, tokens: tokens, nodes: nodes.list, names: names.list)
        )
    }
}

/// Writes small things one after another, numbers with the lower byte first, texts after their length of two bytes.
struct ByteWriter {
    var bytes: [UInt8] = []

    mutating func append(_ byte: UInt8) { bytes.append(byte) }

    mutating func append(_ number: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: number))
        bytes.append(UInt8(truncatingIfNeeded: number >> 8))
    }

    mutating func append(_ number: UInt32) {
        append(UInt16(truncatingIfNeeded: number))
        append(UInt16(truncatingIfNeeded: number >> 16))
    }

    /// What is longer than can be told is cut: it is longer than any limit of what comes here.
    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            let count = min(utf8.count, Int(UInt16.max))
            append(UInt16(count))
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[..<count]))
        }
    }
}

/// Reads what ``ByteWriter`` has written; nil at whatever is not that.
struct ByteReader {
    let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func byte() -> UInt8? {
        guard position < bytes.count else { return nil }
        position += 1
        return bytes[position - 1]
    }

    mutating func number() -> UInt16? {
        guard let low = byte(), let high = byte() else { return nil }
        return UInt16(high) << 8 | UInt16(low)
    }

    mutating func long() -> UInt32? {
        guard let low = number(), let high = number() else { return nil }
        return UInt32(high) << 16 | UInt32(low)
    }

    mutating func text() -> String? {
        guard let count = number().map(Int.init), count <= bytes.count - position else { return nil }
        defer { position += count }
        return String(validating: bytes[position..<position + count], as: UTF8.self)
    }

    mutating func texts() -> [String]? {
        guard let count = number() else { return nil }
        return texts(Int(count))
    }

    private mutating func texts(_ count: Int) -> [String]? {
        // Each takes two bytes at least, so that a number which lies reserves nothing.
        guard count * 2 <= bytes.count - position else { return nil }
        var texts: [String] = []
        for _ in 0..<count {
            guard let text = text() else { return nil }
            texts.append(text)
        }
        return texts
    }

    /// A list that may not be there; nil when it cannot be read.
    mutating func optionalTexts() -> (list: [String]?, Void)? {
        guard let count = number() else { return nil }
        if count == .max { return (nil, ()) }
        guard let texts = texts(Int(count)) else { return nil }
        return (texts, ())
    }

    mutating func nodes() -> (list: [NodeReference]?, Void)? {
        guard let count = number() else { return nil }
        if count == .max { return (nil, ()) }
        guard Int(count) * 6 <= bytes.count - position else { return nil }
        var nodes: [NodeReference] = []
        for _ in 0..<count {
            guard let id = text(), let source = text(), let type = text() else { return nil }
            nodes.append(NodeReference(nodeID: id, sourceID: source, cacheType: type))
        }
        return (nodes, ())
    }
}
