import NIOCore

/// A server in memory: routes the stanzas of sessions to each other, for tests without sockets.
///
/// Stanzas go through their text form and are delivered in order on the loop's next turn, from the sender's address. An iq
/// that nobody is there for is answered `service-unavailable` as servers do. Presence without an address goes to everybody
/// else, and who comes later is told; subscriptions are passed on and not judged.
public final class MemoryServer {
    /// One session's end of the server.
    private final class Port: SessionLink {
        let session: XMPPSession
        let address: JID
        /// Weak: work of a door may outlive the server of its test, and then speaks to nobody.
        weak var server: MemoryServer?
        /// What was last told to everybody.
        var presence: Presence?

        init(_ session: XMPPSession, _ address: JID, _ server: MemoryServer) {
            self.session = session
            self.address = address
            self.server = server
        }

        var isCongested: Bool { false }

        func send(_ stanza: Stanza) -> Bool {
            guard let server else { return false }
            server.route(stanza, from: self)
            return true
        }
    }

    private let eventLoop: any EventLoop
    private var ports: [JID: Port] = [:]
    /// Everything that was sent, as it would stand on the wire.
    public private(set) var sent: [XMLElement] = []

    /// A server on the loop of its sessions.
    public init(on eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// Lets a session begin with this address. The server keeps it.
    public func connect(_ session: XMPPSession, as address: JID) {
        let port = Port(session, address, self)
        ports[address] = port
        session.attach(port)
        session.began(as: address)
    }

    /// Ends the session of this address.
    public func disconnect(_ address: JID) {
        guard let port = ports.removeValue(forKey: address) else { return }
        port.session.ended()
        for other in ports.values {
            deliver(.presence(Presence(.unavailable, from: address, to: other.address)), other)
        }
    }

    private func route(_ stanza: Stanza, from port: Port) {
        sent.append(stanza.element)
        switch stanza {
        case .iq(var iq):
            iq.from = iq.from ?? port.address
            guard let to = iq.to, to != port.session.account else {
                if iq.question != nil { deliver(.iq(iq.result()), port) }
                return
            }
            if let target = ports[to] {
                deliver(.iq(iq), target)
            } else if iq.question != nil {
                deliver(.iq(iq.error(StanzaError(.serviceUnavailable))), port)
            }
        case .message(var message):
            message.from = message.from ?? port.address
            for target in targets(of: message.to) { deliver(.message(message), target) }
        case .presence(var presence):
            let isAboutFriends = presence.to != nil && presence.kind != .available && presence.kind != .unavailable
            presence.from = presence.from ?? (isAboutFriends ? port.address.bare : port.address)
            let others = ports.values.filter { $0 !== port }
            if presence.to == nil {
                // Who comes is told who is there, as by a server's probes.
                let isNew = port.presence == nil
                port.presence = presence
                if isNew { for other in others { if let there = other.presence { deliver(.presence(there), port) } } }
            }
            for target in presence.to.map({ targets(of: $0) }) ?? others { deliver(.presence(presence), target) }
        }
    }

    private func targets(of address: JID?) -> [Port] {
        guard let address else { return [] }
        if let port = ports[address] { return [port] }
        return address.isBare ? ports.filter { $0.key.bare == address }.map(\.value) : []
    }

    private func deliver(_ stanza: Stanza, _ target: Port) {
        let element = stanza.element
        eventLoop.assumeIsolated().execute { target.session.receive(element) }
    }
}

// Belongs to its event loop.
@available(*, unavailable)
extension MemoryServer: Sendable {}
