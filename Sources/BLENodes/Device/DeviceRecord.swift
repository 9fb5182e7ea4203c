/// What the store keeps of an advertiser: `version 1 | flags | class length | class | name length | name`.
struct DeviceRecord: Sendable, Hashable {
    /// What a person said about it at run time; stronger than the configuration's `admit`, weaker than its `deny`.
    enum Verdict: Sendable, Hashable {
        /// Nothing.
        case none
        /// It may be a node: it came in through a join window, or was allowed by its address.
        case allowed
        /// It is forbidden.
        case denied
    }

    /// What a person said.
    var verdict = Verdict.none
    /// Allowed, and not heard since: no node yet.
    var isAwaited = false
    /// It sends only when something happens.
    var isTriggerBased = false
    /// It is to be connected to for its GATT services.
    var connects = false
    /// What kind of thing it is.
    var deviceClass = "sensor"
    /// The name a person gave it, else the one it advertised; empty for none.
    var name = ""
    /// A person gave the name.
    var isNameGiven = false

    /// The longest name, in bytes: a complete local name in legacy advertising has 29 at most, people get as much again.
    static let longestName = 64

    private static let version: UInt8 = 1

    private enum Flag {
        static let denied: UInt8 = 1
        static let triggerBased: UInt8 = 2
        static let nameGiven: UInt8 = 4
        static let allowed: UInt8 = 8
        static let awaited: UInt8 = 16
        static let connects: UInt8 = 32
    }

    /// The record's bytes.
    var encoded: [UInt8] {
        var flags: UInt8 = 0
        if verdict == .denied { flags |= Flag.denied }
        if verdict == .allowed { flags |= Flag.allowed }
        if isAwaited { flags |= Flag.awaited }
        if isTriggerBased { flags |= Flag.triggerBased }
        if isNameGiven { flags |= Flag.nameGiven }
        if connects { flags |= Flag.connects }
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
        let flags = bytes[1]
        verdict = flags & Flag.denied != 0 ? .denied : flags & Flag.allowed != 0 ? .allowed : .none
        isAwaited = flags & Flag.awaited != 0 && verdict == .allowed
        isTriggerBased = flags & Flag.triggerBased != 0
        isNameGiven = flags & Flag.nameGiven != 0
        connects = flags & Flag.connects != 0
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
