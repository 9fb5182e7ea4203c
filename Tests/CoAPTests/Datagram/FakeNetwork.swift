import CoAPMessages
import NIOCore
import NIOEmbedded
import Testing

@testable import CoAP

/// The network of an endpoint, as the test writes and reads it.
final class FakeCarrier: DatagramCarrier {
    struct Sent {
        let datagram: Datagram
        let bytes: [UInt8]
        let remote: DatagramAddress
        let origin: Origin?
    }

    let isIPv6: Bool
    let port: UInt16 = 5683
    var sent = CircularBuffer<Sent>()
    var error: CInt = 0
    var isClosed = false

    init(isIPv6: Bool = false) {
        self.isIPv6 = isIPv6
    }

    func send(_ bytes: ByteBuffer, to address: DatagramAddress, from origin: Origin?) -> CInt {
        guard error == 0 else { return error }
        let bytes = Array(bytes.readableBytesView)
        guard let datagram = try? Datagram.decode(bytes) else {
            Issue.record("what was sent is no message: \(bytes)")
            return 0
        }
        sent.append(Sent(datagram: datagram, bytes: bytes, remote: address, origin: origin))
        return 0
    }

    func queue(_ bytes: ByteBuffer, to address: DatagramAddress, from origin: Origin?) -> CInt {
        send(bytes, to: address, from: origin)
    }

    let lost: UInt64 = 0

    func close() {
        isClosed = true
    }
}

/// One endpoint in memory. Time stands still until the test moves it.
final class FakeNetwork {
    static let peer = DatagramAddress(high: 0, low: 0x0A00_0002, port: 40_000, scope: 0, isIPv6: false)
    static let own = DatagramAddress(high: 0, low: 0x0A00_0001, port: 0, scope: 0, isIPv6: false)
    static let group = DatagramAddress(high: 0, low: 0xE000_01BB, port: 0, scope: 0, isIPv6: false)

    let loop = EmbeddedEventLoop()
    let carrier = FakeCarrier()
    let endpoint: DatagramEndpoint

    init(
        _ limits: Limits = .default, security: (any DatagramSecurity)? = nil,
        handler: @escaping (Connection) -> any RequestHandler = { _ in NothingServed() }
    ) {
        endpoint = DatagramEndpoint(eventLoop: loop, limits: limits, security: security, makeHandler: handler)
        endpoint.carriers = [carrier]
    }

    convenience init(
        _ limits: Limits = .default, serve: @escaping @Sendable (Message, Exchange) -> Void
    ) {
        self.init(limits) { _ in Served(serve: serve) }
    }

    deinit {
        endpoint.close()
        loop.run()
    }

    func send(
        _ kind: Datagram.Kind, _ id: UInt16, _ message: Message, from remote: DatagramAddress = FakeNetwork.peer,
        to destination: DatagramAddress? = FakeNetwork.own
    ) {
        send(Datagram(kind: kind, id: id, message: message).encoded(), from: remote, to: destination)
    }

    func send(_ datagram: Datagram, from remote: DatagramAddress = FakeNetwork.peer) {
        send(datagram.encoded(), from: remote)
    }

    func send(
        _ bytes: [UInt8], from remote: DatagramAddress = FakeNetwork.peer,
        to destination: DatagramAddress? = FakeNetwork.own
    ) {
        endpoint.receive(
            bytes.span, from: remote, to: destination, interface: destination == nil ? 0 : 3, on: carrier)
        loop.run()
    }

    /// The next datagram of ours; nil when there is none.
    func next() -> Datagram? {
        nextSent()?.datagram
    }

    func nextSent() -> FakeCarrier.Sent? {
        loop.run()
        return carrier.sent.popFirst()
    }

    func advance(_ time: TimeAmount) {
        loop.advanceTime(by: time)
    }

    /// The connection to a peer that we turn to.
    func connect(_ remote: DatagramAddress = FakeNetwork.peer) throws -> Connection {
        let promise = loop.makePromise(of: Connection.self)
        endpoint.connect(remote, promise)
        return try value(promise.futureResult)
    }

    /// The result of a future that is done; nil when it is not.
    func result<Value: Sendable>(_ future: EventLoopFuture<Value>) -> Result<Value, any Error>? {
        loop.run()
        let result = Shared<Result<Value, any Error>?>(nil)
        future.whenComplete { result.value = $0 }
        return result.value
    }

    func failure<Value: Sendable>(_ future: EventLoopFuture<Value>) -> CoAPError.Code? {
        guard case .failure(let error as CoAPError) = result(future) else { return nil }
        return error.code
    }

    func value<Value: Sendable>(_ future: EventLoopFuture<Value>) throws -> Value {
        try #require(result(future)).get()
    }
}
