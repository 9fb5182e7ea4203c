import NIOCore
import NIOHTTP1
import OneLoop
import TLS

/// A request of ours and whoever waits for its answer; answered exactly once.
@Loop
final class HTTPCall {
    let request: HTTPRequest
    private var continuation: CheckedContinuation<Result<HTTPAnswer, TransportError>, Never>?
    var timer: LoopTimer?
    /// Whether a server may have seen it.
    var isSent = false
    /// Whether it was sent anew after a connection turned out to be closed.
    var isSentAgain = false
    /// Called when it is over before its connection was done with it.
    var onAbandoned: (() -> Void)?

    init(
        _ request: HTTPRequest, _ continuation: CheckedContinuation<Result<HTTPAnswer, TransportError>, Never>
    ) {
        self.request = request
        self.continuation = continuation
    }

    var isDone: Bool { continuation == nil }

    func succeed(_ answer: HTTPAnswer) { finish(.success(answer)) }

    func fail(_ error: TransportError) { finish(.failure(error)) }

    private func finish(_ result: Result<HTTPAnswer, TransportError>) {
        guard let continuation else { return }
        self.continuation = nil
        timer?.cancel()
        continuation.resume(returning: result)
        let onAbandoned = onAbandoned
        self.onAbandoned = nil
        onAbandoned?()
    }

    /// RFC 9110 9.2.2: what may be sent anew when a connection was closed under it.
    var isIdempotent: Bool { request.method != .POST }
}

/// One connection to a server, with one request at a time.
@Loop
final class HTTPClientConnection {
    enum Event {
        /// It can be used.
        case ready(HTTPClientConnection)
        /// It did not come about.
        case failed(String)
        /// It can be used again.
        case free(HTTPClientConnection)
        /// It is gone.
        case closed(HTTPClientConnection)
        /// The server had closed it before this was asked: ask anew.
        case again(HTTPCall)
    }

    private let limits: HTTPLimits
    private let isSecure: Bool
    private let tell: @Loop (Event) -> Void
    private var channel: (any Channel)?
    private var call: HTTPCall?
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []
    private var hasServed = false
    private var idleTimer: LoopTimer?
    private var failure: Failure?

    /// What went wrong with the connection itself.
    private struct Failure {
        let reason: String
        /// Whether bytes came that are no HTTP, and not only an end.
        let isNonsense: Bool
    }

    private enum State { case opening, open, closed }
    private var state = State.opening

    init(limits: HTTPLimits, isSecure: Bool, tell: @escaping @Loop (Event) -> Void) {
        self.limits = limits
        self.isSecure = isSecure
        self.tell = tell
    }

    func attach(to channel: any Channel, tls: TLSConfiguration?) throws {
        self.channel = channel
        let pipeline = channel.pipeline.syncOperations
        if let tls { try pipeline.addHandler(TLSHandler(configuration: tls)) }
        var parsing = NIOHTTPDecoderLimitConfiguration()
        parsing.maxHeaderFieldSize = limits.headerFieldBytes
        parsing.maxHeaderListSize = limits.headerBytes
        parsing.maxHeaderFieldCount = limits.headerFields
        try pipeline.addHandler(HTTPRequestEncoder())
        try pipeline.addHandler(
            ByteToMessageHandler(
                HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: parsing)))
        try pipeline.addHandler(HTTPClientHandler(self, isSecure: isSecure))
    }

    /// TCP, and TLS when there is some, stand.
    func opened() {
        guard state == .opening else { return }
        state = .open
        becameIdle()
        tell(.ready(self))
    }

    func connectFailed(_ reason: String) {
        guard state == .opening else { return }
        state = .closed
        tell(.failed(failure?.reason ?? reason))
    }

    // MARK: Asking

    func ask(_ call: HTTPCall) {
        idleTimer?.cancel()
        guard let channel, state == .open else {
            return call.fail(TransportError(.unreachable, "the connection is closed"))
        }
        self.call = call
        head = nil
        body = []
        call.isSent = true
        // Whoever gives up leaves an answer behind that must not be taken for the next one's.
        call.onAbandoned = { [weak self] in self?.close() }
        var head = HTTPRequestHead(
            version: .http1_1, method: call.request.method, uri: call.request.target, headers: call.request.headers)
        if !call.request.body.isEmpty || call.request.method == .POST || call.request.method == .PUT {
            head.headers.replaceOrAdd(name: "Content-Length", value: String(call.request.body.count))
        }
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        if !call.request.body.isEmpty {
            channel.write(
                HTTPClientRequestPart.body(.byteBuffer(channel.allocator.buffer(bytes: call.request.body))),
                promise: nil)
        }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    }

    func received(_ part: HTTPClientResponsePart) {
        guard let call, state == .open else { return close() }
        switch part {
        case .head(let head): self.head = head
        case .body(let buffer):
            guard body.count + buffer.readableBytes <= limits.answerBytes else {
                end(call)
                call.fail(
                    TransportError(.badAnswer, "the answer is longer than the \(limits.answerBytes) bytes taken"))
                return close()
            }
            body += buffer.readableBytesView
        case .end:
            guard let head else { return close() }
            let answer = HTTPAnswer(head.status, headers: head.headers, body: body)
            end(call)
            hasServed = true
            call.succeed(answer)
            guard head.isKeepAlive, state == .open else { return close() }
            becameIdle()
            tell(.free(self))
        }
    }

    private func end(_ call: HTTPCall) {
        call.onAbandoned = nil
        self.call = nil
        head = nil
        body = []
    }

    private func becameIdle() {
        idleTimer?.cancel()
        idleTimer = Loop.after(.nanoseconds(limits.clientIdleTimeout.nanoseconds)) { [weak self] in self?.close() }
    }

    // MARK: Ending

    func failed(_ error: any Error) {
        failure =
            failure
            ?? Failure(
                reason: SocketErrorText.text(error),
                isNonsense: error is HTTPParserError || error is NIOHTTPDecoderError)
        close()
    }

    func close() {
        channel?.close(promise: nil)
        closed()
    }

    func closed() {
        switch state {
        case .closed: return
        case .opening: return connectFailed("the connection was closed before it was open")
        case .open: break
        }
        state = .closed
        idleTimer?.cancel()
        tell(.closed(self))
        guard let call else { return }
        let hadNoAnswer = head == nil
        end(call)
        if hasServed, hadNoAnswer, call.isIdempotent, !call.isSentAgain, !call.isDone, failure == nil {
            call.isSentAgain = true
            return tell(.again(call))
        }
        call.fail(
            TransportError(
                failure?.isNonsense == true ? .badAnswer : .noAnswer,
                failure?.reason ?? "the connection was closed before the answer"))
    }
}

/// The end of a client's pipeline.
final class HTTPClientHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let connection: HTTPClientConnection
    private let isSecure: Bool

    init(_ connection: HTTPClientConnection, isSecure: Bool) {
        self.connection = connection
        self.isSecure = isSecure
    }

    func channelActive(context: ChannelHandlerContext) {
        if !isSecure { Loop.assumeIsolated { [connection] in connection.opened() } }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is TLSHandshakeCompleted { Loop.assumeIsolated { [connection] in connection.opened() } }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        Loop.assumeIsolated { [connection] in connection.received(part) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        Loop.assumeIsolated { [connection] in connection.failed(error) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        Loop.assumeIsolated { [connection] in connection.closed() }
        context.fireChannelInactive()
    }
}
