import TLS

extension StreamMachine {
    // MARK: Resuming, or binding and enabling

    private var offersManagement: Bool {
        settings.usesManagement && features?.child("sm", Namespace.streamManagement) != nil
    }

    mutating func beginSession() -> [Effect] {
        if let management, offersManagement {
            state = .resuming
            return [.send(management.resume)]
        }
        return forgetSession() + bind()
    }

    private mutating func forgetSession() -> [Effect] {
        guard let lost = management?.queue.count else { return [] }
        management = nil
        address = nil
        return [.notResumed(lost: lost)]
    }

    mutating func resumeAnswered(_ element: XMLElement) -> [Effect] {
        guard element.namespace == Namespace.streamManagement else { return unexpected(element) }
        switch element.name {
        case "resumed" where element["previd"] == management?.id:
            guard let handled = element["h"].flatMap({ UInt32($0) }), management?.acknowledge(handled) == true else {
                return tooHigh(element)
            }
            state = .open
            // In order, before anything new.
            return (management?.queue ?? []).map { .write($0) } + [.resumed]
        case "failed": return forgetSession() + bind()
        default: return unexpected(element)
        }
    }

    private mutating func bind() -> [Effect] {
        guard features?.child("bind", Namespace.bind) != nil else {
            return fail(nil, StreamTrouble(.protocolViolation, "the server offers no resource binding"))
        }
        state = .binding
        let resource = settings.resource.map { [XMLElement("resource", Namespace.bind, text: $0)] } ?? []
        return [.send(IQ(.set(XMLElement("bind", Namespace.bind, children: resource)), id: "bind").element)]
    }

    mutating func bound(_ element: XMLElement) -> [Effect] {
        guard element.isNamed("iq", Namespace.client), let iq = try? IQ(element), iq.id == "bind" else {
            return keepEarly(element)
        }
        switch iq.content {
        case .result(let payload):
            guard let jid = payload?.child("jid", Namespace.bind).flatMap({ JID($0.text) }), !jid.isBare else {
                return fail(
                    StreamError(.invalidXML), StreamTrouble(.protocolViolation, "the server binds no full address"))
            }
            // By a certificate the server says whose account it is (XEP-0178 2).
            guard mechanism != .external || jid.bare == settings.account else {
                return fail(
                    nil,
                    StreamTrouble(
                        .credentialsRefused,
                        "the server takes the certificate for \(jid.bare)'s; \(settings.account)'s was expected"))
            }
            address = jid
            guard offersManagement else { return begin() }
            state = .enabling
            return [.send(XMLElement("enable", Namespace.streamManagement, ["resume": "true"]))]
        case .error(let error, _):
            let isTaken = error.condition == .conflict
            return fail(
                nil, StreamTrouble(isTaken ? .replaced : .serverRefused, "the server binds no resource: \(error)"))
        case .get, .set: return unexpected(element)
        }
    }

    mutating func enableAnswered(_ element: XMLElement) -> [Effect] {
        switch (element.name, element.namespace) {
        case ("enabled", Namespace.streamManagement):
            // Without an id it cannot be taken up again; then its acknowledgements are of no use to us.
            if element.boolean("resume") == true, let id = element["id"], id.utf8.count <= 4_096 {
                management = StreamManagement(
                    id: id, maximumSeconds: element["max"].flatMap { Int($0) }, location: element["location"])
            } else {
                management = StreamManagement(id: "", maximumSeconds: nil)
            }
            return begin()
        case ("failed", Namespace.streamManagement): return begin()
        default: return keepEarly(element)
        }
    }

    /// A stanza that came before the session has begun waits for that. Few can: nobody knows our address yet.
    private mutating func keepEarly(_ element: XMLElement) -> [Effect] {
        guard element.namespace == Namespace.client, early.count < 16 else { return unexpected(element) }
        early.append(element)
        return []
    }

    private mutating func begin() -> [Effect] {
        guard let address else { return [] }
        state = .open
        features = nil
        let stanzas = early
        early = []
        return [.began(address)] + stanzas.map { .deliver($0) }
    }

    // MARK: Components (XEP-0114 3)

    mutating func handshake(_ header: XMLElement) -> [Effect] {
        guard let id = header["id"], !id.isEmpty, let secret = settings.credentials.password else {
            return fail(
                nil, StreamTrouble(.protocolViolation, "the server's header has no id to prove the component's secret"))
        }
        state = .handshaking
        let digest = Cryptography.hash(.sha1, Array(id.utf8) + secret)
        return [.send(XMLElement("handshake", Namespace.client, text: Hex.text(digest)))]
    }

    mutating func handshakeAnswered(_ element: XMLElement) -> [Effect] {
        guard element.isNamed("handshake", Namespace.client) else { return unexpected(element) }
        address = settings.account
        return begin()
    }

    // MARK: Stanzas

    mutating func taken(_ element: XMLElement) -> [Effect] {
        switch (element.name, element.namespace) {
        case ("iq", Namespace.client), ("message", Namespace.client), ("presence", Namespace.client):
            guard state == .open else { return [] }
            management?.took()
            if element["id"] == Self.probeID, element["type"] == "result" || element["type"] == "error" {
                return [.acknowledged]
            }
            return [.deliver(element)]
        case ("r", Namespace.streamManagement):
            guard let management else { return unexpected(element) }
            return [.send(management.acknowledgement), .acknowledged]
        case ("a", Namespace.streamManagement):
            guard management != nil else { return unexpected(element) }
            guard let handled = element["h"].flatMap({ UInt32($0) }), management?.acknowledge(handled) == true else {
                return tooHigh(element)
            }
            return [.acknowledged]
        case (_, Namespace.client):
            return fail(
                StreamError(.unsupportedStanzaType),
                StreamTrouble(.protocolViolation, "the server sends <\(element.name.prefix(32))>, which is no stanza"))
        default: return unexpected(element)
        }
    }

    /// The server has taken more than it was sent: one of the two has lost count, and nothing can be relied on (XEP-0198 4).
    private mutating func tooHigh(_ element: XMLElement) -> [Effect] {
        let sent = (management?.acknowledged ?? 0) &+ UInt32(truncatingIfNeeded: management?.queue.count ?? 0)
        let handled = element["h"].map { String($0.prefix(16)) } ?? ""
        management = nil
        let detail = XMLElement(
            "handled-count-too-high", Namespace.streamManagement, ["h": handled, "send-count": "\(sent)"])
        return fail(
            StreamError(.undefinedCondition, application: [detail]),
            StreamTrouble(.protocolViolation, "the server acknowledges \(handled) stanzas where \(sent) were sent"))
    }
}
