/// Why a stream was ended (RFC 6120 4.9).
public struct StreamError: Error, Sendable, Hashable {
    /// The defined conditions (RFC 6120 4.9.3), by their names on the wire.
    public enum Condition: String, Sendable, Hashable, CaseIterable {
        /// XML that cannot be processed.
        case badFormat = "bad-format"
        /// A prefix is not supported.
        case badNamespacePrefix = "bad-namespace-prefix"
        /// Another connection takes this one's place.
        case conflict
        /// Nothing came for too long.
        case connectionTimeout = "connection-timeout"
        /// The domain is no longer served.
        case hostGone = "host-gone"
        /// The domain is not served.
        case hostUnknown = "host-unknown"
        /// An address is missing.
        case improperAddressing = "improper-addressing"
        /// The server is in trouble.
        case internalServerError = "internal-server-error"
        /// A `from` that one may not use.
        case invalidFrom = "invalid-from"
        /// A namespace is wrong.
        case invalidNamespace = "invalid-namespace"
        /// XML against its schema.
        case invalidXML = "invalid-xml"
        /// Something before authentication.
        case notAuthorized = "not-authorized"
        /// No XML.
        case notWellFormed = "not-well-formed"
        /// Against a local rule, such as a limit.
        case policyViolation = "policy-violation"
        /// Another server cannot be reached.
        case remoteConnectionFailed = "remote-connection-failed"
        /// The stream has to begin anew, as when keys changed.
        case reset
        /// Too busy.
        case resourceConstraint = "resource-constraint"
        /// What XMPP forbids in XML.
        case restrictedXML = "restricted-xml"
        /// Somewhere else, which is named.
        case seeOtherHost = "see-other-host"
        /// The server goes down.
        case systemShutdown = "system-shutdown"
        /// None of the others.
        case undefinedCondition = "undefined-condition"
        /// Not UTF-8.
        case unsupportedEncoding = "unsupported-encoding"
        /// A feature is missing.
        case unsupportedFeature = "unsupported-feature"
        /// No stanza.
        case unsupportedStanzaType = "unsupported-stanza-type"
        /// A version of XMPP that is not spoken.
        case unsupportedVersion = "unsupported-version"
    }

    /// What is wrong.
    public var condition: Condition
    /// A sentence for people.
    public var text: String?
    /// The host of `see-other-host`.
    public var alternative: String?
    /// Details of the application.
    public var application: [XMLElement]

    /// An error.
    public init(
        _ condition: Condition, _ text: String? = nil, alternative: String? = nil, application: [XMLElement] = []
    ) {
        self.condition = condition
        self.text = text
        self.alternative = alternative
        self.application = application
    }

    /// Reads an `error` element of a stream. An unknown condition counts as `undefined-condition`.
    public init(_ element: XMLElement) {
        let parts = element.children
        let condition = parts.first { $0.namespace == Namespace.streamErrors && $0.name != "text" }
        self.init(
            condition.flatMap { Condition(rawValue: $0.name) } ?? .undefinedCondition,
            parts.first { $0.isNamed("text", Namespace.streamErrors) }?.text,
            alternative: condition.flatMap { $0.text.isEmpty ? nil : $0.text },
            application: parts.filter { $0.namespace != Namespace.streamErrors })
    }

    /// The `error` element.
    public var element: XMLElement {
        var children = [XMLElement(condition.rawValue, Namespace.streamErrors, text: alternative ?? "")]
        if let text { children.append(XMLElement("text", Namespace.streamErrors, ["xml:lang": "en"], text: text)) }
        return XMLElement("error", Namespace.stream, children: children + application)
    }
}
