import CMbedTLS
import NIOCore

/// One TLS connection over memory: bytes in, bytes out, no socket. Belongs to one event loop.
final class TLSConnection {
    enum Progress {
        case done
        case needsInput
    }

    enum Read {
        /// All input is used up.
        case needsInput
        /// The peer said close_notify.
        case closed
    }

    private let library: LibraryConnection
    private var pointer: OpaquePointer { library.pointer }
    private var configuration: TLSConfiguration { library.configuration }
    /// Ciphertext that is to go out. The owner takes it by `takeOutput`.
    private var output: ByteBuffer
    /// Where reading may put an alert; kept, so that reading allocates nothing for it.
    private var alerts: ByteBuffer
    private let allocator: ByteBufferAllocator

    /// What a flight of the handshake mostly fits in: hello, a chain of two, key exchange.
    private static let handshakeOutput = 4096
    /// Reading produces alerts at most.
    private static let alertOutput = 256
    /// One record (RFC 5246 6.2.1).
    private static let recordSize = 16_384
    /// Header, IV, MAC and padding of the widest suite here (5 + 16 + 48 + 16), rounded up.
    private static let recordOverhead = 96

    init(_ configuration: TLSConfiguration, allocator: ByteBufferAllocator) throws(TLSError) {
        library = try LibraryConnection(configuration, "a TLS connection")
        self.allocator = allocator
        output = ByteBuffer()
        alerts = ByteBuffer()
        if let session = configuration.sessions?.saved,
            gh_tls_session_load(pointer, session, session.count) != GH_OK
        {
            configuration.sessions?.save(nil)
        }
    }

    deinit { library.free() }

    /// The ciphertext made so far; nil for none.
    func takeOutput() -> ByteBuffer? {
        guard output.readableBytes > 0 else { return nil }
        defer { output = ByteBuffer() }
        return output
    }

    /// Goes on with the handshake as far as `input` leads.
    func handshake(_ input: inout ByteBuffer) throws(TLSError) -> Progress {
        while true {
            let status = call(&input, &output, room: Self.handshakeOutput) { gh_tls_handshake(pointer, &$0) }
            switch status {
            case GH_OK: return .done
            case GH_WANT_READ: return .needsInput
            case GH_WANT_WRITE: continue
            default:
                // The session may be what failed.
                configuration.sessions?.save(nil)
                throw failure(status, during: "handshake")
            }
        }
    }

    /// Decrypts into `plain` until the input is used up or `plain` holds `limit` bytes.
    /// Nil in that second case: call again.
    func read(_ input: inout ByteBuffer, into plain: inout ByteBuffer, limit: Int) throws(TLSError) -> Read? {
        while plain.readableBytes < limit {
            // Plaintext is no longer than its ciphertext, but for what the library holds of an unfinished record.
            let room = min(max(input.readableBytes, 512), Self.recordSize)
            var status = 0
            plain.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
                let target = target.bindMemory(to: UInt8.self)
                status = call(&input, &alerts, room: Self.alertOutput) {
                    gh_tls_read(pointer, &$0, target.baseAddress, target.count)
                }
                return max(0, status)
            }
            if alerts.readableBytes > 0 {
                output.writeBuffer(&alerts)
                alerts.clear()
            }
            if status > 0 { continue }
            switch Int32(truncatingIfNeeded: status) {
            case GH_WANT_READ: return .needsInput
            case GH_WANT_WRITE: continue
            case GH_CLOSED: return .closed
            case let status: throw failure(status, during: "transfer")
            }
        }
        return nil
    }

    /// Encrypts all of `plain` into the output.
    func write(_ plain: ByteBufferView) throws(TLSError) {
        var none = ByteBuffer()
        var done = 0
        while done < plain.count {
            var status: Int32 = 0
            var accepted = 0
            plain.withUnsafeBytes { bytes in
                let rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(done)).bindMemory(to: UInt8.self)
                let records = rest.count / Self.recordSize + 1
                status = call(&none, &output, room: rest.count + records * Self.recordOverhead) {
                    gh_tls_write(pointer, &$0, rest.baseAddress, rest.count, &accepted)
                }
            }
            done += accepted
            guard status == GH_OK || status == GH_WANT_WRITE else { throw failure(status, during: "transfer") }
        }
    }

    /// Puts close_notify into the output. Failing to say goodbye changes nothing.
    func closeNotify() {
        var none = ByteBuffer()
        while call(&none, &output, room: Self.alertOutput, { gh_tls_close_notify(pointer, &$0) }) == GH_WANT_WRITE {}
    }

    /// What the handshake has led to.
    func completed() -> TLSHandshakeCompleted {
        var length = 0
        let finished = gh_tls_first_finished(pointer, &length).map {
            Array(UnsafeBufferPointer(start: $0, count: length))
        }
        return TLSHandshakeCompleted(
            peer: library.peer, cipherSuite: library.cipherSuite,
            applicationProtocol: gh_tls_protocol(pointer).map { String(cString: $0) },
            isResumed: gh_tls_is_resumed(pointer) == 1, firstFinished: finished)
    }

    /// Client: keeps the session for the next connection.
    func saveSession() {
        guard let sessions = configuration.sessions else { return }
        let saved = try? derOutput(capacity: ClientSession.maximumSize, .internalError, "session") {
            gh_tls_session_save(pointer, $0, $1)
        }
        sessions.save(saved)
    }

    // MARK: Calls

    private func call<Status>(
        _ input: inout ByteBuffer, _ output: inout ByteBuffer, room: Int, _ body: (inout gh_window) -> Status
    ) -> Status {
        var window = gh_window()
        if output.capacity == 0 { output = allocator.buffer(capacity: room) }
        var status: Status?
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
            input.withUnsafeReadableBytes { source in
                let target = target.bindMemory(to: UInt8.self)
                let source = source.bindMemory(to: UInt8.self)
                window.input = source.baseAddress
                window.input_length = source.count
                window.output = target.baseAddress
                window.output_capacity = target.count
                status = body(&window)
            }
            return window.produced
        }
        input.moveReaderIndex(forwardBy: window.consumed)
        // The closure has run: it is not escaping and the buffer calls it once.
        guard let status else { preconditionFailure("ByteBuffer did not call its closure") }
        return status
    }

    private func failure(_ status: Int32, during phase: String) -> TLSError { library.failure(status, during: phase) }
}
