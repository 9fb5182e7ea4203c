/// When registration is tried again.
enum RegistrarSchedule {
    /// Seconds after so many failures in a row; the last one goes on. A registrar that comes back after a day is found
    /// again within two minutes.
    private static let seconds = [1, 2, 4, 8, 16, 32, 64, 120]

    /// A registrar that says no does not change its mind by itself; its operator does, and needs no restart of ours.
    private static let refusedSeconds = 300

    /// The wait before the next attempt, to be chosen from at random: half of it is jitter, so that a fleet that lost its
    /// registrar does not come back as one.
    static func delay(after failures: Int, isRefused: Bool) -> ClosedRange<Duration> {
        let most = isRefused ? refusedSeconds : seconds[min(max(failures, 0), seconds.count - 1)]
        return .milliseconds(most * 500)...(.seconds(most))
    }
}
