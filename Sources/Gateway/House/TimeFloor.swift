import FlashStore
import Glibc
import Synchronization
import TLS

/// The earliest time it can be.
///
/// A board without a battery clock starts in 1970, or wherever it was switched off. The floor is the later of this
/// program's making and the last time the gateway knew to be good, kept in the store. Certificates are judged by the
/// later of clock and floor, so a board with a wrong clock connects, and nobody can turn its time back past the floor.
final class TimeFloor: Sendable {
    /// The store is written at most once in this time: a day's error in a certificate's validity is harmless, and one
    /// record a day is no wear.
    static let interval: Int64 = 86_400

    private static let key = "gateway/time-floor"

    /// When this program was made, in seconds since 1970: the executable's own time stamp.
    static var made: Int64 {
        var information = stat()
        guard stat("/proc/self/exe", &information) == 0 else { return 0 }
        return Int64(information.st_mtim.tv_sec)
    }

    private let store: FlashStore
    private let floor: Mutex<Int64>

    /// The floor as the store has it, or `made` when that is later.
    init(store: FlashStore, made: Int64 = TimeFloor.made) {
        self.store = store
        let stored = store.get(Self.key).flatMap { Int64(String(decoding: $0, as: UTF8.self)) } ?? 0
        floor = Mutex(max(stored, made))
    }

    /// Seconds since 1970.
    var seconds: Int64 { floor.withLock { $0 } }

    /// What certificates are judged by.
    var validityClock: ValidityClock { .system { [self] in seconds } }

    /// Whether the clock shows a time before the floor, so is wrong.
    func isClockWrong(now: Int64 = ValidityClock.system.now()) -> Bool { now < seconds }

    /// Takes `now` as good: something authenticated has agreed with it.
    func confirm(now: Int64 = ValidityClock.system.now()) {
        let isNews = floor.withLock { floor in
            guard now >= floor + Self.interval else { return false }
            floor = now
            return true
        }
        if isNews { store.putBatched(Self.key, Array(String(now).utf8)) }
    }
}
