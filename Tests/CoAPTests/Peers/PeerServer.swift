import CoAP
import CoAPMessages
import NIOCore

/// Our server for other people's clients: `/hello`, `/echo`, `/big/N`, `/store/…`, `/count` (observable).
final class PeerServer: RequestHandler {
    let store = Shared<[String: [UInt8]]>([:])
    let requests = Shared<[Message]>([])
    let cancelled = Shared(0)
    let connections = Shared<[Connection]>([])
    /// How many notifications `/count` sends after its response, 20 ms apart.
    let notifications: UInt8
    let notificationSize: Int

    init(notifications: UInt8 = 5, notificationSize: Int = 0) {
        self.notifications = notifications
        self.notificationSize = notificationSize
    }

    func handle(_ request: Message, _ exchange: Exchange) {
        requests.update { $0.append(request) }
        let path = request.path
        switch path.first {
        case "hello":
            exchange.respond(
                Message(code: .content, contentFormat: ContentFormat.textPlain, payload: Array("hello".utf8)))
        case "echo":
            exchange.respond(Message(code: .changed, payload: request.payload))
        case "big":
            exchange.respond(Message(code: .content, contentFormat: 42, payload: body(Int(path.last ?? "") ?? 0)))
        case "store":
            exchange.respond(stored(request))
        case "count":
            count(exchange)
        case "slow":
            exchange.connection.eventLoop.scheduleTask(in: .milliseconds(300)) {
                exchange.respond(Message(code: .content, payload: Array("late".utf8)))
            }
        case "drop":
            exchange.connection.channel.close(promise: nil)
        default:
            exchange.respond(.notFound, diagnostic: "nothing here")
        }
    }

    private func stored(_ request: Message) -> Message {
        let key = request.pathString
        return store.update { store in
            switch request.code {
            case .put:
                defer { store[key] = request.payload }
                return Message(code: store[key] == nil ? .created : .changed)
            case .get:
                guard let value = store[key] else { return Message(code: .notFound) }
                return Message(code: .content, payload: value)
            case .delete:
                return Message(code: store.removeValue(forKey: key) == nil ? .notFound : .deleted)
            default:
                return Message(code: .methodNotAllowed)
            }
        }
    }

    private func text(_ number: UInt8) -> [UInt8] {
        Array("count \(number)".utf8) + [UInt8](repeating: UInt8(ascii: "."), count: notificationSize)
    }

    private func count(_ exchange: Exchange) {
        let cancelled = cancelled
        guard let observation = exchange.acceptObservation({ cancelled.update { $0 += 1 } }) else {
            return exchange.respond(Message(code: .content, payload: text(0)))
        }
        exchange.respond(Message(code: .content, payload: text(0)))
        send(1, observation)
    }

    private func send(_ number: UInt8, _ observation: ServerObservation) {
        guard number <= notifications else { return }
        observation.connection.eventLoop.scheduleTask(in: .milliseconds(20)) {
            observation.notify(Message(code: .content, payload: self.text(number)))
            self.send(number + 1, observation)
        }
    }

    /// Listens while `body` runs.
    static func listening<Result: Sendable>(
        _ server: PeerServer, limits: Limits = .default, _ body: @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        let listener = try await CoAPTCP.listen(host: "127.0.0.1", port: 0, group: testGroup, limits: limits) {
            connection in
            server.connections.update { $0.append(connection) }
            return server
        }.get()
        do {
            let result = try await body(listener.localAddress?.port ?? 0)
            try await listener.close()
            return result
        } catch {
            try? await listener.close()
            throw error
        }
    }
}
