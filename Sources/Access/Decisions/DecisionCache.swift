import FlashStore
import OneLoop

/// Answers of provisioning servers, remembered over restarts (XEP-0324 5.2), so that a server is asked each question once and
/// a power cut in a whole building sends it no storm.
///
/// Each server's answers are kept by themselves, the noes among them; what nobody answered is not kept. Answers are written
/// with others (``FlashStore/putBatched(_:_:)``): a power cut loses those of the last minute, which are asked again. A hit
/// writes nothing: the order of use is kept in memory and saved once a day and at the end. Taking answers back
/// (``clear(_:)``) is durable before it returns, and what a server says to questions that were asked before it is not
/// remembered.
@Loop
public final class DecisionCache {
    /// The bounds.
    public struct Limits: Sendable, Hashable {
        /// Answers.
        public var entries = DecisionTable.Limits().entries
        /// Bytes of all of them on flash.
        public var bytes = DecisionTable.Limits().bytes
        /// Seconds after which an answer that nobody asked for goes.
        public var unusedFor = DecisionTable.Limits().unusedFor
        /// How many answers are written at once at most, and how many seconds give one back: strangers who invent questions
        /// must not wear out the flash. 43,200 a day of 120 bytes are 5 MB.
        public var burst = 4_096
        /// Seconds that give one write back.
        public var secondsPerWrite = 2
        /// Seconds between two savings of the order of use.
        public var orderEvery: Int64 = 86_400

        /// The limits above.
        public init() {}
    }

    /// What has happened since the start.
    public struct Counters: Sendable, Hashable {
        /// Questions answered from memory.
        public var hits: UInt64 = 0
        /// Questions that were not known.
        public var misses: UInt64 = 0
        /// Answers that went because others came.
        public var evicted: UInt64 = 0
        /// Answers that came too late: they had been taken back meanwhile.
        public var outdated: UInt64 = 0
        /// Answers that are in memory alone, since too many were written of late.
        public var unwritten: UInt64 = 0
        /// How often a server, or a person, took answers back.
        public var clears: UInt64 = 0
    }

    /// Proves that a question was asked after the last ``clear(_:)``.
    public struct Ticket: Sendable, Hashable {
        fileprivate let server: String
        fileprivate let generation: UInt64
    }

    /// One of the answers, for people.
    public struct Line: Sendable, Hashable {
        /// Who decided.
        public let server: String
        /// What was asked.
        public let question: AccessQuestion
        /// What was answered, and when.
        public let decision: Decision
        /// What was answered.
        public var answer: AccessAnswer { decision.answer(to: question) }
        /// When it was used last, in seconds since 1970.
        public let lastUsed: Int64
    }

    static let prefix = "decision/"
    private static let orderKey = "order/decision"

    private var clearHandlers: [@Loop () -> Void] = []
    private let store: FlashStore
    private let now: @Loop () -> Int64
    private let limits: Limits
    private var table: DecisionTable
    private var generations: [String: UInt64] = [:]
    private var generation: UInt64 = 0
    private var wholeGeneration: UInt64 = 0
    private var orderSaved: Int64
    private var isOrderChanged = false
    private var budget: Double
    private var budgetSince: Int64
    private var counted = Counters()

    /// The cache of a store; reads what is there.
    ///
    /// - Parameter now: seconds since 1970.
    public init(store: FlashStore, limits: Limits = Limits(), now: @escaping @Loop () -> Int64) {
        self.store = store
        self.now = now
        self.limits = limits
        var bounds = DecisionTable.Limits()
        bounds.entries = min(max(0, limits.entries), Int(UInt16.max))
        bounds.bytes = limits.bytes
        bounds.unusedFor = limits.unusedFor
        table = DecisionTable(bounds)
        let time = now()
        orderSaved = time
        budgetSince = time
        budget = Double(limits.burst)
        load()
    }

    /// What has happened since the start.
    public var counters: Counters {
        var counters = counted
        counters.evicted = table.evicted
        return counters
    }

    /// How many answers are remembered.
    public var count: Int { table.count }

    /// Bytes of them on flash, without the store's own 30 or so for each.
    public var bytes: Int { table.bytes }

    /// All answers, those used last first.
    public var all: [Line] {
        table.entries.compactMap { _, entry in
            entry.key.question.map {
                Line(server: $0.server, question: $0.question, decision: entry.decision, lastUsed: entry.lastUsed)
            }
        }
    }

    // MARK: Asking

    /// What a server has said to a question; nil when it was not asked, or has taken it back.
    public func lookup(_ question: AccessQuestion, to server: String) -> Decision? {
        guard let decision = table.lookup(DecisionKey(question, to: server), now: now()) else {
            counted.misses += 1
            return nil
        }
        counted.hits += 1
        isOrderChanged = true
        return decision
    }

    /// The same for people: it does not count as a use.
    public func peek(_ question: AccessQuestion, to server: String) -> Decision? {
        table.peek(DecisionKey(question, to: server))?.decision
    }

    /// To be taken before a server is asked.
    public func ticket(for server: String) -> Ticket {
        Ticket(server: server, generation: generations[server] ?? wholeGeneration)
    }

    /// Remembers an answer, unless answers were taken back since the ticket was, or it grants what another question asked.
    /// False when it is not remembered.
    @discardableResult
    public func remember(_ question: AccessQuestion, _ answer: AccessAnswer, _ ticket: Ticket) -> Bool {
        guard answer.grant.map({ $0.question == question }) ?? true else { return false }
        guard ticket == self.ticket(for: ticket.server) else {
            counted.outdated += 1
            return false
        }
        let time = now()
        guard let decision = Decision(answer, when: time) else { return false }
        let key = DecisionKey(question, to: ticket.server)
        write(table.insert(key, server: ticket.server, decision, now: time))
        isOrderChanged = true
        write(table.expire(now: time))
        saveOrder(isLast: false)
        return table.peek(key) != nil
    }

    // MARK: Taking back

    /// Has something called whenever answers were taken back: what stands on one is to be asked anew.
    public func onClear(_ handler: @escaping @Loop () -> Void) { clearHandlers.append(handler) }

    /// Forgets what a server has said. Durable when it returns; when it throws it is out of effect until the next start.
    public func clear(_ server: String) async throws(StoreError) {
        outdate(server)
        _ = table.remove { $0.server == server }
        for handler in clearHandlers { handler() }
        try await store.removeAll(prefix: DecisionCache.prefix(of: server), .now)
    }

    /// Forgets everything. Durable when it returns; when it throws it is out of effect until the next start.
    public func clear() async throws(StoreError) {
        generation += 1
        wholeGeneration = generation
        generations = [:]
        counted.clears += 1
        _ = table.remove { _ in true }
        for handler in clearHandlers { handler() }
        try await store.apply([.removeAll(prefix: DecisionCache.prefix), .remove(key: DecisionCache.orderKey)], .now)
    }

    /// Forgets everything that is on flash, for a factory reset. Durable when it returns.
    public static func forget(_ store: FlashStore) async throws(StoreError) {
        try await store.apply([.removeAll(prefix: prefix), .remove(key: orderKey)], .now)
    }

    /// Forgets what was said about somebody. Written with others: who is no friend any more cannot ask anyway.
    public func forget(_ who: String) {
        write(table.remove { entry in entry.key.question?.question.who == who })
    }

    private func outdate(_ server: String) {
        // A server that is not in the table has the number of the last complete clearing.
        generation += 1
        generations[server] = generation
        counted.clears += 1
    }

    // MARK: The store

    /// Saves in which order answers were used; once a day, and at the end.
    public func close() { saveOrder(isLast: true) }

    private func saveOrder(isLast: Bool) {
        let time = now()
        guard isOrderChanged, isLast || abs(time - orderSaved) >= limits.orderEvery else { return }
        orderSaved = time
        isOrderChanged = false
        var writer = ByteWriter()
        writer.append(UInt8(1))
        for (slot, entry) in table.entries {
            // Hours are enough for days, and four bytes hold them.
            writer.append(UInt16(slot))
            writer.append(UInt32(clamping: entry.lastUsed / 3_600))
            guard writer.bytes.count + 6 <= StoreLimits.valueLength else { break }
        }
        store.putBatched(DecisionCache.orderKey, writer.bytes)
    }

    private func load() {
        var used: [Int: Int64] = [:]
        if let order = store.get(DecisionCache.orderKey) {
            var reader = ByteReader(order)
            if reader.byte() == 1 {
                while let slot = reader.number(), let hours = reader.long() { used[Int(slot)] = Int64(hours) * 3_600 }
            }
        }
        for (name, record) in store.scan(prefix: DecisionCache.prefix) {
            guard let slot = name.split(separator: "/").last.flatMap({ Int($0) }), let found = DecisionRecord(record),
                let server = found.key.question?.server, name == DecisionCache.name(slot, server),
                table.restore(
                    slot: slot, found.key, server: server, found.decision, lastUsed: used[slot] ?? found.decision.when,
                    size: record.count)
            else {
                // Of another version, or more than the limits now take.
                store.removeBatched(name)
                continue
            }
        }
        table.sort()
        write(table.expire(now: now()))
    }

    /// A number for a server that is short and the same in every run (FNV-1a); two servers of one number are cleared
    /// together, which does no harm.
    static func prefix(of server: String) -> String {
        var hash: UInt32 = 0x811C_9DC5
        for byte in server.utf8 { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        return "\(prefix)\(String(hash, radix: 36))/"
    }

    private static func name(_ slot: Int, _ server: String) -> String { "\(prefix(of: server))\(slot)" }

    private func write(_ writes: [DecisionTable.Write]) {
        guard !writes.isEmpty else { return }
        let time = now()
        budget = min(
            Double(limits.burst), budget + Double(max(0, time - budgetSince)) / Double(max(1, limits.secondsPerWrite)))
        budgetSince = time
        var changes: [Change] = []
        for write in writes {
            switch write {
            case .put(let slot, let server, let record):
                guard budget >= 1 else {
                    counted.unwritten += 1
                    // What the place held before must not come back.
                    changes.append(.remove(key: DecisionCache.name(slot, server)))
                    continue
                }
                budget -= 1
                changes.append(.put(key: DecisionCache.name(slot, server), value: record))
            case .remove(let slot, let server): changes.append(.remove(key: DecisionCache.name(slot, server)))
            }
        }
        // One record for a few of them; the store takes no record longer than a page or so.
        for change in changes { store.applyBatched([change]) }
    }
}
