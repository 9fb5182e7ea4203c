import Glibc

/// The time certificates are judged by.
///
/// Boards without a battery-backed clock boot into the past: then every certificate would be "not yet valid". The
/// daemon therefore keeps a floor, the latest time it has known to be past, and judges by whichever is later.
public struct ValidityClock: Sendable {
    /// Seconds since 1970.
    public let now: @Sendable () -> Int64

    /// A clock of one's own (tests, replays).
    public init(_ now: @escaping @Sendable () -> Int64) { self.now = now }

    /// The system's clock as it is.
    public static let system = ValidityClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec)
    }

    /// The system's clock, and never before `floor`, which is asked at every handshake.
    public static func system(floor: @escaping @Sendable () -> Int64) -> ValidityClock {
        ValidityClock { max(system.now(), floor()) }
    }
}
