import CoAP
import CoAPMessages
import Logging
import NIOCore
import OCFModel
import OneLoop
import TLS

/// The device on the local network: its sockets, the DTLS sessions on them, and the would-be owner at the door.
@Loop
public final class LocalDoor {
    let device: OCFDevice
    let security: DeviceSecurity
    let settings: LocalSettings
    let times: TransferTimes
    let log: Logger
    let server: SecureServer
    /// Asks a person at the device, and returns when that person has answered or has not.
    let ask: @Loop (OwnershipAttempt) async -> OwnershipPermission

    var plain: UDPEndpoint?
    var secure: SecureUDPEndpoint?
    var interfaces: [NetworkInterface] = []
    var sessions: [SessionID: SecureSession] = [:]
    private var lastSession = Caller.cloudSession
    /// Services that the device goes to by itself.
    private(set) lazy var services = ServiceRequests(door: self)
    /// The transfer that is under way.
    var transfer = OwnerTransfer()
    /// Called when the PIN to show is another one.
    public var onPIN: ((String?) -> Void)?

    /// A door over a device that can be owned.
    ///
    /// - Parameters:
    ///   - ask: rings, and says what came of it.
    public init(
        device: OCFDevice, security: DeviceSecurity, settings: LocalSettings, times: TransferTimes = TransferTimes(),
        log: Logger = Logger(label: "ocf"), ask: @escaping @Loop (OwnershipAttempt) async -> OwnershipPermission
    ) {
        self.device = device
        self.security = security
        self.settings = settings
        self.times = times
        self.log = log
        self.ask = ask
        server = SecureServer(security: security, manufacturer: settings.manufacturer, log: log)
    }

    // MARK: Opening and closing

    /// The port of plain CoAP; nil while the door is closed.
    public var port: Int? { plain?.port }
    /// The port of CoAP over DTLS; nil while the door is closed.
    public var securePort: Int? { secure?.port }
    /// Sessions that are open.
    public var sessionCount: Int { sessions.count }
    /// The PIN that would-be owners have to know; nil while there is none.
    public var pin: String? { transfer.pin }
    /// Why no session is offered though there should be one; nil when all is well.
    public var trouble: String? { server.trouble }

    /// Opens the sockets.
    ///
    /// - Throws: ``CoAPError`` with `bindFailed`; then none is open.
    public func start() async throws(CoAPError) {
        var limits = Limits.default
        // OCF's devices answer a search within two seconds.
        limits.datagram.transmission.leisure = .seconds(2)
        var listening = MulticastListening()
        listening.port = settings.discoveryPort
        listening.interfaces = settings.interfaces
        listening.includesLoopback = settings.includesLoopback
        let device = device
        do {
            plain = try await CoAPUDP.bind(
                port: settings.port, group: Loop.eventLoop, multicast: listening, limits: limits
            ) { _ in PlainRequestHandler(device: device) }.get()
            secure = try await CoAPDTLS.bind(
                port: settings.securePort, server: nil, group: Loop.eventLoop, limits: limits
            ) { [weak self] connection in
                Loop.assumeIsolated { self?.accept(connection) ?? NothingServed() }
            }.get()
        } catch {
            await stop()
            throw error as? CoAPError ?? CoAPError(.bindFailed, "\(error)", cause: error)
        }
        plain?.onInterfacesChanged { [weak self] interfaces in
            Loop.assumeIsolated {
                self?.interfaces = interfaces
                self?.device.resourceChanged(DiscoveryResource.path)
            }
        }
        device.endpoints = { [weak self] caller, isClear in self?.endpoints(for: caller, isClear: isClear) ?? [] }
        security.observe { [weak self] effect in self?.securityChanged(effect) }
        security.onChange = { [weak self] in self?.offer() }
        server.onPINExhausted = { [weak self] in
            self?.log.warning("the PIN has been tried too often and is void")
            self?.abandonTransfer()
        }
        offer()
        log.notice(
            "on the local network",
            metadata: ["coap": "\(port ?? 0)", "coaps": "\(securePort ?? 0)", "state": "\(security.state.state)"])
    }

    /// Closes sessions and sockets.
    public func stop() async {
        device.endpoints = nil
        transfer.cancel()
        services.stop()
        _ = try? await secure?.close().get()
        _ = try? await plain?.close().get()
        secure = nil
        plain = nil
    }

    // MARK: Sessions

    func nextSession() -> SessionID {
        lastSession += 1
        return SessionID(rawValue: lastSession)
    }

    /// A handshake is done.
    private func accept(_ connection: Connection) -> any RequestHandler {
        let session: SecureSession
        switch security.state.state {
        case .rfotm: session = knock(connection)
        case .rfpro, .rfnop, .sreset: session = identify(connection)
        case .reset: session = refused(connection, "the device is being reset")
        }
        sessions[session.id] = session
        return session
    }

    func make(
        _ connection: Connection, _ basis: SecureSession.Basis, _ caller: Caller, _ phase: SecureSession.Phase
    ) -> SecureSession {
        SecureSession(
            id: caller.session ?? nextSession(), connection: connection, basis: basis, caller: caller, phase: phase,
            device: device
        ) { [weak self] session in self?.closed(session) }
    }

    /// A session whose one answer is why it is none.
    func refused(_ connection: Connection, _ reason: String) -> SecureSession {
        log.notice("session refused", metadata: ["peer": "\(Self.address(of: connection))", "reason": "\(reason)"])
        let caller = Caller(.anonymous, way: .secured, session: nextSession())
        let answer = Message(code: .unauthorized, payload: Array(reason.utf8))
        let session = make(connection, .nothing, caller, .refused(answer))
        close(session)
        return session
    }

    private func identify(_ connection: Connection) -> SecureSession {
        do throws(SessionRefusal) {
            let (basis, peer, credentialID) = try proof(of: connection)
            let caller = Caller(
                Requester(.device(peer), isEncrypted: true), way: .secured, session: nextSession(),
                credentialID: credentialID, hasIdentityCertificate: credentialID == nil)
            log.debug("session", metadata: ["peer": "\(peer)"])
            return make(connection, basis, caller, .open)
        } catch {
            return refused(connection, error.reason)
        }
    }

    private func closed(_ session: SecureSession) {
        sessions[session.id] = nil
        transferSessionClosed(session)
        Task { await security.connectionClosed(session.id) }
    }

    /// Closes a session once what has been said has had the time to arrive.
    func close(_ session: SecureSession) {
        Loop.after(times.farewell) { session.connection.close() }
    }

    // MARK: What follows from changes

    private func securityChanged(_ effect: SecurityEffect) {
        switch effect {
        case .showPIN: showPIN()
        case .hidePIN: hidePIN()
        case .credentialsChanged: endUnfounded()
        case .reset:
            for session in sessions.values { close(session) }
        case .stateChanged(let state): transferStateChanged(state)
        default: break
        }
    }

    /// Ends sessions that rest on a credential that is gone.
    private func endUnfounded() {
        for session in sessions.values where !isFounded(session.basis) {
            log.notice("session ended: what it rested on is gone", metadata: ["session": "\(session.id.rawValue)"])
            close(session)
        }
    }

    /// Offers clients what the state demands now.
    func offer() {
        selectionChanged()
        guard let secure else { return }
        server.apply(to: secure, pin: transfer.pin)
        services.update()
    }

    static func address(of connection: Connection) -> String { connection.remoteAddress?.ipAddress ?? "nowhere" }
}

/// Serves plain requests.
struct PlainRequestHandler: RequestHandler {
    let device: OCFDevice

    func handle(_ request: Message, _ exchange: Exchange) {
        Loop.assumeIsolated { device.handle(request, from: .clear(at: exchange.arrival), exchange) }
    }
}
