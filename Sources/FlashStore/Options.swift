/// When a change must be on flash.
public enum StoreDurability: Sendable, Hashable {
    /// The call returns once the change survives a power cut: one page and one flush.
    case now
    /// The call returns at once; the change is written with others, by count or time.
    case batched
}

/// How a store lays itself out and when it writes.
public struct StoreOptions: Sendable, Hashable {
    /// Bytes of each of the two segments, when the file is made; an existing file keeps its own.
    public var segmentSize: Int
    /// Batched changes are written when the oldest has waited this long.
    public var flushInterval: Duration
    /// Batched changes are written when so many records wait.
    public var flushCount: Int
    /// After a failure of the device, the next attempt without an immediate change comes after this time.
    public var retryInterval: Duration
    /// Whether a file on a read-only device is opened all the same: everything can be read, every write fails with
    /// ``StoreError/Code/readOnly`` and stays in memory. A worn-out card often turns read-only, and a gateway that still
    /// knows its trust is better than none.
    public var allowReadOnly: Bool
    /// Page size of a new file. 4096: the page of the page cache and the smallest unit that file systems write.
    var pageSize = 4096

    /// Makes options.
    ///
    /// - Parameters:
    ///   - segmentSize: 4 MiB by default: one allocation unit of common SD cards, and room for 10 000 nodes at 200 bytes
    ///     in the half that the live set may fill. Rounded up to whole pages, at least four.
    ///   - flushInterval: 60 s by default: a restart aid may be a minute old, and one flush a minute is 0.5 million a year.
    ///   - flushCount: 128 by default: under 0.01 flushes a record, and five pages at 100 bytes.
    ///   - retryInterval: 60 s by default: each attempt writes the whole live set.
    ///   - allowReadOnly: see ``allowReadOnly``.
    public init(
        segmentSize: Int = 4 << 20, flushInterval: Duration = .seconds(60), flushCount: Int = 128,
        retryInterval: Duration = .seconds(60), allowReadOnly: Bool = false
    ) {
        self.segmentSize = segmentSize
        self.flushInterval = flushInterval
        self.flushCount = flushCount
        self.retryInterval = retryInterval
        self.allowReadOnly = allowReadOnly
    }

    /// The defaults.
    public static let `default` = StoreOptions()

    /// The layout of a new file; sizes that make none are raised to the smallest that do.
    var layout: Layout? {
        let pages = max(4, (min(segmentSize, 1 << 30) + pageSize - 1) / pageSize)
        return Layout(segmentSize: pages * pageSize, pageSize: pageSize)
    }
}
