import Synchronization

/// Keys and values that survive a power cut, kept so that the flash card under them lasts.
///
/// The whole of it is in memory; the file is a log from which memory is rebuilt at start. `docs/flash-format.md` gives the
/// design and every byte.
///
/// ```swift
/// let store = try FlashStore.open(directory: "/var/lib/gatehouse/store")
/// try await store.put("trust/cloud", record, .now)  // returns once it survives a power cut
/// store.putBatched("node/ble/A4C1388D18B2", description)  // within a minute
/// for (key, value) in store.scan(prefix: "node/") { … }
/// await store.close()
/// ```
///
/// Every method may be called from any thread or actor. None but ``open(directory:options:)`` blocks on the device: a
/// thread of the store's own writes, and `async` methods suspend.
///
/// **An error from the device loses nothing.** The change stands in memory and is written as soon as the device lets it;
/// the error says only that it is not durable yet. Who would rather not have it then removes the key. Errors about limits
/// (``StoreError/Code/tooLarge``, ``StoreError/Code/full``, ``StoreError/Code/invalidKey``) come before anything is changed.
public final class FlashStore: Sendable {
    /// When a change must be on flash.
    public typealias Durability = StoreDurability
    /// How a store lays itself out and when it writes.
    public typealias Options = StoreOptions
    /// Counters and gauges.
    public typealias Statistics = StoreStatistics

    private let writer: Writer

    // MARK: Opening and closing

    /// Opens the store in a directory, makes it when there is none, and reads it. Blocks on the device.
    ///
    /// The directory is made with mode 0700 if its parent exists, the file with 0600; what is there already must be no
    /// more open than that and belong to the user who runs.
    ///
    /// - Throws: ``StoreError`` of any code; the file is then as it was.
    public static func open(directory: String, options: Options = .default) throws(StoreError) -> FlashStore {
        var isNew = false
        let home = try StoreDirectory(directory)
        var file = try home.open(allowReadOnly: options.allowReadOnly)
        if file.map({ $0.size == 0 }) ?? true {
            guard let layout = options.layout else { throw .layout(options) }
            try home.make(layout)
            file = try home.open(allowReadOnly: options.allowReadOnly)
            isNew = true
        }
        guard let file else { throw StoreError(.io, "the file made in \(directory) is gone again") }
        return try open(on: file, options: options, isNew: isNew, isReadOnly: file.isReadOnly)
    }

    /// Opens a store on a device of any kind, in memory for instance; lays it out when it is blank.
    ///
    /// - Parameter device: its length must be that of two segments.
    /// - Throws: ``StoreError``.
    public static func open(on device: any BlockFile, options: Options = .default) throws(StoreError) -> FlashStore {
        try open(on: device, options: options, isNew: false, isReadOnly: false)
    }

    /// A store that forgets everything when it is released, for tests and demonstrations.
    public static func inMemory(options: Options = .default) throws(StoreError) -> FlashStore {
        guard let layout = options.layout else { throw .layout(options) }
        return try open(on: MemoryBlockFile(size: layout.fileSize), options: options)
    }

    private static func open(
        on device: any BlockFile, options: Options, isNew: Bool, isReadOnly: Bool
    ) throws(StoreError) -> FlashStore {
        var contents: Contents = [:]
        var report = RecoveryReport()
        let log: SegmentLog
        switch try SegmentLog.open(device, pageSize: options.pageSize) {
        case .log(let opened, let found, let recovery):
            (log, contents, report) = (opened, found, recovery)
        case .blank:
            guard let layout = Layout(segmentSize: device.size / 2, pageSize: options.pageSize) else {
                throw .layout(options)
            }
            log = try SegmentLog.format(device, layout: layout)
            report.created = true
        }
        if isNew { report.created = true }
        var state = StoreState(contents: contents, layout: log.layout, options: options, recovery: report)
        state.statistics.isReadOnly = isReadOnly
        let writer = try Writer(state: state, log: log)
        try writer.start()
        return FlashStore(writer)
    }

    private init(_ writer: Writer) {
        self.writer = writer
    }

    deinit {
        // Forgotten without `close()`: the thread writes what waits, and stops.
        writer.state.withLock { $0.close() }
        writer.wake()
    }

    /// Writes what waits, stops the writer and gives up the lock. Afterwards the contents can still be read.
    ///
    /// What could not be written is named by ``StoreStatistics/lastError``.
    nonisolated(nonsending) public func close() async {
        await writer.stop()
    }

    // MARK: Reading

    /// The key's value; nil when there is none. From memory.
    public func get(_ key: String) -> [UInt8]? {
        writer.state.withLock { $0.contents[Key(key)]?.value }
    }

    /// All keys that begin with the prefix and their values, sorted by the keys' bytes. From memory.
    public func scan(prefix: String) -> [(key: String, value: [UInt8])] {
        writer.state.withLock { $0.contents.filter { $0.key.hasPrefix(prefix) } }
            .sorted { $0.key < $1.key }
            .map { ($0.key.text, $0.value.value) }
    }

    /// Counters and gauges as of now.
    public var statistics: Statistics {
        writer.state.withLock { $0.currentStatistics() }
    }

    // MARK: Changing

    /// Gives a key a value. Nothing is written when it has that value already, unless it is not known to be durable.
    ///
    /// - Throws: ``StoreError``; see the type's description for what that means.
    nonisolated(nonsending) public func put(
        _ key: String, _ value: [UInt8], _ durability: Durability
    ) async throws(StoreError) {
        try await apply([.put(key: key, value: value)], durability)
    }

    /// Removes a key. Nothing is written when it is not there.
    ///
    /// - Throws: ``StoreError``; see the type's description for what that means.
    nonisolated(nonsending) public func remove(_ key: String, _ durability: Durability) async throws(StoreError) {
        try await apply([.remove(key: key)], durability)
    }

    /// Removes every key that begins with the prefix; an empty prefix removes everything. After a power cut either all
    /// are gone or none.
    ///
    /// - Throws: ``StoreError``; see the type's description for what that means.
    nonisolated(nonsending) public func removeAll(
        prefix: String, _ durability: Durability
    ) async throws(StoreError) {
        try await apply([.removeAll(prefix: prefix)], durability)
    }

    /// Makes several changes as one: nobody sees a part of them, nor does a power cut leave one.
    ///
    /// - Throws: ``StoreError``; see the type's description for what that means.
    nonisolated(nonsending) public func apply(_ changes: [Change], _ durability: Durability) async throws(StoreError) {
        switch durability {
        case .batched:
            let wakes = try writer.change(changes).wakesWriter
            if wakes { writer.wake() }
        case .now:
            try await writer.waitForDurability { state, now throws(StoreError) in
                try state.make(changes, now: now).revision
            }
        }
    }

    /// Gives a key a value, to be written with others. Returns at once, without suspension.
    ///
    /// - Returns: whether it was accepted; when not, a limit was reached, and ``StoreStatistics/rejected`` counts it.
    @discardableResult
    public func putBatched(_ key: String, _ value: [UInt8]) -> Bool {
        applyBatched([.put(key: key, value: value)])
    }

    /// Removes a key; the removal is written with others. Returns at once, without suspension.
    public func removeBatched(_ key: String) {
        applyBatched([.remove(key: key)])
    }

    /// Makes several changes as one, to be written with others. Returns at once, without suspension.
    ///
    /// - Returns: whether they were accepted; when not, a limit was reached, and ``StoreStatistics/rejected`` counts it.
    @discardableResult
    public func applyBatched(_ changes: [Change]) -> Bool {
        guard let outcome = try? writer.change(changes) else { return false }
        if outcome.wakesWriter { writer.wake() }
        return true
    }

    /// Returns once everything that waits is durable.
    ///
    /// - Throws: ``StoreError``; what waits is tried again later.
    nonisolated(nonsending) public func flush() async throws(StoreError) {
        try await writer.waitForDurability { state, _ in state.revision }
    }

    /// Overwrites with zeros everything on the device that is not in the live set, so that a factory reset leaves no old
    /// secret in the file. Remove the keys first.
    ///
    /// - Throws: ``StoreError``; the scrub is tried again later.
    nonisolated(nonsending) public func scrub() async throws(StoreError) {
        try await writer.waitForDurability { state, _ throws(StoreError) in try state.requestScrub() }
    }

    // MARK: Counters

    /// The next number of a counter: 1, 2, 3 … It never gives a number twice, whatever happens; a restart may skip up to
    /// 15. One call in 16 writes.
    ///
    /// Removing keys under `counter/` makes the numbers begin again at the next start; a factory reset that must not repeat
    /// numbers leaves them.
    ///
    /// - Parameter name: its key name space is `counter/`; no slash in it.
    /// - Throws: ``StoreError``; a number taken by a call that failed is not given again.
    nonisolated(nonsending) public func nextNumber(named name: String) async throws(StoreError) -> UInt32 {
        let number = Mutex<UInt32>(0)
        try await writer.waitForDurability { state, now throws(StoreError) in
            let taken = try state.takeNumber(name, now: now)
            number.withLock { $0 = taken.number }
            return taken.outcome.revision
        }
        return number.withLock { $0 }
    }
}

extension StoreError {
    fileprivate static func layout(_ options: StoreOptions) -> StoreError {
        StoreError(.io, "segments of \(options.segmentSize) bytes in pages of \(options.pageSize) make no layout")
    }
}
