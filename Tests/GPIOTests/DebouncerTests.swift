import Testing

@testable import GPIO

@Suite struct DebouncerTests {
    @Test func bouncesBecomeOneEdge() {
        var debouncer = Debouncer(period: 30, active: false)
        #expect(debouncer.deadline == nil)
        for time in [100, 103, 105, 111] as [UInt64] { debouncer.edge(at: time) }
        #expect(debouncer.deadline == 141)
        #expect(debouncer.settle(active: true) == Edge(active: true, timestamp: 111))
        #expect(debouncer.deadline == nil)
        #expect(debouncer.settle(active: false) == nil)
    }

    @Test func aSpikeIsNone() {
        var debouncer = Debouncer(period: 30, active: true)
        debouncer.edge(at: 100)
        debouncer.edge(at: 101)
        #expect(debouncer.settle(active: true) == nil)
        debouncer.edge(at: 200)
        #expect(debouncer.settle(active: false) == Edge(active: false, timestamp: 200))
    }

    @Test func lateEdgesDoNotShortenTheWait() {
        var debouncer = Debouncer(period: 30, active: false)
        debouncer.edge(at: 100)
        debouncer.edge(at: 90)
        #expect(debouncer.deadline == 130)
    }

    @Test func sequenceNumbersCountWhatIsMissing() {
        var tracker = EdgeTracker(active: false)
        #expect(tracker.edge(active: true, timestamp: 1, sequence: 1).missed == 0)
        #expect(tracker.edge(active: false, timestamp: 2, sequence: 2).missed == 0)
        #expect(tracker.edge(active: false, timestamp: 3, sequence: 12).missed == 9)
        #expect(tracker.resynchronise(active: false, timestamp: 4) == nil)
        #expect(tracker.resynchronise(active: true, timestamp: 4) == Edge(active: true, timestamp: 4))
    }

    @Test func withoutNumbersTwoTheSameWayBetrayOne() {
        var tracker = EdgeTracker(active: false)
        #expect(tracker.edge(active: true, timestamp: 1, sequence: 0).missed == 0)
        #expect(tracker.edge(active: true, timestamp: 2, sequence: 0).missed == 1)
        #expect(tracker.edge(active: false, timestamp: 3, sequence: 0).missed == 0)
    }
}
