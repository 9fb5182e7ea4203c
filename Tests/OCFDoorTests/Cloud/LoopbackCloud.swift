// swift-format-ignore-file: NeverForceUnwrap

import CBOR
import CoAP
import CoAPMessages
import NIOCore
import NIOPosix
import OCFModel
import Synchronization

/// A cloud on loopback, without TLS, that does what each test tells it.
final class LoopbackCloud: RequestHandler {
    /// What it answers to a request; nil for no answer.
    typealias Script = @Sendable (Message, Connection) -> EventLoopFuture<Message?>

    private struct State {
        var script: Script?
        var log: [String] = []
        var requests: [Message] = []
        var connections: [Connection] = []
        var lastInstance = 100
        var waiters: [(text: String, promise: EventLoopPromise<Void>)] = []
    }

    let group = MultiThreadedEventLoopGroup.singleton
    private let state = Mutex(State())
    private let channel = Mutex<(any Channel)?>(nil)

    func start() async throws -> Int {
        let channel = try await CoAPTCP.listen(host: "127.0.0.1", port: 0, group: group) { connection in
            self.state.withLock { $0.connections.append(connection) }
            self.note("connected")
            return self
        }.get()
        self.channel.withLock { $0 = channel }
        return channel.localAddress!.port!
    }

    func stop() async throws {
        try await channel.withLock { $0 }?.close()
        for connection in connections { connection.close() }
    }

    var connections: [Connection] { state.withLock { $0.connections } }
    var log: [String] { state.withLock { $0.log } }
    func requests(_ path: String) -> [Message] { state.withLock { $0.requests.filter { $0.pathString == path } } }

    /// Answers otherwise than the usual way where the script has an answer.
    func script(_ script: @escaping Script) { state.withLock { $0.script = script } }

    /// Waits until the log has this line, counted from the beginning.
    func reach(_ text: String) async throws {
        let promise = group.any().makePromise(of: Void.self)
        let isThere = state.withLock { state in
            if state.log.contains(text) { return true }
            state.waiters.append((text, promise))
            return false
        }
        if isThere { promise.succeed() }
        try await promise.futureResult.get()
    }

    func note(_ text: String) {
        let reached = state.withLock { state in
            state.log.append(text)
            let reached = state.waiters.filter { $0.text == text }
            state.waiters.removeAll { $0.text == text }
            return reached
        }
        for (_, promise) in reached { promise.succeed() }
    }

    func connectionClosed(_ connection: Connection) { note("closed") }

    func handle(_ request: Message, _ exchange: Exchange) {
        let body = try? request.representation()
        let script = state.withLock { state in
            state.requests.append(request)
            return state.script
        }
        let login = body?["login"]?.bool.map { $0 ? " in" : " out" } ?? ""
        let what = "\(request.code == .delete ? "delete " : "")\(request.pathString)\(login)"
        let scripted = script?(request, exchange.connection) ?? exchange.connection.eventLoop.makeSucceededFuture(nil)
        scripted.whenSuccess { answer in
            exchange.respond(answer ?? self.usual(request, body))
            self.note(what)
        }
    }

    private func usual(_ request: Message, _ body: CBOR.Value?) -> Message {
        switch (request.pathString, request.code) {
        case ("/oic/sec/account", .post): .ocfResponse(.changed, account(-1))
        case ("/oic/sec/account", .delete), ("/oic/rd", .delete): Message(code: .deleted)
        case ("/oic/sec/session", .post):
            .ocfResponse(.changed, body?["login"]?.bool == true ? signedIn(-1) : [:])
        case ("/oic/sec/tokenrefresh", .post): .ocfResponse(.changed, refreshed(-1))
        case ("/oic/rd", .post):
            .ocfResponse(
                .changed,
                [
                    "links": .array(
                        (body?["links"]?.items ?? []).map { link in
                            let instance = state.withLock { state in
                                state.lastInstance += 1
                                return state.lastInstance
                            }
                            return ["href": link["href"] ?? "", "ins": .int(instance)]
                        })
                ])
        default: Message(code: .notFound)
        }
    }
}
