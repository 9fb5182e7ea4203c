import CoAPMessages
import NIOCore

extension DatagramEndpoint {
    /// Takes a datagram off a socket.
    ///
    /// - Parameters:
    ///   - destination: where it was sent to; nil when the kernel did not say.
    ///   - interface: where it came in; 0 when the kernel did not say.
    func receive(
        _ bytes: Span<UInt8>, from remote: DatagramAddress, to destination: DatagramAddress?, interface: UInt32,
        on carrier: any DatagramCarrier
    ) {
        guard !isClosed else { return }
        counters.datagramsReceived += 1
        // No answer can go to nobody, to a group or to everybody; and what fills its room is cut off.
        guard bytes.count < DatagramSocket.readSize, remote.port != 0, !remote.isMulticast,
            !remote.isUnspecified, !remote.isBroadcast, destination?.isBroadcast != true
        else { return count(\.malformed) }
        let isMulticast = destination?.isMulticast ?? false
        let arrival = Arrival(destination: destination, interfaceIndex: Int(interface), isMulticast: isMulticast)
        let origin = destination.map { Origin.answering($0, interface: interface) }
        let own = DatagramAddress(
            high: 0, low: 0, port: carrier.port, scope: 0, isIPv6: carrier.isIPv6)
        let local = isMulticast ? own : destination?.with(port: carrier.port) ?? own
        let known = peers[PeerKey(remote: remote, local: local)] ?? peers[PeerKey(remote: remote, local: own)]

        guard security == nil else {
            guard !isMulticast else { return count(\.malformed) }
            let buffer = ByteBuffer(copying: bytes)
            if let known { return known.take(buffer, arrival: arrival, origin: origin) }
            return admit(
                buffer, key: PeerKey(remote: remote, local: local), carrier: carrier, arrival: arrival, origin: origin)
        }
        let datagram: Datagram
        do throws(MessageError) {
            datagram = try Datagram.decode(bytes, limits: limits.message)
        } catch {
            count(\.malformed)
            if let id = error.resetID, !isMulticast {
                _ = transmit(.empty(.reset, id: id), to: remote, from: origin, by: carrier)
            }
            return
        }
        let code = datagram.message.code
        if code.isRequest {
            // RFC 7252 §8.1: a multicast request is non-confirmable.
            guard !isMulticast || datagram.kind == .nonConfirmable else { return count(\.malformed) }
            let peer = known ?? addPeer(PeerKey(remote: remote, local: local), carrier: carrier, isProven: false)
            guard let peer else { return count(\.peersRefused) }
            peer.receive(
                datagram, length: bytes.count, fingerprint: fingerprint(bytes), arrival: arrival,
                origin: origin)
        } else {
            guard !isMulticast else { return count(\.malformed) }
            if code.isResponse, let search = searches[datagram.message.token] {
                return search.receive(datagram, from: remote, origin: origin, carrier: carrier)
            }
            if let known, !code.isResponse || known.session?.awaits(datagram.message.token) ?? false {
                return known.receive(
                    datagram, length: bytes.count, fingerprint: fingerprint(bytes), arrival: arrival,
                    origin: origin)
            }
            receive(
                stray: datagram, from: remote, known: known, length: bytes.count,
                fingerprint: fingerprint(bytes), arrival: arrival, origin: origin, carrier: carrier)
        }
    }

    /// Takes what no peer waits for: pings of strangers, responses from another port, and what is late.
    private func receive(
        stray datagram: Datagram, from remote: DatagramAddress, known: DatagramPeer?, length: Int,
        fingerprint: UInt64, arrival: Arrival, origin: Origin?, carrier: any DatagramCarrier
    ) {
        let message = datagram.message
        if message.code.isResponse, message.token.count >= DatagramEndpoint.guessProofToken,
            let peer = peerList.first(where: {
                $0.key.remote.host == remote.host && $0.session?.awaits(message.token) ?? false
            })
        {
            if datagram.kind == .confirmable {
                _ = transmit(.empty(.acknowledgement, id: datagram.id), to: remote, from: origin, by: carrier)
            }
            return peer.receive(stray: message)
        }
        if let known {
            return known.receive(
                datagram, length: length, fingerprint: fingerprint, arrival: arrival, origin: origin)
        }
        // Nothing is kept for a stranger who asks nothing.
        if datagram.kind == .confirmable || datagram.kind == .nonConfirmable && message.observe != nil {
            _ = transmit(.empty(.reset, id: datagram.id), to: remote, from: origin, by: carrier)
        }
    }

    /// Ours have eight bytes.
    private static let guessProofToken = 8

    private func admit(
        _ bytes: ByteBuffer, key: PeerKey, carrier: any DatagramCarrier, arrival: Arrival, origin: Origin?
    ) {
        guard let security else { return }
        switch security.admit(bytes, from: key.remote.socketAddress) {
        case .refused(let answer):
            if let answer { _ = transmit(answer, to: key.remote, from: origin, by: carrier) }
        case .accepted:
            guard let peer = addPeer(key, carrier: carrier, isProven: false) else { return count(\.peersRefused) }
            do {
                try peer.secure(security, isClient: false)
                peer.take(bytes, arrival: arrival, origin: origin)
            } catch {
                peer.secureFailed(CoAPError(.secureConnectionFailed, "\(error)", cause: error))
            }
        }
    }

    /// What tells a datagram's bytes from others; keyed, so that nobody can make two that look alike.
    func fingerprint(_ bytes: Span<UInt8>) -> UInt64 {
        var hasher = Hasher()
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
