import CoAP
import Foundation
import Logging
import NIOCore
import NIOPosix
import OCFModel
import PrivateFiles
import Synchronization
import TLS

/// The cloud: account server and resource directory over one listening socket, state in one directory.
///
/// ```swift
/// let server = try CloudServer(configuration: configuration, state: "/var/lib/gatehouse-cloud", logger: logger)
/// try await server.start()
/// print(server.uri)
/// await server.stop()
/// ```
public final class CloudServer: Sendable {
    let core: CloudCore
    private let configuration: ServerConfiguration
    private let tls: TLSConfiguration
    private let group: MultiThreadedEventLoopGroup
    private let lock: FileLock

    private struct Running {
        var listener: (any Channel)?
        var housekeeping: Task<Void, Never>?
        var uri = CloudURI(host: "", port: 0)
    }

    private let running = Mutex(Running())

    /// How often presence is written down and other processes' changes are looked for. A second is soon enough for
    /// people, and looking costs no disk access.
    private static let housekeepingInterval = Duration.seconds(1)

    /// Days before the end of the cloud's certificate from which the log warns at each start.
    private static let expiryWarningDays = 60.0

    /// Opens the state directory and reads the certificates; nothing is listened on yet.
    ///
    /// - Parameters:
    ///   - state: the state directory, which is made if it is not there; one server may use it at a time.
    ///   - database: an open database to use instead of the directory's own (tests).
    /// - Throws: ``CloudError`` `.configuration` or `.storage`.
    public init(
        configuration: ServerConfiguration, state directory: String, logger: Logger,
        clock: @escaping WallClock = systemClock
    ) throws {
        try PrivateFile.makeDirectory(directory)
        // Two servers would not know of each other's connections.
        guard let lock = try FileLock(directory + "/lock") else {
            throw CloudError(.exists, "another gatehouse-cloud serves from \(directory)")
        }
        self.lock = lock
        let store = CertificateStore(state: directory)
        let certificate = configuration.certificate ?? store.cloudPath
        let id: Identifier
        // A chain of one's own may have its root at its end; where it has not, only the operator knows it.
        let trusted: String?
        if let path = configuration.certificate {
            id = try CertificateAuthority.inspect(certificate: PrivateFile.read(path)).id
            trusted = (try? CertificateChain(file: path))?.certificates.last.flatMap { $0.isAuthority ? $0.pem : nil }
        } else {
            id = try store.cloudID()
            trusted = try? PrivateFile.read(store.authorityPath)
        }
        do throws(TLSError) {
            let identity = try Identity(
                certificateFile: certificate, keyFile: configuration.key ?? store.cloudKeyPath)
            let clientCertificate: TLSConfiguration.ClientCertificate =
                switch configuration.clientCertificate {
                case .required: .required
                case .optional: .optional
                case .none: .none
                }
            let trust =
                configuration.clientCertificate == .none
                ? TrustAnchors([]) : try TrustAnchors(file: configuration.trust ?? store.authorityPath)
            // Any certificate of the authority passes TLS; whom it names is checked at sign-up and sign-in, where the
            // refusal can be told.
            tls = try TLSConfiguration.server(
                identity: identity, clientCertificate: clientCertificate, trust: trust, peerName: .any)
            let days = Double(identity.chain.leaf.notAfter - ValidityClock.system.now()) / 86_400
            if days < Self.expiryWarningDays {
                logger.warning(
                    "the cloud's certificate ends in \(Int(days)) days; renew it by `gatehouse-cloud ca renew`")
            }
        } catch {
            throw CloudError(.configuration, error.reason)
        }
        self.configuration = configuration
        core = CloudCore(
            configuration: configuration, cloudID: id, database: try CloudDatabase(directory: directory),
            mediation: MediationFacts(
                trust: trusted, authority: configuration.trust == nil ? store : nil),
            logger: logger, clock: clock)
        group = MultiThreadedEventLoopGroup(
            numberOfThreads: configuration.threads > 0 ? configuration.threads : System.coreCount)
    }

    /// The cloud's id (`sid`).
    public var id: Identifier { core.cloudID }

    /// The cloud's users and devices.
    public var database: CloudDatabase { core.database }

    /// Where the cloud is; known after ``start()``.
    public var uri: CloudURI { running.withLock { $0.uri } }

    /// Begins to listen.
    ///
    /// - Throws: ``CloudError`` `.connection` when the address cannot be listened on.
    public func start() async throws {
        try await core.database.clearPresence(now: core.clock())
        for registration in try await core.database.registrations() { _ = core.routes.insert(registration) }

        var limits = CoAP.Limits()
        limits.message.messageSize = configuration.limits.messageSize
        limits.bodySize = configuration.limits.bodySize
        limits.blockwiseBytes = 2 * configuration.limits.bodySize
        limits.outboundBytes = max(limits.outboundBytes, 4 * configuration.limits.messageSize)
        // Both ways: what a client observes here, and what is observed of a device. Our own limits come first.
        limits.observations = max(configuration.limits.observationsPerConnection, configuration.limits.linksPerDevice)
        limits.connections = configuration.limits.connections
        limits.keepAlive = KeepAlive(
            interval: .seconds(configuration.pingAfter), timeout: .seconds(configuration.pingTimeout))
        let listener: any Channel
        do {
            listener = try await CoAPTCP.listen(
                host: configuration.address, port: configuration.port, tls: tls, group: group, limits: limits
            ) { [core] connection in
                let session = Session(core: core, connection: connection)
                return session.start() ? session : NothingServed()
            }.get()
        } catch {
            // Not a mistake of the configuration alone: the port may be free again soon.
            throw CloudError(
                .connection, "cannot listen on \(configuration.address) port \(configuration.port): \(error)")
        }
        let port = listener.localAddress?.port ?? configuration.port
        let uri = try configuration.publicURI.map { try CloudURI($0) } ?? CloudURI(host: publicHost, port: port)
        core.endpoint = uri.description
        let housekeeping = Task { [core] in
            var seen = try? await core.database.foreignChanges()
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.housekeepingInterval)
                seen = await core.keepHouse(since: seen)
            }
        }
        running.withLock { running in
            running.listener = listener
            running.housekeeping = housekeeping
            running.uri = uri
        }
        core.logger.notice("listening", metadata: ["uri": "\(uri)", "sid": "\(id)"])
    }

    /// The host that others reach us by, when nobody has said: the address listened on, else this machine's name.
    private var publicHost: String {
        switch configuration.address {
        case "0.0.0.0", "::": ProcessInfo.processInfo.hostName
        default: configuration.address
        }
    }

    /// Drains and closes: no new connection or request to a device is taken, those under way may end, then all are closed.
    public func stop() async {
        let (listener, housekeeping) = running.withLock { running in
            defer {
                running.listener = nil
                running.housekeeping = nil
            }
            return (running.listener, running.housekeeping)
        }
        core.startDraining()
        try? await listener?.close().get()
        let end = ContinuousClock.now + .seconds(configuration.drainTimeout)
        while core.underWay > 0, ContinuousClock.now < end {
            try? await Task.sleep(for: .milliseconds(10))
        }
        let closing = core.sessions.map { $0.connection.shutdown(timeout: .milliseconds(500)) }
        for future in closing { try? await future.get() }
        housekeeping?.cancel()
        await housekeeping?.value
        try? await core.database.clearPresence(now: core.clock())
        core.database.close()
        try? await group.shutdownGracefully()
        lock.release()
        core.logger.notice("stopped")
    }

    /// Whether every event loop and the database answer, for a watchdog.
    public func isAlive() async -> Bool {
        do {
            for loop in group.makeIterator() { try await loop.submit {}.get() }
            _ = try await core.database.foreignChanges()
            return true
        } catch {
            return false
        }
    }
}

extension CloudCore {
    /// Writes down who came and went, and takes over what the command line has changed in the database.
    ///
    /// - Returns: the number of foreign changes seen, for the next call.
    func keepHouse(since seen: Int?) async -> Int? {
        do {
            let changes = presence.take()
            if !changes.isEmpty { try await database.recordPresence(changes) }
            let now = try await database.foreignChanges()
            if now != seen { try await takeOver() }
            return now
        } catch is CancellationError {
            return seen
        } catch {
            logger.error("housekeeping failed", metadata: ["error": "\(error)"])
            return seen
        }
    }

    /// Drops the registrations that are no longer in the database.
    private func takeOver() async throws {
        // The routes first: one that signs up after this is in both or in the newer alone.
        let routes = routes.all
        let kept = Set(try await database.registrations())
        for route in routes where !kept.contains(route.registration) {
            _ = self.routes.remove(route.registration.device)
            logger.notice("removed", metadata: ["device": "\(route.registration.device)"])
            drop(route)
        }
    }
}
