/// One of the three things that travel on a stream (RFC 6120 8).
public enum Stanza: Sendable, Hashable {
    /// A question or its answer.
    case iq(IQ)
    /// Something said.
    case message(Message)
    /// Something about being there.
    case presence(Presence)

    /// Reads a stanza of the namespace `jabber:client`.
    ///
    /// - Throws: a ``StanzaFault`` that says what is wrong with it, and how it is to be answered.
    public init(_ element: XMLElement) throws(StanzaFault) {
        guard element.namespace == Namespace.client else {
            throw StanzaFault(.notAStanza, "<\(element.name.prefix(32))> is of another namespace than jabber:client")
        }
        switch element.name {
        case "iq": self = .iq(try IQ(element))
        case "message": self = .message(try Message(element))
        case "presence": self = .presence(try Presence(element))
        default:
            throw StanzaFault(.notAStanza, "<\(element.name.prefix(32))> is none of iq, message and presence")
        }
    }

    /// The element.
    public var element: XMLElement {
        switch self {
        case .iq(let iq): iq.element
        case .message(let message): message.element
        case .presence(let presence): presence.element
        }
    }

    /// Who sent it; nil means one's own server or account (RFC 6120 8.1.2.1).
    public var from: JID? {
        switch self {
        case .iq(let iq): iq.from
        case .message(let message): message.from
        case .presence(let presence): presence.from
        }
    }

    /// Whom it is for.
    public var to: JID? {
        switch self {
        case .iq(let iq): iq.to
        case .message(let message): message.to
        case .presence(let presence): presence.to
        }
    }
}

/// Why an element is no stanza that can be worked with.
public struct StanzaFault: Error, Sendable, Hashable {
    /// The kinds of fault.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// Neither iq nor message nor presence of `jabber:client`.
        case notAStanza
        /// A required attribute is not there: `id` and `type` of an iq (RFC 6120 8.1.3, 8.2.3).
        case missingAttribute
        /// `type` has a value that is not defined.
        case unknownType
        /// `from` or `to` is no address.
        case malformedAddress
        /// An iq get or set has not exactly one child (RFC 6120 8.2.3).
        case wrongChildCount
    }

    /// The kind.
    public let code: Code
    /// A sentence for people.
    public let reason: String
    /// The error to be sent back for it, where an answer is due: to an iq get or set that has an `id`.
    public let answer: IQ?

    init(_ code: Code, _ reason: String, answer: IQ? = nil) {
        self.code = code
        self.reason = reason
        self.answer = answer
    }

    /// Faults are equal when their codes are.
    public static func == (left: StanzaFault, right: StanzaFault) -> Bool { left.code == right.code }

    /// Feeds the code.
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}

/// The attributes that all stanzas have.
struct StanzaAddresses {
    let from: JID?
    let to: JID?

    init(_ element: XMLElement) throws(StanzaFault) {
        from = try StanzaAddresses.address(element, "from")
        to = try StanzaAddresses.address(element, "to")
    }

    private static func address(_ element: XMLElement, _ name: String) throws(StanzaFault) -> JID? {
        guard let text = element[name] else { return nil }
        guard let address = JID(text) else {
            throw StanzaFault(.malformedAddress, "\(name) is \"\(text.prefix(64))\"; an address was expected")
        }
        return address
    }
}
