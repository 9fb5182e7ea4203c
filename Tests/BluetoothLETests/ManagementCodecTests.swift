import Advertising
import Testing

@testable import BluetoothLE

/// Messages of the management channel, against bytes written down from mgmt-api and from a kernel's answers.
@Suite struct ManagementCodecTests {
    static let hci1 = AdapterIndex(rawValue: 1)
    static let address = BluetoothAddress(rawValue: 0xF0F1_F2F3_F403)
    static let peer = ManagementAddress(address, .leRandom)
    static let peerBytes: [UInt8] = [0x03, 0xF4, 0xF3, 0xF2, 0xF1, 0xF0, 0x02]

    static let commands: [(ManagementCommand, [UInt8])] = [
        (.readIndexList, [0x03, 0, 0xFF, 0xFF, 0, 0]),
        (.readInformation(hci1), [0x04, 0, 1, 0, 0, 0]),
        (.setPowered(hci1, true), [0x05, 0, 1, 0, 1, 0, 1]),
        (.setBondable(hci1, true), [0x09, 0, 1, 0, 1, 0, 1]),
        (.setLowEnergy(hci1, false), [0x0D, 0, 1, 0, 1, 0, 0]),
        (.setSecureConnections(hci1, true), [0x2D, 0, 1, 0, 1, 0, 1]),
        (.setInputOutputCapability(hci1, .noInputNoOutput), [0x18, 0, 1, 0, 1, 0, 3]),
        (.loadLongTermKeys(hci1, []), [0x13, 0, 1, 0, 2, 0, 0, 0]),
        (.pair(hci1, peer, .keyboardDisplay), [0x19, 0, 1, 0, 8, 0] + peerBytes + [4]),
        (.cancelPairing(hci1, peer), [0x1A, 0, 1, 0, 7, 0] + peerBytes),
        (.unpair(hci1, peer, disconnect: true), [0x1B, 0, 1, 0, 8, 0] + peerBytes + [1]),
        (.disconnect(hci1, peer), [0x14, 0, 1, 0, 7, 0] + peerBytes),
        (.userConfirmation(hci1, peer, true), [0x1C, 0, 1, 0, 7, 0] + peerBytes),
        (.userConfirmation(hci1, peer, false), [0x1D, 0, 1, 0, 7, 0] + peerBytes),
        (.passkey(hci1, peer, 123_456), [0x1E, 0, 1, 0, 11, 0] + peerBytes + [0x40, 0xE2, 0x01, 0x00]),
        (.passkey(hci1, peer, nil), [0x1F, 0, 1, 0, 7, 0] + peerBytes),
    ]

    @Test(arguments: commands.indices) func writes(_ index: Int) {
        #expect(Self.commands[index].0.bytes == Self.commands[index].1)
    }

    static let key = LongTermKey(
        peer: peer, kind: 2, isCentral: true, size: 16, diversifier: 0x1234, random: 0x0102_0304_0506_0708,
        value: Array(0..<16))
    static let keyBytes: [UInt8] =
        peerBytes + [2, 1, 16, 0x34, 0x12, 8, 7, 6, 5, 4, 3, 2, 1] + Array(0..<16)

    @Test func keysGoThereAndBack() {
        #expect(Self.keyBytes.count == 36)
        let command = ManagementCommand.loadLongTermKeys(Self.hci1, [Self.key])
        #expect(command.bytes == [0x13, 0, 1, 0, 38, 0, 1, 0] + Self.keyBytes)
        let event = ManagementEvent([0x0A, 0, 1, 0, 37, 0, 1] + Self.keyBytes)
        #expect(event == ManagementEvent(Self.hci1, .newLongTermKey(Self.key, store: true)))
        #expect(!"\(Self.key)".contains("12, 13") && !"\(String(reflecting: Self.key))".contains("12, 13"))
        let many = ManagementCommand.loadLongTermKeys(Self.hci1, Array(repeating: Self.key, count: 300))
        #expect(many.bytes.count == 8 + 36 * ManagementCommand.mostKeys)
        #expect(many.bytes.count <= 4096)
    }

    static let events: [(hex: String, ManagementEvent.Kind)] = [
        ("0100 0100 0700 0500 00 01000000", .commandComplete(opcode: 5, .success, [1, 0, 0, 0])),
        ("0200 0100 0300 0500 14", .commandStatus(opcode: 5, .permissionDenied)),
        ("0200 0100 0300 0500 12", .commandStatus(opcode: 5, .rfkilled)),
        ("0200 0100 0300 0500 99", .commandStatus(opcode: 5, .failed)),
        ("0300 0100 0100 07", .controllerError(7)),
        ("0400 0100 0000", .indexAdded),
        ("0500 0100 0000", .indexRemoved),
        ("0600 0100 0400 11020000", .newSettings([.powered, .bondable, .lowEnergy])),
        ("0B00 0100 0D00 03F4F3F2F1F0 02 00000000 0000", .connected(peer)),
        ("0C00 0100 0800 03F4F3F2F1F0 02 03", .disconnected(peer, reason: 3)),
        ("0D00 0100 0800 03F4F3F2F1F0 02 04", .connectFailed(peer, .connectFailed)),
        ("0F00 0100 0C00 03F4F3F2F1F0 02 01 40E20100", .userConfirmationRequest(peer, hint: true, value: 123_456)),
        ("1000 0100 0700 03F4F3F2F1F0 02", .passkeyRequest(peer)),
        ("1100 0100 0800 03F4F3F2F1F0 02 05", .authenticationFailed(peer, .authenticationFailed)),
        ("1600 0100 0700 03F4F3F2F1F0 02", .unpaired(peer)),
        ("1700 0100 0C00 03F4F3F2F1F0 02 40E20100 03", .passkeyNotify(peer, passkey: 123_456, entered: 3)),
        (
            "1800 0100 1E00 01 060504030241 03F4F3F2F1F0 02 000102030405060708090A0B0C0D0E0F",
            .newIdentityKey(
                IdentityKey(peer: peer, value: Array(0..<16)),
                randomAddress: BluetoothAddress(rawValue: 0x4102_0304_0506), store: true)
        ),
        ("1200 0100 0000", .other(0x12)),
    ]

    static func bytes(_ hex: String) -> [UInt8] { Hex.bytes(hex.filter { $0 != " " }) ?? [] }

    @Test(arguments: events.indices) func reads(_ index: Int) {
        let bytes = Self.bytes(Self.events[index].hex)
        #expect(ManagementEvent(bytes) == ManagementEvent(Self.hci1, Self.events[index].1))
        for length in bytes.indices {
            #expect(ManagementEvent(Array(bytes[..<length])) == nil, "cut to \(length)")
        }
        // The kernel may add fields.
        var longer = bytes + [0, 0]
        longer[4] += 2
        if case .commandComplete = Self.events[index].1 {
        } else {
            #expect(ManagementEvent(longer) == ManagementEvent(Self.hci1, Self.events[index].1))
        }
    }

    @Test func readsAnswers() {
        #expect(ManagementReply.indexList([2, 0, 0, 0, 3, 0]) == [0, 3].map { AdapterIndex(rawValue: $0) })
        #expect(ManagementReply.indexList([0xFF, 0xFF, 0, 0]) == nil)
        var reply = Self.bytes("332211EB27B8 09 3200 FFBE0100 11020000 000000")
        reply += Array("raspberrypi".utf8) + Array(repeating: 0, count: 249 - 11 + 11)
        let information = ManagementReply.information(reply)
        #expect(information?.address == BluetoothAddress("B8:27:EB:11:22:33"))
        #expect(information?.name == "raspberrypi")
        #expect(information?.version == 9)
        #expect(information?.manufacturer == 0x32)
        #expect(information?.current == [.powered, .bondable, .lowEnergy])
        #expect(information?.supported.contains(.secureConnections) == true)
        #expect(ManagementReply.information(Array(reply[..<10])) == nil)
        #expect(ManagementReply.settings([0x11, 2, 0, 0]) == [.powered, .bondable, .lowEnergy])
    }

    @Test func everyStatusHasWordsAndACode() {
        for status in ManagementStatus.allCases where status != .success {
            #expect(!status.text.isEmpty)
            #expect(status.error("x").status == status)
        }
        #expect(ManagementStatus.permissionDenied.error("x").code == .permission)
        #expect(ManagementStatus.rfkilled.error("x").code == .blocked)
        #expect(ManagementStatus(byte: 0xEE) == .failed)
    }
}
