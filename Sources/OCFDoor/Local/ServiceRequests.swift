import CBOR
import CoAP
import CoAPMessages
import Logging
import NIOCore
import OCFModel
import OneLoop
import TLS

/// Goes to the services that the device's owner has named, and has them provision it (server-directed provisioning; CR
/// "Device Types for security-related entities").
///
/// A service asks for that by `tm` of pstat, with a server-directed mode in `om`. The documents define no message by which
/// a device asks; so the device opens a session with the service's host, sees by `/oic/d` that it hosts the service, and
/// serves what the service then requests on that session, with the service's rights: the owner of a resource writes it,
/// whoever opened the connection.
@Loop
final class ServiceRequests {
    /// What one attempt finds wrong.
    struct Failure: Error {
        let reason: String
    }

    /// Between attempts: a service that was switched on a moment later is not missed for long, and one that is away for
    /// days is not a burden.
    static let delays: [Duration] = [.seconds(5), .seconds(15), .seconds(60), .seconds(300)]
    /// How long a session is kept for the service to begin, and between its requests.
    static let patience = Duration.seconds(60)
    /// How long answers to the search are waited for: two seconds of leisure, and the way.
    static let searchWindow = TimeAmount.milliseconds(2_500)
    /// How long a service may take to say what it is.
    static let answerTimeout = TimeAmount.seconds(20)

    /// Weak, since attempts outlive a door that is closed by a moment.
    private weak var door: LocalDoor?
    private var running: [SecurityService: (host: Identifier, task: Task<Void, Never>)] = [:]
    /// Sessions that the device has opened, and what they rest on.
    private var sessions: [SecurityService: ServiceSession] = [:]
    /// The delay between attempts, for tests that have no time.
    var delays = ServiceRequests.delays

    init(door: LocalDoor) {
        self.door = door
    }

    /// Services with a session now.
    var connected: Set<SecurityService> { Set(sessions.keys) }

    /// Begins and ends what the state wants now.
    func update() {
        let wanted = wanted
        for (service, run) in running where wanted[service] != run.host { stop(service) }
        for (service, host) in wanted where running[service] == nil {
            running[service] = (host, Task { @Loop [weak self] in await self?.run(service, host) })
        }
        for (service, session) in sessions where door?.isFounded(session.basis) != true { end(service) }
    }

    /// Ends everything.
    func stop() {
        for service in running.keys { stop(service) }
    }

    private var wanted: [SecurityService: Identifier] {
        guard let state = door?.security.state, [.rfpro, .rfnop, .sreset].contains(state.state),
            !state.pstat.operationalMode.isDisjoint(with: [.serverDirectedMultiple, .serverDirectedSingle])
        else { return [:] }
        return state.wantedServices
    }

    private func stop(_ service: SecurityService) {
        running.removeValue(forKey: service)?.task.cancel()
        end(service)
    }

    private func end(_ service: SecurityService) {
        sessions.removeValue(forKey: service)?.connection?.close()
    }

    private func run(_ service: SecurityService, _ host: Identifier) async {
        var attempt = 0
        while !Task.isCancelled, let door {
            do {
                try await ask(service, host, door)
                attempt = 0
            } catch {
                let reason = (error as? Failure)?.reason ?? "\(error)"
                door.log.notice(
                    "a service cannot be asked",
                    metadata: ["service": "\(service.rawValue)", "host": "\(host)", "reason": "\(reason)"])
            }
            try? await Task.sleep(for: delays[min(attempt, delays.count - 1)])
            attempt += 1
        }
    }

    /// One attempt; returns when the session with the service has ended.
    private func ask(_ service: SecurityService, _ host: Identifier, _ door: LocalDoor) async throws {
        let (basis, configuration) = try credentials(for: host, door)
        guard let address = try await find(service, host, door) else {
            throw Failure(reason: "no device on the network says that it is \(host) and hosts \(service.deviceType)")
        }
        let caller = Caller(
            Requester(.device(host), isEncrypted: true), way: .secured, session: door.nextSession(),
            credentialID: basis.credentialID, hasIdentityCertificate: basis.credentialID == nil)
        let session = ServiceSession(device: door.device, caller: caller, basis: basis)
        let connection = try await CoAPDTLS.connect(
            host: address.host, port: address.port, dtls: configuration, on: Loop.eventLoop, handler: session
        ).get()
        guard !Task.isCancelled, door.isFounded(basis) else { return connection.close() }
        do throws(ServiceFault) {
            let shown = await Self.types(connection)
            try service.checkHost(host, deviceTypes: shown)
        } catch {
            connection.close()
            throw Failure(reason: error.description)
        }
        session.connection = connection
        session.serves = true
        sessions[service] = session
        door.log.notice("a service is asked", metadata: ["service": "\(service.rawValue)", "host": "\(host)"])
        // A session with nothing on it ends; the transport's own bound is ten minutes.
        session.watch(Self.patience)
        try? await connection.closeFuture.get()
        if sessions[service] === session { sessions[service] = nil }
    }

    /// `rt` of the peer's `/oic/d`, which the baseline interface tells; none when it does not answer.
    private static func types(_ connection: Connection) async -> [String] {
        let request = Message.ocfRequest(.get, path: "/oic/d", query: ["if=oic.if.baseline"])
        guard let answer = try? await connection.send(request, timeout: answerTimeout).get(), answer.code == .content
        else { return [] }
        return (try? answer.representation())??["rt"]?.items?.compactMap(\.string) ?? []
    }

    /// The key or the certificates to know a host by, and to be known.
    private func credentials(
        for host: Identifier, _ door: LocalDoor
    ) throws -> (SecureSession.Basis, DTLSConfiguration) {
        let security = door.security
        if let (credential, key) = security.state.cred.pairwiseKey(with: host, at: security.environment.time()) {
            let own = PreSharedKey(identity: security.state.deviceID.octets, key: key)
            return (.key(credential), try .client(preSharedKey: own))
        }
        let anchors = security.anchors(for: host)
        guard let identity = security.identityCredential(), let anchor = anchors.certificates.first,
            let facts = CertificateFacts(anchor)
        else { throw Failure(reason: "there is no credential for \(host)") }
        return (
            .certificate(peer: host, anchor: facts),
            try .client(
                trust: anchors, peerName: .ocf(uuid: host.description), identity: identity,
                clock: ValidityClock(security.environment.certificateTime))
        )
    }

    /// Where a host of a service is, by a search on the network.
    private func find(
        _ service: SecurityService, _ host: Identifier, _ door: LocalDoor
    ) async throws -> (host: String, port: Int)? {
        guard let plain = door.plain else { throw Failure(reason: "the local network is not served") }
        let interfaces = door.interfaces.filter {
            $0.isLoopback ? door.settings.includesLoopback : $0.supportsMulticast
        }
        let found = Found()
        _ = try await plain.multicast(
            .ocfRequest(.get, path: "/oic/res", query: ["rt=\(service.deviceType)"]),
            port: door.settings.discoveryPort, interfaces: interfaces.map(\.index), window: Self.searchWindow
        ) { response in
            Loop.assumeIsolated { found.take(response.message, host) }
        }.get()
        return found.address
    }

    /// What a search has found.
    @Loop
    private final class Found {
        private(set) var address: (host: String, port: Int)?

        func take(_ message: Message, _ host: Identifier) {
            guard address == nil, message.code == .content, let value = try? message.representation(),
                let links = try? Link.list(value)
            else { return }
            for link in links where link.anchor == "ocf://\(host)" {
                for endpoint in link.endpoints {
                    guard let found = Self.secure(endpoint.address) else { continue }
                    address = found
                    return
                }
            }
        }

        /// Host and port of `coaps://192.0.2.1:5684`; link-local addresses, which need an interface of ours, are left out.
        private static func secure(_ text: String) -> (host: String, port: Int)? {
            guard text.hasPrefix("coaps://"), let colon = text.lastIndex(of: ":"),
                let port = Int(text[text.index(after: colon)...]), (1...65_535).contains(port)
            else { return nil }
            let host = text[text.index(text.startIndex, offsetBy: 8)..<colon].filter { $0 != "[" && $0 != "]" }
            guard (try? SocketAddress(ipAddress: host, port: port)) != nil, !host.lowercased().hasPrefix("fe80")
            else { return nil }
            return (host, port)
        }
    }
}

extension SecureSession.Basis {
    /// The key's `credid`; nil for a certificate.
    var credentialID: Int? {
        if case .key(let credential) = self { credential.id } else { nil }
    }
}

/// A session that the device has opened with a service, which then asks on it.
@Loop
final class ServiceSession: RequestHandler {
    let basis: SecureSession.Basis
    private let device: OCFDevice
    private let caller: Caller
    /// Once the host has shown that it hosts the service.
    var serves = false
    var connection: Connection?
    private var lastRequest = ContinuousClock.now

    init(device: OCFDevice, caller: Caller, basis: SecureSession.Basis) {
        self.device = device
        self.caller = caller
        self.basis = basis
    }

    /// Serves the service's requests; nobody's before it has shown what it is.
    nonisolated func handle(_ request: Message, _ exchange: Exchange) {
        Loop.assumeIsolated {
            lastRequest = .now
            guard serves else { return exchange.respond(.unauthorized, diagnostic: "this session serves nobody yet") }
            device.handle(request, from: caller, exchange)
        }
    }

    /// Forgets the session's roles.
    nonisolated func connectionClosed(_ connection: Connection) {
        Loop.assumeIsolated {
            self.connection = nil
            guard let session = caller.session else { return }
            Task { await device.security?.connectionClosed(session) }
        }
    }

    /// Ends the session when nothing has come for so long.
    func watch(_ patience: Duration) {
        Loop.after(patience) { [weak self] in
            guard let self, let connection = self.connection else { return }
            if ContinuousClock.now - self.lastRequest >= patience { connection.close() } else { self.watch(patience) }
        }
    }
}
