import Advertising

/// What comes over the management channel (BlueZ `doc/mgmt-api.txt`): `event u16 | adapter u16 | length u16 | parameters`.
public struct ManagementEvent: Sendable, Hashable {
    /// What happened.
    public enum Kind: Sendable, Hashable {
        /// The answer to a command, with its status and what follows.
        case commandComplete(opcode: UInt16, ManagementStatus, [UInt8])
        /// The refusal of a command, or that it has begun.
        case commandStatus(opcode: UInt16, ManagementStatus)
        /// The controller is broken.
        case controllerError(UInt8)
        /// An adapter came.
        case indexAdded
        /// An adapter went.
        case indexRemoved
        /// What the adapter does now.
        case newSettings(AdapterSettings)
        /// A bond's key, to be kept when the hint says so.
        case newLongTermKey(LongTermKey, store: Bool)
        /// A bond's identity key, and the address it had while it was resolved.
        case newIdentityKey(IdentityKey, randomAddress: BluetoothAddress, store: Bool)
        /// A connection stands.
        case connected(ManagementAddress)
        /// A connection ended: 0 unknown, 1 time-out, 2 by us, 3 by them, 4 authentication, 5 by us for suspend.
        case disconnected(ManagementAddress, reason: UInt8)
        /// A connection could not be made.
        case connectFailed(ManagementAddress, ManagementStatus)
        /// Whether the number is right; with the hint, there is nothing to compare (Just Works).
        case userConfirmationRequest(ManagementAddress, hint: Bool, value: UInt32)
        /// The number that the other device shows.
        case passkeyRequest(ManagementAddress)
        /// The number to be typed at the other device, and how many digits have been.
        case passkeyNotify(ManagementAddress, passkey: UInt32, entered: UInt8)
        /// A pairing failed.
        case authenticationFailed(ManagementAddress, ManagementStatus)
        /// A bond was forgotten.
        case unpaired(ManagementAddress)
        /// One that this program has no use for.
        case other(UInt16)
    }

    /// Which adapter it is about.
    public var adapter: AdapterIndex
    /// What happened.
    public var kind: Kind

    /// An event.
    public init(_ adapter: AdapterIndex, _ kind: Kind) {
        self.adapter = adapter
        self.kind = kind
    }

    /// Reads a message; nil for one that is cut short. Longer ones than expected are read: the kernel adds fields.
    public init?(_ message: [UInt8]) {
        var bytes = ByteWalk(message)
        guard let code = bytes.little16(), let index = bytes.little16(), let length = bytes.little16(),
            bytes.limit(to: Int(length)), let kind = ManagementEvent.kind(code, &bytes)
        else { return nil }
        adapter = AdapterIndex(rawValue: index)
        self.kind = kind
    }

    private static func kind(_ code: UInt16, _ bytes: inout ByteWalk) -> Kind? {
        switch code {
        case 0x0001:
            guard let opcode = bytes.little16(), let status = bytes.byte() else { return nil }
            return .commandComplete(
                opcode: opcode, ManagementStatus(byte: status), bytes.bytes(bytes.remaining) ?? [])
        case 0x0002:
            guard let opcode = bytes.little16(), let status = bytes.byte() else { return nil }
            return .commandStatus(opcode: opcode, ManagementStatus(byte: status))
        case 0x0003: return bytes.byte().map { .controllerError($0) }
        case 0x0004: return .indexAdded
        case 0x0005: return .indexRemoved
        case 0x0006: return bytes.little32().map { .newSettings(AdapterSettings(rawValue: $0)) }
        case 0x000A:
            guard let hint = bytes.byte(), let key = bytes.longTermKey() else { return nil }
            return .newLongTermKey(key, store: hint != 0)
        case 0x000B: return bytes.peer().map { .connected($0) }
        case 0x000C:
            guard let peer = bytes.peer() else { return nil }
            return .disconnected(peer, reason: bytes.byte() ?? 0)
        case 0x000D: return withStatus(&bytes) { .connectFailed($0, $1) }
        case 0x000F:
            guard let peer = bytes.peer(), let hint = bytes.byte(), let value = bytes.little32() else { return nil }
            return .userConfirmationRequest(peer, hint: hint != 0, value: value)
        case 0x0010: return bytes.peer().map { .passkeyRequest($0) }
        case 0x0011: return withStatus(&bytes) { .authenticationFailed($0, $1) }
        case 0x0016: return bytes.peer().map { .unpaired($0) }
        case 0x0017:
            guard let peer = bytes.peer(), let passkey = bytes.little32(), let entered = bytes.byte() else {
                return nil
            }
            return .passkeyNotify(peer, passkey: passkey, entered: entered)
        case 0x0018:
            guard let hint = bytes.byte(), let random = bytes.address(), let peer = bytes.peer(),
                let value = bytes.bytes(16)
            else { return nil }
            return .newIdentityKey(IdentityKey(peer: peer, value: value), randomAddress: random, store: hint != 0)
        default: return .other(code)
        }
    }

    private static func withStatus(
        _ bytes: inout ByteWalk, _ make: (ManagementAddress, ManagementStatus) -> Kind
    ) -> Kind? {
        guard let peer = bytes.peer(), let status = bytes.byte() else { return nil }
        return make(peer, ManagementStatus(byte: status))
    }
}

/// Reads what follows the status in an answer.
public enum ManagementReply {
    /// The adapters of ``ManagementCommand/readIndexList``.
    public static func indexList(_ reply: [UInt8]) -> [AdapterIndex]? {
        var bytes = ByteWalk(reply)
        guard let count = bytes.little16(), bytes.remaining >= 2 * Int(count) else { return nil }
        return (0..<count).compactMap { _ in bytes.little16().map { AdapterIndex(rawValue: $0) } }
    }

    /// The adapter of ``ManagementCommand/readInformation(_:)``: `address | version u8 | manufacturer u16 | supported u32
    /// | current u32 | class 3 | name 249 | short name 11`.
    public static func information(_ reply: [UInt8]) -> AdapterInformation? {
        var bytes = ByteWalk(reply)
        guard let address = bytes.address(), let version = bytes.byte(), let manufacturer = bytes.little16(),
            let supported = bytes.little32(), let current = bytes.little32(), bytes.bytes(3) != nil
        else { return nil }
        let name = bytes.bytes(min(249, bytes.remaining)) ?? []
        return AdapterInformation(
            address: address, version: version, manufacturer: manufacturer,
            supported: AdapterSettings(rawValue: supported), current: AdapterSettings(rawValue: current),
            name: String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))
    }

    /// The settings that a `set` command answers with.
    public static func settings(_ reply: [UInt8]) -> AdapterSettings? {
        var bytes = ByteWalk(reply)
        return bytes.little32().map { AdapterSettings(rawValue: $0) }
    }
}

extension ByteWalk {
    /// `address | type | key type | central | size | EDIV u16 | Rand 8 | value 16`.
    fileprivate mutating func longTermKey() -> LongTermKey? {
        guard let peer = peer(), let kind = byte(), let central = byte(), let size = byte(),
            let diversifier = little16(), let random = little64(), let value = bytes(16)
        else { return nil }
        return LongTermKey(
            peer: peer, kind: kind, isCentral: central != 0, size: size, diversifier: diversifier, random: random,
            value: value)
    }
}
