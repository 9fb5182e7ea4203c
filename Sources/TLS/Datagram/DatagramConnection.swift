import CMbedTLS
import NIOCore

/// The library's session: one datagram in, datagrams and plaintext out. Knows no policy.
final class DatagramConnection {
    enum Progress {
        case done
        case needsInput
        /// Server: the peer was asked for its cookie.
        case verifying
    }

    private let library: LibraryConnection
    private var pointer: OpaquePointer { library.pointer }
    private let room: Int

    init(_ configuration: DTLSConfiguration, maximumDatagram: UInt16) throws(TLSError) {
        library = try LibraryConnection(configuration.base, "a DTLS session")
        gh_dtls_set_mtu(library.pointer, maximumDatagram)
        // A flight of three, each behind its length; a longer flight takes several calls.
        room = 3 * (Int(maximumDatagram) + 2)
    }

    deinit { library.free() }

    /// When `handshake` wants to be called without input.
    var deadline: NIODeadline? {
        let milliseconds = gh_dtls_deadline(pointer)
        return milliseconds == 0 ? nil : .uptimeNanoseconds(milliseconds * 1_000_000)
    }

    /// Server: a ClientHello with a good cookie has come.
    var hasStarted: Bool { gh_dtls_has_started(pointer) == 1 }
    var capacity: Int { gh_dtls_capacity(pointer) }

    func tell(_ now: NIODeadline) { gh_dtls_set_time(pointer, now.uptimeNanoseconds / 1_000_000) }

    func setPeer(_ address: [UInt8]) throws(TLSError) {
        guard gh_dtls_set_peer(pointer, address, address.count) == GH_OK else {
            throw TLSError(.outOfMemory, "no memory for a peer's address")
        }
    }

    func reset() throws(TLSError) {
        guard gh_dtls_reset(pointer) == GH_OK else {
            throw TLSError(.outOfMemory, "no memory for a DTLS session\(TLSError.libraryText())")
        }
    }

    func trim() { gh_dtls_trim(pointer) }

    /// Goes on with the handshake; an empty datagram for a timer, or to begin.
    func handshake(_ datagram: inout ByteBuffer, into events: inout [DTLSEvent]) throws(TLSError) -> Progress {
        while true {
            switch call(&datagram, &events, { gh_tls_handshake(pointer, &$0) }) {
            case GH_OK: return .done
            case GH_WANT_READ: return .needsInput
            case GH_HELLO_VERIFY: return .verifying
            case GH_WANT_WRITE: continue
            case let status: throw failure(status, during: "handshake")
            }
        }
    }

    /// The plaintext of each record in the datagram. False once the peer has said close_notify. `longest` is how
    /// much plaintext a record may have.
    func read(_ datagram: inout ByteBuffer, longest: Int, into events: inout [DTLSEvent]) throws(TLSError) -> Bool {
        // One place for each record's plaintext in turn; what is told is copied to its size.
        let result = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: longest) {
            plain -> Result<Bool, TLSError> in
            while true {
                let status = call(&datagram, &events) { gh_tls_read(pointer, &$0, plain.baseAddress, plain.count) }
                if status > 0 {
                    events.append(.received(ByteBuffer(bytes: UnsafeMutableBufferPointer(rebasing: plain[..<status]))))
                    continue
                }
                switch Int32(truncatingIfNeeded: status) {
                case GH_WANT_READ: return .success(true)
                case GH_WANT_WRITE: continue
                case GH_CLOSED: return .success(false)
                case let status: return .failure(failure(status, during: "transfer"))
                }
            }
        }
        return try result.get()
    }

    /// One record of the plaintext, which has to fit `capacity`.
    func write(_ plain: ByteBuffer, into events: inout [DTLSEvent]) throws(TLSError) {
        var none = ByteBuffer()
        var accepted = 0
        let status = plain.withUnsafeReadableBytes { bytes in
            let bytes = bytes.bindMemory(to: UInt8.self)
            return call(&none, &events) { gh_tls_write(pointer, &$0, bytes.baseAddress, bytes.count, &accepted) }
        }
        guard status == GH_OK else { throw failure(status, during: "transfer") }
    }

    /// Failing to say goodbye changes nothing.
    func closeNotify(into events: inout [DTLSEvent]) {
        var none = ByteBuffer()
        _ = call(&none, &events) { gh_tls_close_notify(pointer, &$0) }
    }

    /// What the handshake has led to; to be asked once, for the peer's certificate is let go.
    func completed() -> DTLSHandshakeCompleted {
        let peer = library.peer
        var length = 0
        gh_dtls_forget_certificate(pointer)
        let identity = gh_dtls_identity(pointer, &length).map { Array(UnsafeBufferPointer(start: $0, count: length)) }
        return DTLSHandshakeCompleted(
            peer: peer, preSharedIdentity: identity, cipherSuite: library.cipherSuite)
    }

    func takeSecrets() -> DTLSSecrets? {
        var secrets = gh_dtls_secrets()
        defer { withUnsafeMutableBytes(of: &secrets) { gh_wipe($0.baseAddress, $0.count) } }
        return gh_dtls_keys(pointer, &secrets) == GH_OK ? DTLSSecrets(secrets) : nil
    }

    // MARK: Calls

    private func call<Status>(
        _ input: inout ByteBuffer, _ events: inout [DTLSEvent], _ body: (inout gh_window) -> Status
    ) -> Status {
        var window = gh_window()
        let status = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { output in
            let status = input.withUnsafeReadableBytes { source in
                window.input = source.bindMemory(to: UInt8.self).baseAddress
                window.input_length = source.count
                window.output = output.baseAddress
                window.output_capacity = output.count
                return body(&window)
            }
            // Each datagram lies behind its length.
            var index = 0
            while index + 2 <= window.produced {
                let length = Int(output[index]) << 8 | Int(output[index + 1])
                let bytes = UnsafeMutableBufferPointer(rebasing: output[(index + 2)..<(index + 2 + length)])
                events.append(.send(ByteBuffer(bytes: bytes)))
                index += 2 + length
            }
            return status
        }
        input.moveReaderIndex(forwardBy: window.consumed)
        return status
    }

    private func failure(_ status: Int32, during phase: String) -> TLSError { library.failure(status, during: phase) }
}
