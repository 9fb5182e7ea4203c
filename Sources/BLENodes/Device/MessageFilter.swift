import Advertising

/// Tells a sensor's new messages from repeated, late and replayed ones.
///
/// A sensor sends each message several times, adverts overtake each other, and whoever recorded an encrypted message can
/// send it again.
struct MessageFilter: Sendable, Hashable {
    /// What a message is.
    enum Verdict: Sendable, Hashable {
        /// New.
        case fresh
        /// One that was taken already.
        case duplicate
        /// One that was overtaken by a newer one.
        case late
        /// An encrypted one whose counter went back: recorded and sent again.
        case replayed
    }

    /// After so long without a message packet ids say nothing: a slow sensor may have come round to the same one. As in
    /// bthome-ble.
    static let packetWindow = Duration.seconds(4)
    /// An id up to so far ahead of the last one, modulo 256, is newer. As in bthome-ble: up to 16 messages a second.
    static let packetDistance: UInt8 = 64
    /// A counter that goes back below this restarted, with a new battery: makers start at 0. As in bthome-ble.
    static let restartedCounter: UInt32 = 100

    private var lastPacketID: UInt8?
    private var lastCounter: UInt32?
    private var lastAccepted: ContinuousClock.Instant?

    /// Judges an authentic or plain message; a fresh one is remembered.
    mutating func judge(_ envelope: Envelope, at time: ContinuousClock.Instant) -> Verdict {
        let verdict = verdict(envelope, at: time)
        if verdict == .fresh {
            lastPacketID = envelope.packetID
            lastCounter = envelope.counter ?? lastCounter
            lastAccepted = time
        }
        return verdict
    }

    private func verdict(_ envelope: Envelope, at time: ContinuousClock.Instant) -> Verdict {
        if let counter = envelope.counter, let lastCounter {
            if counter == lastCounter { return .duplicate }
            if counter < lastCounter, counter >= MessageFilter.restartedCounter { return .replayed }
        }
        if let packetID = envelope.packetID, let lastPacketID, let lastAccepted,
            time - lastAccepted <= MessageFilter.packetWindow
        {
            let distance = packetID &- lastPacketID
            if distance == 0 { return .duplicate }
            if distance >= MessageFilter.packetDistance { return .late }
        }
        return .fresh
    }
}
