import Advertising
import Synchronization
import Testing

@testable import BluetoothLE

/// The channel without a kernel: what goes out is collected, and the test says what comes in.
@Suite struct ManagementChannelTests {
    final class Sent: Sendable {
        private let value = Mutex<[[UInt8]]>([])
        func add(_ message: [UInt8]) { value.withLock { $0.append(message) } }
        var all: [[UInt8]] { value.withLock { $0 } }
        func wait(for count: Int) async {
            while all.count < count { await Task.yield() }
        }
    }

    static let hci0 = AdapterIndex(rawValue: 0)

    static func complete(_ opcode: UInt8, _ adapter: UInt8 = 0, status: UInt8 = 0, _ reply: [UInt8] = []) -> [UInt8] {
        [1, 0, adapter, 0, UInt8(3 + reply.count), 0, opcode, 0, status] + reply
    }

    @Test func answersGoToWhoAsked() async throws {
        let sent = Sent()
        let channel = ManagementChannel { message throws(RadioError) in sent.add(message) }
        async let zero = channel.request(.readInformation(Self.hci0))
        await sent.wait(for: 1)
        async let one = channel.request(.readInformation(AdapterIndex(rawValue: 1)))
        await sent.wait(for: 2)
        async let power = channel.request(.setPowered(Self.hci0, true))
        await sent.wait(for: 3)
        channel.deliver(Self.complete(4, 1, [1]))
        channel.deliver(Self.complete(5, 0, [5]))
        channel.deliver(Self.complete(4, 0, [0]))
        #expect(try await zero == [0])
        #expect(try await one == [1])
        #expect(try await power == [5])
    }

    @Test func refusalsAreErrors() async {
        let sent = Sent()
        let channel = ManagementChannel { message throws(RadioError) in sent.add(message) }
        let answer = Task { try await channel.request(.setPowered(Self.hci0, true)) }
        await sent.wait(for: 1)
        channel.deliver([2, 0, 0, 0, 3, 0, 5, 0, 0x14])
        await #expect {
            _ = try await answer.value
        } throws: {
            let error = $0 as? RadioError
            return error?.code == .permission && error?.reason.contains("CAP_NET_ADMIN") == true
                && error?.reason.contains("hci0") == true
        }
    }

    @Test func silenceIsATimeout() async {
        let channel = ManagementChannel { _ throws(RadioError) in }
        await #expect {
            _ = try await channel.request(.readIndexList, timeout: .milliseconds(20))
        } throws: {
            ($0 as? RadioError)?.code == .timeout
        }
        // What comes too late hits nobody.
        channel.deliver(Self.complete(3, 0xFF))
    }

    @Test func aCancelledTaskWaitsNoLonger() async {
        let sent = Sent()
        let channel = ManagementChannel { message throws(RadioError) in sent.add(message) }
        let task = Task { try await channel.request(.readIndexList, timeout: .seconds(600)) }
        await sent.wait(for: 1)
        task.cancel()
        await #expect(throws: RadioError.self) { _ = try await task.value }
    }

    @Test func whatCannotBeSentIsTold() async {
        let channel = ManagementChannel { _ throws(RadioError) in throw RadioError(.permission, "no") }
        await #expect(throws: RadioError(.permission, "no")) { _ = try await channel.request(.readIndexList) }
    }

    @Test func closingEndsEverybody() async {
        let sent = Sent()
        let channel = ManagementChannel { message throws(RadioError) in sent.add(message) }
        let events = channel.events()
        let task = Task { try await channel.request(.readIndexList, timeout: .seconds(600)) }
        await sent.wait(for: 1)
        channel.close()
        await #expect(throws: RadioError.self) { _ = try await task.value }
        for await _ in events { Issue.record("an event after the end") }
        for await _ in channel.events() { Issue.record("an event after the end") }
        await #expect(throws: RadioError.self) { _ = try await channel.request(.readIndexList) }
    }

    @Test func eventsAreForEverybodyOrForOneAdapter() async {
        let channel = ManagementChannel { _ throws(RadioError) in }
        var all = channel.events().makeAsyncIterator()
        var second = channel.events(of: AdapterIndex(rawValue: 1)).makeAsyncIterator()
        channel.deliver([4, 0, 0, 0, 0, 0])
        channel.deliver([5, 0, 1, 0, 0, 0])
        channel.deliver([0xFF])
        #expect(await all.next() == ManagementEvent(Self.hci0, .indexAdded))
        #expect(await all.next() == ManagementEvent(AdapterIndex(rawValue: 1), .indexRemoved))
        #expect(await second.next() == ManagementEvent(AdapterIndex(rawValue: 1), .indexRemoved))
    }
}
