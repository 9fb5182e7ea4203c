import Advertising

/// The client's side of an ATT bearer (Core Specification Vol 3 Part F 3.3): one request at a time, answers matched to it,
/// indications confirmed, what a server may not send refused.
///
/// Pure: it holds no socket and no clock. Each input gives outputs, to be carried out in order.
public struct ATTBearer: Sendable {
    /// The time in which a transaction must end (Part F 3.3.3); after it no message may be sent on this bearer.
    public static let transactionTimeout = Duration.seconds(30)
    /// How long messages may be before that was negotiated (Part G 5.2.1).
    public static let smallestMTU: UInt16 = 23
    /// What we offer: the longest value, 512 bytes, in one message, as BlueZ does; the kernel's channel takes 672.
    public static let largestMTU: UInt16 = 517
    /// How many requests may wait. Discovery sends one after another; more than this many readers of one device are a
    /// mistake somewhere.
    public static let longestQueue = 64

    /// What happens to a bearer.
    public enum Input: Sendable, Hashable {
        /// Somebody wants this asked; the number comes back with the outcome.
        case request(UInt64, ATTPDU)
        /// Somebody wants this said, without an answer.
        case command(ATTPDU)
        /// A message came.
        case received([UInt8])
        /// Time has passed.
        case tick
        /// The channel is gone, for this reason.
        case closed(GATTError)
    }

    /// What is to be done.
    public enum Output: Sendable, Hashable {
        /// Send these bytes.
        case send([UInt8])
        /// This request got this answer, which is no error and of the right kind.
        case answered(UInt64, ATTPDU)
        /// This request failed.
        case failed(UInt64, GATTError)
        /// The server tells a value, unasked.
        case told(AttributeHandle, [UInt8])
        /// Close the channel: it is of no use any more, for this reason.
        case close(GATTError)
    }

    /// What has gone wrong on the peer's side, for the status.
    public struct Counters: Sendable, Hashable {
        /// Messages that made no sense, or that a server may not send.
        public var malformed: UInt64 = 0
        /// Requests of the peer, who takes us for a server.
        public var refusedRequests: UInt64 = 0
        /// Values told unasked.
        public var told: UInt64 = 0
    }

    private struct Pending: Sendable {
        var id: UInt64
        var pdu: ATTPDU
    }

    private let timeout: Duration
    private var outstanding: (pending: Pending, until: ContinuousClock.Instant)?
    private var queue: [Pending] = []
    private var end: GATTError?

    /// How long messages may be.
    public private(set) var mtu = ATTBearer.smallestMTU
    /// What has gone wrong on the peer's side.
    public private(set) var counters = Counters()

    /// A bearer on a channel that has just come up; another time-out is for tests.
    public init(timeout: Duration = ATTBearer.transactionTimeout) { self.timeout = timeout }

    /// When to send `tick`.
    public var deadline: ContinuousClock.Instant? { outstanding?.until }

    /// Takes an input.
    public mutating func handle(_ input: Input, at now: ContinuousClock.Instant) -> [Output] {
        switch input {
        case .request(let id, let pdu): return request(Pending(id: id, pdu: pdu), at: now)
        case .command(let pdu):
            let bytes = pdu.encoded
            return end == nil && bytes.count <= Int(mtu) ? [.send(bytes)] : []
        case .received(let bytes): return end == nil ? received(bytes, at: now) : []
        case .tick:
            guard let outstanding, now >= outstanding.until else { return [] }
            return fail(
                GATTError(.timedOut, "it did not answer within \(timeout.components.seconds) s"))
        case .closed(let reason):
            return end == nil ? fail(reason).dropLast() : []
        }
    }

    private mutating func request(_ pending: Pending, at now: ContinuousClock.Instant) -> [Output] {
        if let end { return [.failed(pending.id, end)] }
        if outstanding == nil { return start(pending, at: now) }
        guard queue.count < ATTBearer.longestQueue else {
            return [
                .failed(
                    pending.id,
                    GATTError(.busy, "\(ATTBearer.longestQueue) requests are waiting for this device already"))
            ]
        }
        queue.append(pending)
        return []
    }

    private mutating func start(_ pending: Pending, at now: ContinuousClock.Instant) -> [Output] {
        let bytes = pending.pdu.encoded
        guard bytes.count <= Int(mtu) else {
            return [
                .failed(
                    pending.id, GATTError(.tooLong, "\(bytes.count) bytes do not fit a message of at most \(mtu)"))
            ] + next(at: now)
        }
        outstanding = (pending, now + timeout)
        return [.send(bytes)]
    }

    private mutating func next(at now: ContinuousClock.Instant) -> [Output] {
        guard outstanding == nil, !queue.isEmpty else { return [] }
        return start(queue.removeFirst(), at: now)
    }

    private mutating func received(_ bytes: [UInt8], at now: ContinuousClock.Instant) -> [Output] {
        guard let opcode = bytes.first else {
            counters.malformed += 1
            return []
        }
        if ATTOpcode.isRequest(opcode) {
            // Every request must be answered (Part F 3.4.1.1), or the peer waits for 30 s and gives up the link.
            counters.refusedRequests += 1
            return [.send(ATTPDU.errorResponse(request: opcode, handle: 0, error: .requestNotSupported).encoded)]
        }
        if ATTOpcode.isResponse(opcode) { return response(bytes, opcode, at: now) }
        switch try? ATTPDU(bytes) {
        case .notification(let handle, let value):
            counters.told += 1
            return [.told(handle, value)]
        case .indication(let handle, let value):
            counters.told += 1
            return [.send(ATTPDU.confirmation.encoded), .told(handle, value)]
        case .multipleNotification(let list):
            counters.told += UInt64(list.count)
            return list.map { .told($0.handle, $0.value) }
        default:
            // Commands that we do not know are ignored (Part F 3.3), and so is what makes no sense.
            counters.malformed += 1
            // A malformed indication still waits for its confirmation.
            return opcode == 0x1D ? [.send(ATTPDU.confirmation.encoded)] : []
        }
    }

    private mutating func response(_ bytes: [UInt8], _ opcode: UInt8, at now: ContinuousClock.Instant) -> [Output] {
        let pdu = try? ATTPDU(bytes)
        guard let pending = outstanding?.pending else {
            // An answer to nothing: late, or a mistake of the peer's. Nobody waits for it.
            counters.malformed += 1
            return []
        }
        let asked = pending.pdu.opcode
        if case .errorResponse(let request, let handle, let error) = pdu {
            guard request == asked else { return outOfStep("an error for request 0x\(hex(request))", asked) }
            outstanding = nil
            return [
                .failed(pending.id, GATTError(error, handle: handle))
            ] + next(at: now)
        }
        guard opcode == asked + 1 else { return outOfStep("0x\(hex(opcode))", asked) }
        outstanding = nil
        guard let pdu else {
            counters.malformed += 1
            return [
                .failed(pending.id, GATTError(.malformed, "its answer to request 0x\(hex(asked)) makes no sense"))
            ] + next(at: now)
        }
        if case .exchangeMTUResponse(let theirs) = pdu, case .exchangeMTURequest(let ours) = pending.pdu {
            mtu = max(ATTBearer.smallestMTU, min(ours, theirs))
        }
        return [.answered(pending.id, pdu)] + next(at: now)
    }

    /// An answer to another request than ours: from here on nobody knows which answer belongs to which request.
    private mutating func outOfStep(_ what: String, _ asked: UInt8) -> [Output] {
        counters.malformed += 1
        return fail(GATTError(.malformed, "it answered request 0x\(hex(asked)) with \(what)"))
    }

    /// Ends the bearer: everything that waits fails, then the channel is to be closed.
    private mutating func fail(_ reason: GATTError) -> [Output] {
        end = reason
        var waiting: [Pending] = []
        if let pending = outstanding?.pending { waiting.append(pending) }
        waiting += queue
        outstanding = nil
        queue = []
        return waiting.map { .failed($0.id, reason) } + [.close(reason)]
    }

    private func hex(_ byte: UInt8) -> String { Hex.upper(UInt64(byte), digits: 2) }
}
