/// Why a stanza was not done (RFC 6120 8.3).
public struct StanzaError: Error, Sendable, Hashable {
    /// What the sender may do about it (RFC 6120 8.3.2).
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Again, with credentials.
        case auth
        /// Not again.
        case cancel
        /// Go on: it was a warning.
        case `continue`
        /// Again, with other data.
        case modify
        /// Again, later.
        case wait
    }

    /// The defined conditions (RFC 6120 8.3.3), by their names on the wire.
    public enum Condition: String, Sendable, Hashable, CaseIterable {
        /// Not understood: missing or wrong data.
        case badRequest = "bad-request"
        /// Something of that name is already there, or is locked.
        case conflict
        /// Understood in general but not done here.
        case featureNotImplemented = "feature-not-implemented"
        /// Not allowed for the one who asks.
        case forbidden
        /// It has moved for ever.
        case gone
        /// The server is in trouble.
        case internalServerError = "internal-server-error"
        /// There is no such thing.
        case itemNotFound = "item-not-found"
        /// An address is none.
        case jidMalformed = "jid-malformed"
        /// Understood and not acceptable.
        case notAcceptable = "not-acceptable"
        /// Nobody may do that.
        case notAllowed = "not-allowed"
        /// First give credentials.
        case notAuthorized = "not-authorized"
        /// Against a rule of the place.
        case policyViolation = "policy-violation"
        /// Who is meant is away.
        case recipientUnavailable = "recipient-unavailable"
        /// It has moved for now.
        case redirect
        /// First register.
        case registrationRequired = "registration-required"
        /// There is no such server.
        case remoteServerNotFound = "remote-server-not-found"
        /// The other server does not answer.
        case remoteServerTimeout = "remote-server-timeout"
        /// Too busy.
        case resourceConstraint = "resource-constraint"
        /// Nobody there does that.
        case serviceUnavailable = "service-unavailable"
        /// First subscribe.
        case subscriptionRequired = "subscription-required"
        /// None of the others.
        case undefinedCondition = "undefined-condition"
        /// Not at this time.
        case unexpectedRequest = "unexpected-request"

        /// The kind RFC 6120 8.3.3 gives it.
        public var usualKind: Kind {
            switch self {
            case .badRequest, .jidMalformed, .notAcceptable, .policyViolation, .redirect: .modify
            case .forbidden, .notAuthorized, .registrationRequired, .subscriptionRequired: .auth
            case .recipientUnavailable, .remoteServerTimeout, .resourceConstraint, .unexpectedRequest: .wait
            case .conflict, .featureNotImplemented, .gone, .internalServerError, .itemNotFound, .notAllowed,
                .remoteServerNotFound, .serviceUnavailable, .undefinedCondition:
                .cancel
            }
        }
    }

    /// What the sender may do about it.
    public var kind: Kind
    /// What is wrong.
    public var condition: Condition
    /// A sentence for people.
    public var text: String?
    /// The language of ``text``.
    public var language: String?
    /// The new address, with `gone` and `redirect`.
    public var alternative: String?
    /// Who found it (RFC 6120 8.3.1).
    public var by: JID?
    /// Details of the application, in namespaces of its own.
    public var application: [XMLElement]

    /// An error. Without a kind it has the usual one of its condition.
    public init(
        _ condition: Condition, _ text: String? = nil, kind: Kind? = nil, language: String? = nil,
        alternative: String? = nil, by: JID? = nil, application: [XMLElement] = []
    ) {
        self.kind = kind ?? condition.usualKind
        self.condition = condition
        self.text = text
        self.language = language
        self.alternative = alternative
        self.by = by
        self.application = application
    }

    /// Reads an `error` element. What it lacks is filled in: peers of 2013 send errors without a condition.
    public init(_ element: XMLElement) {
        let parts = element.children
        let condition = parts.first { $0.namespace == Namespace.stanzaErrors && $0.name != "text" }
        let text = parts.first { $0.isNamed("text", Namespace.stanzaErrors) }
        self.init(
            condition.flatMap { Condition(rawValue: $0.name) } ?? .undefinedCondition, text?.text,
            kind: element["type"].flatMap { Kind(rawValue: $0) }, language: text?.language,
            alternative: condition.flatMap { $0.text.isEmpty ? nil : $0.text }, by: element["by"].flatMap { JID($0) },
            application: parts.filter { $0.namespace != Namespace.stanzaErrors })
    }

    /// The `error` element.
    public var element: XMLElement {
        var children = [XMLElement(condition.rawValue, Namespace.stanzaErrors, text: alternative ?? "")]
        if let text { children.append(XMLElement("text", Namespace.stanzaErrors, ["xml:lang": language], text: text)) }
        return XMLElement(
            "error", Namespace.client, ["type": kind.rawValue, "by": by?.description], children: children + application)
    }
}

extension StanzaError: CustomStringConvertible {
    /// Kind, condition and sentence.
    public var description: String {
        "\(kind.rawValue)/\(condition.rawValue)\(text.map { ": \($0)" } ?? "")"
    }
}
