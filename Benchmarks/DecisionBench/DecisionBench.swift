import Access
import FlashStore
import Glibc
import OneLoop

/// What remembered answers of provisioning servers cost: a lookup, bytes of flash a decision, and a million strangers'
/// questions.
@main
struct DecisionBench {
    private static let server = "provisioning.example.org"

    static func main() async throws { try await run() }

    @Loop
    private static func run() async throws {
        let store = try FlashStore.inMemory()
        let cache = DecisionCache(store: store) { 1_800_000_000 }
        // Making the file writes all of it once.
        let made = store.statistics.bytesWritten
        for number in 0..<1_000 { remember(cache, number) }
        try await store.flush()
        let written = store.statistics
        print("1,000 decisions: \(cache.bytes / 1_000) bytes of question and answer each")
        print(
            "flash: \(written.liveBytes / 1_000) bytes a decision live, \((written.bytesWritten - made) / 1_000) written"
        )
        let questions = (0..<1_000).map { question($0) }
        for (what, asked) in [("known", questions), ("unknown", (2_000..<3_000).map { question($0) })] {
            var found = 0
            let time = best { for one in asked where cache.lookup(one, to: server) != nil { found += 1 } }
            print("lookup of a question that is \(what): \(Int(time / 1_000)) ns, \(found) found")
        }
        // With the grant that a door uses, which carries its question.
        var granted = 0
        let bound = best {
            for one in questions where cache.lookup(one, to: server)?.answer(to: one).grant != nil { granted += 1 }
        }
        print("the same with its grant: \(Int(bound / 1_000)) ns, \(granted) found")
        // The same as a dictionary of questions would cost: the floor for any cache.
        let plain = Dictionary(uniqueKeysWithValues: questions.map { ($0, AccessAnswer.denied("no")) })
        var found = 0
        let time = best { for one in questions where plain[one] != nil { found += 1 } }
        print("the same in a plain dictionary: \(Int(time / 1_000)) ns, \(found) found")
        try await open(store)
        let flood = ContinuousClock.now
        for number in 0..<1_000_000 { remember(cache, number + 10_000) }
        let seconds = nanoseconds(ContinuousClock.now - flood) / 1e9
        try await store.flush()
        print(
            "a million distinct questions: \(Int(seconds * 1_000)) ns each; \(cache.count) kept, \(cache.bytes) bytes, "
                + "\(cache.counters.unwritten) not written, \((store.statistics.bytesWritten - made) / 1_024) KiB of flash in all"
        )
    }

    @Loop
    private static func open(_ store: FlashStore) async throws {
        let start = ContinuousClock.now
        let again = DecisionCache(store: store) { 1_800_000_000 }
        print("reading \(again.count) decisions at start: \(Int(nanoseconds(ContinuousClock.now - start) / 1e3)) µs")
    }

    @Loop
    private static func remember(_ cache: DecisionCache, _ number: Int) {
        let asked = question(number)
        cache.remember(asked, .granted(AccessGrant(asked)), cache.ticket(for: server))
    }

    private static func question(_ number: Int) -> AccessQuestion {
        AccessQuestion(
            who: "neighbour@example.net", action: .read(ReadingKinds(rawValue: 1)),
            nodes: [NodeReference(nodeID: "A4C1\(number)", sourceID: "MeteringTopology", cacheType: "ble")],
            names: ["Temperature"])
    }

    /// Nanoseconds of the best of 300 rounds: what a busy machine adds is left out.
    @Loop
    private static func best(_ body: @Loop () -> Void) -> Double {
        (0..<300).map { _ in
            let start = ContinuousClock.now
            body()
            return nanoseconds(ContinuousClock.now - start)
        }.min() ?? 0
    }

    private static func nanoseconds(_ time: Duration) -> Double { Double(time / .nanoseconds(1)) }
}
