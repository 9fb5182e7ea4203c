import Advertising
import Testing

@testable import BluetoothLE

/// Bytes by the Core Specification, Vol 4 Part E 7.8.10, 7.8.11, 7.8.64 and 7.8.65.
@Suite struct ScanCommandTests {
    @Test func legacy() {
        let commands = ScanCommands(isExtended: false)
        #expect(commands.parameters(active: false).packet == [1, 0x0B, 0x20, 7, 0, 0xA0, 0, 0xA0, 0, 0, 0])
        #expect(
            commands.parameters(active: true, usesRandomAddress: true).packet
                == [1, 0x0B, 0x20, 7, 1, 0xA0, 0, 0xA0, 0, 1, 0])
        #expect(commands.enable(true).packet == [1, 0x0C, 0x20, 2, 1, 0])
        #expect(commands.enable(false).packet == [1, 0x0C, 0x20, 2, 0, 0])
    }

    @Test func extended() {
        let commands = ScanCommands(isExtended: true)
        #expect(commands.parameters(active: false).packet == [1, 0x41, 0x20, 8, 0, 0, 1, 0, 0xA0, 0, 0xA0, 0])
        #expect(commands.enable(true).packet == [1, 0x42, 0x20, 6, 1, 0, 0, 0, 0, 0])
    }

    @Test func theControllerSaysWhichKind() {
        var supported = [UInt8](repeating: 0, count: 64)
        #expect(!ScanCommands(supported: supported).isExtended)
        supported[37] = 0x60
        #expect(ScanCommands(supported: supported).isExtended)
        supported[37] = 0x20
        #expect(!ScanCommands(supported: supported).isExtended)
        #expect(!ScanCommands(supported: []).isExtended)
    }

    @Test func notices() {
        #expect(
            HCINotice([0x0E, 4, 1, 0x0C, 0x20, 0x0C])
                == .answered(opcode: 0x200C, status: HCINotice.commandDisallowed, []))
        #expect(HCINotice([0x0E, 5, 1, 0x02, 0x10, 0, 9]) == .answered(opcode: 0x1002, status: 0, [9]))
        #expect(HCINotice([0x0F, 4, 0x01, 1, 0x0B, 0x20]) == .answered(opcode: 0x200B, status: 1, []))
        #expect(HCINotice([0x10, 1, 0x42]) == .hardwareError(0x42))
        #expect(HCINotice([0x3E, 2, 0x01, 0]) == .connectionAttemptEnded)
        #expect(HCINotice([0x3E, 2, 0x0A, 0]) == .connectionAttemptEnded)
        #expect(HCINotice([0x3E, 2, 0x02, 0]) == nil)
        for cut in [[], [0x0E], [0x0E, 4, 1, 0x0C], [0x0F, 4, 0, 1], [0x3E, 9, 1]] as [[UInt8]] {
            #expect(HCINotice(cut) == nil)
        }
    }

    @Test func theQueueCountsWhatItCannotTake() async {
        let queue = AdvertQueue()
        let advert = Advertisement(
            address: BluetoothAddress(rawValue: 1), payload: [1, 2, 3], receivedAt: .now)
        for _ in 0..<AdvertQueue.capacity + 7 { queue.push(advert) }
        #expect(queue.dropped == 7)
        #expect(await queue.next()?.count == AdvertQueue.capacity)
        queue.push(advert)
        #expect(await queue.next()?.count == 1)
        let reader = Task { await queue.next() }
        reader.cancel()
        #expect(await reader.value == nil)
        queue.push(advert)
        #expect(queue.dropped == 7)
    }

    @Test(arguments: [
        ([], "hci3", true), (["hci0"], "hci0", true), (["hci0"], "hci1", false), (["B8:27:EB:11:22:33"], "hci5", true),
        (["B8:27:EB:11:22:34"], "hci5", false),
    ]) func selection(_ texts: [String], _ name: String, _ isTaken: Bool) throws {
        let selection = try #require(KernelRadio.Selection(texts))
        let index = AdapterIndex(rawValue: try #require(UInt16(name.dropFirst(3))))
        #expect(selection.takes(index, BluetoothAddress("B8:27:EB:11:22:33")) == isTaken)
    }

    @Test func selectionsThatAreNone() {
        for text in ["", "hci", "hcix", "eth0", "hci70000"] { #expect(KernelRadio.Selection([text]) == nil) }
    }
}
