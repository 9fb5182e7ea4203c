import TLS

/// One stream with a server, from the open transport to its end, as a machine: inputs in, effects out; no socket, no clock.
///
///     header → features → STARTTLS → header → features → SASL → header → features → resume, or bind and enable → open
///
/// What a server offers before TLS means nothing, except TLS (RFC 6120 5.3.1, 13.8.3). A component has a handshake in place
/// of all that (XEP-0114).
struct StreamMachine: Sendable {
    /// What the stream is to be.
    struct Settings: Sendable, Hashable {
        /// The account's bare address, or the component's domain.
        var account: JID
        var isComponent = false
        /// The resource to ask for; nil lets the server choose.
        var resource: String?
        var credentials: Credentials
        var channelBinding = ChannelBindingPolicy.offered
        /// Whether stanzas may go without TLS.
        var allowsUnencrypted = false
        /// Whether stream management is used where it is offered.
        var usesManagement = true
        var management = StreamManagement.Limits()
    }

    /// Where the stream stands.
    enum State: Sendable, Hashable {
        /// The transport is not there.
        case idle
        /// Our header is out; the server's is awaited, and after it what can be done.
        case opening(Stage)
        case choosing(Stage)
        /// STARTTLS has been asked.
        case proceeding
        /// TLS is being established.
        case securing
        case authenticating
        /// The password is being salted.
        case deriving
        case resuming
        case binding
        /// Stream management has been asked.
        case enabling
        /// The component's secret has been told.
        case handshaking
        case open
        /// We have closed; the server's end is awaited.
        case closing
        case closed
    }

    /// How much of the stream is settled when it begins again (RFC 6120 4.3.3).
    enum Stage: Sendable, Hashable {
        case plain
        case secured
        case authenticated
    }

    /// What happens to the stream.
    enum Input: Sendable, Hashable {
        /// The transport is open; with TLS the hash of the server's certificate, if it has one.
        case connected(isSecure: Bool, endPoint: [UInt8]?)
        /// TLS is established after STARTTLS.
        case secured(endPoint: [UInt8]?)
        /// The server has sent something.
        case event(XMLStreamReader.Event)
        /// What the server has sent cannot be read.
        case fault(XMLFault)
        /// The password is salted.
        case derived([UInt8])
        /// We end the stream.
        case close
    }

    /// What the machine wants done.
    enum Effect: Sendable, Hashable {
        /// Forget what was read, and send a header.
        case open(XMLElement)
        /// Send an element.
        case send(XMLElement)
        /// Send a stanza again.
        case write([UInt8])
        /// Forget what was read; begin TLS.
        case startTLS
        /// Salt the password with this, off the loop, and tell ``Input/derived(_:)``.
        case derive(ScramClient.Derivation)
        /// A new session has begun with this address.
        case began(JID)
        /// The old session goes on.
        case resumed
        /// The old session is gone, with so many stanzas that the server has not acknowledged; a new one will begin.
        case notResumed(lost: Int)
        /// A stanza for the session.
        case deliver(XMLElement)
        /// The server has given its word, or asked for ours: it lives, and there may be room again.
        case acknowledged
        /// Send the closing tag.
        case sendEnd
        /// The stream is over. Close the transport when all is written; nil after an orderly end of ours.
        case ended(StreamTrouble?)
    }

    let settings: Settings
    private(set) var state = State.idle
    /// The session that can be taken up again: an old one until it is given up, then the new one.
    private(set) var management: StreamManagement?
    private(set) var address: JID?

    private var endPoint: [UInt8]?
    private var scram: ScramClient?
    private var mechanism: SASLMechanism?
    private var features: XMLElement?
    /// Stanzas that came before the server's word on stream management.
    private var early: [XMLElement] = []

    /// - Parameters:
    ///   - management: the session to be taken up again.
    ///   - address: its address.
    init(_ settings: Settings, resuming management: StreamManagement? = nil, address: JID? = nil) {
        self.settings = settings
        self.management = settings.usesManagement ? management : nil
        self.address = address
    }

    // MARK: Sending

    /// Takes a stanza to be sent; while a session waits to be taken up again it waits too. Nil when there is no room for
    /// it, or no session.
    mutating func send(_ bytes: [UInt8]) -> [Effect]? {
        guard state == .open else {
            guard state != .closing, state != .closed else { return nil }
            return management?.keep(bytes, settings.management) == true ? [] : nil
        }
        guard management != nil else { return [.write(bytes)] }
        guard management?.keep(bytes, settings.management) == true else { return nil }
        let asks = management?.wantsRequest(settings.management) == true
        return asks ? [.write(bytes), .send(StreamManagement.request)] : [.write(bytes)]
    }

    /// Whether so much waits for the server's word that nothing large should be added.
    var isCongested: Bool { management?.isCongested(settings.management) ?? false }

    /// Gives up the session: it will not be taken up again.
    mutating func forgetManagement() { management = nil }

    /// Gives up the old session before it was asked for; false when it has been.
    mutating func giveUpSession() -> Bool {
        guard state != .resuming, state != .open else { return false }
        management = nil
        return true
    }

    /// What asks the server for a sign of life.
    var probe: XMLElement? {
        guard state == .open else { return nil }
        if management != nil { return StreamManagement.request }
        let iq = IQ(
            .get(XMLElement("ping", Namespace.ping)), id: Self.probeID,
            from: settings.isComponent ? settings.account : nil,
            to: settings.account.server)
        // The answer goes to nobody: that something comes is enough.
        return iq.element
    }

    /// No question of a session has it: theirs begin with 24 random digits.
    private static let probeID = "ping"

    // MARK: The transition function

    /// An input that means nothing in the present state changes nothing.
    mutating func handle(_ input: Input) -> [Effect] {
        switch (input, state) {
        case (_, .closed): []
        case (.connected(let isSecure, let endPoint), .idle): connected(isSecure, endPoint)
        case (.secured(let endPoint), .securing): secured(endPoint)
        case (.derived(let saltedPassword), .deriving): derived(saltedPassword)
        case (.close, .open): closeOpen()
        case (.close, .closing): []
        case (.close, _): end(nil)
        case (.fault(let fault), _):
            fail(StreamError(fault.condition, fault.reason), StreamTrouble(.protocolViolation, fault.reason))
        case (.event(let event), _): handle(event)
        default: []
        }
    }

    private mutating func handle(_ event: XMLStreamReader.Event) -> [Effect] {
        switch event {
        case .opened(let header): opened(header)
        case .closed: serverClosed()
        case .element(let element): take(element)
        }
    }

    private mutating func take(_ element: XMLElement) -> [Effect] {
        if element.isNamed("error", Namespace.stream) {
            let error = StreamError(element)
            // Whoever has taken our place has our session too. After another error it may still be there.
            if error.condition == .conflict { management = nil }
            return end(StreamTrouble(error))
        }
        switch state {
        case .choosing(let stage) where element.isNamed("features", Namespace.stream): return choose(stage, element)
        case .proceeding: return proceeded(element)
        case .authenticating: return authenticated(element)
        case .resuming: return resumeAnswered(element)
        case .binding: return bound(element)
        case .enabling: return enableAnswered(element)
        case .handshaking: return handshakeAnswered(element)
        case .open, .closing: return taken(element)
        // TLS begins, or the password is being salted: nothing is due, and nothing is believed.
        case .securing: return []
        case .idle, .opening, .choosing, .deriving, .closed: return unexpected(element)
        }
    }

    // MARK: Beginning

    private mutating func connected(_ isSecure: Bool, _ endPoint: [UInt8]?) -> [Effect] {
        self.endPoint = endPoint
        return open(isSecure ? .secured : .plain)
    }

    private mutating func secured(_ endPoint: [UInt8]?) -> [Effect] {
        self.endPoint = endPoint
        return open(.secured)
    }

    private mutating func open(_ stage: Stage) -> [Effect] {
        state = .opening(stage)
        var header = XMLElement("stream", Namespace.stream, ["to": settings.account.domain])
        if !settings.isComponent {
            header["version"] = "1.0"
            header.language = "en"
            // Who we are is told only over TLS (RFC 6120 4.7.1).
            if stage != .plain { header["from"] = settings.account.description }
        }
        return [.open(header)]
    }

    private mutating func opened(_ header: XMLElement) -> [Effect] {
        guard case .opening(let stage) = state else { return unexpected(header) }
        if settings.isComponent { return handshake(header) }
        // RFC 6120 4.7.5: without a version it is a server of before 2004, without features.
        guard let version = header["version"], version.utf8.starts(with: "1.".utf8) else {
            return fail(
                StreamError(.unsupportedVersion),
                StreamTrouble(
                    .protocolViolation,
                    "the server speaks version \(header["version"]?.prefix(16) ?? "0.9"); 1.0 was expected"))
        }
        state = .choosing(stage)
        return []
    }

    private mutating func choose(_ stage: Stage, _ features: XMLElement) -> [Effect] {
        self.features = features
        switch stage {
        case .plain:
            if features.child("starttls", Namespace.tls) != nil {
                state = .proceeding
                return [.send(XMLElement("starttls", Namespace.tls))]
            }
            guard settings.allowsUnencrypted else {
                return fail(
                    nil,
                    StreamTrouble(
                        .notEncrypted, "the server offers no STARTTLS, and nothing is said without encryption"))
            }
            return authenticate(features)
        case .secured: return authenticate(features)
        case .authenticated: return beginSession()
        }
    }

    private mutating func proceeded(_ element: XMLElement) -> [Effect] {
        switch (element.name, element.namespace) {
        case ("proceed", Namespace.tls):
            state = .securing
            return [.startTLS]
        case ("failure", Namespace.tls):
            return end(StreamTrouble(.notEncrypted, "the server cannot begin TLS"))
        default: return unexpected(element)
        }
    }

    // MARK: Authenticating

    private mutating func authenticate(_ features: XMLElement) -> [Effect] {
        do throws(SASLFault) {
            let (mechanism, binding) = try SASLOffer(features: features).choose(
                settings.credentials, endPoint: endPoint, policy: settings.channelBinding)
            self.mechanism = mechanism
            state = .authenticating
            return [.send(try initialResponse(mechanism, binding))]
        } catch {
            return fail(nil, StreamTrouble(error))
        }
    }

    private mutating func initialResponse(
        _ mechanism: SASLMechanism, _ binding: ScramClient.Binding
    ) throws(SASLFault) -> XMLElement {
        let response: [UInt8]
        let user = settings.account.local ?? ""
        if let hash = mechanism.hash {
            let scram = try ScramClient(hash: hash, user: user, binding: binding)
            self.scram = scram
            response = scram.first
        } else if mechanism == .plain, let password = settings.credentials.password {
            guard !password.contains(0) else { throw SASLFault(.credentials, "the password has a NUL") }
            response = [0] + Array(user.utf8) + [0] + password
        } else {
            // EXTERNAL: the server takes the address from the certificate (RFC 6120 6.3.8: "=" for an empty response).
            response = []
        }
        return XMLElement("auth", Namespace.sasl, ["mechanism": mechanism.rawValue], text: Self.encoded(response))
    }

    private mutating func authenticated(_ element: XMLElement) -> [Effect] {
        guard element.namespace == Namespace.sasl else { return unexpected(element) }
        do throws(SASLFault) {
            switch element.name {
            case "challenge":
                let challenge = try Self.decoded(element.text)
                guard var scram, !scram.hasAnswered else {
                    throw SASLFault(.malformed, "the server challenges where nothing is to be answered")
                }
                let derivation = try scram.take(serverFirst: challenge)
                self.scram = scram
                state = .deriving
                return [.derive(derivation)]
            case "success":
                if let scram { try scram.check(serverFinal: try Self.decoded(element.text)) }
                scram = nil
                return open(.authenticated)
            case "failure": throw Self.fault(element)
            default: return unexpected(element)
            }
        } catch {
            // RFC 6120 6.4.4: leave properly; the server is told nothing more.
            return fail(nil, StreamTrouble(error))
        }
    }

    private mutating func derived(_ saltedPassword: [UInt8]) -> [Effect] {
        guard let response = scram?.final(saltedPassword: saltedPassword) else { return [] }
        state = .authenticating
        return [.send(XMLElement("response", Namespace.sasl, text: Self.encoded(response)))]
    }

    private static func encoded(_ bytes: [UInt8]) -> String { bytes.isEmpty ? "=" : Base64.text(bytes) }

    private static func decoded(_ text: String) throws(SASLFault) -> [UInt8] {
        guard text.utf8.count <= 4 * ScramClient.maximumMessageLength,
            let bytes = text == "=" ? [] : Base64.decode(text.utf8)
        else { throw SASLFault(.malformed, "the server's message is no base64, or too long") }
        return bytes
    }

    private static func fault(_ failure: XMLElement) -> SASLFault {
        let parts = failure.children
        let condition = parts.first { $0.name != "text" }?.name ?? "no reason"
        let text = parts.first { $0.name == "text" }.map { ": \($0.text.prefix(200))" } ?? ""
        let code: SASLFault.Code =
            switch condition {
            case "temporary-auth-failure": .temporary
            case "invalid-mechanism", "mechanism-too-weak", "encryption-required": .noMechanism
            default: .refused
            }
        return SASLFault(code, "the server refuses to authenticate: \(condition.prefix(64))\(text)")
    }

    // MARK: Resuming, or binding and enabling

    private var offersManagement: Bool {
        settings.usesManagement && features?.child("sm", Namespace.streamManagement) != nil
    }

    private mutating func beginSession() -> [Effect] {
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

    private mutating func resumeAnswered(_ element: XMLElement) -> [Effect] {
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

    private mutating func bound(_ element: XMLElement) -> [Effect] {
        guard element.isNamed("iq", Namespace.client), let iq = try? IQ(element), iq.id == "bind" else {
            return keepEarly(element)
        }
        switch iq.content {
        case .result(let payload):
            guard let jid = payload?.child("jid", Namespace.bind).flatMap({ JID($0.text) }), !jid.isBare else {
                return fail(
                    StreamError(.invalidXML), StreamTrouble(.protocolViolation, "the server binds no full address"))
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

    private mutating func enableAnswered(_ element: XMLElement) -> [Effect] {
        switch (element.name, element.namespace) {
        case ("enabled", Namespace.streamManagement):
            // Without an id it cannot be taken up again; then its acknowledgements are of no use to us.
            if element.boolean("resume") == true, let id = element["id"], id.utf8.count <= 4_096 {
                management = StreamManagement(id: id, maximumSeconds: element["max"].flatMap { Int($0) })
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

    private mutating func handshake(_ header: XMLElement) -> [Effect] {
        guard let id = header["id"], !id.isEmpty, let secret = settings.credentials.password else {
            return fail(
                nil, StreamTrouble(.protocolViolation, "the server's header has no id to prove the component's secret"))
        }
        state = .handshaking
        let digest = Cryptography.hash(.sha1, Array(id.utf8) + secret)
        return [.send(XMLElement("handshake", Namespace.client, text: Hex.text(digest)))]
    }

    private mutating func handshakeAnswered(_ element: XMLElement) -> [Effect] {
        guard element.isNamed("handshake", Namespace.client) else { return unexpected(element) }
        address = settings.account
        return begin()
    }

    // MARK: Stanzas

    private mutating func taken(_ element: XMLElement) -> [Effect] {
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

    // MARK: Ending

    private mutating func unexpected(_ element: XMLElement) -> [Effect] {
        fail(
            StreamError(.policyViolation),
            StreamTrouble(.protocolViolation, "the server sends <\(element.name.prefix(32))> while \(state)"))
    }

    private mutating func closeOpen() -> [Effect] {
        state = .closing
        // An orderly end is the session's end too (XEP-0198 6).
        management = nil
        return [.sendEnd]
    }

    private mutating func serverClosed() -> [Effect] {
        let wasClosing = state == .closing
        state = .closed
        let trouble = wasClosing ? nil : StreamTrouble(.serverRefused, "the server has closed the stream")
        return (wasClosing ? [] : [.sendEnd]) + [.ended(trouble)]
    }

    private mutating func end(_ trouble: StreamTrouble?) -> [Effect] {
        let wasClosing = state == .closing
        state = .closed
        return (wasClosing ? [] : [.sendEnd]) + [.ended(wasClosing ? nil : trouble)]
    }

    private mutating func fail(_ error: StreamError?, _ trouble: StreamTrouble) -> [Effect] {
        (error.map { [.send($0.element)] } ?? []) + end(trouble)
    }
}

/// Bytes as lower-case hex.
enum Hex {
    private static let digits = Array("0123456789abcdef".utf8)

    static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
