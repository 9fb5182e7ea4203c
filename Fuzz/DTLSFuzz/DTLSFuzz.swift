import NIOCore
import TLS

/// What libFuzzer calls: datagrams from strangers for a server, from a server for a client, and a handshake between two
/// honest ends whose datagrams are altered on the way. Nothing may trap, the limits hold, and nobody gets in who has not
/// the key.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var script = Script(Array(UnsafeBufferPointer(start: start, count: count)))
    do {
        switch script.next() % 4 {
        case 0: try fuzzServer(&script)
        case 1: try fuzzClient(&script)
        default: try fuzzPath(&script)
        }
    } catch {
        preconditionFailure("an endpoint was not to be had: \(error)")
    }
    return 0
}

/// The input, read from the front.
private struct Script {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

    var isAtEnd: Bool { bytes.isEmpty }

    /// The next byte; 0 at the end.
    mutating func next() -> UInt8 { bytes.popFirst() ?? 0 }

    /// So many bytes, or what is left.
    mutating func take(_ count: Int) -> [UInt8] {
        let part = bytes.prefix(count)
        bytes = bytes.dropFirst(count)
        return Array(part)
    }

    /// A datagram: its length, then it.
    mutating func datagram() -> ByteBuffer {
        let length = Int(next()) << 8 | Int(next())
        return ByteBuffer(bytes: take(length % 1500))
    }
}

private let key = PreSharedKey(identity: Array("client".utf8), key: [UInt8](0..<16))
private let limits = DTLSLimits(halfOpenSessions: 4, openSessions: 4)

private func server() throws -> DTLSConfiguration {
    try .server(preSharedKeys: PreSharedKeys { $0 == key.identity ? key.key : nil }, identityHint: Array("fuzz".utf8))
}

// Made once: each takes a while.
nonisolated(unsafe) private let serverConfiguration = try? server()
nonisolated(unsafe) private let clientConfiguration = try? DTLSConfiguration.client(preSharedKey: key)

private func address(_ number: UInt8) throws -> SocketAddress {
    try SocketAddress(ipAddress: "192.0.2.1", port: 1000 + Int(number % 8))
}

/// Anything at all, from a few addresses, with the time going on.
private func fuzzServer(_ script: inout Script) throws {
    let endpoint = DTLSEndpoint(serverConfiguration: serverConfiguration, limits: limits)
    var now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    var events: [DTLSEndpoint.Event] = []
    while !script.isAtEnd {
        let step = script.next()
        if step & 0xF0 == 0 {
            now = now + .milliseconds(Int64(step) * 500)
            endpoint.timerFired(now: now, into: &events)
        } else {
            endpoint.receive(script.datagram(), from: try address(step), now: now, into: &events)
        }
        precondition(endpoint.halfOpenCount <= 4 && endpoint.openCount == 0, "a stranger has got in")
    }
    endpoint.closeAll(into: &events)
    precondition(endpoint.peers.isEmpty, "a session has stayed")
}

/// Anything at all, as the answer to a client's hello.
private func fuzzClient(_ script: inout Script) throws {
    guard let clientConfiguration else { return }
    var now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    let session = try DTLSSession(clientConfiguration, limits: limits, now: now)
    var events: [DTLSEvent] = []
    session.start(now: now, into: &events)
    while !script.isAtEnd {
        let step = script.next()
        if step & 0xF0 == 0 {
            now = now + .milliseconds(Int64(step) * 500)
            session.timerFired(now: now, into: &events)
        } else {
            session.receive(script.datagram(), now: now, into: &events)
        }
        precondition(session.state != .open, "a stranger passes for the server")
    }
    session.close(into: &events)
}

/// A whole handshake and some data, altered on the way as the input says: lost, doubled, cut short, a byte changed, the last
/// ones again. What arrives as data is what was sent.
private func fuzzPath(_ script: inout Script) throws {
    guard let clientConfiguration else { return }
    let endpoint = DTLSEndpoint(serverConfiguration: serverConfiguration, limits: limits)
    var now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    let peer = try address(0)
    let session = try DTLSSession(clientConfiguration, limits: limits, now: now)
    var toServer: [ByteBuffer] = []
    var toClient: [ByteBuffer] = []
    var earlier: [(ByteBuffer, isToServer: Bool)] = []
    let text = ByteBuffer(string: "what the client says")
    var heard = 0

    func client(_ body: (inout [DTLSEvent]) -> Void) {
        var events: [DTLSEvent] = []
        body(&events)
        for event in events {
            if case .send(let datagram) = event { toServer.append(datagram) }
            if case .completed = event {
                var more: [DTLSEvent] = []
                try? session.send(text, now: now, into: &more)
                for case .send(let datagram) in more { toServer.append(datagram) }
            }
        }
    }
    func atServer(_ body: (inout [DTLSEndpoint.Event]) -> Void) {
        var events: [DTLSEndpoint.Event] = []
        body(&events)
        for event in events.map(\.event) {
            if case .send(let datagram) = event { toClient.append(datagram) }
            if case .received(let plain) = event {
                precondition(plain == text, "altered data has arrived")
                heard += 1
            }
        }
    }
    func alter(_ datagram: ByteBuffer) -> [ByteBuffer] {
        var bytes = Array(datagram.readableBytesView)
        let step = script.next()
        switch step % 16 {
        case 1: return []
        case 2: return [datagram, datagram]
        case 3 where !bytes.isEmpty:
            bytes[(Int(script.next()) << 8 | Int(script.next())) % bytes.count] ^= max(1, script.next())
        case 4: bytes.removeLast(min(bytes.count, Int(script.next())))
        case 5: bytes += script.take(Int(step >> 4))
        case 6: bytes.insert(contentsOf: script.take(Int(step >> 4)), at: bytes.count / 2)
        case 7: return [ByteBuffer(bytes: script.take(64)), datagram]
        default: break
        }
        return [ByteBuffer(bytes: bytes)]
    }

    client { session.start(now: now, into: &$0) }
    for _ in 0..<40 {
        if toServer.isEmpty, toClient.isEmpty {
            if script.isAtEnd { break }
            now = now + .seconds(2)
            client { session.timerFired(now: now, into: &$0) }
            atServer { endpoint.timerFired(now: now, into: &$0) }
        }
        let (forServer, forClient) = (toServer, toClient)
        (toServer, toClient) = ([], [])
        for datagram in forServer {
            earlier.append((datagram, true))
            for one in alter(datagram) { atServer { endpoint.receive(one, from: peer, now: now, into: &$0) } }
        }
        for datagram in forClient {
            earlier.append((datagram, false))
            for one in alter(datagram) { client { session.receive(one, now: now, into: &$0) } }
        }
        if script.next() % 8 == 1, let (datagram, isToServer) = earlier.dropLast(Int(script.next() % 8)).last {
            if isToServer {
                atServer { endpoint.receive(datagram, from: peer, now: now, into: &$0) }
            } else {
                client { session.receive(datagram, now: now, into: &$0) }
            }
        }
    }
    precondition(heard <= 1, "a replayed record has been taken")
    var events: [DTLSEndpoint.Event] = []
    endpoint.closeAll(into: &events)
    precondition(endpoint.peers.isEmpty, "a session has stayed")
}
