import CoAP
import JSONText
import Logging
import OneLoop
import OneM2MPrimitives
import TLS

/// All that connects a CSE to others: its listeners, its clients, and its registrar.
@Loop
public final class OneM2MBindings {
    /// An address in numbers, and a port; 0 for any that is free.
    public struct Listener: Sendable, Hashable {
        /// The address.
        public var address: String
        /// The port.
        public var port: Int

        /// A listener.
        public init(address: String, port: Int) {
            self.address = address
            self.port = port
        }
    }

    /// What is opened and who is believed.
    public struct Settings: Sendable {
        /// HTTP in the clear.
        public var http: Listener?
        /// HTTP over TLS.
        public var https: Listener?
        /// CoAP in the clear.
        public var coap: Listener?
        /// CoAP over DTLS.
        public var coaps: Listener?
        /// What this CSE shows over TLS and DTLS.
        public var identity: Identity?
        /// Whom peers' certificates may come from.
        public var trust = TrustAnchors([])
        /// For whom peers speak.
        public var identities = PeerIdentities()
        /// The keys that servers we go to share with us, by host name or address in lower case.
        public var clientKeys: [String: PreSharedKey] = [:]
        /// Where this CSE is registered.
        public var registrar: RegistrarSettings?
        /// What certificates are judged by.
        public var clock = ValidityClock.system
        /// What is spent on peers.
        public var limits = HTTPLimits()

        /// Nothing.
        public init() {}
    }

    /// How long what waits is kept after a registration: a registrar that has just started, as ACME does, takes
    /// registrations before it knows whom it may tell, and what it refuses is not sent again.
    private static let settlingTime = Duration.seconds(1)

    private let cse: CSE
    private let settings: Settings
    private let log: Logger
    /// How the CSE goes to others.
    public let transports: Transports
    /// Where the CSE is registered; nil where it is on its own.
    public let registrar: Registrar?
    /// Called some time after the registrar has taken the registration: what waited for the way to others can go.
    public var onReachable: (@Loop () -> Void)?
    private var http: HTTPServer?
    private var https: HTTPServer?
    private var coap: UDPEndpoint?
    private var coaps: SecureUDPEndpoint?
    /// Listeners that could not be opened, with the reason.
    public private(set) var failures: [(part: String, reason: String)] = []

    /// Puts it together; nothing is opened before ``start()``.
    public init(_ cse: CSE, settings: Settings, log: Logger, now: @escaping @Loop () -> OneM2MTime) {
        self.cse = cse
        self.settings = settings
        self.log = log
        let transports = Transports(
            http: HTTPClient(limits: settings.limits) { server throws(TransportError) in
                try Self.tls(for: server, settings)
            },
            coap: CoAPClient { server throws(TransportError) in try Self.dtls(for: server, settings) })
        self.transports = transports
        registrar = settings.registrar.map { wanted in
            Registrar(wanted, home: cse.identity, transports: transports, log: log, now: now) { [weak cse] in
                cse?.selfDescription() ?? JSONObject()
            }
        }
        registrar?.onRegistered = { [weak cse] base in
            do throws(OneM2MError) {
                if let registrar = settings.registrar { try await cse?.mirror(registrar, base: base) }
            } catch {
                log.warning("the registrar is not shown as a resource", metadata: ["reason": "\(error.reason)"])
            }
        }
        registrar?.onAvailable = { [weak cse, weak self] isAvailable in
            guard isAvailable else { return }
            Loop.after(Self.settlingTime) {
                cse?.retryNotifications()
                cse?.announceWhatWaits()
                self?.onReachable?()
            }
        }
        cse.remote = RemoteRouter(home: cse.identity, transports: transports, registrar: registrar) {
            [weak cse] entity in
            cse?.reachability(of: entity)
        } poll: { [weak cse] request, entity in
            await cse?.sendOverPollingChannel(request, of: entity)
        }
    }

    /// Ports that are open: 0 for what is not.
    public var ports: (http: Int, https: Int, coap: Int, coaps: Int) {
        (http?.port ?? 0, https?.port ?? 0, coap?.port ?? 0, coaps?.port ?? 0)
    }

    /// Requests that HTTP has answered, and connections that are open.
    public var httpCounters: (requests: UInt64, refused: UInt64, connections: Int) {
        let servers = [http, https].compactMap(\.self)
        return (
            servers.reduce(0) { $0 + $1.counters.requests },
            servers.reduce(0) { $0 + $1.counters.malformed + $1.counters.connectionsRefused },
            servers.reduce(0) { $0 + $1.connectionCount }
        )
    }

    /// Opens the listeners and begins to register; what cannot be opened is in ``failures``, and the rest goes on.
    public func start() async {
        let cse = cse
        let web = HTTPBinding(identities: settings.identities) { request, origin in
            await cse.receive(request, from: origin)
        }
        if let wanted = settings.http { http = await listen(wanted, tls: nil, web, "http") }
        if let wanted = settings.https {
            do throws(TLSError) {
                https = await listen(wanted, tls: try serverTLS(), web, "https")
            } catch {
                failures.append(("onem2m", "https: \(error.reason)"))
            }
        }
        let constrained = CoAPBinding(identities: settings.identities) { request, origin in
            await cse.receive(request, from: origin)
        }
        await openCoAP(constrained)
        registrar?.start()
    }

    /// Takes the registration back and closes everything.
    public func stop() async {
        await registrar?.stop()
        await http?.stop()
        await https?.stop()
        _ = try? await coap?.close().get()
        _ = try? await coaps?.close().get()
        (http, https, coap, coaps) = (nil, nil, nil, nil)
        transports.stop()
    }

    // MARK: Listening

    private func listen(
        _ wanted: Listener, tls: TLSConfiguration?, _ binding: HTTPBinding, _ part: String
    ) async -> HTTPServer? {
        let server = HTTPServer(tls: tls, limits: settings.limits, log: log) { request, peer in
            await binding.answer(request, from: peer)
        }
        do {
            try await server.start(host: wanted.address, port: wanted.port)
            return server
        } catch {
            let reason = SocketErrorText.text(error)
            failures.append(("onem2m", "\(part) cannot listen on \(wanted.address) port \(wanted.port): \(reason)"))
            return nil
        }
    }

    private func openCoAP(_ binding: CoAPBinding) async {
        if let wanted = settings.coap {
            do {
                coap = try await CoAPUDP.bind(host: wanted.address, port: wanted.port, group: Loop.group) {
                    connection in
                    Loop.assumeIsolated { binding.handler(connection) }
                }.get()
            } catch {
                failures.append(("onem2m", "coap: \((error as? CoAPError)?.reason ?? "\(error)")"))
            }
        }
        if let wanted = settings.coaps {
            do {
                coaps = try await CoAPDTLS.bind(
                    host: wanted.address, port: wanted.port, server: try serverDTLS(), group: Loop.group
                ) { connection in
                    Loop.assumeIsolated { binding.handler(connection) }
                }.get()
            } catch {
                let reason = (error as? TLSError)?.reason ?? (error as? CoAPError)?.reason ?? "\(error)"
                failures.append(("onem2m", "coaps: \(reason)"))
            }
        }
    }

    private func serverTLS() throws(TLSError) -> TLSConfiguration {
        guard let identity = settings.identity else {
            throw TLSError(.invalidConfiguration, "there is no certificate; see onem2m.tls")
        }
        return try TLSConfiguration.server(
            identity: identity, clientCertificate: settings.trust.certificates.isEmpty ? .none : .optional,
            trust: settings.trust, clock: settings.clock)
    }

    private func serverDTLS() throws(TLSError) -> DTLSConfiguration {
        let keys = settings.identities.preSharedKeys
        guard let identity = settings.identity else {
            guard let keys else {
                throw TLSError(.invalidConfiguration, "there is neither a certificate nor a key; see onem2m.tls")
            }
            return try DTLSConfiguration.server(preSharedKeys: keys)
        }
        return try DTLSConfiguration.server(
            identity: identity, clientCertificate: settings.trust.certificates.isEmpty ? .none : .optional,
            trust: settings.trust, preSharedKeys: keys, clock: settings.clock)
    }

    // MARK: Going to others

    private static func tls(
        for server: PointOfAccess.Server, _ settings: Settings
    ) throws(TransportError) -> TLSConfiguration {
        do throws(TLSError) {
            guard !settings.trust.certificates.isEmpty else {
                throw TLSError(.invalidConfiguration, "no authorities are known for TLS; see onem2m.tls.trust")
            }
            return try TLSConfiguration.client(
                trust: settings.trust, peerName: .hostName(server.host), identity: settings.identity,
                clock: settings.clock)
        } catch {
            throw TransportError(.refused, error.reason)
        }
    }

    private static func dtls(
        for server: PointOfAccess.Server, _ settings: Settings
    ) throws(TransportError) -> DTLSConfiguration {
        do throws(TLSError) {
            if let key = settings.clientKeys[server.host] { return try DTLSConfiguration.client(preSharedKey: key) }
            guard !settings.trust.certificates.isEmpty else {
                throw TLSError(.invalidConfiguration, "no authorities are known for DTLS; see onem2m.tls.trust")
            }
            return try DTLSConfiguration.client(
                trust: settings.trust, peerName: .hostName(server.host), identity: settings.identity,
                clock: settings.clock)
        } catch {
            throw TransportError(.refused, error.reason)
        }
    }
}
