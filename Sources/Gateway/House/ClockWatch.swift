/// Notices that the wall clock was set: it then moves against the monotonic one.
struct ClockWatch {
    /// A clock that is slewed moves by half a second in a thousand; a step that matters to a certificate is far longer.
    static let threshold = Duration.seconds(30)

    private var last: (wall: Int64, monotonic: ContinuousClock.Instant)?

    /// Whether the wall clock has been set since the last call.
    ///
    /// - Parameter wall: milliseconds since 1970.
    mutating func hasJumped(wall: Int64, monotonic: ContinuousClock.Instant) -> Bool {
        defer { last = (wall, monotonic) }
        guard let last else { return false }
        let drift = Duration.milliseconds(wall - last.wall) - (monotonic - last.monotonic)
        return drift > Self.threshold || drift < .zero - Self.threshold
    }
}
