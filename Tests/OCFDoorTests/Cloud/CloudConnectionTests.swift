// swift-format-ignore-file: NeverForceUnwrap, NeverUseForceTry

import CBOR
import CoAP
import CoAPMessages
import FlashStore
import Logging
import NIOCore
import OCFModel
import OneLoop
import Synchronization
import Testing

@testable import OCFDoor

/// The connection against a cloud on loopback.
@Loop
@Suite(.timeLimit(.minutes(1))) struct CloudConnectionTests {
    let cloud = LoopbackCloud()
    let house = House()

    /// What stands behind the connection.
    @Loop
    final class House {
        let store = try! FlashStore.inMemory()
        var links = ["/oic/d", "/oic/p", "/a"]
        var served: [String] = []
        let lines = Mutex<[String]>([])

        nonisolated init() {}

        func connection() -> CloudConnection {
            let environment = CloudConnection.Environment(
                deviceID: { deviceID }, deviceName: { "gw" },
                links: { [self] in
                    links.map {
                        Link(href: $0, resourceTypes: ["oic.r.x"], interfaces: [.readOnly], policy: .discoverable)
                    }
                },
                serve: { [self] request, requester, exchange in
                    served.append("\(request.code) \(request.pathString) \(requester == .cloud(cloudID))")
                    exchange.respond(.ocfResponse(.content, ["served": true]))
                },
                tls: { _, _ in nil })
            var log = Logger(label: "cloud") { _ in
                LineCatcher(lines: { line in self.lines.withLock { $0.append(line) } })
            }
            log.logLevel = .trace
            let connection = CloudConnection(environment: environment, store: store, log: log)
            connection.pace = 0.01
            return connection
        }
    }

    private func configure(_ connection: CloudConnection, _ port: Int) async throws {
        try await connection.update(
            .connect(
                address: "coaps+tcp://127.0.0.1:\(port)", cloudID: cloudID, accessToken: "code", provider: "plgd"))
    }

    private func reach(_ connection: CloudConnection, _ state: CloudSession.State) async {
        while connection.state != state { try? await Task.sleep(for: .milliseconds(2)) }
    }

    @Test func aConfiguredGatewaySignsUpSignsInAndPublishes() async throws {
        let port = try await cloud.start()
        let connection = house.connection()
        var changes: [CloudStatus] = []
        connection.onChange { changes.append(connection.configuration.status) }
        connection.start()
        try await configure(connection, port)
        // The configuration is durable before anything is asked of the cloud.
        #expect(house.store.get("cloud/record").flatMap { CloudRecord(bytes: $0) }?.cloudID == cloudID)
        try await cloud.reach("/oic/rd")
        #expect(cloud.log == ["connected", "/oic/sec/account", "/oic/sec/session in", "/oic/rd"])
        let published = try cloud.requests("/oic/rd")[0].representation()
        #expect(published?["links"]?.items?.compactMap { $0["href"]?.string } == house.links)
        #expect(published?["di"] == .text("\(deviceID)") && published?["ttl"] == 0 && published?["n"] == "gw")
        #expect(connection.configuration.status == .registered && connection.configuration.lastError == .none)
        #expect(changes.last == .registered && changes.contains(.registering))
        #expect(
            connection.isConfigured(address: "coaps+tcp://127.0.0.1:\(port)", cloudID: cloudID, accessToken: "code"))
        #expect(!connection.isConfigured(address: "coaps+tcp://127.0.0.1:\(port)", cloudID: cloudID, accessToken: "x"))
        await connection.stop()
        #expect(cloud.log.contains("/oic/sec/session out"))
        try await cloud.stop()
    }

    @Test func tokensAreDurableBeforeTheyAreUsed() async throws {
        let port = try await cloud.start()
        let store = house.store
        let stored = Mutex<String?>(nil)
        cloud.script { request, connection in
            if request.pathString == "/oic/sec/session" {
                let record = store.get("cloud/record").flatMap { CloudRecord(bytes: $0) }
                stored.withLock { $0 = record?.account?.accessToken.value }
            }
            return connection.eventLoop.makeSucceededFuture(nil)
        }
        let connection = house.connection()
        connection.start()
        try await configure(connection, port)
        try await cloud.reach("/oic/sec/session in")
        #expect(stored.withLock { $0 } == "AT1")
        await connection.stop()
        try await cloud.stop()
    }

    /// plgd hub asks before it answers the sign-in, and waits for ever.
    @Test func requestsAreServedBeforeTheSignInIsAnswered() async throws {
        let port = try await cloud.start()
        cloud.script { request, connection in
            guard request.pathString == "/oic/sec/session" else {
                return connection.eventLoop.makeSucceededFuture(nil)
            }
            return connection.send(
                Message(code: .get, path: "/oic/res", query: ["if=oic.if.ll", "rt=oic.wk.d"]), timeout: .seconds(30)
            ).map { answer in answer.code == .content ? nil : Message(code: .unauthorized) }
        }
        let connection = house.connection()
        connection.start()
        try await configure(connection, port)
        await reach(connection, .signedIn)
        #expect(house.served == ["0.01 /oic/res true"])
        #expect(connection.counters.requestsServed == 1 && connection.counters.signIns == 1)
        await connection.stop()
        try await cloud.stop()
    }

    @Test func aRefusedSignInIsTriedAgainOnANewConnection() async throws {
        let port = try await cloud.start()
        let refusals = Mutex(2)
        cloud.script { request, connection in
            let refuses =
                request.pathString == "/oic/sec/session"
                && refusals.withLock { left in
                    left -= 1
                    return left >= 0
                }
            let refusal = Message(code: .unauthorized, payload: Array("access to device denied AT1".utf8))
            return connection.eventLoop.makeSucceededFuture(refuses ? refusal : nil)
        }
        let connection = house.connection()
        connection.start()
        try await configure(connection, port)
        await reach(connection, .signedIn)
        #expect(connection.counters.connections == 3 && connection.configuration.status == .registered)
        // The cloud's words are in the log, without the token it quoted.
        let lines = house.lines.withLock { $0 }.joined(separator: "\n")
        #expect(lines.contains("access to device denied (secret)"))
        for secret in ["AT1", "RT1", "AT2", "RT2"] { #expect(!lines.contains(secret)) }
        await connection.stop()
        try await cloud.stop()
    }

    @Test func aRestartRefreshesFirstAndKeepsTheNewTokens() async throws {
        let port = try await cloud.start()
        cloud.script { request, connection in
            let answer: Message? =
                request.pathString == "/oic/sec/account" ? .ocfResponse(.changed, account(3600)) : nil
            return connection.eventLoop.makeSucceededFuture(answer)
        }
        let first = house.connection()
        first.start()
        try await configure(first, port)
        await reach(first, .signedIn)
        await first.stop()
        let second = house.connection()
        second.start()
        await reach(second, .signedIn)
        let bodies = try cloud.requests("/oic/sec/session").map { try $0.representation()?["accesstoken"]?.string }
        #expect(bodies == ["AT1", "AT1", "AT2"])
        #expect(
            house.store.get("cloud/record").flatMap { CloudRecord(bytes: $0) }?.account?.refreshToken.value == "RT2")
        await second.stop()
        try await cloud.stop()
    }

    @Test func linksThatComeAndGoAreToldTheCloud() async throws {
        let port = try await cloud.start()
        let connection = house.connection()
        connection.start()
        try await configure(connection, port)
        try await cloud.reach("/oic/rd")
        house.links = ["/oic/d", "/oic/p", "/b"]
        for _ in 1...5 { connection.linksChanged() }
        try await cloud.reach("delete /oic/rd")
        let requests = cloud.requests("/oic/rd")
        #expect(requests.count == 3)
        #expect(try requests[1].representation()?["links"]?.items?.compactMap { $0["href"]?.string } == ["/b"])
        // By the number the cloud gave.
        #expect(requests[2].query == ["di=\(deviceID)", "ins=103"])
        await connection.stop()

        // What goes while the gateway is off is unpublished when it is back.
        house.links = ["/oic/d", "/oic/p"]
        let second = house.connection()
        second.start()
        while cloud.requests("/oic/rd").count < 5 { try await Task.sleep(for: .milliseconds(2)) }
        #expect(cloud.requests("/oic/rd")[4].query == ["di=\(deviceID)", "ins=104"])
        await second.stop()
        try await cloud.stop()
    }

    @Test func aLostConnectionComesBackAndPublishesAgain() async throws {
        let port = try await cloud.start()
        let connection = house.connection()
        connection.start()
        try await configure(connection, port)
        try await cloud.reach("/oic/rd")
        cloud.connections[0].channel.close(promise: nil)
        while cloud.requests("/oic/rd").count < 2 { try await Task.sleep(for: .milliseconds(2)) }
        #expect(connection.configuration.lastError == .none && connection.counters.connections == 2)
        await connection.stop()
        try await cloud.stop()
    }

    @Test func leavingDeregistersAndForgets() async throws {
        let port = try await cloud.start()
        let connection = house.connection()
        connection.start()
        try await configure(connection, port)
        try await cloud.reach("/oic/rd")
        await #expect(throws: ResourceError(.badRequest, "")) { try await configure(connection, port) }
        try await connection.update(.disconnect)
        await reach(connection, .idle)
        #expect(cloud.requests("/oic/sec/account").last?.query == ["uid=u1", "di=\(deviceID)", "accesstoken=AT1"])
        #expect(connection.configuration == CloudConfiguration())
        try await house.store.flush()
        #expect(house.store.scan(prefix: "cloud/").isEmpty)
        // And may be configured again.
        try await configure(connection, port)
        await reach(connection, .signedIn)
        await connection.stop()
        try await cloud.stop()
    }

    @Test func aFactoryResetWipesEverything() async throws {
        let port = try await cloud.start()
        let connection = house.connection()
        connection.start()
        try await configure(connection, port)
        try await cloud.reach("/oic/rd")
        try await connection.factoryReset()
        #expect(house.store.scan(prefix: "cloud/").isEmpty && connection.state == .idle)
        #expect(cloud.log.contains("delete /oic/sec/account"))
        try await connection.factoryReset()
        await connection.stop()
        try await connection.factoryReset()
        try await cloud.stop()
    }

    @Test func noCloudIsNoFailure() async throws {
        let connection = house.connection()
        connection.start()
        await #expect(throws: ResourceError(.badRequest, "")) {
            try await connection.update(
                .connect(address: "coap+tcp://x", cloudID: cloudID, accessToken: "t", provider: nil))
        }
        try await connection.update(.disconnect)
        connection.linksChanged()
        connection.clockCorrected()
        await connection.stop()
        #expect(connection.state == .stopped)
    }

    @Test func aCloudThatIsAwayIsTriedAgain() async throws {
        let port = try await cloud.start()
        try await cloud.stop()
        let connection = house.connection()
        connection.start()
        try await configure(connection, port)
        while connection.counters.connectFailures < 7 { try await Task.sleep(for: .milliseconds(2)) }
        #expect(connection.configuration.status == .failed && connection.configuration.lastError == .connectionFailed)
        #expect(connection.trouble?.code == .unreachable)
        // Whoever configures another cloud now is heard.
        #expect(connection.acceptsConfiguration)
        await connection.stop()
    }
}

/// Hands log lines on.
struct LineCatcher: LogHandler {
    let lines: @Sendable (String) -> Void
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    init(lines: @escaping @Sendable (String) -> Void) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines("\(event.message) \(event.metadata ?? [:])")
    }
}
