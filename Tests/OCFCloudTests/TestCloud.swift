// swift-format-ignore-file: NeverForceUnwrap

import CBOR
import CoAP
import CoAPMessages
import Foundation
import Logging
import NIOCore
import NIOPosix
import OCFModel
import Synchronization
import TLS

@testable import OCFCloud

/// A cloud on loopback with its own authority, for one test.
final class TestCloud: Sendable {
    let scratch: Scratch
    let authority: CertificateAuthority
    let trust: String
    let configuration: ServerConfiguration
    let now = Atomic<Int64>(1_000_000)
    private let current: Mutex<CloudServer?>

    /// Starts a cloud with the users anna and bert.
    static func start(_ change: (inout ServerConfiguration) -> Void = { _ in }) async throws -> TestCloud {
        var configuration = ServerConfiguration()
        configuration.address = "127.0.0.1"
        configuration.port = 0
        configuration.threads = 2
        change(&configuration)
        let cloud = try TestCloud(configuration)
        try await cloud.restart()
        return cloud
    }

    private init(_ configuration: ServerConfiguration) throws {
        scratch = try Scratch()
        self.configuration = configuration
        let store = CertificateStore(state: scratch.path)
        try store.create(id: .random(), hostNames: [])
        authority = try store.authority()
        trust = try authority.certificatePEM()
        current = Mutex(nil)
    }

    var server: CloudServer { current.withLock { $0! } }
    var uri: CloudURI { CloudURI(host: "127.0.0.1", port: server.uri.port) }
    var database: CloudDatabase { server.database }

    /// Stops the server, if it runs, and starts another from the same state, on the same port where there was one.
    func restart() async throws {
        var configuration = self.configuration
        let isFirst: Bool
        if let old = current.withLock({ $0 }) {
            isFirst = false
            configuration.port = old.uri.port
            await old.stop()
        } else {
            isFirst = true
        }
        var logger = Logger(label: "cloud")
        logger.logLevel = .critical
        let server = try CloudServer(
            configuration: configuration, state: scratch.path, logger: logger,
            clock: { [self] in now.load(ordering: .relaxed) })
        if isFirst {
            try server.database.addUser("anna")
            try server.database.addUser("bert")
        }
        try await server.start()
        current.withLock { $0 = server }
    }

    func token(_ user: String) throws -> String {
        try database.createToken(user: user, lifetime: 600, now: now.load(ordering: .relaxed)).text
    }

    func profile(_ id: Identifier = .random(), certified: Identifier? = nil, withCertificate: Bool = true) throws
        -> ClientProfile
    {
        let issued = try withCertificate ? authority.issueIdentity(certified ?? id) : nil
        return ClientProfile(
            cloud: uri, cloudID: server.id, id: id, trust: trust, certificate: issued?.certificate, key: issued?.key)
    }

    /// A client of this user, signed in.
    func client(_ user: String) async throws -> CloudClient {
        let client = CloudClient(profile: try profile(), clock: { [self] in now.load(ordering: .relaxed) })
        try await client.signUp(token: token(user))
        try await client.signIn()
        return client
    }

    /// A device of this user, signed in, with its links published.
    func device(_ user: String, hrefs: [String] = ["/lamp"]) async throws -> FakeDevice {
        let device = try await FakeDevice(profile: profile())
        for href in hrefs { device.set(href, ["value": false]) }
        try await device.signUp(token: token(user))
        try await device.signIn()
        try await device.publish(hrefs)
        return device
    }
}

/// A device with resources in memory, on a connection of its own: speaks the protocol, and can be made to misbehave.
final class FakeDevice: RequestHandler {
    let profile: ClientProfile
    var id: Identifier { profile.id }

    struct State {
        var connection: Connection?
        var values: [String: CBOR.Value] = [:]
        var observers: [String: [ServerObservation]] = [:]
        var requests: [Message] = []
        var account: (user: String, access: String, refresh: String)?
        var isSilent = false
        var refuses: Code?
    }

    let state = Mutex(State())

    init(profile: ClientProfile) async throws {
        self.profile = profile
        try await connect()
    }

    var connection: Connection { state.withLock { $0.connection! } }
    var account: (user: String, access: String, refresh: String) { state.withLock { $0.account! } }
    /// The requests it has seen.
    var requests: [Message] { state.withLock { $0.requests } }
    /// How many observe `href`.
    func observers(of href: String) -> Int { state.withLock { $0.observers[href]?.count ?? 0 } }

    func connect() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let new = try await CoAPTCP.connect(
            host: profile.cloud.host, port: profile.cloud.port, tls: profile.tls(), on: loop, handler: self
        ).get()
        state.withLock { $0.connection = new }
    }

    /// Changes a resource and tells its observers.
    func set(_ href: String, _ value: CBOR.Value) {
        let observers = state.withLock { state in
            state.values[href] = value
            return state.observers[href] ?? []
        }
        for observer in observers { observer.notify(.ocfResponse(.content, value)) }
    }

    func handle(_ request: Message, _ exchange: Exchange) {
        let href = request.pathString
        let (isSilent, refuses, value) = state.withLock { state in
            state.requests.append(request)
            return (state.isSilent, state.refuses, state.values[href])
        }
        if isSilent {
            // Kept, as letting go of it would answer.
            Task {
                try? await Task.sleep(for: .seconds(20))
                exchange.respond(.ocfResponse(.content))
            }
            return
        }
        if let refuses { return exchange.respond(Message(code: refuses, payload: Array("no".utf8))) }
        guard let value else { return exchange.respond(.ocfResponse(.notFound)) }
        switch request.code {
        case .get:
            if exchange.asksToObserve {
                let holder = Holder()
                if let observation = exchange.acceptObservation({ [self] in
                    state.withLock { state in
                        state.observers[href]?.removeAll { $0 === holder.observation.withLock { $0 } }
                    }
                }) {
                    holder.observation.withLock { $0 = observation }
                    state.withLock { $0.observers[href, default: []].append(observation) }
                }
            }
            exchange.respond(.ocfResponse(.content, value))
        case .post:
            let new = (try? request.representation()) ?? .null
            set(href, new)
            exchange.respond(.ocfResponse(.changed, new))
        case .delete:
            state.withLock { $0.values[href] = nil }
            exchange.respond(.ocfResponse(.deleted))
        default: exchange.respond(.ocfResponse(.methodNotAllowed))
        }
    }

    func send(_ message: Message) async throws -> Message {
        try await connection.send(message, timeout: .seconds(10)).get()
    }

    @discardableResult
    func signUp(token: String, id: Identifier? = nil) async throws -> Message {
        let response = try await send(
            .ocfRequest(
                .post, path: "/oic/sec/account",
                representation: ["di": .text((id ?? self.id).description), "accesstoken": .text(token)]))
        if let body = try? response.representation(), let user = body["uid"]?.string,
            let access = body["accesstoken"]?.string, let refresh = body["refreshtoken"]?.string
        {
            state.withLock { $0.account = (user, access, refresh) }
        }
        return response
    }

    @discardableResult
    func signIn(login: Bool = true, user: String? = nil, access: String? = nil) async throws -> Message {
        let account = self.account
        return try await send(
            .ocfRequest(
                .post, path: "/oic/sec/session",
                representation: [
                    "di": .text(id.description), "uid": .text(user ?? account.user),
                    "accesstoken": .text(access ?? account.access), "login": .boolean(login),
                ]))
    }

    @discardableResult
    func refresh() async throws -> Message {
        let account = self.account
        let response = try await send(
            .ocfRequest(
                .post, path: "/oic/sec/tokenrefresh",
                representation: [
                    "di": .text(id.description), "uid": .text(account.user), "refreshtoken": .text(account.refresh),
                ]))
        if let body = try? response.representation(), let access = body["accesstoken"]?.string,
            let refresh = body["refreshtoken"]?.string
        {
            state.withLock { $0.account = (account.user, access, refresh) }
        }
        return response
    }

    @discardableResult
    func publish(_ hrefs: [String], di: Identifier? = nil, ttl: Int = 0) async throws -> Message {
        try await send(
            .ocfRequest(
                .post, path: "/oic/rd", query: ["rt=oic.wk.rdpub"],
                representation: [
                    "di": .text((di ?? id).description), "ttl": .int(ttl),
                    "links": .array(
                        hrefs.map {
                            Link(
                                href: $0, resourceTypes: ["oic.r.switch.binary"],
                                interfaces: [.actuator, .baseline], policy: [.discoverable, .observable]
                            ).value
                        }),
                ]))
    }
}

private final class Holder: Sendable {
    let observation = Mutex<ServerObservation?>(nil)
}

/// Waits until `condition` holds, at most ten seconds.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(10)
    while try await !condition() {
        guard ContinuousClock.now < end else { throw CloudError(.timeout, "never: \(what)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Runs what blocks on a thread of its own: the pool that runs tests and server has one thread a core.
func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
}
