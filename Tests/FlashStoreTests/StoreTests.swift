import PowerCuts
import Testing

@testable import FlashStore

/// What a caller sees.
@Suite struct StoreTests {
    let device = RecordingBlockFile(size: FlashStore.Options.tiny.deviceSize)

    /// Bytes written so far, and flushes.
    private func wear() -> (bytes: Int, flushes: Int) {
        (device.writes.reduce(0) { $0 + $1.bytes.count }, device.flushes)
    }

    private func reopened() async throws -> [String: [UInt8]] { try recover(device.image).contents }

    @Test func immediatePutIsOnePageAndOneFlush() async throws {
        let store = try FlashStore.open(on: device, options: .tiny)
        let before = wear()
        try await store.put("a", [1, 2], .now)
        let after = wear()
        #expect(after.bytes - before.bytes == 128)
        #expect(after.flushes - before.flushes == 1)
        #expect(store.get("a") == [1, 2])
        #expect(try await reopened() == ["a": [1, 2]])
    }

    @Test func equalValueIsNotWritten() async throws {
        let store = try FlashStore.open(on: device, options: .tiny)
        try await store.put("a", [1], .now)
        let calls = device.calls
        try await store.put("a", [1], .now)
        try await store.remove("b", .now)
        try await store.removeAll(prefix: "c", .now)
        store.putBatched("a", [1])
        try await store.flush()
        await store.close()
        #expect(device.calls == calls)
        #expect(store.statistics.unchanged == 4)
    }

    /// An equal value that only waits is not durable yet, so an immediate put of it must write it.
    @Test func equalValueThatWaitsBecomesDurable() async throws {
        let store = try FlashStore.open(on: device, options: .tiny)
        store.putBatched("a", [1])
        #expect(try await reopened() == [:])
        try await store.put("a", [1], .now)
        #expect(try await reopened() == ["a": [1]])
        store.removeBatched("a")
        try await store.remove("a", .now)
        #expect(try await reopened() == [:])
        store.putBatched("p/1", [1])
        store.removeBatched("p/1")
        try await store.removeAll(prefix: "p/", .now)
        #expect(try await reopened() == [:])
    }

    @Test func batchedWritesGoTogether() async throws {
        var options = FlashStore.Options.tiny
        options.flushCount = 3
        let store = try FlashStore.open(on: device, options: options)
        let before = device.flushes
        try await store.put("a", [1], .batched)
        try await store.put("b", [2], .batched)
        store.putBatched("b", [3])
        #expect(store.statistics.pendingRecords == 2)
        #expect(store.statistics.coalesced == 1)
        #expect(device.flushes == before)
        try await store.flush()
        #expect(device.flushes == before + 1)
        #expect(try await reopened() == ["a": [1], "b": [3]])
    }

    /// The order between single changes and those of many keys is kept although changes of one key are joined.
    @Test func joinedChangesKeepTheirOrder() async throws {
        let store = try FlashStore.open(on: device, options: .tiny)
        store.putBatched("a/1", [1])
        try await store.removeAll(prefix: "a/", .batched)
        store.putBatched("a/1", [2])
        store.applyBatched([.remove(key: "a/1"), .put(key: "b", value: [5])])
        store.putBatched("a/1", [3])
        store.removeBatched("a/1")
        store.putBatched("a/1", [4])
        await store.close()
        #expect(try await reopened() == ["a/1": [4], "b": [5]])
    }

    @Test func forgottenStoreWritesWhatWaits() async throws {
        var store: FlashStore? = try FlashStore.open(on: device, options: .tiny)
        store?.putBatched("a", [1])
        store = nil
        while !device.isClosed { await Task.yield() }
        #expect(try await reopened() == ["a": [1]])
    }

    @Test func scanIsSortedByBytes() async throws {
        let store = try FlashStore.inMemory()
        for key in ["n/b", "n/a", "n/é", "m/z", "n/", "n/a/1"] { store.putBatched(key, Array(key.utf8)) }
        #expect(store.scan(prefix: "n/").map(\.key) == ["n/", "n/a", "n/a/1", "n/b", "n/é"])
        #expect(store.scan(prefix: "n/").allSatisfy { Array($0.key.utf8) == $0.value })
        #expect(store.scan(prefix: "").count == 6)
        #expect(store.scan(prefix: "x").isEmpty)
    }

    /// Unicode's equivalence is not ours: the bytes of a key are its identity, on flash as in memory.
    @Test func keysAreBytes() async throws {
        let store = try FlashStore.open(on: device, options: .tiny)
        store.putBatched("\u{E9}", [1])
        store.putBatched("e\u{301}", [2])
        #expect(store.get("\u{E9}") == [1])
        #expect(store.get("e\u{301}") == [2])
        #expect(store.scan(prefix: "e").count == 1)
        await store.close()
        let again = try FlashStore.open(on: MemoryBlockFile(device.image))
        #expect(again.scan(prefix: "").count == 2)
    }

    @Test func limitsRefuseBeforeAnythingChanges() async throws {
        let store = try FlashStore.inMemory()
        await #expect(throws: StoreError(.invalidKey, "")) { try await store.put("", [], .batched) }
        await #expect(throws: StoreError(.tooLarge, "")) {
            try await store.put(String(repeating: "k", count: 256), [], .now)
        }
        await #expect(throws: StoreError(.tooLarge, "")) {
            try await store.put("k", [UInt8](repeating: 0, count: 32_769), .now)
        }
        let large = Change.put(key: "k", value: [UInt8](repeating: 1, count: 32_768))
        await #expect(throws: StoreError(.tooLarge, "")) {
            try await store.apply([.put(key: "a", value: [1]), large, large], .now)
        }
        #expect(store.statistics.keys == 0)
        try await store.put(String(repeating: "k", count: 255), [UInt8](repeating: 0, count: 32_768), .now)
        #expect(store.statistics.rejected == 4)
    }

    @Test func fullStoreRefusesGrowthButNotShrinking() async throws {
        let store = try FlashStore.open(on: device, options: .tiny)
        var count = 0
        while store.putBatched("k/\(count)", [UInt8](repeating: 1, count: 60)) { count += 1 }
        #expect(count == 9)  // 96 bytes each, half of 1792
        await #expect(throws: StoreError(.full, "")) { try await store.put("more", [1], .now) }
        #expect(!store.putBatched("more", [1]))
        try await store.put("k/0", [2], .now)
        try await store.remove("k/1", .now)
        try await store.put("more", [1], .now)
        await store.close()
        let found = try await reopened()
        #expect(found.count == 9)
        #expect(found["k/0"] == [2] && found["more"] == [1] && found["k/1"] == nil)
    }

    @Test func compactionKeepsTheLiveSetAndTheFileItsLength() async throws {
        let store = try FlashStore.open(on: device, options: .tiny)
        for number in 0..<200 {
            try await store.put("k/\(number % 5)", [UInt8(number)], .now)
        }
        let statistics = store.statistics
        #expect(statistics.compactions >= 200 / 14)
        #expect(statistics.liveBytes == 5 * 32)
        await store.close()
        #expect(
            try await reopened() == Dictionary(uniqueKeysWithValues: (0..<5).map { ("k/\($0)", [UInt8(195 + $0)]) }))
        // Figures in the statistics are those of the device: the layout is zeroed and headed once.
        #expect(statistics.bytesWritten == wear().bytes)
        #expect(statistics.flushes == wear().flushes)
    }

    @Test func manyCallersShareAFlush() async throws {
        let store = try FlashStore.open(on: device, options: .tiny)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask { try await store.put("k/\(number % 7)", [UInt8(number)], .now) }
            }
            try await group.waitForAll()
        }
        #expect(try await reopened().count == 7)
        #expect(store.scan(prefix: "").allSatisfy { (try? recover(device.image).contents[$0.key]) == $0.value })
    }

    @Test func closedStoreCanBeReadOnly() async throws {
        let store = try FlashStore.open(on: device, options: .tiny)
        store.putBatched("a", [1])
        await store.close()
        await store.close()
        #expect(store.get("a") == [1])
        #expect(!store.putBatched("a", [2]))
        await #expect(throws: StoreError(.closed, "")) { try await store.put("a", [2], .now) }
        try await store.flush()
        #expect(device.isClosed)
    }

    @Test func scrubLeavesNoOldSecret() async throws {
        let store = try FlashStore.open(on: device, options: .tiny)
        let secret = Array("a secret of the cloud".utf8)
        for number in 0..<40 { try await store.put("token", secret + [UInt8(number)], .now) }
        try await store.put("kept", [1], .now)
        try await store.removeAll(prefix: "token", .now)
        try await store.scrub()
        let image = device.image
        #expect(!image.indices.contains { image[$0...].starts(with: secret) })
        #expect(try await reopened() == ["kept": [1]])
        try await store.put("after", [2], .now)
        #expect(try await reopened() == ["kept": [1], "after": [2]])
    }

    // MARK: Counters

    @Test func numbersRiseAndAreDurableBeforeTheyAreGiven() async throws {
        var last: UInt32 = 0
        var image = device.image
        for _ in 0..<5 {
            let device = RecordingBlockFile(image)
            let store = try FlashStore.open(on: device, options: .tiny)
            for _ in 0..<20 {
                let number = try await store.nextNumber(named: "ins")
                #expect(number > last)
                last = number
                // Whenever the power goes, the next life gives higher numbers.
                let next = try FlashStore.open(on: MemoryBlockFile(device.image), options: .tiny)
                #expect(try await next.nextNumber(named: "ins") > last)
            }
            #expect(try await store.nextNumber(named: "aceid") < 90)
            image = device.image
        }
        #expect(last <= 5 * 32)
    }

    @Test func damagedCounterDoesNotRepeat() async throws {
        let store = try FlashStore.open(on: device, options: .tiny)
        var last: UInt32 = 0
        for _ in 0..<33 { last = try await store.nextNumber(named: "ins") }
        let image = device.image
        for offset in stride(from: 128, to: 2048, by: 8) {
            var damaged = image
            damaged[offset] ^= 4
            let next = try FlashStore.open(on: MemoryBlockFile(damaged), options: .tiny)
            #expect(try await next.nextNumber(named: "ins") > last)
        }
    }

    @Test func removedReservationIsMadeAgain() async throws {
        let store = try FlashStore.open(on: device, options: .tiny)
        let first = try await store.nextNumber(named: "ins")
        try await store.removeAll(prefix: "", .now)
        let second = try await store.nextNumber(named: "ins")
        #expect(second > first)
        let next = try FlashStore.open(on: MemoryBlockFile(device.image), options: .tiny)
        #expect(try await next.nextNumber(named: "ins") > second)
    }

    @Test(arguments: ["", "a/b"])
    func impossibleCounters(name: String) async throws {
        let store = try FlashStore.inMemory()
        await #expect(throws: StoreError(.invalidKey, "")) { try await store.nextNumber(named: name) }
    }

    @Test func counterEndsInsteadOfWrapping() async throws {
        let store = try FlashStore.inMemory()
        store.putBatched("counter/ins", Counter.encode(.max - 5))
        await #expect(throws: StoreError(.full, "")) { try await store.nextNumber(named: "ins") }
    }
}
