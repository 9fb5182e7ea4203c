import Testing

@testable import BluetoothLE

@Suite struct RadioSwitchTests {
    private let adapter = AdapterIndex(rawValue: 0)
    private let folder = "devices/serial0/bluetooth/hci0/rfkill3"

    @Test func aSwitchIsReadAsItIs() throws {
        let sysfs = try Sysfs()
        let rfkill = RadioSwitch(root: sysfs.root)
        #expect(rfkill.block(adapter) == nil)
        sysfs.plugSerial()
        for (soft, hard, block) in [
            ("0", "0", nil), ("1", "0", .soft), ("0", "1", .hard), ("1", "1", .hard), ("", "", nil),
        ] as [(String, String, RadioSwitch.Block?)] {
            sysfs.file("\(folder)/soft", soft)
            sysfs.file("\(folder)/hard", hard)
            #expect(rfkill.block(adapter) == block)
        }
    }

    /// What Linux 6.1 answers to Set Powered of an adapter that is switched off: failed, and no more.
    @Test(arguments: ["1", "0"]) func anAdapterThatIsSwitchedOffIsBlocked(soft: String) async throws {
        let sysfs = try Sysfs()
        sysfs.plugSerial()
        sysfs.file("\(folder)/soft", soft)
        let sent = ManagementChannelTests.Sent()
        let channel = ManagementChannel { message throws(RadioError) in sent.add(message) }
        let power = AdapterPower(channel: channel, adapter: adapter, rfkill: RadioSwitch(root: sysfs.root))
        let task = Task { try await power.switchOn() }
        // Address, version, maker, supported settings (all), current ones (none), class; no name.
        let information = Array(repeating: UInt8(0), count: 9) + [0xFF, 0xFF, 0, 0] + Array(repeating: 0, count: 7)
        let isPowering = { (message: [UInt8]) in message[0] == 0x05 }
        var answered = 0
        repeat {
            answered += 1
            await sent.wait(for: answered)
            let message = sent.all[answered - 1]
            channel.deliver(
                isPowering(message)
                    ? [2, 0, 0, 0, 3, 0, 5, 0, 0x03]
                    : ManagementChannelTests.complete(message[0], 0, message[0] == 0x04 ? information : [0, 0, 0, 0]))
        } while !isPowering(sent.all[answered - 1])
        await #expect {
            _ = try await task.value
        } throws: {
            let error = $0 as? RadioError
            guard soft == "1" else { return error?.code == .system }
            return error?.code == .blocked && error?.reason.contains("`rfkill unblock bluetooth`") == true
        }
    }
}
