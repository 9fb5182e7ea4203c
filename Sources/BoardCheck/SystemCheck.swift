/// Looks at what the gateway stands on: time and flash.
public struct SystemCheck {
    /// So much the store may grow to and a log beside it: two segments of 4 MiB and a spare, times four.
    private static let wantedBytes: UInt64 = 32 << 20

    let machine: Machine
    /// The folder of the store.
    let state: String
    /// Seconds since 1970.
    let now: Int64
    /// The time before which it cannot be: the program's making.
    let floor: Int64

    /// A check.
    public init(_ machine: Machine, state: String, now: Int64, floor: Int64) {
        self.machine = machine
        self.state = state
        self.now = now
        self.floor = floor
    }

    /// What was found.
    public func findings() -> [Finding] { [clock(), store()] }

    /// Whether a time server has set the clock, as systemd-timesyncd notes; where another program sees to the time, nobody
    /// notes it and the clock is believed.
    private var isSynchronized: Bool {
        !machine.exists("/run/systemd/timesync") || machine.exists("/run/systemd/timesync/synchronized")
    }

    private func clock() -> Finding {
        let hasBattery = machine.names("/sys/class/rtc").contains { $0.hasPrefix("rtc") }
        let battery = hasBattery ? "a clock with a battery" : "no clock with a battery"
        guard now >= floor else {
            return Finding(
                "clock", .warning, "the clock is before the making of this program; \(battery)",
                advice:
                    "let a time server set it (timedatectl set-ntp true); certificates are judged by a later time until then"
            )
        }
        guard isSynchronized else {
            return Finding(
                "clock", .warning, "no time server has set the clock; \(battery)", advice: "timedatectl set-ntp true")
        }
        return Finding("clock", .ok, "set; \(battery)")
    }

    private func store() -> Finding {
        guard machine.exists(state) else {
            return Finding(
                "store", .missing, "\(state) does not exist",
                advice: "the service makes it at its start; by hand: install -d -m 700 -o gatehouse \(state)")
        }
        guard machine.isWritable(state) else {
            return Finding(
                "store", .warning, "\(state) may not be written by this user",
                advice: "run the check as the gateway's user: sudo -u gatehouse gatehouse check")
        }
        guard let free = machine.freeBytes(state) else { return Finding("store", .ok, state) }
        guard free >= SystemCheck.wantedBytes else {
            return Finding(
                "store", .missing, "\(state) has \(free >> 20) MiB left, expected \(SystemCheck.wantedBytes >> 20)",
                advice: "make room; the store itself needs twice store.segment_kib")
        }
        return Finding("store", .ok, "\(state), \(free >> 20) MiB free")
    }
}
