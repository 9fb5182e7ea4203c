/// A request, a response or a signal: what both framings carry.
///
/// What only datagrams have, type and message ID, is in ``Datagram``.
public struct Message: Sendable, Hashable {
    /// Method, response code or signal.
    public var code: Code
    /// What matches a response to its request.
    public var token: Token
    /// The options.
    public var options: Options
    /// The body, or the part of it that this message carries.
    public var payload: [UInt8]

    /// A message of these parts.
    ///
    /// - Parameters:
    ///   - path: such as "/oic/res"; the leading slash may be left out; "" and "/" are the root. Nothing is
    ///     percent-decoded.
    ///   - query: such as ["if=oic.if.ll"].
    public init(
        code: Code, token: Token = .empty, path: String = "", query: [String] = [], contentFormat: UInt16? = nil,
        payload: [UInt8] = []
    ) {
        self.code = code
        self.token = token
        self.options = Options()
        self.payload = payload
        // One allocation as a rule: a header byte for each segment stands where its slash stood.
        let expected = path.utf8.count + query.reduce(0) { $0 + $1.utf8.count + 2 }
        if expected > 0 || contentFormat != nil { options.reserve(expected + Message.roomForOptions) }
        addPath(path)
        if let contentFormat { options.add(.contentFormat, uint: UInt64(contentFormat)) }
        for item in query { options.add(.uriQuery, string: item) }
    }

    /// A message of these parts.
    public init(code: Code, token: Token = .empty, options: Options, payload: [UInt8] = []) {
        self.code = code
        self.token = token
        self.options = options
        self.payload = payload
    }

    /// Content-Format, Accept, Observe and the OCF versions take 15 bytes.
    private static let roomForOptions = 16

    private mutating func addPath(_ path: String) {
        // Over the bytes: splitting a String into Substrings costs several times as much.
        var rest = path.utf8[...]
        if rest.first == UInt8(ascii: "/") { rest.removeFirst() }
        guard !rest.isEmpty else { return }
        while let slash = rest.firstIndex(of: UInt8(ascii: "/")) {
            options.add(.uriPath, rest[..<slash])
            rest = rest[rest.index(after: slash)...]
        }
        options.add(.uriPath, rest)
    }
}

extension Message {
    /// The segments of Uri-Path.
    public var path: [String] {
        get { options.strings(.uriPath) }
        set { options.set(.uriPath, strings: newValue) }
    }

    /// Uri-Path as one text with a leading slash, "/" for the root.
    ///
    /// A slash inside a segment reads "%2F", so that two different paths never look alike to whoever decides on access.
    public var pathString: String {
        get { joined(.uriPath) }
        set {
            options.remove(.uriPath)
            addPath(newValue)
        }
    }

    /// The items of Uri-Query, such as "if=oic.if.b".
    public var query: [String] {
        get { options.strings(.uriQuery) }
        set { options.set(.uriQuery, strings: newValue) }
    }

    /// The value of the first query item `name=value`; nil when there is none.
    public func queryValue(_ name: String) -> String? {
        for item in options.values(.uriQuery) {
            guard item.starts(with: name.utf8) else { continue }
            let rest = item.dropFirst(name.utf8.count)
            guard rest.first == UInt8(ascii: "=") else { continue }
            return String(decoding: rest.dropFirst(), as: UTF8.self)
        }
        return nil
    }

    /// Location-Path as one text with a leading slash; nil when there is none.
    public var location: String? {
        options.contains(.locationPath) ? joined(.locationPath) : nil
    }

    private func joined(_ number: OptionNumber) -> String {
        let bytes = options.storage.span
        // Each header byte makes room for a slash; only slashes inside of segments take more.
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count + 2)
        var cursor = OptionCursor()
        while cursor.advance(bytes), cursor.number <= number.rawValue {
            guard cursor.number == number.rawValue else { continue }
            text.append(UInt8(ascii: "/"))
            for index in cursor.value {
                if bytes[index] == UInt8(ascii: "/") { text += [0x25, 0x32, 0x46] } else { text.append(bytes[index]) }
            }
        }
        return text.isEmpty ? "/" : String(decoding: text, as: UTF8.self)
    }

    /// Observe: 0 registers and 1 deregisters in a request; a 24-bit number that rises in a notification.
    public var observe: UInt32? {
        get { options.uint(.observe).map { UInt32(truncatingIfNeeded: $0) } }
        set { options.set(.observe, uint: newValue.map { UInt64($0 & ObserveNumber.mask) }) }
    }

    /// Content-Format, see ``ContentFormat``.
    public var contentFormat: UInt16? {
        get { uint16(.contentFormat) }
        set { options.set(.contentFormat, uint: newValue.map(UInt64.init)) }
    }

    /// Accept, see ``ContentFormat``.
    public var accept: UInt16? {
        get { uint16(.accept) }
        set { options.set(.accept, uint: newValue.map(UInt64.init)) }
    }

    /// OCF-Content-Format-Version (2053), see ``OCFVersion``.
    public var ocfContentFormatVersion: UInt16? {
        get { uint16(.ocfContentFormatVersion) }
        set { options.set(.ocfContentFormatVersion, uint: newValue.map(UInt64.init)) }
    }

    /// OCF-Accept-Content-Format-Version (2049), see ``OCFVersion``.
    public var ocfAcceptVersion: UInt16? {
        get { uint16(.ocfAcceptVersion) }
        set { options.set(.ocfAcceptVersion, uint: newValue.map(UInt64.init)) }
    }

    /// Max-Age in seconds; nil means 60 (RFC 7252 §5.10.5).
    public var maxAge: UInt32? {
        get { uint32(.maxAge) }
        set { options.set(.maxAge, uint: newValue.map(UInt64.init)) }
    }

    /// The first ETag, 1 to 8 bytes.
    public var etag: [UInt8]? {
        get { options.first(.etag).flatMap { (1...8).contains($0.count) ? Array($0) : nil } }
        set { options.set(.etag, newValue) }
    }

    /// Block1: which part of the request's body this is, or is about.
    public var block1: Block? {
        get { options.uint(.block1).map { Block(value: UInt32(truncatingIfNeeded: $0)) } }
        set { options.set(.block1, uint: newValue.map { UInt64($0.value) }) }
    }

    /// Block2: which part of the response's body this is, or is asked for.
    public var block2: Block? {
        get { options.uint(.block2).map { Block(value: UInt32(truncatingIfNeeded: $0)) } }
        set { options.set(.block2, uint: newValue.map { UInt64($0.value) }) }
    }

    /// Size1: the size of the request's whole body in bytes; in a 4.13, the largest that is taken.
    public var size1: UInt32? {
        get { uint32(.size1) }
        set { options.set(.size1, uint: newValue.map(UInt64.init)) }
    }

    /// Size2: the size of the response's whole body in bytes; 0 in a request asks for it.
    public var size2: UInt32? {
        get { uint32(.size2) }
        set { options.set(.size2, uint: newValue.map(UInt64.init)) }
    }

    private func uint16(_ number: OptionNumber) -> UInt16? {
        options.uint(number).map { UInt16(truncatingIfNeeded: $0) }
    }

    private func uint32(_ number: OptionNumber) -> UInt32? {
        options.uint(number).map { UInt32(truncatingIfNeeded: $0) }
    }
}

extension Message: CustomStringConvertible {
    /// Code, path and sizes; no query, no payload and no token, which may be secrets.
    public var description: String {
        code.isRequest ? "\(code) \(pathString) (\(payload.count) bytes)" : "\(code) (\(payload.count) bytes)"
    }
}
