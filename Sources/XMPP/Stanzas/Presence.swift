/// Something about being there, or about who may know of it (RFC 6121 3 and 4).
public struct Presence: Sendable, Hashable {
    /// What kind of presence (RFC 6121 4.7.1).
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The sender is there. Has no `type` on the wire.
        case available
        /// The sender is no longer there.
        case unavailable
        /// The sender asks to be told of the receiver's presence: to be a friend.
        case subscribe
        /// The sender agrees to that.
        case subscribed
        /// The sender no longer wants to be told.
        case unsubscribe
        /// The sender does not agree, or no longer.
        case unsubscribed
        /// A server asks for presence.
        case probe
        /// A presence of ours could not be delivered.
        case error
    }

    /// What kind.
    public var kind: Kind
    /// Chosen by the sender.
    public var id: String?
    /// Who sent it.
    public var from: JID?
    /// Whom it is for; nil means everybody who is subscribed.
    public var to: JID?
    /// `xml:lang`.
    public var language: String?
    /// What it carries, such as capabilities.
    public var payloads: [XMLElement]
    /// What went wrong, with the kind `error`.
    public var error: StanzaError?

    /// A presence.
    public init(
        _ kind: Kind = .available, id: String? = nil, from: JID? = nil, to: JID? = nil, language: String? = nil,
        payloads: [XMLElement] = [], error: StanzaError? = nil
    ) {
        self.kind = kind
        self.id = id
        self.from = from
        self.to = to
        self.language = language
        self.payloads = payloads
        self.error = error
    }

    /// The `priority` (RFC 6121 4.7.2.3): 0 without one; a negative one gets no messages to the bare address.
    public var priority: Int {
        payloads.first { $0.isNamed("priority", Namespace.client) }.flatMap { Int8($0.text) }.map { Int($0) } ?? 0
    }

    /// A sentence for people.
    public var status: String? { payloads.first { $0.isNamed("status", Namespace.client) }?.text }

    /// Reads a `presence` element.
    public init(_ element: XMLElement) throws(StanzaFault) {
        let envelope = try StanzaEnvelope(element)
        let kind: Kind
        if let type = element["type"] {
            guard let known = Kind(rawValue: type), known != .available else {
                throw StanzaFault(.unknownType, "a presence has the type \"\(type.prefix(32))\"")
            }
            kind = known
        } else {
            kind = .available
        }
        self.init(
            kind, id: envelope.id, from: envelope.from, to: envelope.to, language: envelope.language,
            payloads: envelope.payloads, error: envelope.error)
    }

    /// The element.
    public var element: XMLElement {
        StanzaEnvelope(id: id, from: from, to: to, language: language, payloads: payloads, error: error)
            .element("presence", type: kind == .available ? nil : kind.rawValue)
    }
}
