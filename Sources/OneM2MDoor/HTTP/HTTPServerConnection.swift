import NIOCore
import NIOHTTP1
import OneLoop

/// One connection of a client: collects requests, has them answered one after another, and looks at the clock.
@Loop
final class HTTPServerConnection {
    /// A request that is whole, or what is to be said instead of serving it.
    private enum Item {
        case request(HTTPRequest, keepAlive: Bool)
        case refusal(HTTPResponseStatus, String)
    }

    private let channel: any Channel
    var peer: HTTPPeer
    private weak var server: HTTPServer?
    private let limits: HTTPLimits

    /// The request that is coming in.
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    /// What has come and waits for its turn.
    private var waiting = CircularBuffer<Item>(initialCapacity: 2)
    private var isServing = false
    /// Nothing more is read or served after what waits.
    private var isEnding = false
    private var isReadHeld = false
    private var isInputClosed = false
    private var isClosed = false
    private var timer: LoopTimer?
    /// What the timer waits for.
    private var watched = Watched.request

    private enum Watched { case request, head, body, answer, written, farewell }

    init(channel: any Channel, peer: HTTPPeer, server: HTTPServer) {
        self.channel = channel
        self.peer = peer
        self.server = server
        limits = server.limits
        watch(.request, limits.idleTimeout)
    }

    // MARK: Time

    private func watch(_ what: Watched, _ time: TimeAmount?) {
        watched = what
        timer?.cancel()
        timer = time.map { time in
            Loop.after(.nanoseconds(time.nanoseconds)) { [weak self] in self?.timeout() }
        }
    }

    private func timeout() {
        guard !isClosed else { return }
        if watched != .request, watched != .farewell { server?.counters.timeouts += 1 }
        switch watched {
        case .head, .body: refuse(.requestTimeout, "the request did not come to its end in time")
        case .request, .written, .answer, .farewell: close()
        }
    }

    /// Bytes have come; they may be half a head.
    func bytesCame() {
        if watched == .request { watch(.head, limits.headTimeout) }
    }

    // MARK: Coming in

    func received(_ part: HTTPServerRequestPart) {
        guard !isEnding else { return }
        switch part {
        case .head(let head): begin(head)
        case .body(let buffer):
            guard head != nil else { return }
            guard body.count + buffer.readableBytes <= limits.bodyBytes else {
                return refuse(.payloadTooLarge, "the body is longer than the \(limits.bodyBytes) bytes that are taken")
            }
            body += buffer.readableBytesView
        case .end:
            guard let head else { return }
            let request = HTTPRequest(head.method, head.uri, headers: head.headers, body: body)
            self.head = nil
            body = []
            add(.request(request, keepAlive: head.isKeepAlive))
        }
    }

    private func begin(_ head: HTTPRequestHead) {
        guard head.version.major == 1 else {
            return refuse(.httpVersionNotSupported, "expected HTTP/1.1")
        }
        guard head.uri.utf8.count <= limits.targetBytes else {
            return refuse(.uriTooLong, "the target is longer than the \(limits.targetBytes) bytes that are taken")
        }
        // RFC 9112 3.2: exactly one. Two would be read differently by a proxy before us.
        let hosts = head.headers[canonicalForm: "host"].count
        guard hosts == 1 || hosts == 0 && head.version.minor == 0 else {
            return refuse(.badRequest, "expected exactly one Host header, found \(hosts)")
        }
        // RFC 9112 6.1: with both lengths a proxy before us may see another message than we do.
        let codings = head.headers["transfer-encoding"]
        guard codings.isEmpty || !head.headers.contains(name: "content-length") else {
            return refuse(.badRequest, "Content-Length and Transfer-Encoding exclude each other")
        }
        guard codings.isEmpty || codings.count == 1 && codings[0].lowercased() == "chunked" else {
            return refuse(.notImplemented, "expected no Transfer-Encoding but chunked")
        }
        if let length = head.headers.first(name: "content-length") {
            guard let length = Int(length), length >= 0 else {
                return refuse(.badRequest, "Content-Length: expected a number")
            }
            guard length <= limits.bodyBytes else {
                return refuse(.payloadTooLarge, "the body is longer than the \(limits.bodyBytes) bytes that are taken")
            }
        }
        self.head = head
        body = []
        // While an earlier request is served the clock is with that one.
        if !isServing { watch(.body, limits.bodyTimeout) }
        if head.headers.first(name: "expect")?.lowercased() == "100-continue", !isServing {
            channel.writeAndFlush(
                HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: .continue)), promise: nil)
        }
    }

    private func refuse(_ status: HTTPResponseStatus, _ reason: String) {
        guard !isEnding else { return }
        server?.counters.malformed += 1
        head = nil
        body = []
        isEnding = true
        add(.refusal(status, reason))
    }

    func failed(_ error: any Error) {
        switch error {
        case let error as HTTPParserError:
            switch error {
            case .headerOverflow:
                refuse(.requestHeaderFieldsTooLarge, "the header is longer than the \(limits.headerBytes) bytes taken")
            default: refuse(.badRequest, "this is no HTTP/1.1: \(error)")
            }
        default: close()
        }
    }

    func inputClosed() {
        isInputClosed = true
        if watched == .farewell || !isServing && waiting.isEmpty { close() }
    }

    /// Whether the channel may be read; if not, it is once there is room.
    func mayRead() -> Bool {
        if waiting.count < limits.pipelinedRequests { return true }
        isReadHeld = true
        return false
    }

    // MARK: Serving

    private func add(_ item: Item) {
        waiting.append(item)
        if waiting.count >= limits.pipelinedRequestsHeld { isEnding = true }
        next()
    }

    private func next() {
        guard !isServing, !isClosed else { return }
        guard let item = waiting.popFirst() else {
            if isEnding || isInputClosed { return close() }
            if head != nil {
                watch(.body, limits.bodyTimeout)
            } else {
                watch(.request, limits.idleTimeout)
            }
            return
        }
        if isReadHeld, waiting.count < limits.pipelinedRequests {
            isReadHeld = false
            channel.read()
        }
        isServing = true
        switch item {
        case .refusal(let status, let reason):
            var answer = HTTPAnswer(status, body: Array(reason.utf8))
            answer.headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
            write(answer, keepAlive: false, omitsBody: false)
        case .request(let request, let keepAlive):
            // The service has its own limits of time.
            watch(.answer, nil)
            guard let server else { return close() }
            Task {
                let answer = await server.service(request, peer)
                server.counters.requests += 1
                write(answer, keepAlive: keepAlive, omitsBody: request.method == .HEAD)
            }
        }
    }

    private func write(_ answer: HTTPAnswer, keepAlive: Bool, omitsBody: Bool) {
        guard !isClosed else { return }
        let keepAlive = keepAlive && !(isEnding && waiting.isEmpty)
        if !keepAlive { isEnding = true }
        var head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: answer.headers)
        head.headers.add(name: "Content-Length", value: String(answer.body.count))
        if !keepAlive { head.headers.add(name: "Connection", value: "close") }
        watch(.written, limits.writeTimeout)
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        if !answer.body.isEmpty, !omitsBody {
            channel.write(
                HTTPServerResponsePart.body(.byteBuffer(channel.allocator.buffer(bytes: answer.body))), promise: nil)
        }
        let written = channel.eventLoop.makePromise(of: Void.self)
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: written)
        written.futureResult.whenComplete { [weak self] _ in
            Loop.assumeIsolated { self?.written(keepAlive: keepAlive) }
        }
    }

    private func written(keepAlive: Bool) {
        guard !isClosed else { return }
        guard !keepAlive else {
            isServing = false
            return next()
        }
        guard !isInputClosed else { return close() }
        // RFC 9112 9.6: a close while the client still sends would take the answer back from it.
        channel.close(mode: .output, promise: nil)
        watch(.farewell, limits.farewellTimeout)
    }

    // MARK: Ending

    /// Closes it; what waits is not answered.
    func close() {
        guard !isClosed else { return }
        channel.close(promise: nil)
        closed()
    }

    func closed() {
        guard !isClosed else { return }
        isClosed = true
        timer?.cancel()
        waiting.removeAll()
        body = []
        head = nil
        server?.closed(self)
    }
}
