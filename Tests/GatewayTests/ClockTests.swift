import FlashStore
import Testing

@testable import Gateway

@Suite("The gateway's clock")
struct ClockTests {
    @Test(
        "A clock that was set is noticed, one that drifts is not",
        arguments: [
            (10_000, false), (10_400, false), (39_000, false), (41_000, true), (-21_000, true), (3_600_000, true),
        ])
    func jumps(wallMilliseconds: Int, isJump: Bool) {
        var watch = ClockWatch()
        let start = ContinuousClock.now
        let first = watch.hasJumped(wall: 1_000_000, monotonic: start)
        let second = watch.hasJumped(wall: 1_000_000 + Int64(wallMilliseconds), monotonic: start + .seconds(10))
        #expect(!first)
        #expect(second == isJump)
    }

    @Test("The floor is the later of making and memory, rises with good time, and never falls")
    func floor() async throws {
        let store = try FlashStore.inMemory()
        let floor = TimeFloor(store: store, made: 1_000_000)
        #expect(floor.seconds == 1_000_000)
        #expect(floor.isClockWrong(now: 999_999))
        #expect(!floor.isClockWrong(now: 1_000_000))
        floor.confirm(now: 1_000_000 + TimeFloor.interval - 1)
        #expect(floor.seconds == 1_000_000)
        floor.confirm(now: 2_000_000)
        floor.confirm(now: 5)
        #expect(floor.seconds == 2_000_000)
        #expect(TimeFloor(store: store, made: 1_000_000).seconds == 2_000_000)
        #expect(TimeFloor(store: store, made: 3_000_000).seconds == 3_000_000)
        await store.close()
    }

    @Test("Certificates are judged by the later of clock and floor")
    func validity() throws {
        let floor = TimeFloor(store: try FlashStore.inMemory(), made: 1 << 40)
        #expect(floor.validityClock.now() == 1 << 40)
    }

    @Test("Secrets of the configuration are in no description of it")
    func secrets() {
        let cloud = Configuration.Cloud(address: "a", id: "i", token: "SECRET", provider: "", trust: "")
        let node = Configuration.BLENode(address: "a", name: "n", key: "SECRET", connect: false)
        var text = ""
        dump((cloud, node), to: &text)
        #expect(!text.contains("SECRET"))
        #expect(!"\(cloud) \(node)".contains("SECRET"))
        #expect(!String(reflecting: (cloud, node)).contains("SECRET"))
    }
}
