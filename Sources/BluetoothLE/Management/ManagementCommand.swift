import Advertising

/// A command of the kernel's Bluetooth management channel (BlueZ `doc/mgmt-api.txt`): `opcode u16 | adapter u16 |
/// length u16 | parameters`, least significant byte first.
public struct ManagementCommand: Sendable, Hashable {
    /// Which command.
    public enum Opcode: UInt16, Sendable, Hashable {
        case readIndexList = 0x0003
        case readInformation = 0x0004
        case setPowered = 0x0005
        case setBondable = 0x0009
        case setLowEnergy = 0x000D
        case loadLongTermKeys = 0x0013
        case disconnect = 0x0014
        case setInputOutputCapability = 0x0018
        case pairDevice = 0x0019
        case cancelPairDevice = 0x001A
        case unpairDevice = 0x001B
        case userConfirmationReply = 0x001C
        case userConfirmationNegativeReply = 0x001D
        case passkeyReply = 0x001E
        case passkeyNegativeReply = 0x001F
        case setSecureConnections = 0x002D
        case loadIdentityKeys = 0x0030
    }

    /// Which command.
    public var opcode: Opcode
    /// For which adapter.
    public var adapter: AdapterIndex
    /// Its parameters.
    public var parameters: [UInt8]

    /// As many keys as the kernel takes in one message of ours (36 bytes each, under the 4,096 of a message).
    public static let mostKeys = 100

    /// The message.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(6 + parameters.count)
        bytes.appendLittle(opcode.rawValue)
        bytes.appendLittle(adapter.rawValue)
        bytes.appendLittle(UInt16(truncatingIfNeeded: parameters.count))
        bytes += parameters
        return bytes
    }

    private init(_ opcode: Opcode, _ adapter: AdapterIndex, _ parameters: [UInt8] = []) {
        self.opcode = opcode
        self.adapter = adapter
        self.parameters = parameters
    }

    // MARK: Adapters

    /// Which adapters there are; answered by ``ManagementReply/indexList(_:)``.
    public static let readIndexList = ManagementCommand(.readIndexList, .none)

    /// Answered by ``ManagementReply/information(_:)``.
    public static func readInformation(_ adapter: AdapterIndex) -> ManagementCommand {
        ManagementCommand(.readInformation, adapter)
    }

    /// Powers the adapter on or off. Needs CAP_NET_ADMIN, as all that follow.
    public static func setPowered(_ adapter: AdapterIndex, _ isOn: Bool) -> ManagementCommand {
        ManagementCommand(.setPowered, adapter, [isOn ? 1 : 0])
    }

    /// Whether keys of pairings are kept.
    public static func setBondable(_ adapter: AdapterIndex, _ isOn: Bool) -> ManagementCommand {
        ManagementCommand(.setBondable, adapter, [isOn ? 1 : 0])
    }

    /// Low Energy; off at first on controllers that have both radios.
    public static func setLowEnergy(_ adapter: AdapterIndex, _ isOn: Bool) -> ManagementCommand {
        ManagementCommand(.setLowEnergy, adapter, [isOn ? 1 : 0])
    }

    /// Secure Connections: pairing over P-256.
    public static func setSecureConnections(_ adapter: AdapterIndex, _ isOn: Bool) -> ManagementCommand {
        ManagementCommand(.setSecureConnections, adapter, [isOn ? 1 : 0])
    }

    /// What the user can do at a pairing.
    public static func setInputOutputCapability(
        _ adapter: AdapterIndex, _ capability: InputOutputCapability
    ) -> ManagementCommand {
        ManagementCommand(.setInputOutputCapability, adapter, [capability.rawValue])
    }

    // MARK: Keys

    /// Gives the kernel the keys of all bonds; those it had go. More than ``mostKeys`` are cut off.
    public static func loadLongTermKeys(_ adapter: AdapterIndex, _ keys: [LongTermKey]) -> ManagementCommand {
        let keys = keys.prefix(mostKeys)
        var parameters: [UInt8] = []
        parameters.appendLittle(UInt16(keys.count))
        for key in keys {
            parameters.append(key.peer)
            parameters.append(key.kind)
            parameters.append(key.isCentral ? 1 : 0)
            parameters.append(key.size)
            parameters.appendLittle(key.diversifier)
            parameters.appendLittle(key.random)
            parameters += padded(key.value)
        }
        return ManagementCommand(.loadLongTermKeys, adapter, parameters)
    }

    /// Gives the kernel the identity keys of all bonds; those it had go.
    public static func loadIdentityKeys(_ adapter: AdapterIndex, _ keys: [IdentityKey]) -> ManagementCommand {
        let keys = keys.prefix(mostKeys)
        var parameters: [UInt8] = []
        parameters.appendLittle(UInt16(keys.count))
        for key in keys {
            parameters.append(key.peer)
            parameters += padded(key.value)
        }
        return ManagementCommand(.loadIdentityKeys, adapter, parameters)
    }

    private static func padded(_ key: [UInt8]) -> [UInt8] {
        Array(key.prefix(16)) + Array(repeating: 0, count: max(0, 16 - key.count))
    }

    // MARK: Pairing

    /// Connects, where there is no connection, and pairs. The answer comes when it is done, so give it a long time-out.
    public static func pair(
        _ adapter: AdapterIndex, _ peer: ManagementAddress, _ capability: InputOutputCapability
    ) -> ManagementCommand {
        var parameters: [UInt8] = []
        parameters.append(peer)
        parameters.append(capability.rawValue)
        return ManagementCommand(.pairDevice, adapter, parameters)
    }

    /// Gives a pairing up.
    public static func cancelPairing(_ adapter: AdapterIndex, _ peer: ManagementAddress) -> ManagementCommand {
        withPeer(.cancelPairDevice, adapter, peer)
    }

    /// Forgets a bond's keys.
    public static func unpair(_ adapter: AdapterIndex, _ peer: ManagementAddress, disconnect: Bool) -> ManagementCommand
    {
        var command = withPeer(.unpairDevice, adapter, peer)
        command.parameters.append(disconnect ? 1 : 0)
        return command
    }

    /// Ends a connection.
    public static func disconnect(_ adapter: AdapterIndex, _ peer: ManagementAddress) -> ManagementCommand {
        withPeer(.disconnect, adapter, peer)
    }

    /// Answers ``ManagementEvent/Kind/userConfirmationRequest(_:hint:value:)``.
    public static func userConfirmation(
        _ adapter: AdapterIndex, _ peer: ManagementAddress, _ isRight: Bool
    ) -> ManagementCommand {
        withPeer(isRight ? .userConfirmationReply : .userConfirmationNegativeReply, adapter, peer)
    }

    /// Answers ``ManagementEvent/Kind/passkeyRequest(_:)``; nil declines.
    public static func passkey(
        _ adapter: AdapterIndex, _ peer: ManagementAddress, _ passkey: UInt32?
    ) -> ManagementCommand {
        guard let passkey else { return withPeer(.passkeyNegativeReply, adapter, peer) }
        var command = withPeer(.passkeyReply, adapter, peer)
        command.parameters.appendLittle(passkey)
        return command
    }

    private static func withPeer(
        _ opcode: Opcode, _ adapter: AdapterIndex, _ peer: ManagementAddress
    ) -> ManagementCommand {
        var command = ManagementCommand(opcode, adapter)
        command.parameters.append(peer)
        return command
    }
}
