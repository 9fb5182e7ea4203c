import CoAP
import CoAPMessages
import NIOCore
import NIOPosix
import Synchronization

/// One loop for every test: they are small, and a loop for each would cost a thread.
let testGroup = MultiThreadedEventLoopGroup(numberOfThreads: 2)

/// A handler made of closures.
struct Served: RequestHandler {
    var serve: @Sendable (Message, Exchange) -> Void
    var closed: @Sendable (Connection) -> Void = { _ in }
    var understood: Set<OptionNumber> = []

    func handle(_ request: Message, _ exchange: Exchange) { serve(request, exchange) }
    func connectionClosed(_ connection: Connection) { closed(connection) }
    func understands(_ option: OptionNumber) -> Bool {
        option.isUnderstoodByEndpoints || understood.contains(option)
    }
}

/// A value that several threads read and write.
final class Shared<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    init(_ value: Value) { mutex = Mutex(value) }

    var value: Value {
        get { mutex.withLock { $0 } }
        set { mutex.withLock { $0 = newValue } }
    }

    @discardableResult
    func update<Result: Sendable>(_ body: @Sendable (inout Value) -> Result) -> Result {
        mutex.withLock { value in
            var copy = value
            let result = body(&copy)
            value = copy
            return result
        }
    }
}

/// A listener and a connection to it, closed at the end.
func withLoopback<Result: Sendable>(
    server: Limits = .default, client: Limits = .default,
    clientHandler: any RequestHandler = NothingServed(),
    serving handler: @escaping @Sendable (Connection) -> any RequestHandler,
    _ body: @Sendable (Connection) async throws -> Result
) async throws -> Result {
    let listener = try await CoAPTCP.listen(
        host: "127.0.0.1", port: 0, group: testGroup, limits: server, handler: handler
    ).get()
    let port = listener.localAddress?.port ?? 0
    let connection = try await CoAPTCP.connect(
        host: "127.0.0.1", port: port, on: testGroup.next(), limits: client, handler: clientHandler
    ).get()
    do {
        let result = try await body(connection)
        connection.close()
        try await connection.closeFuture.get()
        try await listener.close()
        return result
    } catch {
        connection.close()
        try? await listener.close()
        throw error
    }
}

/// The longest any step of a test may take; none comes near.
let patience = TimeAmount.seconds(20)

/// Waits until `condition` holds, and says whether it came to that.
func eventually(_ condition: @Sendable () -> Bool) async -> Bool {
    for _ in 0..<2000 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return condition()
}
