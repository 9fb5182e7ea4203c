/// Everything a store knows in memory, and the decision what is to be written when. No I/O and no clock of its own: one
/// value behind one mutex.
struct StoreState {
    /// Bytes of waiting records that are written without waiting for more: a group is then one write of one piece.
    static let flushBytes = 65_536

    /// Resumes a caller.
    typealias Waiter = CheckedContinuation<Result<Void, StoreError>, Never>

    /// What the writer shall do next.
    enum Step {
        /// Sleep until then, or until woken.
        case sleep(until: ContinuousClock.Instant?)
        /// Write this, then report with ``StoreState/finished(_:_:now:)``.
        case write(Work)
        /// Everything is written, or failed for the last time.
        case stop
    }

    /// One attempt of the writer.
    struct Work {
        /// The group to append; empty when ``snapshot`` is given.
        var records: [PendingRecord]
        /// The live set, to be written into the other segment.
        var snapshot: Contents?
        var isScrub: Bool
        /// Changes up to this number are durable when it succeeds.
        var revision: UInt64
    }

    private enum Phase { case open, closing, closed }

    let options: StoreOptions
    let layout: Layout
    var statistics = StoreStatistics()
    var counters: [String: Counter] = [:]
    private(set) var contents: Contents
    /// Number of the last change.
    private(set) var revision: UInt64 = 0
    /// Every change up to this number is on flash.
    private(set) var durableRevision: UInt64 = 0

    private var liveBytes: Int
    /// Number of the last change that removed something.
    private var removalRevision: UInt64 = 0
    private var pending: [PendingRecord] = []
    private var pendingBytes = 0
    /// Where the waiting record of a key is, if a later change of that key may take its place.
    private var replaceable: [Key: Int] = [:]
    /// The file does not hold what memory does, and only the whole live set will do: after a failure.
    private var needsRewrite = false
    /// The log was found damaged: the first write, when there is one, is of the whole live set into the other segment.
    private var isBehindDamage = false
    /// Change since which the contents are as recovery found them: 1 after damage, for then it is only known that they
    /// were found once.
    private var recoveredRevision: UInt64 = 0
    private var needsScrub = false
    /// A caller waits.
    private var isUrgent = false
    private var deadline: ContinuousClock.Instant?
    private var waiters: [(revision: UInt64, waiter: Waiter)] = []
    private var phase = Phase.open

    init(contents: Contents, layout: Layout, options: StoreOptions, recovery: RecoveryReport) {
        self.contents = contents
        self.layout = layout
        self.options = options
        liveBytes = contents.compactedLength
        statistics.recovery = recovery
        statistics.liveLimit = layout.liveLimit
        if recovery.isLogDamaged {
            isBehindDamage = true
            recoveredRevision = 1
            revision = recoveredRevision
            removalRevision = recoveredRevision
        }
    }

    // MARK: Changes

    /// What became of a change.
    struct Outcome {
        /// When changes up to this number are durable, so is what was asked for.
        var revision: UInt64
        /// The writer must look again.
        var wakesWriter: Bool
    }

    /// Makes changes in memory, all or none, and queues what differs.
    mutating func make(_ changes: [Change], now: ContinuousClock.Instant) throws(StoreError) -> Outcome {
        do {
            try check(changes)
        } catch {
            statistics.rejected += 1
            throw error
        }
        var needed: UInt64 = 0
        var effective: [Change] = []
        for change in changes {
            if let unchangedSince = apply(change) {
                needed = max(needed, unchangedSince)
            } else {
                effective.append(change)
            }
        }
        guard let first = effective.first else {
            statistics.unchanged += 1
            return Outcome(revision: needed, wakesWriter: false)
        }
        revision += 1
        return Outcome(
            revision: revision, wakesWriter: queue(PendingRecord(first: first, rest: Array(effective.dropFirst())), now)
        )
    }

    private func check(_ changes: [Change]) throws(StoreError) {
        guard phase == .open else { throw StoreError(.closed, "the store was closed") }
        var bodyLength = 0
        var growth = 0
        for change in changes {
            bodyLength += Record.encodedLength(change)
            switch change {
            case .put(let key, let value):
                try check(key: key, isPrefix: false)
                guard value.count <= StoreLimits.valueLength else {
                    throw StoreError(
                        .tooLarge,
                        "the value of '\(key)' has \(value.count) bytes, at most \(StoreLimits.valueLength) are kept")
                }
                let key = Key(key)
                let before = contents[key].map { Record.length(key: key, value: $0.value) } ?? 0
                growth += max(0, Record.length(key: key, value: value) - before)
            case .remove(let key): try check(key: key, isPrefix: false)
            case .removeAll(let prefix): try check(key: prefix, isPrefix: true)
            }
        }
        let recordLength = Record.aligned(Record.headerLength + bodyLength)
        guard recordLength <= layout.recordLimit else {
            throw StoreError(
                .tooLarge,
                "the changes make a record of \(recordLength) bytes, at most \(layout.recordLimit) are written as one")
        }
        guard growth == 0 || liveBytes + growth <= layout.liveLimit else {
            throw StoreError(
                .full,
                "\(liveBytes) bytes are in use and \(growth) more are asked for; the limit is \(layout.liveLimit). "
                    + "Remove what is not needed, or begin anew with larger segments")
        }
    }

    private func check(key: String, isPrefix: Bool) throws(StoreError) {
        guard isPrefix || !key.isEmpty else { throw StoreError(.invalidKey, "a key is empty") }
        guard key.utf8.count <= StoreLimits.keyLength else {
            throw StoreError(.tooLarge, "a key has \(key.utf8.count) bytes, at most \(StoreLimits.keyLength) are kept")
        }
    }

    /// Makes one change in memory under the number of the next revision.
    ///
    /// - Returns: nil when it changed something, else the revision since which things are as asked for.
    private mutating func apply(_ change: Change) -> UInt64? {
        switch change {
        case .put(let key, let value):
            let key = Key(key)
            let before = contents[key]
            if let before, before.value == value { return max(before.revision, recoveredRevision) }
            contents[key] = Entry(value: value, revision: revision + 1)
            liveBytes += Record.length(key: key, value: value)
            if let before { liveBytes -= Record.length(key: key, value: before.value) }
            return nil
        case .remove(let key):
            return remove(Key(key)) ? nil : removalRevision
        case .removeAll(let prefix):
            let keys = contents.keys.filter { $0.hasPrefix(prefix) }
            for key in keys { _ = remove(key) }
            return keys.isEmpty ? removalRevision : nil
        }
    }

    private mutating func remove(_ key: Key) -> Bool {
        guard let before = contents.removeValue(forKey: key) else { return false }
        liveBytes -= Record.length(key: key, value: before.value)
        removalRevision = revision + 1
        return true
    }

    /// Puts a record into the queue, in the place of an earlier one of the same key if there is one.
    ///
    /// - Returns: whether the writer must look again.
    private mutating func queue(_ record: PendingRecord, _ now: ContinuousClock.Instant) -> Bool {
        // After a failure the whole live set will be written, which needs no list of what changed.
        guard !needsRewrite else { return false }
        let isFirst = pending.isEmpty
        let length = record.length
        switch record.first {
        case .put(let key, _) where record.rest.isEmpty, .remove(let key) where record.rest.isEmpty:
            let key = Key(key)
            if let index = replaceable[key] {
                pendingBytes += length - pending[index].length
                pending[index] = record
                statistics.coalesced += 1
                return pendingBytes >= Self.flushBytes
            }
            replaceable[key] = pending.count
        default:
            // Records before this one must not take up later values: the order between them and this one matters.
            replaceable = [:]
        }
        pending.append(record)
        pendingBytes += length
        if isFirst { deadline = now + options.flushInterval }
        return isFirst || pending.count >= options.flushCount || pendingBytes >= Self.flushBytes
    }

    // MARK: Waiting

    /// Resumes `waiter` when changes up to `revision` are durable, at once if they are.
    ///
    /// - Returns: whether the writer must look again.
    mutating func wait(for revision: UInt64, _ waiter: Waiter) -> Bool {
        guard revision > durableRevision else {
            waiter.resume(returning: .success(()))
            return false
        }
        guard phase != .closed else {
            waiter.resume(returning: .failure(statistics.lastError ?? StoreError(.closed, "the store was closed")))
            return false
        }
        waiters.append((revision, waiter))
        isUrgent = true
        return true
    }

    /// Asks for a scrub; it is done when the returned revision is durable.
    mutating func requestScrub() throws(StoreError) -> UInt64 {
        guard phase == .open else { throw StoreError(.closed, "the store was closed") }
        needsScrub = true
        revision += 1
        return revision
    }

    /// Lets the writer write what waits and stop.
    mutating func close() {
        if phase == .open { phase = .closing }
    }

    // MARK: The writer's side

    /// Decides what the writer does next, and takes the work out of the queue.
    ///
    /// - Parameter fits: whether a group of so many bytes can be appended to the active segment.
    mutating func nextStep(now: ContinuousClock.Instant, fits: (Int) -> Bool) -> Step {
        let isConfirming = isBehindDamage && isUrgent
        guard needsRewrite || needsScrub || isConfirming || !pending.isEmpty else {
            deadline = nil
            isUrgent = false
            return phase == .open ? .sleep(until: nil) : .stop
        }
        let isDue =
            isUrgent || phase != .open || needsScrub || pending.count >= options.flushCount
            || pendingBytes >= Self.flushBytes || deadline.map { now >= $0 } ?? true
        guard isDue else { return .sleep(until: deadline) }
        var work = Work(records: [], snapshot: nil, isScrub: needsScrub, revision: revision)
        // Lost removals can leave a live set that no segment holds; then appending is all that is left.
        let leavesDamage = isBehindDamage && liveBytes <= layout.capacity
        if needsRewrite || needsScrub || leavesDamage || !fits(pendingBytes) {
            // Shares its storage with the live set until a caller changes something, which then copies the table once.
            work.snapshot = contents
            isBehindDamage = false
        } else {
            work.records = pending
        }
        forgetQueue()
        needsRewrite = false
        needsScrub = false
        isUrgent = false
        deadline = nil
        return .write(work)
    }

    /// Takes note of how an attempt ended.
    ///
    /// - Returns: the callers to resume, and with what.
    mutating func finished(
        _ work: Work, _ outcome: Result<Void, StoreError>, now: ContinuousClock.Instant
    ) -> [(Waiter, Result<Void, StoreError>)] {
        let done = waiters.filter { $0.revision <= work.revision }
        waiters.removeAll { $0.revision <= work.revision }
        isUrgent = !waiters.isEmpty
        switch outcome {
        case .success:
            durableRevision = work.revision
            statistics.lastError = nil
        case .failure(let error):
            statistics.lastError = error
            statistics.failures += 1
            needsRewrite = true
            needsScrub = needsScrub || work.isScrub
            forgetQueue()
            deadline = now + options.retryInterval
            // The last attempt of a closing store has failed; what is in memory is lost to the file.
            if phase == .closing { needsRewrite = false; needsScrub = false; phase = .closed }
        }
        return done.map { ($0.waiter, outcome) }
    }

    /// After this nothing is written any more.
    mutating func closed() -> [(Waiter, Result<Void, StoreError>)] {
        phase = .closed
        let error = statistics.lastError ?? StoreError(.closed, "the store was closed")
        let left = waiters.map { ($0.waiter, Result<Void, StoreError>.failure(error)) }
        waiters = []
        return left
    }

    private mutating func forgetQueue() {
        pending = []
        pendingBytes = 0
        replaceable = [:]
    }

    /// The statistics as of now.
    func currentStatistics() -> StoreStatistics {
        var current = statistics
        current.keys = contents.count
        current.liveBytes = liveBytes
        current.pendingRecords = pending.count
        return current
    }
}
