import Advertising
import Concentrator
import OneLoop

/// An admitted sensor. An object, so that what it learns is changed in place, advert by advert, without a copy.
@Loop
final class Device {
    /// How the concentrator names it.
    let id: NodeID
    /// Its key, expanded.
    var key: BindKey?
    /// What is remembered of it.
    var record: DeviceRecord
    /// Whether it takes connections, as it last said.
    var isConnectable: Bool?
    /// It sends only when something happens.
    var isTriggerBased: Bool
    /// What is read and written over connections; nil when it is not connected to.
    var session: GATTSession?
    var presence = PresenceTracker()
    var strength = SignalStrength()
    var filter = MessageFilter()
    var trouble = KeyTrouble()
    /// The last payload that was taken, to pass over its repeats.
    var lastPayload: [UInt8] = []
    /// That payload tells that something happened.
    var lastHadEvents = false
    /// When it was taken.
    var lastTaken: ContinuousClock.Instant?
    /// The last payload that was refused: its repeats are no further failures.
    var lastRefused: [UInt8] = []
    /// How often each event field has happened.
    var counts: [String: Int64] = [:]

    init(id: NodeID, key: BindKey?, record: DeviceRecord) {
        self.id = id
        self.key = key
        self.record = record
        isTriggerBased = record.isTriggerBased
    }

    /// Whether `payload` at `time` is the one that was taken last, and taken recently enough to need no reading.
    func isRepeat(_ payload: [UInt8], at time: ContinuousClock.Instant) -> Bool {
        guard let lastTaken, payload == lastPayload else { return false }
        return time - lastTaken < (lastHadEvents ? BLENodes.eventWindow : BLENodes.refreshInterval)
    }
}
