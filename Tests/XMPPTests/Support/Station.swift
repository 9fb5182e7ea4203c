import Foundation
import Logging
import NIOCore
import NIOPosix
import TLS
import Testing

@testable import XMPP

/// A connection with its session, on a loop of its own, for tests that run elsewhere.
final class Station: Sendable {
    /// What lives on the loop.
    final class Parts {
        let session: XMPPSession
        let connection: XMPPConnection
        var states: [SessionState] = []
        var messages: [Message] = []
        var presences: [Presence] = []
        var kept: [IQRequest] = []

        init(_ configuration: XMPPConfiguration, _ loop: any EventLoop, _ resolver: ServiceResolver) {
            session = XMPPSession(
                account: configuration.jid, isComponent: configuration.isComponent,
                info: DiscoInfo(identities: [.init(category: "client", type: "bot")], features: ["urn:test"]),
                software: "urn:gatehouse:test", on: loop)
            var log = Logger(label: "xmpp-test") { _ in SwiftLogNoOpLogHandler() }
            log.logLevel = .debug
            connection = XMPPConnection(configuration, session: session, log: log, resolver: resolver)
        }
    }

    let loop: any EventLoop
    let parts: NIOLoopBound<Parts>

    init(_ configuration: XMPPConfiguration, resolver: ServiceResolver = ServiceResolver(), starts: Bool = true)
        async throws
    {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        self.loop = loop
        parts = try await loop.submit {
            let parts = Parts(configuration, loop, resolver)
            parts.session.onState { parts.states.append($0) }
            parts.session.onMessage(nil, "urn:test") { message, _ in parts.messages.append(message) }
            parts.session.onPresence { parts.presences.append($0) }
            parts.session.onSubscriptionRequest { from, _ in
                parts.session.acceptSubscription(of: from)
            }
            parts.session.onRequest(.get, "echo", "urn:test") { $0.result($0.payload) }
            parts.session.onRequest(.get, "keep", "urn:test") { parts.kept.append($0) }
            if starts { parts.connection.start() }
            return NIOLoopBound(parts, eventLoop: loop)
        }.get()
    }

    deinit {
        let parts = parts
        loop.execute { parts.value.connection.stop() }
    }

    /// Runs code on the loop.
    @discardableResult
    func on<Result: Sendable>(_ body: @escaping @Sendable (Parts) throws -> Result) async throws -> Result {
        let parts = parts
        return try await loop.submit { try body(parts.value) }.get()
    }

    func eventually(
        _ what: String, seconds: Int = Cut.isLong ? 600 : 40, _ condition: @escaping @Sendable (Parts) -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while !(try await on(condition)) {
            if ContinuousClock.now >= deadline {
                let status = try await on { "\($0.connection.status)" }
                Issue.record("never happened: \(what); \(status)")
                throw StreamTrouble(.silent, "never happened: \(what)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    func online() async throws { try await eventually("online") { $0.session.state.isOnline } }

    /// Waits for a trouble, and gives it.
    func trouble() async throws -> StreamTrouble {
        try await eventually("trouble") { $0.connection.status.trouble != nil }
        return try #require(try await on { $0.connection.status.trouble })
    }

    var address: JID { get async throws { try #require(try await on { $0.session.state.address }) } }

    func stop() async throws {
        let promise = loop.makePromise(of: Void.self)
        try await on { $0.connection.stop { promise.succeed(()) } }
        try await promise.futureResult.get()
    }

    /// Asks and waits for the answer.
    func ask(
        _ payload: XMLElement, to: JID?, timeout: TimeAmount = .seconds(20)
    ) async throws -> Result<XMLElement?, IQFailure> {
        let promise = loop.makePromise(of: Result<XMLElement?, IQFailure>.self)
        try await on { $0.session.get(payload, to: to, timeout: timeout) { promise.succeed($0) } }
        return try await promise.futureResult.get()
    }
}

/// Carries bytes between a client and a server, and is the bad network between them.
final class Relay: Sendable {
    /// What is done with the bytes of the connections that are there, and whether new ones are let through.
    enum Mode: Sendable {
        case open
        /// Nothing arrives, nobody is told: a cut cable.
        case stalled
        /// Connections are refused.
        case refusing
    }

    private final class State {
        var mode = Mode.open
        var pairs: [(any Channel, any Channel)] = []
        var bytes = 0
    }

    private final class Half: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let state: State
        var other: (any Channel)?
        var waiting: [ByteBuffer] = []

        init(_ state: State) { self.state = state }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard state.mode == .open else { return }
            let buffer = unwrapInboundIn(data)
            state.bytes += buffer.readableBytes
            if let other { other.writeAndFlush(buffer, promise: nil) } else { waiting.append(buffer) }
        }

        func attach(_ other: any Channel) {
            self.other = other
            for buffer in waiting { other.writeAndFlush(buffer, promise: nil) }
            waiting = []
        }

        func channelInactive(context: ChannelHandlerContext) {
            // A cut cable does not tell that the other end is gone.
            if state.mode != .stalled { other?.close(promise: nil) }
        }
    }

    private let loop: any EventLoop
    private let state: NIOLoopBound<State>
    private let channel: any Channel
    let port: Int

    init(to target: Int) async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        self.loop = loop
        let state = try await loop.submit { NIOLoopBound(State(), eventLoop: loop) }.get()
        self.state = state
        channel = try await ServerBootstrap(group: loop).childChannelInitializer { inner in
            guard state.value.mode == .open else { return inner.close() }
            return inner.eventLoop.makeCompletedFuture {
                let front = Half(state.value)
                try inner.pipeline.syncOperations.addHandler(front)
                let bound = NIOLoopBound(front, eventLoop: loop)
                ClientBootstrap(group: loop).channelInitializer { outer in
                    outer.eventLoop.makeCompletedFuture {
                        let back = Half(state.value)
                        back.other = inner
                        try outer.pipeline.syncOperations.addHandler(back)
                    }
                }.connect(host: "127.0.0.1", port: target).whenComplete { result in
                    switch result {
                    case .success(let outer):
                        state.value.pairs.append((inner, outer))
                        bound.value.attach(outer)
                    case .failure: inner.close(promise: nil)
                    }
                }
            }
        }.bind(host: "127.0.0.1", port: 0).get()
        port = try #require(channel.localAddress?.port)
    }

    deinit { channel.close(promise: nil) }

    func set(_ mode: Mode) async throws {
        let state = state
        try await loop.submit { state.value.mode = mode }.get()
    }

    /// Ends all connections: towards the client with a reset or close, towards the server silently or not.
    func cut() async throws {
        let state = state
        try await loop.submit {
            for (inner, outer) in state.value.pairs {
                inner.close(promise: nil)
                outer.close(promise: nil)
            }
            state.value.pairs = []
        }.get()
    }
}
