/// Remembered answers, those used last first, within limits. A value: what is to be written of a change is its result.
struct DecisionTable {
    /// The bounds.
    struct Limits: Sendable, Hashable {
        /// Answers: twice what a building of a hundred peers with ten questions each asks.
        var entries = 2_048
        /// Bytes of all records: a sixteenth of what the store holds.
        var bytes = 262_144
        /// Bytes of one record: a question about 256 nodes fits. A longer one is asked each time.
        var entryBytes = 16_384
        /// Seconds after which an answer that nobody asked for goes: 13 months, so that what happens once a year is known.
        var unusedFor: Int64 = 395 * 86_400
    }

    /// What is to be done to the store.
    enum Write: Hashable {
        case put(slot: Int, server: String, record: [UInt8])
        case remove(slot: Int, server: String)
    }

    struct Entry {
        let key: DecisionKey
        let server: String
        var decision: Decision
        var lastUsed: Int64
        let size: Int
        fileprivate var newer: Int
        fileprivate var older: Int
    }

    let limits: Limits
    private var slots: [Entry?] = []
    private var free: [Int] = []
    private var index: [DecisionKey: Int] = [:]
    private var newest = -1
    private var oldest = -1
    /// Bytes of all records.
    private(set) var bytes = 0
    /// Answers that went because others came.
    private(set) var evicted: UInt64 = 0

    init(_ limits: Limits = Limits()) { self.limits = limits }

    var count: Int { index.count }

    /// The answers, those used last first.
    var entries: [(slot: Int, entry: Entry)] {
        var found: [(Int, Entry)] = []
        var slot = newest
        while slot >= 0, let entry = slots[slot] {
            found.append((slot, entry))
            slot = entry.older
        }
        return found
    }

    // MARK: Asking

    /// The answer to a question, which becomes the one used last.
    mutating func lookup(_ key: DecisionKey, now: Int64) -> Decision? {
        guard let slot = index[key] else { return nil }
        slots[slot]?.lastUsed = now
        if newest != slot {
            unlink(slot)
            linkNewest(slot)
        }
        return slots[slot]?.decision
    }

    /// The answer, without its having been used.
    func peek(_ key: DecisionKey) -> Entry? { index[key].flatMap { slots[$0] } }

    // MARK: Changing

    /// Remembers an answer. What is to be written: nothing when the same was remembered already, or it is too long.
    mutating func insert(_ key: DecisionKey, server: String, _ decision: Decision, now: Int64) -> [Write] {
        if let slot = index[key] {
            let isSame = slots[slot]?.decision.verdict == decision.verdict
            _ = lookup(key, now: now)
            if isSame { return [] }
        }
        let record = DecisionRecord(key, decision).bytes
        guard record.count <= limits.entryBytes, record.count <= limits.bytes, limits.entries > 0 else {
            // What was remembered before is no longer true.
            return index[key].map { [remove(at: $0)] } ?? []
        }
        var writes: [Write] = []
        if let slot = index[key] { writes.append(remove(at: slot)) }
        while count >= limits.entries || bytes + record.count > limits.bytes {
            guard oldest >= 0 else { break }
            evicted += 1
            writes.append(remove(at: oldest))
        }
        let slot = add(key, server, decision, record.count, lastUsed: now, at: nil)
        // A record in the same place takes the place of the one before.
        writes.removeAll { $0 == .remove(slot: slot, server: server) }
        return writes + [.put(slot: slot, server: server, record: record)]
    }

    /// Takes in what was stored, in any order; ``sort()`` comes after the last. False when there is no room for it.
    mutating func restore(
        slot: Int, _ key: DecisionKey, server: String, _ decision: Decision, lastUsed: Int64, size: Int
    ) -> Bool {
        guard slot >= 0, slot < limits.entries, index[key] == nil, count < limits.entries, bytes + size <= limits.bytes,
            slot >= slots.count || slots[slot] == nil
        else { return false }
        _ = add(key, server, decision, size, lastUsed: lastUsed, at: slot)
        return true
    }

    /// Puts what was restored into the order of last use.
    mutating func sort() {
        let order = entries.sorted { ($0.entry.lastUsed, $0.slot) < ($1.entry.lastUsed, $1.slot) }.map(\.slot)
        newest = -1
        oldest = -1
        for slot in order { linkNewest(slot) }
    }

    /// Forgets answers, those of a server or about somebody for instance.
    mutating func remove(where isGone: (Entry) -> Bool) -> [Write] {
        entries.filter { isGone($0.entry) }.map { remove(at: $0.slot) }
    }

    /// Forgets what nobody has asked for in a long time.
    mutating func expire(now: Int64) -> [Write] {
        var writes: [Write] = []
        while oldest >= 0, let entry = slots[oldest], entry.lastUsed < now - limits.unusedFor {
            writes.append(remove(at: oldest))
        }
        return writes
    }

    // MARK: Places and order

    private mutating func add(
        _ key: DecisionKey, _ server: String, _ decision: Decision, _ size: Int, lastUsed: Int64, at place: Int?
    ) -> Int {
        let slot: Int
        if let place {
            // Places before it that are empty may be taken later.
            while slots.count < place {
                free.append(slots.count)
                slots.append(nil)
            }
            if place == slots.count { slots.append(nil) } else { free.removeAll { $0 == place } }
            slot = place
        } else if let last = free.popLast() {
            slot = last
        } else {
            slot = slots.count
            slots.append(nil)
        }
        slots[slot] = Entry(
            key: key, server: server, decision: decision, lastUsed: lastUsed, size: size, newer: -1, older: -1)
        index[key] = slot
        bytes += size
        linkNewest(slot)
        return slot
    }

    private mutating func remove(at slot: Int) -> Write {
        unlink(slot)
        let server = slots[slot]?.server ?? ""
        if let entry = slots[slot] {
            index[entry.key] = nil
            bytes -= entry.size
        }
        slots[slot] = nil
        free.append(slot)
        return .remove(slot: slot, server: server)
    }

    private mutating func unlink(_ slot: Int) {
        guard let entry = slots[slot] else { return }
        if entry.newer >= 0 { slots[entry.newer]?.older = entry.older } else { newest = entry.older }
        if entry.older >= 0 { slots[entry.older]?.newer = entry.newer } else { oldest = entry.newer }
    }

    private mutating func linkNewest(_ slot: Int) {
        slots[slot]?.newer = -1
        slots[slot]?.older = newest
        if newest >= 0 { slots[newest]?.newer = slot }
        newest = slot
        if oldest < 0 { oldest = slot }
    }
}
