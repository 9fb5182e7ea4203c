import Advertising
import BluetoothLE

/// What is kept of a pairing, so that the link can be encrypted again without a person.
public struct Bond: Sendable, Hashable {
    /// The keys, one or, after legacy pairing, one for each direction.
    public var keys: [LongTermKey] = []
    /// What resolves the device's changing addresses.
    public var identity: IdentityKey?

    /// An empty bond.
    public init() {}

    /// Whether a person has authenticated the pairing (mgmt-api: key types 1 and 3).
    public var isAuthenticated: Bool { keys.contains { $0.kind == 1 || $0.kind == 3 } }

    /// The most keys of one device.
    static let mostKeys = 4
    private static let version: UInt8 = 1

    /// The bond's bytes for the store: `version 1 | keys`, each key as `address, high byte first | address type | kind |
    /// central | size | EDIV u16 | Rand u64 | value 16`, then `0`, or `1 | address | address type | value 16` of the
    /// identity; numbers are big-endian.
    public var encoded: [UInt8] {
        var bytes = [Bond.version, UInt8(min(keys.count, Bond.mostKeys))]
        func append(_ peer: ManagementAddress) {
            bytes += (0..<6).map { peer.address[$0] }
            bytes.append(peer.kind.rawValue)
        }
        for key in keys.prefix(Bond.mostKeys) {
            append(key.peer)
            bytes += [key.kind, key.isCentral ? 1 : 0, key.size]
            bytes += [UInt8(key.diversifier >> 8), UInt8(truncatingIfNeeded: key.diversifier)]
            bytes += (0..<8).reversed().map { UInt8(truncatingIfNeeded: key.random >> (8 * UInt64($0))) }
            bytes += Bond.sixteen(key.value)
        }
        bytes.append(identity == nil ? 0 : 1)
        if let identity {
            append(identity.peer)
            bytes += Bond.sixteen(identity.value)
        }
        return bytes
    }

    private static func sixteen(_ key: [UInt8]) -> [UInt8] {
        Array(key.prefix(16)) + Array(repeating: 0, count: max(0, 16 - key.count))
    }

    /// Reads a bond; nil when the bytes are none of ours.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count >= 3, bytes[0] == Bond.version, bytes[1] <= Bond.mostKeys else { return nil }
        let keyEnd = 2 + Int(bytes[1]) * Bond.keySize
        guard keyEnd < bytes.count else { return nil }
        for start in stride(from: 2, to: keyEnd, by: Bond.keySize) {
            let key = Array(bytes[start..<start + Bond.keySize])
            guard let peer = Bond.peer(key[..<7]), key[9] >= 7, key[9] <= 16 else { return nil }
            keys.append(
                LongTermKey(
                    peer: peer, kind: key[7], isCentral: key[8] != 0, size: key[9],
                    diversifier: UInt16(key[10]) << 8 | UInt16(key[11]),
                    random: key[12..<20].reduce(0) { $0 << 8 | UInt64($1) }, value: Array(key[20...])))
        }
        switch bytes[keyEnd] {
        case 0 where bytes.count == keyEnd + 1: break
        case 1 where bytes.count == keyEnd + 1 + 7 + 16:
            guard let peer = Bond.peer(bytes[(keyEnd + 1)..<(keyEnd + 8)]) else { return nil }
            identity = IdentityKey(peer: peer, value: Array(bytes[(keyEnd + 8)...]))
        default: return nil
        }
    }

    private static let keySize = 7 + 3 + 2 + 8 + 16

    private static func peer(_ bytes: ArraySlice<UInt8>) -> ManagementAddress? {
        guard bytes.count == 7, let kind = bytes.last.flatMap({ ManagementAddress.Kind(rawValue: $0) }) else {
            return nil
        }
        return ManagementAddress(
            BluetoothAddress(rawValue: bytes.prefix(6).reduce(0) { $0 << 8 | UInt64($1) }), kind)
    }
}
