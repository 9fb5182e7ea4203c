import CoAPMessages
import Glibc
import NIOCore

/// One response to a multicast request.
public struct MulticastResponse: Sendable {
    /// The response, its body whole.
    public let message: Message
    /// Who sent it.
    public let remoteAddress: SocketAddress
}

/// A multicast request of ours and the time in which it is answered (RFC 7252 §8).
final class MulticastSearch {
    private let endpoint: DatagramEndpoint
    private let request: Message
    private let token: Token
    private let window: TimeAmount
    private let onResponse: @Sendable (MulticastResponse) -> Void
    private let promise: EventLoopPromise<Int>
    let deadline: NIODeadline
    private var seen: Set<Seen> = []
    private var delivered = 0
    private var fetches = 0
    private var isOver = false

    private struct Seen: Hashable {
        let remote: DatagramAddress
        let id: UInt16
    }

    init(
        endpoint: DatagramEndpoint, request: Message, token: Token, window: TimeAmount,
        promise: EventLoopPromise<Int>, onResponse: @escaping @Sendable (MulticastResponse) -> Void
    ) {
        self.endpoint = endpoint
        self.request = request
        self.token = token
        self.window = window
        self.promise = promise
        self.onResponse = onResponse
        deadline = endpoint.eventLoop.now + window
    }

    /// Takes a response.
    func receive(
        _ datagram: Datagram, from remote: DatagramAddress, origin: Origin?, carrier: any DatagramCarrier
    ) {
        if datagram.kind == .confirmable {
            endpoint.transmit(encoded(.empty(.acknowledgement, id: datagram.id)), to: remote, from: origin, by: carrier)
        }
        guard !isOver, seen.count < endpoint.limits.datagram.multicastResponses,
            seen.insert(Seen(remote: remote, id: datagram.id)).inserted
        else { return }
        let response = datagram.message
        guard response.options.firstFault(understood: \.isUnderstoodByEndpoints) == nil else { return }
        guard response.block2?.more == true else { return deliver(response.withoutBlocks, remote) }
        // The rest is fetched from who has the first block, which goes on when the window is over.
        let own = DatagramAddress(high: 0, low: 0, port: carrier.port, scope: 0, isIPv6: carrier.isIPv6)
        let key = PeerKey(remote: remote, local: own)
        guard let session = endpoint.session(key, carrier: carrier) else { return }
        fetches += 1
        _ = session.fetchRest(of: response, request: request, timeout: window) { [self] result in
            fetches -= 1
            if case .success(let whole) = result { deliver(whole, remote) }
            if isOver, fetches == 0 { end(.success(delivered)) }
        }
    }

    private func encoded(_ datagram: Datagram) -> ByteBuffer {
        var buffer = ByteBuffer()
        datagram.encode(into: &buffer)
        return buffer
    }

    private func deliver(_ message: Message, _ remote: DatagramAddress) {
        delivered += 1
        var message = message
        message.token = .empty
        onResponse(MulticastResponse(message: message, remoteAddress: remote.socketAddress))
    }

    func expire(now: NIODeadline) {
        guard deadline <= now, !isOver else { return }
        isOver = true
        endpoint.searches[token] = nil
        if fetches == 0 { end(.success(delivered)) }
    }

    func end(_ result: Result<Int, CoAPError>) {
        isOver = true
        endpoint.searches[token] = nil
        promise.complete(result)
    }
}

extension DatagramEndpoint {
    /// The session of a peer that has turned out to be there.
    func session(_ key: PeerKey, carrier: any DatagramCarrier) -> Session? {
        peer(key)?.session ?? addPeer(key, carrier: carrier, isProven: true)?.session
    }

    /// Sends a request to groups, once on each interface, and gives what comes back in time.
    func multicast(
        _ request: Message, to groups: [DatagramAddress], on interfaces: [UInt32], window: TimeAmount,
        promise: EventLoopPromise<Int>, onResponse: @escaping @Sendable (MulticastResponse) -> Void
    ) {
        guard !isClosed else { return promise.fail(CoAPError(.closedLocally, "the endpoint is closed")) }
        guard security == nil else {
            return promise.fail(CoAPError(.unreachable, "there is no multicast over DTLS"))
        }
        guard searches.count < limits.datagram.multicastRequests else {
            return promise.fail(CoAPError(.tooManyRequests, "\(searches.count) multicast requests are under way"))
        }
        var message = request
        message.token = tokens.next()
        guard
            Datagram(kind: .nonConfirmable, id: 0, message: message).encodedLength <= limits.datagram.messageSize
        else {
            return promise.fail(CoAPError(.messageTooLarge, "a multicast request has to fit one datagram"))
        }
        let search = MulticastSearch(
            endpoint: self, request: request, token: message.token, window: window, promise: promise,
            onResponse: onResponse)
        searches[message.token] = search
        wake(at: search.deadline)
        var failure: CInt = 0
        var sent = 0
        for group in groups {
            guard let carrier = carriers.first(where: { $0.isIPv6 == group.isIPv6 }) else { continue }
            for interface in interfaces {
                lastMulticastID &+= 1
                let datagram = Datagram(kind: .nonConfirmable, id: lastMulticastID, message: message)
                let error = transmit(
                    datagram, to: group.with(scope: group.isIPv6 ? interface : 0),
                    from: Origin(address: nil, interface: interface), by: carrier)
                if error == 0 { sent += 1 } else { failure = error }
            }
        }
        guard sent == 0 else { return }
        let reason = failure == 0 ? "no interface takes multicast" : String(cString: strerror(failure))
        search.end(.failure(CoAPError(.unreachable, "the multicast request could not be sent: \(reason)")))
    }
}
