import NIOCore
import NIOHTTP1
import NIOPosix

/// What clients do, one request after another on a connection of their own each.
struct Load: Sendable {
    var method: HTTPMethod
    var path: String
    var headers: HTTPHeaders
    var body: [UInt8]
    var expected: HTTPResponseStatus
}

/// What came of a load.
struct LoadResult: Sendable {
    var perSecond: Double
    /// Milliseconds.
    var median: Double
    /// Milliseconds.
    var p99: Double
    var failed: Int
}

/// Asks with so many clients for so long, on a thread that is not the server's.
enum LoadClient {
    static func run(_ load: Load, host: String, port: Int, clients: Int, for duration: Duration) async throws
        -> LoadResult
    {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let deadline = NIODeadline.now() + TimeAmount(duration)
        let begun = NIODeadline.now()
        let results = try await withThrowingTaskGroup(of: ([Int64], Int).self) { tasks in
            for number in 0..<clients {
                tasks.addTask {
                    try await one(load, host, port, group, until: deadline, number).get()
                }
            }
            return try await tasks.reduce(into: [([Int64], Int)]()) { $0.append($1) }
        }
        let elapsed = Double((NIODeadline.now() - begun).nanoseconds) / 1e9
        try await group.shutdownGracefully()
        let times = results.flatMap(\.0).sorted()
        func quantile(_ part: Double) -> Double {
            times.isEmpty ? .nan : Double(times[min(times.count - 1, Int(Double(times.count) * part))]) / 1e6
        }
        return LoadResult(
            perSecond: Double(times.count) / elapsed, median: quantile(0.5), p99: quantile(0.99),
            failed: results.reduce(0) { $0 + $1.1 })
    }

    private static func one(
        _ load: Load, _ host: String, _ port: Int, _ group: any EventLoopGroup, until deadline: NIODeadline,
        _ number: Int
    ) -> EventLoopFuture<([Int64], Int)> {
        let eventLoop = group.next()
        let done = eventLoop.makePromise(of: ([Int64], Int).self)
        let asking = NIOLoopBoundBox.makeBoxSendingValue(
            Asking(load, host, port, deadline, number, done), eventLoop: eventLoop)
        eventLoop.execute { asking.value.connect(on: eventLoop) }
        return done.futureResult
    }
}

/// One client; connects anew when the server closes.
private final class Asking {
    let load: Load
    private let host: String
    private let port: Int
    private let deadline: NIODeadline
    private let number: Int
    private let done: EventLoopPromise<([Int64], Int)>
    private var times: [Int64] = []
    private var failed = 0
    private var count = 0
    private var begun = NIODeadline.uptimeNanoseconds(0)

    init(
        _ load: Load, _ host: String, _ port: Int, _ deadline: NIODeadline, _ number: Int,
        _ done: EventLoopPromise<([Int64], Int)>
    ) {
        self.load = load
        self.host = host
        self.port = port
        self.deadline = deadline
        self.number = number
        self.done = done
    }

    func connect(on eventLoop: any EventLoop) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        ClientBootstrap(group: eventLoop)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(AskingHandler(bound.value))
                }
            }
            .connect(host: host, port: port)
            .whenFailure { _ in
                bound.value.failed += 1
                if NIODeadline.now() < bound.value.deadline {
                    eventLoop.scheduleTask(in: .milliseconds(10)) { bound.value.connect(on: eventLoop) }
                } else {
                    bound.value.finish()
                }
            }
    }

    func ask(_ context: ChannelHandlerContext) {
        guard NIODeadline.now() < deadline else {
            context.close(promise: nil)
            return
        }
        count += 1
        var head = HTTPRequestHead(version: .http1_1, method: load.method, uri: load.path, headers: load.headers)
        head.headers.add(name: "Host", value: "\(host):\(port)")
        head.headers.add(name: "X-M2M-RI", value: "\(number)-\(count)")
        if !load.body.isEmpty { head.headers.add(name: "Content-Length", value: "\(load.body.count)") }
        begun = NIODeadline.now()
        context.write(NIOAny(HTTPClientRequestPart.head(head)), promise: nil)
        if !load.body.isEmpty {
            context.write(
                NIOAny(HTTPClientRequestPart.body(.byteBuffer(context.channel.allocator.buffer(bytes: load.body)))),
                promise: nil)
        }
        context.writeAndFlush(NIOAny(HTTPClientRequestPart.end(nil)), promise: nil)
    }

    func answered(_ status: HTTPResponseStatus) {
        if status == load.expected {
            times.append((NIODeadline.now() - begun).nanoseconds)
        } else {
            failed += 1
        }
    }

    func closed(_ eventLoop: any EventLoop) {
        if NIODeadline.now() < deadline { connect(on: eventLoop) } else { finish() }
    }

    private func finish() { done.succeed((times, failed)) }
}

private final class AskingHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let asking: Asking
    private var status = HTTPResponseStatus.ok
    private var keepsAlive = true

    init(_ asking: Asking) {
        self.asking = asking
    }

    func channelActive(context: ChannelHandlerContext) { asking.ask(context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            status = head.status
            keepsAlive = head.isKeepAlive
        case .body: break
        case .end:
            asking.answered(status)
            if keepsAlive { asking.ask(context) } else { context.close(promise: nil) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) { asking.closed(context.eventLoop) }
}
