import Advertising
import Concentrator
import OneLoop

/// An admitted sensor. An object, so that what it learns is changed in place, advert by advert, without a copy.
@Loop
final class Device {
    /// How the concentrator names it.
    let id: NodeID
    /// Its key, expanded.
    let key: BindKey?
    /// What is remembered of it.
    var record: DeviceRecord
    /// Whether it takes connections, as it last said.
    var isConnectable: Bool?
    /// It sends only when something happens.
    var isTriggerBased: Bool
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

/// What the store keeps of a sensor: `version 1 | flags | class length | class | name length | name`.
struct DeviceRecord: Sendable, Hashable {
    /// A person has forbidden it.
    var isBlocked = false
    /// It sends only when something happens.
    var isTriggerBased = false
    /// What kind of thing it is.
    var deviceClass = "sensor"
    /// The name a person gave it, else the one it advertised; empty for none.
    var name = ""
    /// A person gave the name.
    var isNameGiven = false

    /// The longest name, in bytes: a complete local name in legacy advertising has 29 at most, people get as much again.
    static let longestName = 64

    private static let version: UInt8 = 1

    /// The record's bytes.
    var encoded: [UInt8] {
        let flags: UInt8 = (isBlocked ? 1 : 0) | (isTriggerBased ? 2 : 0) | (isNameGiven ? 4 : 0)
        let kind = Array(deviceClass.utf8.prefix(255))
        let name = Array(self.name.utf8.prefix(255))
        return [DeviceRecord.version, flags, UInt8(kind.count)] + kind + [UInt8(name.count)] + name
    }

    init() {}

    /// Reads a record; nil when it is none of ours.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 4, bytes[0] == DeviceRecord.version else { return nil }
        let kindEnd = 3 + Int(bytes[2])
        guard kindEnd < bytes.count, kindEnd + 1 + Int(bytes[kindEnd]) == bytes.count,
            let kind = String(validating: bytes[3..<kindEnd], as: UTF8.self),
            let name = String(validating: bytes[(kindEnd + 1)...], as: UTF8.self)
        else { return nil }
        isBlocked = bytes[1] & 1 != 0
        isTriggerBased = bytes[1] & 2 != 0
        isNameGiven = bytes[1] & 4 != 0
        deviceClass = kind
        self.name = name
    }

    /// `text` as a name: without controls, cut to ``longestName`` bytes at a character.
    static func name(_ text: String) -> String {
        var name = ""
        for character in text where character.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) {
            guard name.utf8.count + character.utf8.count <= longestName else { break }
            name.append(character)
        }
        return name
    }
}
