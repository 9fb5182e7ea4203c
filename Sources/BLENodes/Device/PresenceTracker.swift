/// Learns how often a device is heard, to tell when it is gone.
///
/// A device is gone after three times the longest gap among its last sixteen. The gap that made it seem gone is learned as
/// well, so that one at the edge of reach does not come and go.
struct PresenceTracker: Sendable, Hashable {
    /// How many gaps are remembered. As in habluetooth: enough that a lost advert or two is among them.
    static let gapsKept = 16
    /// How many gaps must have been seen before they count.
    static let gapsNeeded = 4
    /// Three gaps: two adverts in a row are lost now and then, and the third arrives.
    static let gapsMissed = 3
    /// Until the interval is known. As in habluetooth: what BlueZ keeps a connectable device for, and a quarter of an
    /// hour for the others, which are mostly sensors that sleep.
    static let connectableFallback = Duration.seconds(195)
    /// See ``connectableFallback``.
    static let fallback = Duration.seconds(900)
    /// Never gone sooner than this: the radio itself may be busy or be restarted for as long.
    static let shortest = Duration.seconds(15)
    /// Closer than this, two adverts are the same one on two channels, or advert and scan response.
    static let samePresence = Duration.milliseconds(100)

    /// When it was last heard.
    private(set) var lastHeard: ContinuousClock.Instant?
    private var gaps: [Duration] = []
    private var next = 0

    /// It was heard.
    mutating func heard(at time: ContinuousClock.Instant) {
        defer { lastHeard = max(time, lastHeard ?? time) }
        guard let lastHeard, time - lastHeard >= PresenceTracker.samePresence else { return }
        let gap = time - lastHeard
        if gaps.count < PresenceTracker.gapsKept {
            gaps.append(gap)
        } else {
            gaps[next] = gap
        }
        next = (next + 1) % PresenceTracker.gapsKept
    }

    /// After how long a silence it is gone.
    func timeout(isConnectable: Bool?) -> Duration {
        let fallback = isConnectable == true ? PresenceTracker.connectableFallback : PresenceTracker.fallback
        guard gaps.count >= PresenceTracker.gapsNeeded, let longest = gaps.max() else { return fallback }
        return min(max(longest * PresenceTracker.gapsMissed, PresenceTracker.shortest), PresenceTracker.fallback)
    }

    /// Whether it is gone at `time`; false for one that was never heard.
    func isGone(at time: ContinuousClock.Instant, isConnectable: Bool?) -> Bool {
        guard let lastHeard else { return false }
        return time - lastHeard > timeout(isConnectable: isConnectable)
    }
}
