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
        /// The transport is open; with TLS there is what authentication can be bound to.
        case connected(isSecure: Bool, channel: ChannelBindings)
        /// TLS is established after STARTTLS.
        case secured(channel: ChannelBindings)
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
    var state = State.idle
    /// The session that can be taken up again: an old one until it is given up, then the new one.
    var management: StreamManagement?
    var address: JID?

    var channel = ChannelBindings.none
    /// Whether the kind of binding was not told by the server, so that it may know another one only.
    var bindsByGuess = false
    var scram: ScramClient?
    var mechanism: SASLMechanism?
    var features: XMLElement?
    /// Stanzas that came before the server's word on stream management.
    var early: [XMLElement] = []

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
    static let probeID = "ping"

    // MARK: The transition function

    /// An input that means nothing in the present state changes nothing.
    mutating func handle(_ input: Input) -> [Effect] {
        switch (input, state) {
        case (_, .closed): []
        case (.connected(let isSecure, let channel), .idle): connected(isSecure, channel)
        case (.secured(let channel), .securing): secured(channel)
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

    // MARK: Ending

    mutating func unexpected(_ element: XMLElement) -> [Effect] {
        fail(
            StreamError(.policyViolation),
            StreamTrouble(.protocolViolation, "the server sends <\(element.name.prefix(32))> while \(state)"))
    }

    mutating func closeOpen() -> [Effect] {
        state = .closing
        // An orderly end is the session's end too (XEP-0198 6).
        management = nil
        return [.sendEnd]
    }

    mutating func serverClosed() -> [Effect] {
        let wasClosing = state == .closing
        state = .closed
        let trouble = wasClosing ? nil : StreamTrouble(.serverRefused, "the server has closed the stream")
        return (wasClosing ? [] : [.sendEnd]) + [.ended(trouble)]
    }

    mutating func end(_ trouble: StreamTrouble?) -> [Effect] {
        let wasClosing = state == .closing
        state = .closed
        return (wasClosing ? [] : [.sendEnd]) + [.ended(wasClosing ? nil : trouble)]
    }

    mutating func fail(_ error: StreamError?, _ trouble: StreamTrouble) -> [Effect] {
        (error.map { [.send($0.element)] } ?? []) + end(trouble)
    }
}
