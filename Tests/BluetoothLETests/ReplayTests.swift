import Advertising
import Synchronization
import Testing

@testable import BluetoothLE

/// What a source delivered.
private final class Heard: Sendable {
    private let all = Mutex<[Advertisement]>([])
    var advertisements: [Advertisement] { all.withLock { $0 } }
    func add(_ advertisement: Advertisement) -> Int {
        all.withLock {
            $0.append(advertisement)
            return $0.count
        }
    }
}

@Suite struct CaptureReplayTests {
    private static func capture(_ times: [Double]) -> Capture {
        Capture(
            entries: times.map {
                Capture.Entry(
                    time: .seconds($0), address: BluetoothAddress(rawValue: UInt64($0 * 10)), addressKind: .public,
                    isConnectable: nil, isScanResponse: false, rssi: nil, payload: [])
            })
    }

    @Test func withoutWaitingTheCapturesTimesStay() async throws {
        let heard = Heard()
        try await CaptureReplay(Self.capture([2, 0.5, 60]), speed: .infinity).run { _ = heard.add($0) }
        #expect(heard.advertisements.map(\.address.rawValue) == [5, 20, 600])
        let times = heard.advertisements.map(\.receivedAt)
        #expect(times[1] - times[0] == .milliseconds(1500))
        #expect(times[2] - times[1] == .seconds(58))
    }

    @Test func aLoopBeginsAnewAfterAPause() async throws {
        let heard = Heard()
        let replay = CaptureReplay(Self.capture([0, 3]), speed: .infinity, loops: true)
        let task = Task {
            try await replay.run { advertisement in
                if heard.add(advertisement) == 6 { withUnsafeCurrentTask { $0?.cancel() } }
            }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        let times = heard.advertisements.map(\.receivedAt)
        #expect(times.count == 6)
        #expect(times[2] - times[0] == .seconds(4))
        #expect(times[5] - times[0] == .seconds(11))
    }

    @Test func speedShortensTheWaits() async throws {
        let heard = Heard()
        let start = ContinuousClock.now
        try await CaptureReplay(Self.capture([0, 20]), speed: 1000).run { _ = heard.add($0) }
        // No upper bound: the machine may be slow.
        #expect(ContinuousClock.now - start >= .milliseconds(20))
        #expect(heard.advertisements[1].receivedAt - heard.advertisements[0].receivedAt == .milliseconds(20))
    }

    @Test func aWaitIsCancelled() async {
        let task = Task { try await CaptureReplay(Self.capture([0, 86_400])).run { _ in } }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
