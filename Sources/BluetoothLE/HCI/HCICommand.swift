/// A command to a controller (Core Specification Vol 4 Part E 5.4.1): `opcode u16 | length u8 | parameters`.
public struct HCICommand: Sendable, Hashable {
    /// OGF in the top six bits, OCF below.
    public var opcode: UInt16
    /// Its parameters, 255 bytes at most.
    public var parameters: [UInt8]

    /// As a raw socket takes it, behind the packet type of a command (H4, Vol 4 Part A 2).
    public var packet: [UInt8] {
        var packet: [UInt8] = [0x01]
        packet.appendLittle(opcode)
        packet.append(UInt8(truncatingIfNeeded: parameters.count))
        return packet + parameters
    }

    /// Which commands the controller has (7.4.2), a bit each in 64 bytes.
    static let readSupportedCommands = HCICommand(opcode: 0x1002, parameters: [])
}

/// How a controller scans: the commands of legacy or of extended advertising. A controller that has been given one kind
/// refuses the other until it is reset (Vol 4 Part E 3.1.1), and the kernel uses the extended ones where it can, so we do.
public struct ScanCommands: Sendable, Hashable {
    /// Whether the extended commands are used.
    public var isExtended: Bool

    /// 100 ms, in units of 0.625 ms: how often the channel changes. The window is as long as the interval: a continuous
    /// scan, since an advert that is missed is a value that is missed.
    public static let interval: UInt16 = 0x00A0

    static let legacyParameters: UInt16 = 0x200B
    static let legacyEnable: UInt16 = 0x200C
    static let extendedParameters: UInt16 = 0x2041
    static let extendedEnable: UInt16 = 0x2042

    /// The commands by the answer to ``HCICommand/readSupportedCommands`` (without its status): octet 37, bits 5 and 6.
    public init(supported commands: [UInt8]) {
        isExtended = commands.count > 37 && commands[37] & 0x60 == 0x60
    }

    /// Either kind.
    public init(isExtended: Bool) { self.isExtended = isExtended }

    /// Sets the kind of scan (7.8.10, 7.8.64): everybody is heard, active asks for scan responses from the public address,
    /// or from the random one (`usesRandomAddress`) when there is no public one.
    public func parameters(active: Bool, usesRandomAddress: Bool = false) -> HCICommand {
        var parameters: [UInt8] = []
        if isExtended {
            // Own address, accept all, the 1M PHY alone: what sensors use; long range (coded) would halve the time for it.
            parameters += [usesRandomAddress ? 1 : 0, 0, 0x01]
        }
        parameters.append(active ? 1 : 0)
        parameters.appendLittle(ScanCommands.interval)
        parameters.appendLittle(ScanCommands.interval)
        if !isExtended { parameters += [usesRandomAddress ? 1 : 0, 0] }
        return HCICommand(
            opcode: isExtended ? ScanCommands.extendedParameters : ScanCommands.legacyParameters, parameters: parameters
        )
    }

    /// Starts or ends the scan (7.8.11, 7.8.65), without the controller's own filter of duplicates: its memory is small,
    /// and what it forgets to forget stays unheard.
    public func enable(_ isOn: Bool) -> HCICommand {
        let parameters: [UInt8] = [isOn ? 1 : 0, 0] + (isExtended ? [0, 0, 0, 0] : [])
        return HCICommand(
            opcode: isExtended ? ScanCommands.extendedEnable : ScanCommands.legacyEnable, parameters: parameters)
    }

    /// Whether a command of this opcode starts or ends a scan.
    static func isEnable(_ opcode: UInt16) -> Bool { opcode == legacyEnable || opcode == extendedEnable }
}

/// What else than reports a raw socket tells of.
public enum HCINotice: Sendable, Hashable {
    /// A command was carried out or refused: its opcode, status, and what follows the status.
    case answered(opcode: UInt16, status: UInt8, [UInt8])
    /// An attempt to connect ended, well or not. The kernel ended the scan for it.
    case connectionAttemptEnded
    /// The controller broke (7.7.16).
    case hardwareError(UInt8)

    /// "Command Disallowed" (Vol 1 Part F 2.12): somebody else has the controller do something else.
    public static let commandDisallowed: UInt8 = 0x0C

    /// Reads an event: code, length, parameters; nil for those that are of no use, and for those cut short.
    public init?(_ event: [UInt8]) {
        var bytes = ByteWalk(event)
        guard let code = bytes.byte(), let length = bytes.byte(), bytes.limit(to: Int(length)) else { return nil }
        switch code {
        case 0x0E:
            guard bytes.byte() != nil, let opcode = bytes.little16(), let status = bytes.byte() else { return nil }
            self = .answered(opcode: opcode, status: status, bytes.bytes(bytes.remaining) ?? [])
        case 0x0F:
            guard let status = bytes.byte(), bytes.byte() != nil, let opcode = bytes.little16() else { return nil }
            self = .answered(opcode: opcode, status: status, [])
        case 0x10:
            guard let error = bytes.byte() else { return nil }
            self = .hardwareError(error)
        case 0x3E:
            // LE Connection Complete and its enhanced form (7.7.65.1, 7.7.65.10).
            guard let subevent = bytes.byte(), subevent == 0x01 || subevent == 0x0A else { return nil }
            self = .connectionAttemptEnded
        default: return nil
        }
    }
}
