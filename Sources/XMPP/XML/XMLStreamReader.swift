import CExpat

/// Takes the bytes of a stream as they come and gives its header, its stanzas and its end (RFC 6120 4).
///
/// What XMPP forbids in XML and what passes the limits ends it with a fault; after a fault only ``reset()`` may follow.
/// Elements of a component's stream come in the namespace of a client's, so that there is one kind of stanza.
public final class XMLStreamReader {
    /// What a stream brings.
    public enum Event: Sendable, Hashable {
        /// The header: the tag that opens the stream, without content.
        case opened(XMLElement)
        /// A stanza, or an element of the negotiation.
        case element(XMLElement)
        /// The tag that closes the stream.
        case closed
    }

    private let limits: XMLLimits
    private var parser: OpaquePointer?
    private var events: [Event] = []
    private var fault: XMLFault?

    /// The elements begun and not ended, the stanza first.
    private var open: [XMLElement] = []
    private var elementCount = 0
    private var isOpened = false
    private var isClosed = false

    /// The bytes of the header, to begin a fresh parser with.
    private var header: [UInt8] = []
    private var isReplayingHeader = false
    /// How many bytes the parser was given before those at hand.
    private var fed: Int64 = 0
    /// Where the last stanza ended.
    private var stanzaStart: Int64 = 0
    /// Where what the parser has understood ends.
    private var understood: Int64 = 0
    private var stopPosition: Int64?

    /// A reader for one stream after another.
    public init(limits: XMLLimits = .standard) {
        self.limits = limits
    }

    deinit { gh_xml_free(parser) }

    /// Whether an element has begun and is not whole.
    public var isInsideElement: Bool { !open.isEmpty || fed > understood }

    /// How many bytes the parser holds.
    public var parserBytes: Int { parser.map { gh_xml_memory($0) } ?? 0 }

    /// Begins with a new stream, as after TLS and after authentication (RFC 6120 4.3.3). What was not whole is forgotten.
    public func reset() {
        header = []
        (isOpened, isClosed, isReplayingHeader) = (false, false, false)
        fault = nil
        restart()
    }

    private func restart() {
        open = []
        elementCount = 0
        (fed, stanzaStart, understood) = (0, 0, 0)
        stopPosition = nil
        if let parser, gh_xml_reset(parser) != GH_XML_OK {
            gh_xml_free(parser)
            self.parser = nil
        }
    }

    // MARK: Reading

    /// Takes the next bytes. What came before a fault counts.
    public func read(_ bytes: UnsafeRawBufferPointer) -> (events: [Event], fault: XMLFault?) {
        events = []
        defer { events = [] }
        guard fault == nil else { return ([], fault) }
        var rest = bytes[...]
        while !rest.isEmpty, fault == nil {
            feed(UnsafeRawBufferPointer(rebasing: rest))
            guard let stopPosition else { break }
            // Stopped between two stanzas to begin a fresh parser: what is not yet read follows the header.
            rest = rest.dropFirst(Int(stopPosition - fed))
            restart()
            isReplayingHeader = true
            header.withUnsafeBytes { feed($0) }
            isReplayingHeader = false
            (stanzaStart, understood) = (fed, fed)
        }
        return (events, fault)
    }

    /// Takes the next bytes.
    public func read(_ bytes: [UInt8]) -> (events: [Event], fault: XMLFault?) {
        bytes.withUnsafeBytes { read($0) }
    }

    private func feed(_ bytes: UnsafeRawBufferPointer) {
        guard let parser = parser ?? makeParser() else {
            fault = XMLFault(.outOfMemory, "there is no memory for a parser")
            return
        }
        if !isOpened {
            // By its first bytes expat would find out that this is UTF-16; XMPP has UTF-8 alone (RFC 6120 11.6).
            guard !bytes.prefix(max(0, 4 - header.count)).contains(where: { $0 == 0 || $0 >= 0xFE }) else {
                fault = XMLFault(.notWellFormed, "the stream is not UTF-8")
                return
            }
            header.append(contentsOf: bytes)
        }
        let status = gh_xml_feed(parser, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
        switch status {
        case GH_XML_OK:
            fed += Int64(bytes.count)
            checkSizes(at: fed)
        case GH_XML_STOPPED: break
        case GH_XML_RESTRICTED: fail(.restricted, "the stream has \(String(cString: gh_xml_reason(parser)))")
        case GH_XML_MEMORY: fail(.tooLarge, "the stream needs \(String(cString: gh_xml_reason(parser)))")
        default: fail(.notWellFormed, "the stream is no XML: \(String(cString: gh_xml_reason(parser)))")
        }
    }

    private func makeParser() -> OpaquePointer? {
        var handlers = gh_xml_handlers()
        // The parser is freed before this object is, and calls only from within `feed`.
        handlers.context = Unmanaged.passUnretained(self).toOpaque()
        handlers.start = { context, name, attributes, count in
            guard let context, let name, let attributes else { return }
            Unmanaged<XMLStreamReader>.fromOpaque(context).takeUnretainedValue().start(name, attributes, count)
        }
        handlers.end = { context in
            guard let context else { return }
            Unmanaged<XMLStreamReader>.fromOpaque(context).takeUnretainedValue().end()
        }
        handlers.text = { context, text, count in
            guard let context, let text else { return }
            let bytes = UnsafeRawBufferPointer(start: text, count: count)
            Unmanaged<XMLStreamReader>.fromOpaque(context).takeUnretainedValue().text(bytes)
        }
        parser = gh_xml_new(&handlers, limits.parserBytes)
        return parser
    }

    private func fail(_ code: XMLFault.Code, _ reason: String) {
        guard fault == nil else { return }
        fault = XMLFault(code, reason)
        if let parser { gh_xml_stop(parser) }
    }

    private func checkSizes(at position: Int64, isText: Bool = false) {
        if position - stanzaStart > limits.stanzaBytes {
            fail(.tooLarge, "a stanza is larger than \(limits.stanzaBytes) bytes")
        } else if position - understood > limits.tagBytes, !isText {
            fail(.tooLarge, "a tag is larger than \(limits.tagBytes) bytes")
        }
    }

    /// Takes note of where an event ends; false when a limit is passed.
    private func advance(isText: Bool = false) -> Bool {
        guard fault == nil, let parser else { return false }
        let position = gh_xml_position(parser)
        checkSizes(at: position, isText: isText)
        understood = position
        return fault == nil
    }

    // MARK: What the parser finds

    private func start(
        _ name: UnsafePointer<CChar>, _ attributes: UnsafeMutablePointer<UnsafePointer<CChar>?>, _ count: Int
    ) {
        guard advance() else { return }
        if isReplayingHeader { return }
        guard count <= limits.attributes else {
            return fail(.tooLarge, "an element has \(count) attributes; at most \(limits.attributes) are taken")
        }
        guard open.count < limits.depth else {
            return fail(.tooLarge, "elements are nested deeper than \(limits.depth)")
        }
        guard let (local, namespace) = qualified(name) else { return }
        var found: [XMLElement.Attribute] = []
        found.reserveCapacity(count)
        for index in 0..<count {
            guard let name = attributes[2 * index], let value = attributes[2 * index + 1],
                let (local, namespace) = qualified(name)
            else { return }
            found.append(.init(name: Self.attributeName(local, namespace), value: String(cString: value)))
        }
        let element = XMLElement(local, namespace, unordered: found)
        guard isOpened else { return opened(element) }
        elementCount += 1
        guard elementCount <= limits.elements else {
            return fail(.tooLarge, "a stanza has more than \(limits.elements) elements")
        }
        open.append(element)
    }

    private func opened(_ element: XMLElement) {
        guard element.isNamed("stream", Namespace.stream) else {
            return fail(.badFormat, "the stream begins with <\(element.name.prefix(32))>; <stream> was expected")
        }
        isOpened = true
        // What came with it and after it is not part of it.
        header.removeLast(max(0, header.count - Int(understood)))
        stanzaStart = understood
        events.append(.opened(element))
    }

    private func text(_ bytes: UnsafeRawBufferPointer) {
        guard advance(isText: true) else { return }
        guard !open.isEmpty else {
            // White space between stanzas keeps connections alive (RFC 6120 4.6.1).
            guard bytes.allSatisfy({ $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }) else {
                return fail(.badFormat, "there are characters between stanzas")
            }
            stanzaStart = understood
            return
        }
        open[open.count - 1].append(text: String(decoding: bytes, as: UTF8.self))
    }

    private func end() {
        guard advance(), !isReplayingHeader else { return }
        guard let element = open.popLast() else {
            isClosed = true
            events.append(.closed)
            return
        }
        guard open.isEmpty else { return open[open.count - 1].append(element) }
        events.append(.element(element))
        elementCount = 0
        stanzaStart = understood
        guard let parser, gh_xml_memory(parser) > limits.idleParserBytes else { return }
        stopPosition = understood
        gh_xml_stop(parser)
    }

    // MARK: Names

    /// Splits "namespace}local". Nil with a fault when it is too long.
    private func qualified(_ name: UnsafePointer<CChar>) -> (local: String, namespace: String)? {
        var length = 0
        var split = -1
        while name[length] != 0 {
            if UInt8(bitPattern: name[length]) == UInt8(ascii: "}") { split = length }
            length += 1
            guard length <= limits.nameBytes else {
                fail(.tooLarge, "a name is longer than \(limits.nameBytes) bytes")
                return nil
            }
        }
        let bytes = UnsafeRawBufferPointer(start: name, count: length)
        let local = String(decoding: bytes[(split + 1)...], as: UTF8.self)
        return (local, split < 0 ? "" : namespace(UnsafeRawBufferPointer(rebasing: bytes[..<split])))
    }

    /// Most elements have their parent's namespace: the same string is used again.
    private func namespace(_ bytes: UnsafeRawBufferPointer) -> String {
        if let parent = open.last?.namespace, parent.utf8.elementsEqual(bytes) { return parent }
        let namespace = String(decoding: bytes, as: UTF8.self)
        return namespace == Namespace.component ? Namespace.client : namespace
    }

    private static func attributeName(_ local: String, _ namespace: String) -> String {
        switch namespace {
        case "": local
        case Namespace.xml: "xml:\(local)"
        default: "{\(namespace)}\(local)"
        }
    }
}

// Belongs to its event loop.
@available(*, unavailable)
extension XMLStreamReader: Sendable {}
