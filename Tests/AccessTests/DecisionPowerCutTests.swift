import OneLoop
import PowerCuts
import Testing

@testable import Access
@testable import FlashStore

/// The power goes at every byte and every torn sector of storing and forgetting decisions. What is found then is the state
/// before the operation or after it: of answers that are stored each by itself, of what is taken back all or nothing.
@Suite("Power cuts while decisions are stored and forgotten", .timeLimit(.minutes(5)))
@Loop
struct DecisionPowerCutTests {
    private struct Asked: Hashable {
        let server: String
        let question: AccessQuestion
    }

    private typealias State = [Asked: AccessAnswer]

    private static let one = "one.example.org"
    private static let two = "two.example.org"

    private func question(_ number: Int) -> AccessQuestion {
        AccessQuestion(
            who: "bob@example.org", action: .read(ReadingKinds(rawValue: 1)),
            nodes: [NodeReference(nodeID: "node\(number)", sourceID: "MeteringTopology", cacheType: "ble")],
            names: ["Temperature"])
    }

    private func cache(_ store: FlashStore) -> DecisionCache {
        var limits = DecisionCache.Limits()
        limits.entries = 8
        return DecisionCache(store: store, limits: limits) { 1_800_000_000 }
    }

    private func state(_ cache: DecisionCache) -> State {
        Dictionary(uniqueKeysWithValues: cache.all.map { (Asked(server: $0.server, question: $0.question), $0.answer) })
    }

    /// Pages of 128 bytes: every byte of a small device can be cut at.
    private static var options: StoreOptions {
        var options = StoreOptions(segmentSize: 8_192)
        options.pageSize = 128
        return options
    }

    private nonisolated static func contents(_ image: [UInt8]) throws -> [String: [UInt8]] {
        switch try SegmentLog.open(MemoryBlockFile(image), pageSize: 128) {
        case .blank: [:]
        case .log(_, let contents, _):
            Dictionary(uniqueKeysWithValues: contents.map { ($0.key.text, $0.value.value) })
        }
    }

    /// The operations, with what is to be found after each, and which of them must be all or nothing.
    private func run(on device: RecordingBlockFile) async throws -> (states: [State], whole: Set<Int>) {
        let store = try FlashStore.open(on: device, options: Self.options)
        let cache = cache(store)
        var states: [State] = []
        var whole: Set<Int> = []
        func step(isWhole: Bool = false, _ body: () async throws -> Void) async throws {
            let number = states.count
            device.note(.issued(number))
            try await body()
            try await store.flush()
            device.note(.acknowledged(number))
            if isWhole { whole.insert(number) }
            states.append(state(cache))
        }
        func remember(_ number: Int, _ answer: AccessAnswer, by server: String) {
            cache.remember(question(number), answer, cache.ticket(for: server))
        }
        func granted(_ number: Int, _ names: Set<String>? = nil) -> AccessAnswer {
            .granted(AccessGrant(question(number), AccessGrant.Part(names: names)))
        }
        // Several answers at once, of two servers.
        try await step {
            for number in 0..<4 { remember(number, granted(number), by: Self.one) }
            for number in 0..<2 { remember(number, .denied("no"), by: Self.two) }
        }
        // One alone; then others in place of what was known, a yes and a no.
        try await step { remember(9, granted(9, ["Temperature"]), by: Self.one) }
        try await step {
            remember(0, .denied("not any more"), by: Self.one)
            remember(1, granted(1), by: Self.two)
        }
        // Past the limit the oldest go, and others take their places.
        try await step { for number in 20..<23 { remember(number, granted(number), by: Self.two) } }
        try await step(isWhole: true) { try await cache.clear(Self.one) }
        try await step { for number in 0..<3 { remember(number, .denied("after"), by: Self.one) } }
        try await step { cache.forget("bob@example.org") }
        try await step { for number in 30..<33 { remember(number, granted(number), by: Self.two) } }
        try await step(isWhole: true) { try await cache.clear() }
        try await step { remember(1, .denied("at the end"), by: Self.one) }
        // The order of use.
        try await step { cache.close() }
        await store.close()
        return (states, whole)
    }

    @Test("At every byte and every torn sector the state is the old or the new one")
    func cuts() async throws {
        let device = RecordingBlockFile(size: 16_384)
        let (states, whole) = try await run(on: device)
        #expect(states[4].allSatisfy { $0.key.server == Self.two } && !states[4].isEmpty)
        #expect(states[8].isEmpty && states[9].count == 1)
        let (cuts, count) = try PowerCut.distinct(of: device, sector: 128, contents: Self.contents)
        var seen: [Int: Set<Bool>] = [:]
        for (number, cut) in cuts.enumerated() {
            let store = try FlashStore.open(on: MemoryBlockFile(cut.image), options: Self.options)
            let cache = cache(store)
            let found = state(cache)
            let old = cut.acknowledged < 0 ? [:] : states[cut.acknowledged]
            let new = states[cut.issued]
            if cut.issued == cut.acknowledged {
                #expect(found == new)
            } else if whole.contains(cut.issued) {
                #expect(found == old || found == new, "operation \(cut.issued) is there by half")
                seen[cut.issued, default: []].insert(found == new)
            } else {
                for asked in Set(old.keys).union(new.keys).union(found.keys) {
                    #expect(
                        found[asked] == old[asked] || found[asked] == new[asked], "operation \(cut.issued), \(asked)")
                }
            }
            // It goes on from there.
            if number % 5 == 0 {
                cache.remember(question(50), .denied("a second life"), cache.ticket(for: Self.one))
                #expect(state(cache).count <= 8)
                try await cache.clear(Self.two)
                #expect(state(cache).allSatisfy { $0.key.server == Self.one })
            }
            await store.close()
        }
        #expect(count > 1_000 && cuts.count > 20)
        for number in whole { #expect(seen[number] == [false, true], "operation \(number) was not cut") }
    }
}
