import Testing

@testable import FlashStore

/// When the writer writes, as a table of times: the state has no clock and no thread of its own.
@Suite struct GroupCommitTests {
    var state: StoreState
    let start = ContinuousClock.now

    init() throws {
        var options = FlashStore.Options(flushInterval: .seconds(60), flushCount: 4, retryInterval: .seconds(10))
        options.pageSize = 128
        options.segmentSize = 1 << 20
        state = StoreState(
            contents: [:], layout: try #require(options.layout), options: options, recovery: RecoveryReport())
    }

    private enum Step: Equatable { case forever, until(Int), write(Int), snapshot(Int), stop }

    private mutating func step(at seconds: Int, fits: Bool = true) -> Step { take(at: seconds, fits: fits).0 }

    private mutating func take(at seconds: Int, fits: Bool = true) -> (Step, StoreState.Work?) {
        switch state.nextStep(now: start + .seconds(seconds), fits: { _ in fits }) {
        case .sleep(nil): (.forever, nil)
        case .sleep(let until?): (.until(Int(start.duration(to: until).components.seconds)), nil)
        case .write(let work): (work.snapshot.map { .snapshot($0.count) } ?? .write(work.records.count), work)
        case .stop: (.stop, nil)
        }
    }

    private mutating func put(_ key: String, _ value: UInt8 = 1, at seconds: Int = 0) throws -> Bool {
        try state.make([.put(key: key, value: [value])], now: start + .seconds(seconds)).wakesWriter
    }

    @Test mutating func idleSleepsForever() {
        #expect(step(at: 0) == .forever)
        #expect(step(at: 1_000_000) == .forever)
    }

    @Test mutating func oldestChangeWaitsAnInterval() throws {
        #expect(try put("a", at: 5))
        #expect(try !put("b", at: 30))
        #expect(step(at: 30) == .until(65))
        #expect(step(at: 64) == .until(65))
        #expect(step(at: 65) == .write(2))
        #expect(step(at: 65) == .forever)
        #expect(try put("c", at: 70))
        #expect(step(at: 70) == .until(130))
    }

    @Test mutating func countEndsTheWait() throws {
        #expect(try put("a"))
        #expect(try !put("b"))
        #expect(try !put("c"))
        #expect(try !put("c", 2))
        #expect(step(at: 1) == .until(60))
        #expect(try put("d"))
        #expect(step(at: 1) == .write(4))
    }

    @Test mutating func bytesEndTheWait() throws {
        for key in ["a", "b"] {
            _ = try state.make([.put(key: key, value: [UInt8](repeating: 0, count: 32_768))], now: start)
        }
        #expect(step(at: 0) == .write(2))
    }

    @Test mutating func fullSegmentIsCompacted() throws {
        _ = try put("a")
        _ = try put("b")
        #expect(step(at: 60, fits: false) == .snapshot(2))
    }

    @Test mutating func failureLeadsToARewriteAndKeepsEverything() throws {
        _ = try put("a")
        let work = try #require(take(at: 60).1)
        _ = try put("b", at: 60)
        _ = state.finished(work, .failure(StoreError(.io, "")), now: start + .seconds(61))
        #expect(state.currentStatistics().lastError?.code == .io)
        // No list of changes is kept while the device fails, so memory does not grow with it.
        for number in 0..<100 { _ = try put("k", UInt8(number), at: 62) }
        #expect(state.currentStatistics().pendingRecords == 0)
        #expect(step(at: 62) == .until(71))
        let again = take(at: 71)
        #expect(again.0 == .snapshot(3))
        _ = state.finished(try #require(again.1), .success(()), now: start + .seconds(72))
        #expect(state.currentStatistics().lastError == nil)
        #expect(state.durableRevision == state.revision)
        #expect(step(at: 72) == .forever)
    }

    @Test mutating func changesDuringAnAttemptWaitForTheNext() throws {
        _ = try put("a")
        let work = try #require(take(at: 60).1)
        #expect(try put("b", at: 61))
        _ = state.finished(work, .success(()), now: start + .seconds(62))
        #expect(state.durableRevision == 1)
        #expect(step(at: 62) == .until(121))
    }

    @Test mutating func closingWritesAtOnceAndGivesUpAfterOneFailure() throws {
        _ = try put("a")
        state.close()
        let work = try #require(take(at: 0).1)
        _ = state.finished(work, .failure(StoreError(.readOnly, "")), now: start)
        #expect(step(at: 0) == .stop)
        #expect(throws: StoreError(.closed, "")) { try put("b") }
    }
}
