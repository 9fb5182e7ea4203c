/// Something said, to which no answer is due (RFC 6121 5).
public struct Message: Sendable, Hashable {
    /// What kind of message (RFC 6121 5.2.2).
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Part of a conversation.
        case chat
        /// A message of ours that was not delivered.
        case error
        /// In a room.
        case groupchat
        /// News; not to be kept for who is away.
        case headline
        /// By itself.
        case normal
    }

    /// What kind.
    public var kind: Kind
    /// Chosen by the sender.
    public var id: String?
    /// Who sent it; nil means one's own server or account.
    public var from: JID?
    /// Whom it is for.
    public var to: JID?
    /// `xml:lang`.
    public var language: String?
    /// What it carries, `body` included, without an `error`.
    public var payloads: [XMLElement]
    /// Why it was not delivered, with the kind `error`.
    public var error: StanzaError?

    /// A message.
    public init(
        _ payloads: [XMLElement], kind: Kind = .normal, id: String? = nil, from: JID? = nil, to: JID? = nil,
        language: String? = nil, error: StanzaError? = nil
    ) {
        self.payloads = payloads
        self.kind = kind
        self.id = id
        self.from = from
        self.to = to
        self.language = language
        self.error = error
    }

    /// The text for people.
    public var body: String? { payloads.first { $0.isNamed("body", Namespace.client) }?.text }

    /// The first payload of this name.
    public func payload(_ name: String, _ namespace: String) -> XMLElement? {
        payloads.first { $0.isNamed(name, namespace) }
    }

    /// Reads a `message` element. A type that is not defined counts as `normal` (RFC 6121 5.2.2).
    public init(_ element: XMLElement) throws(StanzaFault) {
        let envelope = try StanzaEnvelope(element)
        self.init(
            envelope.payloads, kind: element["type"].flatMap { Kind(rawValue: $0) } ?? .normal, id: envelope.id,
            from: envelope.from, to: envelope.to, language: envelope.language, error: envelope.error)
    }

    /// The element.
    public var element: XMLElement {
        StanzaEnvelope(id: id, from: from, to: to, language: language, payloads: payloads, error: error)
            .element("message", type: kind == .normal ? nil : kind.rawValue)
    }
}
