import FlashStore
import OneLoop
import Synchronization
import Testing

@testable import Access

private let server = "provisioning.example.org"

private func question(_ number: Int, who: String = "bob@example.org") -> AccessQuestion {
    AccessQuestion(
        who: who, action: .read(.all), nodes: [NodeReference(nodeID: "node\(number)", cacheType: "ble")],
        names: ["Temperature"])
}

/// A clock whose hands the test turns.
@Loop
private final class Hands {
    var now: Int64 = 1_800_000_000
    nonisolated init() {}
}

@Suite("Answers of provisioning servers, remembered")
@Loop
struct DecisionTests {
    private let hands = Hands()
    private let store: FlashStore

    init() throws { store = try FlashStore.inMemory() }

    private func cache(_ store: FlashStore? = nil, _ change: (inout DecisionCache.Limits) -> Void = { _ in })
        -> DecisionCache
    {
        var limits = DecisionCache.Limits()
        change(&limits)
        let hands = hands
        return DecisionCache(store: store ?? self.store, limits: limits) { hands.now }
    }

    private func remember(
        _ cache: DecisionCache, _ question: AccessQuestion, _ answer: AccessAnswer, _ by: String = server
    ) {
        cache.remember(question, answer, cache.ticket(for: by))
    }

    // MARK: The key

    @Test("The order of nodes, names and tokens means nothing; every other part of a question does")
    func keys() throws {
        let a = NodeReference(nodeID: "a"), b = NodeReference(nodeID: "b", sourceID: "s", cacheType: "c")
        let base = AccessQuestion(
            who: "x@y", action: .read(ReadingKinds(rawValue: 1)),
            tokens: AccessTokens(service: ["s1", "s2"], device: ["d"], user: ["u"]), nodes: [a, b], names: ["N", "M"])
        func key(_ change: (inout AccessQuestion) -> Void, to name: String = server) -> DecisionKey {
            var question = base
            change(&question)
            return DecisionKey(question, to: name)
        }
        let same = key { _ in }
        #expect(key { $0.nodes = [b, a] } == same)
        #expect(key { $0.names = ["M", "N"] } == same)
        #expect(key { $0.tokens.service = ["s2", "s1"] } == same)
        let others = [
            key { $0.who = "z@y" }, key { $0.action = .control }, key { $0.action = .befriend },
            key { $0.action = .administer }, key { $0.action = .read(ReadingKinds(rawValue: 3)) },
            key { $0.tokens.service = ["s1"] }, key { $0.tokens = AccessTokens(device: ["s1", "s2"]) },
            key { $0.tokens.user = [] }, key { $0.nodes = nil }, key { $0.nodes = [] }, key { $0.nodes = [a] },
            key { $0.nodes = [a, NodeReference(nodeID: "b", sourceID: "c", cacheType: "s")] }, key { $0.names = nil },
            key { $0.names = ["NM"] }, key({ _ in }, to: "other.example.org"),
        ]
        #expect(Set(others + [same]).count == others.count + 1)
        for key in others + [same] {
            let read = try #require(key.question)
            #expect(DecisionKey(read.question, to: read.server) == key)
        }
    }

    @Test("Bytes that are no record are none, cut anywhere and changed anywhere")
    func damaged() throws {
        let decision = try #require(
            Decision(
                .granted(
                    AccessGrant(
                        question(1),
                        AccessGrant.Part(
                            nodes: [NodeReference(nodeID: "n")], names: ["A", "B"], kinds: ReadingKinds(rawValue: 5)))),
                when: 77))
        let record = DecisionRecord(DecisionKey(question(1), to: server), decision).bytes
        func read(_ bytes: [UInt8]) -> Decision? { DecisionRecord(bytes)?.decision }
        #expect(read(record) == decision)
        for end in record.indices { #expect(read(Array(record[..<end])) == nil) }
        for index in record.indices {
            for bit in 0..<8 {
                var changed = record
                changed[index] ^= 1 << UInt8(bit)
                _ = read(changed)
            }
        }
    }

    @Test("A record whose lists stand in another order is the same when it is written again")
    func disordered() throws {
        var writer = ByteWriter(bytes: DecisionKey(question(1), to: server).bytes)
        writer.append(UInt32(77))
        writer.append(UInt8(1))
        writer.append(UInt16.max)
        writer.append(UInt16(2))
        for text in ["z", "", "", "a", "", ""] { writer.append(text) }
        writer.append(UInt16(2))
        for text in ["Z", "A"] { writer.append(text) }
        let record = try #require(DecisionRecord(writer.bytes))
        #expect(DecisionRecord(record.bytes) == record)
    }

    // MARK: Remembering

    @Test("Yes and no are remembered by question and server; no answer is not")
    func remembered() throws {
        let cache = cache()
        #expect(cache.lookup(question(1), to: server) == nil)
        remember(cache, question(1), .granted(AccessGrant(question(1))))
        remember(cache, question(2), .denied("no"))
        remember(cache, question(3), .unanswered("too late"))
        #expect(
            cache.lookup(question(1), to: server)?.answer(to: question(1)) == .granted(AccessGrant(question(1))))
        #expect(cache.lookup(question(2), to: server)?.answer(to: question(2)) == .denied("no"))
        #expect(cache.lookup(question(3), to: server) == nil)
        #expect(cache.lookup(question(1), to: "other.example.org") == nil)
        #expect(cache.counters.hits == 2 && cache.counters.misses == 3)
    }

    @Test("What was granted to one question is not remembered as the answer to another")
    func foreign() {
        let cache = cache()
        #expect(!cache.remember(question(1), .granted(AccessGrant(question(2))), cache.ticket(for: server)))
        #expect(
            !cache.remember(
                question(1), .granted(AccessGrant(question(1, who: "eve@example.org"))), cache.ticket(for: server)))
        #expect(cache.count == 0)
    }

    @Test("A hit writes nothing, and the same answer again writes nothing")
    func writes() async throws {
        let cache = cache()
        for number in 0..<50 { remember(cache, question(number), .denied("no")) }
        try await store.flush()
        let before = store.statistics.bytesWritten
        for _ in 0..<100 { for number in 0..<50 { _ = cache.lookup(question(number), to: server) } }
        for number in 0..<50 { remember(cache, question(number), .denied("no")) }
        try await store.flush()
        #expect(store.statistics.bytesWritten == before)
    }

    @Test("A thousand answers are there after a power cut, at once and without a question")
    func powerCut() async throws {
        let device = MemoryBlockFile(size: 8 << 20)
        let first = try FlashStore.open(on: device)
        let before = cache(first)
        for number in 0..<1_000 {
            let grant = AccessGrant(
                question(number), AccessGrant.Part(nodes: [NodeReference(nodeID: "node\(number)")]))
            remember(before, question(number), number % 2 == 0 ? .granted(grant) : .denied("no"))
        }
        try await first.flush()
        // The power goes: what the device holds is all there is.
        let second = try FlashStore.open(on: MemoryBlockFile(device.image))
        let after = cache(second)
        #expect(after.count == 1_000)
        for number in 0..<1_000 {
            #expect(after.lookup(question(number), to: server) == before.lookup(question(number), to: server))
        }
        #expect(after.counters.misses == 0)
        await first.close()
        await second.close()
    }

    @Test("What was used last stays, also over a restart, where the order was saved")
    func order() async throws {
        let first = cache { $0.entries = 4 }
        for number in 0..<4 {
            hands.now += 3_600
            remember(first, question(number), .denied("\(number)"))
        }
        hands.now += 3_600
        _ = first.lookup(question(0), to: server)
        first.close()
        let second = cache { $0.entries = 4 }
        #expect(second.count == 4)
        remember(second, question(4), .denied("4"))
        remember(second, question(5), .denied("5"))
        #expect(second.all.map(\.question.nodes?.first?.nodeID) == ["node5", "node4", "node0", "node3"])
        #expect(second.counters.evicted == 2)
    }

    @Test("The order is saved once a day at most")
    func savings() throws {
        let cache = cache()
        remember(cache, question(1), .denied("no"))
        #expect(store.get("order/decision") == nil)
        hands.now += 86_400
        remember(cache, question(2), .denied("no"))
        let saved = try #require(store.get("order/decision"))
        _ = cache.lookup(question(1), to: server)
        remember(cache, question(3), .denied("no"))
        #expect(store.get("order/decision") == saved)
    }

    @Test("What nobody asked for in thirteen months goes; what was asked for stays")
    func age() {
        let cache = cache()
        remember(cache, question(1), .denied("no"))
        remember(cache, question(2), .denied("no"))
        hands.now += 300 * 86_400
        _ = cache.lookup(question(1), to: server)
        hands.now += 100 * 86_400
        remember(cache, question(3), .denied("no"))
        #expect(cache.lookup(question(2), to: server) == nil)
        #expect(cache.lookup(question(1), to: server) != nil)
    }

    /// A million of them are in `Benchmarks/DecisionBench`.
    @Test("Thirty thousand distinct questions stay within the limits of entries, bytes and writes")
    func manyQuestions() async throws {
        let cache = cache()
        for number in 0..<30_000 { remember(cache, question(number), .denied("no")) }
        #expect(cache.count <= 2_048)
        #expect(cache.bytes <= 262_144)
        #expect(cache.counters.evicted > 20_000)
        #expect(cache.counters.unwritten > 20_000)
        #expect(store.scan(prefix: DecisionCache.prefix).count <= 2_048)
        #expect(cache.lookup(question(29_999), to: server) != nil)
        // What is on flash is what is remembered.
        for (name, record) in store.scan(prefix: DecisionCache.prefix) {
            let key = try #require(DecisionRecord(record), "\(name)").key
            let asked = try #require(key.question)
            #expect(cache.peek(asked.question, to: asked.server) != nil)
        }
    }

    @Test("A question too long to be kept is asked each time")
    func tooLong() {
        let cache = cache()
        let long = AccessQuestion(
            who: "x@y", action: .control, nodes: (0..<2_000).map { NodeReference(nodeID: "node\($0)") })
        remember(cache, long, .denied("no"))
        #expect(cache.count == 0)
    }

    // MARK: Taking back

    @Test("A server clears its own answers, durably before that is told, and those on their way are not remembered")
    func clearing() async throws {
        let cache = cache()
        remember(cache, question(1), .denied("no"))
        remember(cache, question(1), .granted(AccessGrant(question(1))), "other.example.org")
        try await store.flush()
        let ticket = cache.ticket(for: server)
        let other = cache.ticket(for: "other.example.org")
        try await cache.clear(server)
        #expect(store.scan(prefix: DecisionCache.prefix).count == 1)
        #expect(cache.lookup(question(1), to: server) == nil)
        #expect(cache.lookup(question(1), to: "other.example.org") != nil)
        #expect(!cache.remember(question(2), .granted(AccessGrant(question(2))), ticket))
        #expect(cache.remember(question(2), .granted(AccessGrant(question(2))), other))
        #expect(cache.counters.outdated == 1)
        let fresh = cache.ticket(for: server)
        #expect(cache.remember(question(2), .granted(AccessGrant(question(2))), fresh))
        try await cache.clear()
        #expect(!cache.remember(question(3), .denied("no"), fresh))
        #expect(cache.remember(question(3), .denied("no"), cache.ticket(for: server)))
        try await cache.clear()
        #expect(cache.count == 0)
        #expect(store.scan(prefix: DecisionCache.prefix).isEmpty)
    }

    @Test("A clearing that the flash does not take fails, so that it is not acknowledged")
    func failedClearing() async throws {
        let device = FailingDevice(size: 8 << 20)
        let store = try FlashStore.open(on: device)
        let cache = cache(store)
        remember(cache, question(1), .denied("no"))
        try await store.flush()
        device.fail(true)
        await #expect(throws: StoreError.self) { try await cache.clear(server) }
        #expect(cache.lookup(question(1), to: server) == nil)
        device.fail(false)
        try await cache.clear(server)
        await store.close()
        let again = try FlashStore.open(on: MemoryBlockFile(device.image))
        #expect(self.cache(again).count == 0)
        await again.close()
    }

    @Test("Who is unfriended is forgotten")
    func forgetting() {
        let cache = cache()
        remember(cache, question(1), .denied("no"))
        remember(cache, question(1, who: "eve@example.org"), .denied("no"))
        cache.forget("bob@example.org")
        #expect(cache.all.map(\.question.who) == ["eve@example.org"])
    }

    /// The power goes after every write of the device, in the middle of remembering, clearing and remembering again: what is
    /// found then is whole, and never an answer that was taken back and acknowledged so.
    @Test("A power cut at any write leaves no answer that was taken back")
    func cuts() async throws {
        let device = SnapshotDevice(size: 64 * 1_024)
        let store = try FlashStore.open(on: device, options: StoreOptions(flushCount: 4))
        let cache = cache(store) { $0.entries = 12 }
        for number in 0..<10 { remember(cache, question(number), .granted(AccessGrant(question(number)))) }
        try await store.flush()
        try await cache.clear(server)
        let cleared = device.count
        for number in 0..<20 {
            remember(cache, question(number), .denied("after"))
            if number % 4 == 3 { try await store.flush() }
        }
        await store.close()
        #expect(device.count > cleared + 1)
        for (number, image) in device.images.enumerated() {
            guard let found = try? FlashStore.open(on: MemoryBlockFile(image)) else { continue }
            let after = self.cache(found)
            for line in after.all {
                if number >= cleared { #expect(line.answer == .denied("after")) }
            }
            await found.close()
        }
    }
}

/// A device in memory whose writes can be made to fail.
private final class FailingDevice: BlockFile {
    private let memory: MemoryBlockFile
    private let failing = Mutex(false)

    init(size: Int) { memory = MemoryBlockFile(size: size) }

    var image: [UInt8] { memory.image }
    func fail(_ isFailing: Bool) { failing.withLock { $0 = isFailing } }

    var size: Int { memory.size }
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreError) {
        try memory.read(into: buffer, at: offset)
    }
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreError) {
        if failing.withLock({ $0 }) { throw StoreError(.io, "the card is out") }
        try memory.write(bytes, at: offset)
    }
    func flush() throws(StoreError) {
        if failing.withLock({ $0 }) { throw StoreError(.io, "the card is out") }
    }
    func close() {}
}

/// A device that keeps what it held after each flush and each write.
private final class SnapshotDevice: BlockFile {
    private let memory: MemoryBlockFile
    private let kept = Mutex<[[UInt8]]>([])

    init(size: Int) { memory = MemoryBlockFile(size: size) }

    var images: [[UInt8]] { kept.withLock { $0 } }
    var count: Int { kept.withLock { $0.count } }
    var size: Int { memory.size }
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreError) {
        try memory.read(into: buffer, at: offset)
    }
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreError) {
        try memory.write(bytes, at: offset)
        let image = memory.image
        kept.withLock { $0.append(image) }
    }
    func flush() throws(StoreError) {}
    func close() {}
}
