/// A question or its answer (RFC 6120 8.2.3).
public struct IQ: Sendable, Hashable {
    /// What it asks or answers.
    public enum Content: Sendable, Hashable {
        /// Asks for something.
        case get(XMLElement)
        /// Asks for a change.
        case set(XMLElement)
        /// It is done; perhaps with what was asked for.
        case result(XMLElement?)
        /// It was not done. Some peers also send back the question, or details of their own beside the error.
        case error(StanzaError, XMLElement?)
    }

    /// What kind of question (RFC 6120 8.2.3).
    public enum Question: String, Sendable, Hashable, CaseIterable {
        /// Asks for something.
        case get
        /// Asks for a change.
        case set
    }

    /// Chosen by the asker; the answer has the same.
    public var id: String
    /// Who sent it; nil means one's own server or account.
    public var from: JID?
    /// Whom it is for; nil means one's own account.
    public var to: JID?
    /// `xml:lang`.
    public var language: String?
    /// What it asks or answers.
    public var content: Content

    /// An iq.
    public init(_ content: Content, id: String = "", from: JID? = nil, to: JID? = nil, language: String? = nil) {
        self.content = content
        self.id = id
        self.from = from
        self.to = to
        self.language = language
    }

    /// The element asked, answered or sent back.
    public var payload: XMLElement? {
        switch content {
        case .get(let payload), .set(let payload): payload
        case .result(let payload), .error(_, let payload): payload
        }
    }

    /// Whether it asks, and how; nil for an answer.
    public var question: Question? {
        switch content {
        case .get: .get
        case .set: .set
        case .result, .error: nil
        }
    }

    /// The answer that it was done.
    public func result(_ payload: XMLElement? = nil) -> IQ { IQ(.result(payload), id: id, from: to, to: from) }

    /// The answer that it was not.
    public func error(_ error: StanzaError) -> IQ { IQ(.error(error, nil), id: id, from: to, to: from) }

    /// Reads an `iq` element.
    public init(_ element: XMLElement) throws(StanzaFault) {
        let type = element["type"]
        // Who it would be answered to, so far as that can be read: an answer is due even to what is wrong.
        let id = element["id"]
        let isQuestion = type == "get" || type == "set"
        func fault(_ code: StanzaFault.Code, _ reason: String) -> StanzaFault {
            guard isQuestion, let id, element["from"] == nil || element["from"].flatMap({ JID($0) }) != nil else {
                return StanzaFault(code, reason)
            }
            let answer = IQ(
                .error(StanzaError(.badRequest, reason), nil), id: id, from: element["to"].flatMap { JID($0) },
                to: element["from"].flatMap { JID($0) })
            return StanzaFault(code, reason, answer: answer)
        }
        guard let id, !id.isEmpty else { throw fault(.missingAttribute, "an iq has no id") }
        guard let type else {
            throw fault(.missingAttribute, "an iq has no type; get, set, result or error was expected")
        }
        let addresses: StanzaAddresses
        do throws(StanzaFault) {
            addresses = try StanzaAddresses(element)
        } catch {
            throw fault(error.code, error.reason)
        }
        let children = element.children
        switch type {
        case "get", "set":
            guard children.count == 1, let payload = children.first else {
                throw fault(.wrongChildCount, "an iq of type \(type) has \(children.count) children; expected 1")
            }
            content = type == "get" ? .get(payload) : .set(payload)
        case "result": content = .result(children.first)
        case "error":
            let error = children.first { $0.isNamed("error", Namespace.client) }
            let payload = children.first { !$0.isNamed("error", Namespace.client) }
            // Peers of 2013 put their own element where RFC 6120 8.3.1 demands `error`.
            content = .error(error.map { StanzaError($0) } ?? StanzaError(.undefinedCondition), payload)
        default:
            throw fault(
                .unknownType, "an iq has the type \"\(type.prefix(32))\"; get, set, result or error was expected")
        }
        self.id = id
        from = addresses.from
        to = addresses.to
        language = element.language
    }

    /// The element.
    public var element: XMLElement {
        let type: String
        var children: [XMLElement] = []
        switch content {
        case .get(let payload): (type, children) = ("get", [payload])
        case .set(let payload): (type, children) = ("set", [payload])
        case .result(let payload): (type, children) = ("result", payload.map { [$0] } ?? [])
        case .error(let error, let payload):
            (type, children) = ("error", (payload.map { [$0] } ?? []) + [error.element])
        }
        return XMLElement(
            "iq", Namespace.client,
            ["type": type, "id": id, "from": from?.description, "to": to?.description, "xml:lang": language],
            children: children)
    }
}
