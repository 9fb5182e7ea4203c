// swift-format-ignore-file: NeverForceUnwrap

import CBOR
import CoAPMessages
import Concentrator
import FlashStore
import OCFModel
import OneLoop
import Synchronization

@testable import OCFDoor

/// A device over a concentrator and a store in memory, with time that stands still until it is moved.
@Loop
final class DeviceHouse {
    let store: FlashStore
    let concentrator = Concentrator()
    let time = ManualTime()
    let driver: RecordingDriver
    let device: OCFDevice
    let cloud = Identifier.random()
    var changes: [LinksChange] = []

    init(store: FlashStore? = nil, settings: DeviceSettings = DeviceSettings()) async throws {
        let store = try store ?? FlashStore.inMemory()
        self.store = store
        driver = RecordingDriver(concentrator)
        let time = time
        device = OCFDevice(
            identity: try await DeviceIdentity.load(from: store), settings: settings, concentrator: concentrator,
            store: store, scheduler: { delay, body in time.schedule(delay, body) })
        device.trustedCloud = cloud
        device.onLinksChanged = { [weak self] change in self?.changes.append(change) }
    }

    /// Adds a node and waits until its links have their numbers.
    @discardableResult
    func add(
        _ name: String, fields: [Field] = [], parameters: [Parameter] = [], deviceClass: String? = nil,
        displayName: String? = nil
    ) async throws -> NodeID {
        let id = NodeID(parsing: name)!
        try concentrator.add(
            NodeDescription(id: id, displayName: displayName, parameters: parameters, deviceClass: deviceClass),
            driver: driver)
        if !fields.isEmpty { concentrator.update(id, fields: fields) }
        while device.entries[id]?.numbers == nil { await Task.yield() }
        return id
    }

    /// Moves time far enough for every notification that is not slow.
    func settle() { time.advance(by: .milliseconds(500)) }

    /// Asks as the cloud, unless told otherwise, and waits for the answer.
    func ask(
        _ code: Code, _ path: String, query: [String] = [], _ body: CBOR.Value? = nil, from requester: Requester? = nil
    ) async -> Message {
        let exchange = TestExchange()
        device.handle(
            .ocfRequest(code, path: path, query: query, representation: body), from: .cloud(requester ?? .cloud(cloud)),
            exchange)
        while exchange.responses.isEmpty { await Task.yield() }
        return exchange.responses[0]
    }

    /// The representation of a successful answer.
    func get(_ path: String, query: [String] = [], from requester: Requester? = nil) async throws -> CBOR.Value? {
        let answer = await ask(.get, path, query: query, from: requester)
        return answer.code == .content ? try answer.representation() : nil
    }

    /// Observes as the cloud.
    func observe(_ path: String, query: [String] = [], from requester: Requester? = nil) -> TestExchange {
        let exchange = TestExchange()
        var request = Message.ocfRequest(.get, path: path, query: query)
        request.observe = 0
        device.handle(request, from: .cloud(requester ?? .cloud(cloud)), exchange)
        return exchange
    }
}

/// Time that stands still until it is moved.
@Loop
final class ManualTime {
    private var now = Duration.zero
    private var waiting: [(at: Duration, order: Int, body: @Loop () -> Void)] = []
    private var count = 0

    func schedule(_ delay: Duration, _ body: @escaping @Loop () -> Void) {
        count += 1
        waiting.append((now + delay, count, body))
    }

    func advance(by duration: Duration) {
        let end = now + duration
        while let next = waiting.filter({ $0.at <= end }).min(by: { ($0.at, $0.order) < ($1.at, $1.order) }) {
            waiting.removeAll { $0.order == next.order }
            now = max(now, next.at)
            next.body()
        }
        now = end
    }
}

/// Notes what is written, and does it unless told to fail.
@Loop
final class RecordingDriver: NodeDriver {
    var writes: [(NodeID, String, FieldValue)] = []
    var fails = false
    private let concentrator: Concentrator

    init(_ concentrator: Concentrator) { self.concentrator = concentrator }

    func write(_ node: NodeID, _ values: [(parameter: String, value: FieldValue)]) async throws(NodeError) {
        await Task.yield()
        if fails { throw NodeError(.driverFailed, "the line is stuck") }
        for (parameter, value) in values {
            writes.append((node, parameter, value))
            concentrator.update(node, parameter: parameter, value: value)
        }
    }
}

/// An exchange that keeps what it is given.
final class TestExchange: ServedExchange, ObservationSink {
    private struct State {
        var responses: [Message] = []
        var notifications: [Message] = []
        var cancelled: (@Sendable () -> Void)?
        var isReady = true
        var hasEnded = false
    }

    private let state = Mutex(State())

    var responses: [Message] { state.withLock { $0.responses } }
    var notifications: [Message] { state.withLock { $0.notifications } }
    var isObserved: Bool { state.withLock { $0.cancelled != nil } }
    var hasEnded: Bool { state.withLock { $0.hasEnded } }
    var isReady: Bool {
        get { state.withLock { $0.isReady } }
        set { state.withLock { $0.isReady = newValue } }
    }

    /// The bodies of the notifications, which are then forgotten.
    func take() throws -> [CBOR.Value?] {
        let messages = state.withLock { state in
            defer { state.notifications = [] }
            return state.notifications
        }
        return try messages.map { try $0.representation() }
    }

    func respond(_ response: Message) { state.withLock { $0.responses.append(response) } }

    func observe(cancelled: @escaping @Sendable () -> Void) -> (any ObservationSink)? {
        state.withLock { $0.cancelled = cancelled }
        return self
    }

    func notify(_ message: Message) { state.withLock { $0.notifications.append(message) } }

    func end() { state.withLock { $0.hasEnded = true } }

    /// What the transport does when the observer leaves.
    func leave() { state.withLock { $0.cancelled }?() }
}

extension FieldValue {
    /// The number that a text spells.
    static func n(_ text: String) -> FieldValue { .number(Quantity(text)!) }
}
