/// A counter that only rises, handed out from blocks that were reserved on flash.
struct Counter: Sendable {
    /// Numbers reserved by one immediate write. 16: an onboarding uses a handful, and a restart skips 15 at most of four
    /// thousand million.
    static let blockSize: UInt32 = 16
    /// Name space of the counters' keys.
    static let prefix = "counter/"

    /// The next number to hand out.
    var next: UInt32
    /// Highest number that is, or is being, reserved.
    var reserved: UInt32
    /// The change that reserved it.
    var revision: UInt64

    /// The two keys of a counter. Two, because a damaged record gives its key back the value before, and a number would
    /// come twice; the higher of the two counts.
    static func keys(_ name: String) -> [String] {
        ["\(prefix)\(name)", "\(prefix)\(name)/copy"]
    }

    static func encode(_ number: UInt32) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(little: number)
        return bytes
    }

    static func decode(_ bytes: [UInt8]) -> UInt32? {
        bytes.count == 4 ? bytes.withUnsafeBytes { $0.little(UInt32.self, at: 0) } : nil
    }
}

extension StoreState {
    /// Takes the next number of a counter and reserves a block when none is left.
    ///
    /// - Returns: the number, and what must be durable before it is used.
    mutating func takeNumber(
        _ name: String, now: ContinuousClock.Instant
    ) throws(StoreError) -> (number: UInt32, outcome: Outcome) {
        guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")) else {
            throw StoreError(.invalidKey, "a counter's name is '\(name)'; it must not be empty nor hold a slash")
        }
        let keys = Counter.keys(name)
        var counter =
            counters[name]
            ?? {
                let stored = keys.compactMap { contents[Key($0)].flatMap { Counter.decode($0.value) } }.max() ?? 0
                return Counter(next: stored, reserved: stored, revision: 0)
            }()
        guard counter.next < .max - Counter.blockSize else {
            throw StoreError(.full, "the counter '\(name)' has come to its end")
        }
        counter.next += 1
        var wakesWriter = false
        // Also when somebody has removed the reservation: the next life must find one.
        if counter.next > counter.reserved || contents[Key(keys[0])] == nil {
            counter.reserved = counter.next + Counter.blockSize - 1
            for key in keys {
                let outcome = try make([.put(key: key, value: Counter.encode(counter.reserved))], now: now)
                counter.revision = max(counter.revision, outcome.revision)
                wakesWriter = wakesWriter || outcome.wakesWriter
            }
        }
        counters[name] = counter
        return (counter.next, Outcome(revision: counter.revision, wakesWriter: wakesWriter))
    }
}
