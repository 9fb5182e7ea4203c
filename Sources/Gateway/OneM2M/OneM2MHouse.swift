import Concentrator
import FlashStore
import JSONText
import Logging
import OneLoop
import OneM2MDoor
import OneM2MPrimitives
import TLS

/// The oneM2M side of the house: the CSE, and the ways to it and from it.
@Loop
final class OneM2MHouse {
    let cse: CSE
    let bindings: OneM2MBindings
    /// What issues and judges tokens; nil when that could not begin, and requests with tokens are then 5001.
    private(set) var tokens: TokenService?
    private let clock: @Loop () -> OneM2MTime
    private var tokenTrouble: String?

    /// What is missing of it; nil when nothing is.
    var trouble: String? {
        if let failure = bindings.failures.first { return failure.reason }
        if let tokenTrouble { return tokenTrouble }
        guard let registrar = bindings.registrar, let reason = registrar.status.trouble else { return nil }
        return "not registered at \(registrar.settings.point): \(reason)"
    }

    /// Puts it together; nothing is sent or shown before ``start(_:history:)``.
    ///
    /// - Parameter clock: microseconds since 1970, never before what is known to have passed.
    init(
        _ configuration: Configuration.OneM2M, _ connections: Configuration.OneM2MBindings, store: FlashStore,
        certificates: ValidityClock, log: Logger, clock: @escaping @Loop () -> Int64
    ) throws(OneM2MSetupError) {
        let time: @Loop () -> OneM2MTime = { OneM2MTime(microseconds: clock()) }
        self.clock = time
        var settings = CSESettings(configuration)
        let wanted = try OneM2MBindings.Settings(connections, home: settings.identity, clock: certificates)
        settings.registrar = wanted.registrar?.cse.absolute
        settings.pointsOfAccess = wanted.pointsOfAccess(connections.pointsOfAccess)
        cse = CSE(settings: settings, store: store, log: log, clock: time)
        bindings = OneM2MBindings(cse, settings: wanted, log: log, now: time)
    }

    /// Begins to handle tokens. What stands in the way, such as a file of keys that cannot be read, is told, and no token
    /// counts.
    func startTokens(_ configuration: Configuration.Tokens, store: FlashStore, log: Logger) async {
        do {
            let service = try TokenService(
                settings: try TokenSettings(configuration, at: cse.identity), cse: cse, store: store, log: log,
                clock: clock)
            try await service.start()
            tokens = service
            // Without a list tokens are refused: who started before the issuer's gateway does not wait for the next round.
            bindings.onReachable = { [weak service] in
                guard let service else { return }
                Task { await service.fetchLists() }
            }
        } catch {
            tokenTrouble = "no tokens: \(error)"
            log.error("no tokens are issued or honoured: \(error)")
        }
    }

    /// Shows the nodes and begins to send what waited.
    func start(_ concentrator: Concentrator, history: Int) async {
        cse.show(concentrator, history: history)
        await bindings.start()
        cse.start()
    }

    func stop() async {
        tokens?.stop()
        await bindings.stop()
        cse.stop()
    }

    /// Forgets what requests made, for a factory reset.
    static func forget(_ store: FlashStore) async throws(StoreError) {
        try await CSE.forget(store)
        try await TokenService.forget(store)
    }

    /// How it does, for `gatehouse status`.
    var status: JSON {
        let counters = cse.counters
        return [
            "cse": .string(cse.identity.entity.absolute), "resources": .int(cse.resourceCount),
            "instances": .int(cse.instanceCount), "requests": .int(counters.requests),
            "refused": .int(counters.refused), "notifications_sent": .int(counters.notificationsSent),
            "notifications_failed": .int(counters.notificationFailures),
            "notifications_dropped": .int(counters.notificationsDropped),
            "notifications_waiting": .int(cse.waitingNotifications), "expired": .int(counters.expired),
            "unreadable": .int(counters.unreadable), "tokens": tokens?.status ?? .null,
            "trouble": .string(orNull: trouble), "http_port": .int(bindings.ports.http),
            "https_port": .int(bindings.ports.https), "coap_port": .int(bindings.ports.coap),
            "coaps_port": .int(bindings.ports.coaps), "connections": .int(bindings.httpCounters.connections),
            "http_refused": .int(Int(clamping: bindings.httpCounters.refused)), "registrar": registrar,
        ]
    }

    private var registrar: JSON {
        guard let registrar = bindings.registrar else { return .null }
        return [
            "url": .string("\(registrar.settings.point)"), "cse": .string("\(registrar.settings.cse)"),
            "registered": .bool(registrar.status.isRegistered), "state": .string(registrar.status.state),
            "registrations": .int(registrar.status.registrations),
        ]
    }
}

extension CSESettings {
    /// What the configuration says.
    init(_ configuration: Configuration.OneM2M) {
        self.init(
            identity: CSEIdentity(
                spID: configuration.spID, cseID: configuration.cseID, baseName: configuration.cseName))
        kind = configuration.kind == "asn" ? .applicationServiceNode : .middleNode
        administrators = configuration.administrators
        registrants = configuration.registrants
        readers = configuration.readers
        controllers = configuration.controllers
        allowsInsecureAEs = configuration.insecure != "nobody"
        allowsInsecureCSEs = configuration.insecure == "everybody"
        isDurable = configuration.durable
        limits.resources = configuration.resourcesMaximum
        limits.contentInstances = configuration.instancesMaximum
        limits.contentBytes = configuration.contentMaximumKiB << 10
    }
}
