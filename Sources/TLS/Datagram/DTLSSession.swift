import NIOCore

/// One DTLS session with one peer, without a socket and without a clock: datagrams, plaintext and the time go in,
/// `DTLSEvent`s come out, and `deadline` says when it wants to be called again. Belongs to one event loop.
///
/// Datagrams that are no records of this session, replayed ones (RFC 6347 4.1.2.6) and altered ones are ignored.
/// A server's session of its own asks no cookie back more than once; for many peers on one socket, where nothing may
/// be kept of a stranger, there is `DTLSEndpoint`.
public final class DTLSSession {
    /// Where a session is.
    public enum State: Sendable, Hashable {
        /// Client: `start` has not been called.
        case idle
        /// Keys are being agreed on.
        case handshaking
        /// Data goes both ways.
        case open
        /// Over.
        case closed
    }

    /// Which side.
    public let role: TLSConfiguration.Role
    /// Where it is.
    public private(set) var state: State
    /// Since when: the last authentic data in either direction, or the start.
    public private(set) var lastActivity: NIODeadline

    private let connection: DatagramConnection
    private let limits: DTLSLimits
    private let handshakeEnd: NIODeadline
    private var isTrimmed = false
    /// A record of the peer may wait in the library, put there before the handshake was done.
    private var mayHoldRecord = true

    /// The longest plaintext of a record (RFC 5246 6.2.1).
    private static let longestRecord = 16_384

    /// A session. A client's begins with `start`; a server's with the first datagram, `peer` being the bytes its
    /// cookie is bound to.
    public init(
        _ configuration: DTLSConfiguration, peer: [UInt8] = [], limits: DTLSLimits = .standard, now: NIODeadline
    ) throws(TLSError) {
        role = configuration.role
        connection = try DatagramConnection(configuration, maximumDatagram: limits.maximumDatagram)
        if role == .server { try connection.setPeer(peer) }
        state = role == .client ? .idle : .handshaking
        self.limits = limits
        lastActivity = now
        handshakeEnd = now + limits.handshakeTimeout
    }

    /// Takes up a server's handshake whose ClientHello has come with a good cookie.
    init(_ connection: DatagramConnection, limits: DTLSLimits, now: NIODeadline) {
        role = .server
        self.connection = connection
        state = .handshaking
        self.limits = limits
        lastActivity = now
        handshakeEnd = now + limits.handshakeTimeout
    }

    /// When `timerFired` wants to be called; nil once closed.
    public var deadline: NIODeadline? {
        switch state {
        case .idle, .handshaking: connection.deadline.map { min($0, handshakeEnd) } ?? handshakeEnd
        case .open: lastActivity + (isTrimmed ? limits.idleTimeout : min(limits.trimDelay, limits.idleTimeout))
        case .closed: nil
        }
    }

    /// How many bytes of plaintext one datagram carries; 0 before the session is open.
    public var capacity: Int { state == .open ? connection.capacity : 0 }

    /// Client: sends the first message.
    public func start(now: NIODeadline, into events: inout [DTLSEvent]) {
        guard state == .idle else { return }
        state = .handshaking
        var none = ByteBuffer()
        connection.tell(now)
        handshake(&none, now, &events)
    }

    /// A datagram from the peer.
    public func receive(_ datagram: ByteBuffer, now: NIODeadline, into events: inout [DTLSEvent]) {
        // The library takes an empty datagram for the end of the transport.
        guard datagram.readableBytes > 0 else { return }
        var datagram = datagram
        connection.tell(now)
        switch state {
        case .handshaking: handshake(&datagram, now, &events)
        case .open: read(&datagram, now, &events)
        case .idle, .closed: break
        }
    }

    /// Sends one record. Throws `.messageTooLong` for more than `capacity` bytes and `.connectionClosed` when the
    /// session is not open; it stays as it was in both cases.
    public func send(_ plain: ByteBuffer, now: NIODeadline, into events: inout [DTLSEvent]) throws(TLSError) {
        guard state == .open else {
            throw TLSError(.connectionClosed, "the DTLS session is \(state); expected it to be open")
        }
        guard plain.readableBytes > 0 else { return }
        let capacity = connection.capacity
        guard plain.readableBytes <= capacity else {
            throw TLSError(
                .messageTooLong,
                "the message has \(plain.readableBytes) bytes; expected at most \(capacity), one datagram")
        }
        connection.tell(now)
        do {
            try connection.write(plain, into: &events)
        } catch {
            finish(error, &events)
            throw error
        }
        touch(now)
    }

    /// The time `deadline` named has come; earlier and later calls do no harm.
    public func timerFired(now: NIODeadline, into events: inout [DTLSEvent]) {
        guard let deadline, now >= deadline else { return }
        switch state {
        case .idle, .handshaking:
            guard now < handshakeEnd else {
                return finish(
                    TLSError(
                        .handshakeTimeout,
                        "the handshake was not done after \(limits.handshakeTimeout.nanoseconds / 1_000_000_000) s"),
                    &events)
            }
            var none = ByteBuffer()
            connection.tell(now)
            handshake(&none, now, &events)
        case .open:
            if now >= lastActivity + limits.idleTimeout {
                connection.closeNotify(into: &events)
                finish(
                    TLSError(.idleTimeout, "no data for \(limits.idleTimeout.nanoseconds / 1_000_000_000) s"), &events)
            } else {
                connection.trim()
                isTrimmed = true
            }
        case .closed: break
        }
    }

    /// Ends the session, with close_notify when it is open.
    public func close(_ error: TLSError? = nil, into events: inout [DTLSEvent]) {
        guard state != .closed else { return }
        if state == .open { connection.closeNotify(into: &events) }
        finish(error, &events)
    }

    /// The secrets of an open session whose configuration exports them, once; nil otherwise.
    public func takeSecrets() -> DTLSSecrets? { state == .open ? connection.takeSecrets() : nil }

    // MARK: Steps

    private func handshake(_ datagram: inout ByteBuffer, _ now: NIODeadline, _ events: inout [DTLSEvent]) {
        do {
            switch try connection.handshake(&datagram, into: &events) {
            case .needsInput: return
            case .verifying: return try connection.reset()
            case .done: break
            }
        } catch {
            return finish(error, &events)
        }
        state = .open
        touch(now)
        events.append(.completed(connection.completed()))
        // The last datagram may go on with data.
        read(&datagram, now, &events)
        if state == .open { connection.trim() }
    }

    private func read(_ datagram: inout ByteBuffer, _ now: NIODeadline, _ events: inout [DTLSEvent]) {
        let before = events.count
        do {
            let longest = mayHoldRecord ? Self.longestRecord : min(datagram.readableBytes, Self.longestRecord)
            if try connection.read(&datagram, longest: max(longest, 1), into: &events) {
                mayHoldRecord = false
                // What is not authentic keeps no session alive.
                guard events.dropFirst(before).contains(where: \.isReceived) else { return }
                touch(now)
            } else {
                connection.closeNotify(into: &events)
                finish(nil, &events)
            }
        } catch {
            finish(error, &events)
        }
    }

    private func touch(_ now: NIODeadline) {
        lastActivity = now
        isTrimmed = false
    }

    private func finish(_ error: TLSError?, _ events: inout [DTLSEvent]) {
        state = .closed
        events.append(.closed(error))
    }
}
