/// What recovery found when the store was opened.
public struct RecoveryReport: Sendable, Hashable {
    /// Records that were read and replayed.
    public internal(set) var records = 0
    /// Records missing in the sequence: damaged, or torn by a power cut before they were acknowledged.
    public internal(set) var lostRecords = 0
    /// The log ends in what looks like a record and is none: torn by a power cut, or damaged.
    public internal(set) var tornTail = false
    /// Pages with something other than zeros behind their last record.
    public internal(set) var damagedPages = 0
    /// Pages that the device could not read.
    public internal(set) var unreadablePages = 0
    /// Copies of the segment header that were damaged; they were written again from the other copy.
    public internal(set) var damagedHeaders = 0
    /// The file was made, or made anew after its making had been interrupted.
    public internal(set) var created = false

    /// Whether anything was found that a clean stop would not leave.
    public var isDamaged: Bool { isLogDamaged || damagedHeaders > 0 }

    /// Whether the log was not read as it was written. What was found in it may not be found again: a page that could not
    /// be read may be readable next time, with records older than those appended since. So nothing is appended to it.
    var isLogDamaged: Bool {
        lostRecords > 0 || tornTail || damagedPages > 0 || unreadablePages > 0
    }
}

/// Counters and gauges of a store, for metrics and `gatehouse status`.
public struct StoreStatistics: Sendable {
    /// Keys in the live set.
    public internal(set) var keys = 0
    /// Bytes of the live set as a compacted segment holds it.
    public internal(set) var liveBytes = 0
    /// Most that ``liveBytes`` may become.
    public internal(set) var liveLimit = 0
    /// Records that wait to be written.
    public internal(set) var pendingRecords = 0
    /// Records written, compactions included.
    public internal(set) var recordsWritten = 0
    /// Bytes written to the device, in whole pages.
    public internal(set) var bytesWritten = 0
    /// Flushes of the device.
    public internal(set) var flushes = 0
    /// Times that the live set was written into the other segment.
    public internal(set) var compactions = 0
    /// Changes that changed nothing and were not written.
    public internal(set) var unchanged = 0
    /// Changes replaced by a later one of the same key before they were written.
    public internal(set) var coalesced = 0
    /// Changes refused by a limit.
    public internal(set) var rejected = 0
    /// Attempts to write that failed.
    public internal(set) var failures = 0
    /// Why the last attempt failed; nil when it succeeded. Not nil is a degraded state: changes are in memory alone.
    public internal(set) var lastError: StoreError?
    /// The device can be read only.
    public internal(set) var isReadOnly = false
    /// What opening found.
    public internal(set) var recovery = RecoveryReport()
}
