import CBOR
import CoAP
import CoAPMessages
import Foundation
import NIOCore
import NIOPosix
import OCFModel

/// A client of an OCF cloud: it signs up and in like a device (OCF Device To Cloud 8.3) and reaches the devices of its user.
///
/// ```swift
/// let client = CloudClient(profile: profile)
/// try await client.signUp(token: oneTimeToken)
/// for resource in try await client.resources() { print(resource.href, try await client.get(resource.href)) }
/// for try await value in try await client.observe("/\(di)/ble/A4C1388D18B2/temperature") { print(value) }
/// ```
///
/// It connects and signs in when first needed and after a connection was lost, refreshes its tokens before they end, and
/// hands every new pair to `save` before it uses it. Calls fail with ``CloudError``.
public actor CloudClient {
    /// A resource as the cloud lists it.
    public struct Resource: Sendable, Hashable {
        /// `/<di>/…`: what ``CloudClient/get(_:query:)`` takes.
        public let href: String
        /// The device it is on.
        public let device: Identifier?
        /// The whole link.
        public let link: Link
    }

    /// How long a request may take: the cloud's own time for the device's answer, and some for the way.
    private static let timeout = TimeAmount.seconds(15)
    /// Silence after which the cloud is asked for a sign of life, and the time for it. The cloud pings after ten seconds
    /// itself, so this acts only when it is gone.
    private static let keepAlive = KeepAlive(interval: .seconds(20), timeout: .seconds(10))

    /// What the client was made of.
    public nonisolated let profile: ClientProfile
    /// What the cloud gave it; nil before sign-up.
    public private(set) var account: ClientAccount?

    private let eventLoop: any EventLoop
    private let save: @Sendable (ClientAccount) throws -> Void
    private let directory: ClientDirectory?
    private let clock: WallClock
    private var connection: Connection?
    private var isSignedIn = false
    private var connecting: Task<Connection, any Error>?
    private var joining: Task<Connection, any Error>?
    private var refreshing: Task<Void, Never>?

    /// A client.
    ///
    /// - Parameters:
    ///   - account: from an earlier sign-up; nil to sign up.
    ///   - eventLoop: where its connection lives; by default one of NIO's shared ones.
    ///   - save: keeps the account durably; called before new tokens are used.
    public init(
        profile: ClientProfile, account: ClientAccount? = nil,
        eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next(),
        clock: @escaping WallClock = systemClock,
        save: @escaping @Sendable (ClientAccount) throws -> Void = { _ in }
    ) {
        self.profile = profile
        self.account = account
        self.eventLoop = eventLoop
        self.clock = clock
        self.save = save
        directory = nil
    }

    /// A client whose profile and account are in a directory, where it keeps them up to date. Several processes may use
    /// one directory at a time.
    public init(directory: ClientDirectory) throws {
        profile = try directory.profile()
        account = try directory.account()
        eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        clock = systemClock
        save = directory.save
        self.directory = directory
    }

    // MARK: - Connection and account

    /// Connects, if not connected; does not sign in.
    public func connect() async throws {
        _ = try await connected()
    }

    /// Registers with a one-time token and keeps what the cloud answers.
    public func signUp(token: String) async throws {
        let answer = try await exchange(
            .ocfRequest(
                .post, path: "/oic/sec/account",
                representation: [
                    "di": .text(profile.id.description), "accesstoken": .text(token), "devicetype": "client",
                ]),
            on: connected())
        try keep(answer, user: answer["uid"]?.string)
    }

    /// Signs in, after a refresh when the access token has ended.
    public func signIn() async throws {
        _ = try await ready()
    }

    /// Signs out and stays connected.
    public func signOut() async throws {
        guard let account, let connection, isSignedIn else { return }
        isSignedIn = false
        refreshing?.cancel()
        _ = try await exchange(sessionRequest(account, login: false), on: connection)
    }

    /// Deregisters; a new one-time token is needed to return.
    public func deregister() async throws {
        _ = try await perform(.ocfRequest(.delete, path: "/oic/sec/account"), on: ready())
        account = nil
        await close()
    }

    /// Hangs up. The next call connects again.
    public func close() async {
        refreshing?.cancel()
        isSignedIn = false
        let connection = self.connection
        self.connection = nil
        guard let connection else { return }
        connection.close()
        try? await connection.closeFuture.get()
    }

    // MARK: - Resources

    /// The resources of the user's devices.
    ///
    /// - Parameters:
    ///   - type: only those of this type (`oic.r.temperature`).
    ///   - device: only those of this device.
    public func resources(type: String? = nil, device: Identifier? = nil) async throws -> [Resource] {
        var query: [String] = []
        if let type { query.append("rt=\(type)") }
        if let device { query.append("di=\(device)") }
        return try Self.resources(in: await get("/oic/res", query: query))
    }

    /// Reads `/oic/res` and tells each change until the stream is dropped.
    public func observeResources() async throws -> AsyncThrowingStream<[Resource], any Error> {
        let values = try await observe("/oic/res")
        return AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    for try await value in values { continuation.yield(try Self.resources(in: value)) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// RETRIEVE.
    public func get(_ href: String, query: [String] = []) async throws -> CBOR.Value {
        let request = Message.ocfRequest(.get, path: href, query: query)
        do {
            return try await exchange(request, on: ready())
        } catch let error as CloudError where error.code == .connection {
            // The connection was dead already; a GET may be made again.
            return try await exchange(request, on: ready())
        }
    }

    /// UPDATE.
    ///
    /// - Returns: the representation that the device answered; null when it answered none.
    @discardableResult
    public func post(_ href: String, _ value: CBOR.Value, query: [String] = []) async throws -> CBOR.Value {
        try await exchange(.ocfRequest(.post, path: href, query: query, representation: value), on: ready())
    }

    /// DELETE.
    public func delete(_ href: String, query: [String] = []) async throws {
        _ = try await perform(.ocfRequest(.delete, path: href, query: query), on: ready())
    }

    /// Any request, with whatever answer comes.
    public func request(_ message: Message) async throws -> Message {
        try await send(message, on: ready())
    }

    /// Observes: the present value first, then each that follows. The stream ends with an error when the device, the link
    /// or the connection goes; of values that are not taken in time the newest 256 are kept.
    public func observe(_ href: String, query: [String] = []) async throws -> AsyncThrowingStream<CBOR.Value, any Error>
    {
        do {
            return try await observe(href, query: query, on: ready())
        } catch let error as CloudError where error.code == .connection {
            return try await observe(href, query: query, on: ready())
        }
    }

    private func observe(
        _ href: String, query: [String], on connection: Connection
    ) async throws -> AsyncThrowingStream<CBOR.Value, any Error> {
        let (stream, continuation) = AsyncThrowingStream<CBOR.Value, any Error>.makeStream(
            bufferingPolicy: .bufferingNewest(256))
        let observation: ClientObservation
        do {
            observation = try await connection.observe(
                .ocfRequest(.get, path: href, query: query), timeout: Self.timeout
            ) { notification in
                Self.yield(notification, to: continuation)
            }.get()
        } catch let error as CoAPError {
            throw Self.failure(error)
        }
        guard observation.first.code.isSuccess else { throw Self.refusal(observation.first, href) }
        continuation.yield(try Self.value(of: observation.first))
        guard observation.isAccepted else {
            throw CloudError(.peer, "\(href) cannot be observed")
        }
        observation.ended.whenSuccess { end in
            switch end {
            case .cancelled, .refused: continuation.finish()
            case .byServer(let last): continuation.finish(throwing: Self.refusal(last, href))
            case .failed(let error): continuation.finish(throwing: Self.failure(error))
            }
        }
        continuation.onTermination = { _ in observation.cancel() }
        return stream
    }

    // MARK: - Getting ready

    /// A connection that is signed in. Callers that come at once share one attempt.
    private func ready() async throws -> Connection {
        if let connection, connection.channel.isActive, isSignedIn { return connection }
        if let joining { return try await joining.value }
        let task = Task { try await join() }
        joining = task
        defer { joining = nil }
        return try await task.value
    }

    private func join() async throws -> Connection {
        guard var account else {
            throw CloudError(.unauthorized, "the client has not signed up; it needs a one-time token")
        }
        if let expiresAt = account.expiresAt, expiresAt <= clock() + 5 { account = try await refresh(account) }
        do {
            return try await signIn(account)
        } catch let error as CloudError where error.code == .unauthorized {
            // Ended early, perhaps by a clock that is off: the refresh token tells. The cloud hangs up after a refusal.
            await close()
            return try await signIn(refresh(account))
        }
    }

    private func connected() async throws -> Connection {
        if let connection, connection.channel.isActive { return connection }
        if let connecting { return try await connecting.value }
        let task = Task { try await dial() }
        connecting = task
        defer { connecting = nil }
        return try await task.value
    }

    private func dial() async throws -> Connection {
        isSignedIn = false
        refreshing?.cancel()
        var limits = CoAP.Limits()
        limits.keepAlive = Self.keepAlive
        // A directory of a thousand nodes comes as one body.
        limits.bodySize = CloudLimits().bodySize
        limits.blockwiseBytes = 2 * limits.bodySize
        do {
            let new = try await CoAPTCP.connect(
                host: profile.cloud.host, port: profile.cloud.port, tls: profile.tls(), on: eventLoop, limits: limits
            ).get()
            connection = new
            return new
        } catch let error as CoAPError {
            throw CloudError(.connection, "cannot reach the cloud at \(profile.cloud): \(error.reason)")
        }
    }

    private func signIn(_ account: ClientAccount) async throws -> Connection {
        let connection = try await connected()
        let answer = try await exchange(sessionRequest(account, login: true), on: connection)
        isSignedIn = true
        refreshBefore(seconds: answer["expiresin"]?.int)
        return connection
    }

    private func sessionRequest(_ account: ClientAccount, login: Bool) -> Message {
        .ocfRequest(
            .post, path: "/oic/sec/session",
            representation: [
                "di": .text(profile.id.description), "uid": .text(account.user),
                "accesstoken": .text(account.accessToken), "login": .boolean(login),
            ])
    }

    private func refresh(_ account: ClientAccount) async throws -> ClientAccount {
        // One at a time: of two processes that refresh at once the later pair would make the earlier worthless, and the
        // earlier might be the one that stays on disk.
        let lock = try await directory?.lock()
        defer { lock?.release() }
        if let latest = try directory?.account(), latest != account {
            self.account = latest
            return latest
        }
        let answer = try await exchange(
            .ocfRequest(
                .post, path: "/oic/sec/tokenrefresh",
                representation: [
                    "di": .text(profile.id.description), "uid": .text(account.user),
                    "refreshtoken": .text(account.refreshToken),
                ]),
            on: connected())
        return try keep(answer, user: account.user)
    }

    /// Refreshes on the open connection when nine tenths of the token's time are over.
    private func refreshBefore(seconds: Int?) {
        refreshing?.cancel()
        guard let seconds, seconds >= 0 else { return }
        refreshing = Task { [weak self] in
            try? await Task.sleep(for: .milliseconds(max(1, seconds) * 900))
            guard !Task.isCancelled else { return }
            await self?.refreshNow()
        }
    }

    private func refreshNow() async {
        guard let account, isSignedIn, let new = try? await refresh(account) else { return }
        refreshBefore(seconds: new.expiresAt.map { Int(max(0, $0 - clock())) })
    }

    @discardableResult
    private func keep(_ answer: CBOR.Value, user: String?) throws -> ClientAccount {
        guard let user, let access = answer["accesstoken"]?.string, let refresh = answer["refreshtoken"]?.string,
            let seconds = answer["expiresin"]?.int
        else { throw CloudError(.peer, "the cloud's answer lacks uid, accesstoken, refreshtoken or expiresin") }
        let account = ClientAccount(
            user: user, accessToken: access, refreshToken: refresh,
            expiresAt: seconds < 0 ? nil : clock() + WallSeconds(seconds))
        try save(account)
        self.account = account
        return account
    }

    // MARK: - Asking

    private func send(_ request: Message, on connection: Connection) async throws -> Message {
        do {
            return try await connection.send(request, timeout: Self.timeout).get()
        } catch let error as CoAPError {
            throw Self.failure(error)
        }
    }

    private func perform(_ request: Message, on connection: Connection) async throws -> Message {
        let response = try await send(request, on: connection)
        guard response.code.isSuccess else { throw Self.refusal(response, request.pathString) }
        return response
    }

    private func exchange(_ request: Message, on connection: Connection) async throws -> CBOR.Value {
        try Self.value(of: await perform(request, on: connection))
    }
}
