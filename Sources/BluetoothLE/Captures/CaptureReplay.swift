import Advertising

/// Delivers a capture's advertisements as if they came now.
public struct CaptureReplay: AdvertisementSource {
    /// What it is.
    public let name: String
    private let capture: Capture
    private let speed: Double
    private let loops: Bool

    /// Between the end of a round and the start of the next: a second, the interval of a lively sensor.
    public static let pause = Duration.seconds(1)

    /// A replay.
    ///
    /// - Parameters:
    ///   - name: what the capture is called.
    ///   - speed: 1 is real time, 10 ten times as fast; infinity does not wait at all. Above 0.
    ///   - loops: begins anew after the last advertisement. Encrypted messages of the second round count as replayed by
    ///     an attacker, which they are, unless their counters are below 100.
    public init(_ capture: Capture, name: String = "capture", speed: Double = 1, loops: Bool = false) {
        self.capture = capture
        self.name = name
        self.speed = speed > 0 ? speed : 1
        self.loops = loops
    }

    /// Delivers; see ``AdvertisementSource/run(_:)``. Arrival times are those of the capture, scaled by the speed; at
    /// infinite speed they are the capture's own, as though time had passed.
    public func run(_ deliver: @escaping @Sendable (Advertisement) async -> Void) async throws {
        let clock = ContinuousClock()
        let isPaced = speed.isFinite
        var round = clock.now
        repeat {
            for entry in capture.entries {
                let due = round.advanced(by: isPaced ? entry.time / speed : entry.time)
                if isPaced, due > clock.now { try await clock.sleep(until: due, tolerance: .milliseconds(1)) }
                try Task.checkCancellation()
                await deliver(
                    Advertisement(
                        address: entry.address, addressKind: entry.addressKind, isConnectable: entry.isConnectable,
                        isScanResponse: entry.isScanResponse, rssi: entry.rssi, payload: entry.payload, receivedAt: due)
                )
            }
            let length = capture.duration + CaptureReplay.pause
            round = round.advanced(by: isPaced ? length / speed : length)
        } while loops && !capture.entries.isEmpty
    }
}
