import CoAPMessages
import NIOCore

/// The messages of one peer that have come (RFC 7252 §4.5), as a value that is told the time.
///
/// A repetition has the same message ID and the same bytes. A peer that uses an ID again too soon, because it restarted
/// or counts faster than 65,536 in 247 s, sends other bytes under it: that is a new message.
struct Deduplicator {
    /// What a message is.
    enum Verdict: Hashable {
        /// It has not come before, or is too long ago.
        case new
        /// It has come before.
        ///
        /// - answer: what is to be sent again; nil when nothing was, or not yet.
        case repeated(answer: Datagram?)
    }

    private enum Answer {
        case none
        case kept(Datagram, bytes: Int)
        /// There was no room: as if the message had never come (RFC 7252 §4.5 allows that where memory is short).
        case forgotten
    }

    private struct Entry {
        let fingerprint: UInt64
        let serial: UInt64
        let expiry: NIODeadline
        var answer = Answer.none
    }

    private let limit: Int
    private let budget: ByteBudget
    private var entries: [UInt16: Entry] = [:]
    /// The order of arrival; one whose serial is not its entry's has been replaced.
    private var order = CircularBuffer<(id: UInt16, serial: UInt64, expiry: NIODeadline)>(initialCapacity: 1)
    private var serial: UInt64 = 0

    /// - Parameter budget: the bytes of answers, shared with other peers.
    init(limit: Int, budget: ByteBudget) {
        self.limit = max(1, limit)
        self.budget = budget
    }

    var count: Int { entries.count }

    /// Looks whether a message has come before, and remembers it if not.
    mutating func receive(id: UInt16, fingerprint: UInt64, lifetime: TimeAmount, now: NIODeadline) -> Verdict {
        if let entry = entries[id] {
            if entry.fingerprint == fingerprint, entry.expiry > now {
                switch entry.answer {
                case .none: return .repeated(answer: nil)
                case .kept(let answer, _): return .repeated(answer: answer)
                case .forgotten: break
                }
            }
            remove(id)
        }
        while let first = order.first, first.expiry <= now || order.count >= limit {
            order.removeFirst()
            if entries[first.id]?.serial == first.serial { remove(first.id) }
        }
        serial += 1
        let expiry = now + lifetime
        entries[id] = Entry(fingerprint: fingerprint, serial: serial, expiry: expiry)
        order.append((id, serial, expiry))
        return .new
    }

    /// Keeps what is to be sent when that message comes again.
    mutating func answered(id: UInt16, with answer: Datagram) {
        guard let index = entries.index(forKey: id) else { return }
        if case .kept(_, let bytes) = entries.values[index].answer { budget.used -= bytes }
        let bytes = answer.encodedLength
        let isKept = budget.admits(bytes)
        if isKept { budget.used += bytes }
        entries.values[index].answer = isKept ? .kept(answer, bytes: bytes) : .forgotten
    }

    /// Forgets everything; gives its share of the budget back.
    mutating func removeAll() {
        for id in Array(entries.keys) { remove(id) }
        order = CircularBuffer(initialCapacity: 1)
    }

    private mutating func remove(_ id: UInt16) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        if case .kept(_, let bytes) = entry.answer { budget.used -= bytes }
    }
}
