import FlashStore
import JSONText
import OneLoop
import OneM2MPrimitives
import Synchronization
import Testing

@testable import OneM2MDoor

/// A device in memory that keeps every write, so that the power can be cut after any of them.
private final class CutDevice: BlockFile {
    enum Event { case write(Int, [UInt8]), flush }
    let size: Int
    private let state: Mutex<(image: [UInt8], events: [Event], fails: Bool)>

    init(_ image: [UInt8]) {
        size = image.count
        state = Mutex((image, [], false))
    }

    var events: [Event] { state.withLock { $0.events } }
    var image: [UInt8] { state.withLock { $0.image } }
    /// Whether it takes nothing.
    func fail(_ fails: Bool) { state.withLock { $0.fails = fails } }
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreError) {
        state.withLock { buffer.copyBytes(from: $0.image[offset..<offset + buffer.count]) }
    }
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreError) {
        let copy = Array(bytes)
        guard !state.withLock({ $0.fails }) else { throw StoreError(.io, "as told") }
        state.withLock {
            $0.image.replaceSubrange(offset..<offset + copy.count, with: copy)
            $0.events.append(.write(offset, copy))
        }
    }
    func flush() throws(StoreError) { state.withLock { $0.events.append(.flush) } }
    func close() {}

    /// What is there when the power goes after so many events: what was flushed, and of the rest the first half of each page.
    static func image(after count: Int, of events: [Event], size: Int) -> [UInt8] {
        var image = [UInt8](repeating: 0, count: size)
        let flushed = events.prefix(count).lastIndex { if case .flush = $0 { true } else { false } } ?? -1
        for (place, event) in events.prefix(count).enumerated() {
            guard case .write(let offset, let bytes) = event else { continue }
            let kept = place <= flushed ? bytes[...] : bytes.prefix(bytes.count / 2)
            image.replaceSubrange(offset..<offset + kept.count, with: kept)
        }
        return image
    }
}

@Suite("What is still there after a restart and after a power cut")
@Loop
struct DurabilityTests {
    private static let size = 2 * 64 * 4096

    @Test("Everything that requests made is as it was")
    func restart() async throws {
        let store = try FlashStore.inMemory()
        let clock = TestClock()
        let first = TestCSE(store: store, clock: clock)
        try await first.register("Capp", #","lbl":["x"]"#)
        try await first.create(.container, "Capp", #"{"m2m:cnt":{"rn":"box","mni":3,"cr":null}}"#)
        for number in 0..<5 {
            try await first.create(.contentInstance, "Capp/box", #"{"m2m:cin":{"con":\#(number).50}}"#)
        }
        try await first.create(
            .accessControlPolicy, "Capp",
            #"{"m2m:acp":{"rn":"p","pv":{"acr":[{"acor":["Cguest"],"acop":2}]},"pvs":{"acr":[{"acor":["Capp"],"acop":63}]}}}"#
        )
        try await first.ask(.update, "Capp/box", #"{"m2m:cnt":{"acpi":["cse-gw1/Capp/p"]}}"#)
        try await first.create(.group, "Capp", #"{"m2m:grp":{"rn":"g","mnm":5,"mid":["cse-gw1/Capp/box"]}}"#)
        try await first.create(.container, "Capp", #"{"m2m:cnt":{"rn":"gone"}}"#)
        try await first.ask(.delete, "Capp/gone")
        try await first.register("Cguest")
        var before: [JSON?] = []
        for to in ["Capp", "Capp/box", "Capp/box/la", "Capp/box/ol", "Capp/p", "Capp/g"] {
            before.append(try await first.get(to, from: "Cadmin"))
        }
        let newest = try #require(try await first.get("Capp/box/la", from: "Cadmin")?["ri"]?.string)
        first.cse.stop()

        let second = TestCSE(store: store, clock: clock)
        for (to, wanted) in zip(["Capp", "Capp/box", "Capp/box/la", "Capp/box/ol", "Capp/p", "Capp/g"], before) {
            let found = try await second.get(to, from: "Cadmin")
            // The state tag of a container counts its instances, which lazily reach flash with its next change.
            func withoutTag(_ json: JSON?) -> JSON? {
                guard var object = json?.object else { return json }
                object["st"] = nil
                return .object(object)
            }
            #expect(withoutTag(found) == withoutTag(wanted), "\(to)")
        }
        #expect(second.cse.resource("Capp/gone") == nil)
        #expect(try await second.ask(.retrieve, "Capp/box", from: "Cguest").status == .ok)
        #expect(try await second.ask(.delete, "Capp/box", from: "Cguest").status == .originatorHasNoPrivilege)
        let made = try await second.create(.contentInstance, "Capp/box", from: "Cadmin", #"{"m2m:cin":{"con":"new"}}"#)
        let id = try #require(made.content?["m2m:cin"]?["ri"]?.string)
        let number = try #require(UInt64(id.split(separator: "-").last ?? "", radix: 36))
        #expect(number > (UInt64(newest.split(separator: "-").last ?? "", radix: 36) ?? .max))
        try await CSE.forget(store)
        #expect(TestCSE(store: store, clock: clock).cse.resource("Capp") == nil)
    }

    @Test("After a cut at any write, all that was answered is there, and no ID comes twice")
    func powerCut() async throws {
        let device = CutDevice([UInt8](repeating: 0, count: Self.size))
        let store = try FlashStore.open(on: device)
        let first = TestCSE(store: store)
        var answered: [(events: Int, address: String, id: String)] = []
        func note(_ answer: ResponsePrimitive, _ address: String) throws {
            #expect(answer.status == .created)
            let id = answer.content?.object?.members.first?.value["ri"]?.string
            answered.append((device.events.count, address, try #require(id)))
        }
        try note(try await first.register("Capp"), "Capp")
        for number in 0..<12 {
            try note(
                try await first.create(.container, "Capp", #"{"m2m:cnt":{"rn":"c\#(number)"}}"#), "Capp/c\(number)")
            try note(
                try await first.create(
                    .contentInstance, "Capp/c\(number)", #"{"m2m:cin":{"con":"\#(number)","rn":"x"}}"#),
                "Capp/c\(number)/x")
        }
        await store.close()
        let events = device.events
        #expect(events.count > 50)
        for cut in stride(from: 2, through: events.count, by: 1) {
            await Task.yield()
            let image = CutDevice.image(after: cut, of: events, size: Self.size)
            // Before the store's first header is whole there is no store.
            guard let again = try? FlashStore.open(on: CutDevice(image)) else {
                #expect(answered.allSatisfy { $0.events > cut })
                continue
            }
            let second = TestCSE(store: again)
            let known = answered.filter { $0.events <= cut }
            for item in known {
                let found = try await second.get(item.address, from: "Cadmin")
                #expect(found?["ri"]?.string == item.id, "\(item.address) after \(cut)")
            }
            if !known.isEmpty {
                let made = try await second.create(.container, "Capp", from: "Cadmin", #"{"m2m:cnt":{}}"#)
                let id = made.content?["m2m:cnt"]?["ri"]?.string
                #expect(id != nil && !known.contains { $0.id == id })
            }
            await again.close()
        }
    }

    @Test("What flash refuses is not there, now or after a restart; what it would have driven out or changed still is")
    func refused() async throws {
        let device = CutDevice([UInt8](repeating: 0, count: Self.size))
        let store = try FlashStore.open(on: device)
        let first = TestCSE(store: store)
        try await first.register("Capp")
        try await first.create(.container, "Capp", #"{"m2m:cnt":{"rn":"box","mni":2,"lbl":["old"]}}"#)
        for text in ["a", "b"] {
            try await first.create(.contentInstance, "Capp/box", "{\"m2m:cin\":{\"con\":\"\(text)\"}}")
        }
        let kept = first.cse.memory.kept
        device.fail(true)
        for _ in 0..<3 {
            let refused = try await first.create(.contentInstance, "Capp/box", #"{"m2m:cin":{"con":"c"}}"#)
            #expect(refused.status == .internalServerError)
        }
        #expect(try await first.create(.container, "Capp", #"{"m2m:cnt":{"rn":"new"}}"#).status == .internalServerError)
        #expect(
            try await first.ask(.update, "Capp/box", #"{"m2m:cnt":{"lbl":["changed"]}}"#).status == .internalServerError
        )
        func check(_ bench: TestCSE) async throws {
            #expect(try await bench.get("Capp/box/ol", from: "Cadmin")?["con"] == "a")
            #expect(try await bench.get("Capp/box/la", from: "Cadmin")?["con"] == "b")
            let box = try await bench.get("Capp/box", from: "Cadmin")
            #expect(box?["cni"] == 2 && box?["cbs"] == 2 && box?["lbl"] == ["old"])
            #expect(bench.cse.resource("Capp/new") == nil)
            #expect(bench.cse.memory.kept == kept)
        }
        try await check(first)
        device.fail(false)
        try await store.flush()
        await store.close()
        try await check(TestCSE(store: try FlashStore.open(on: CutDevice(device.image))))
    }

    @Test("What flash refuses crowds out nothing there, where a container has more than flash keeps of it")
    func crowded() async throws {
        let device = CutDevice([UInt8](repeating: 0, count: Self.size))
        let store = try FlashStore.open(on: device)
        let first = TestCSE(store: store) { $0.limits.durableInstancesPerContainer = 1 }
        try await first.register("Capp")
        try await first.create(.container, "Capp", #"{"m2m:cnt":{"rn":"box"}}"#)
        for text in ["a", "b"] {
            try await first.create(.contentInstance, "Capp/box", "{\"m2m:cin\":{\"con\":\"\(text)\"}}")
        }
        let kept = first.cse.memory.kept
        device.fail(true)
        let refused = try await first.create(.contentInstance, "Capp/box", #"{"m2m:cin":{"con":"c"}}"#)
        #expect(refused.status == .internalServerError)
        #expect(first.cse.memory.kept == kept)
        device.fail(false)
        try await store.flush()
        await store.close()
        let second = TestCSE(store: try FlashStore.open(on: CutDevice(device.image)))
        #expect(try await second.get("Capp/box/la", from: "Cadmin")?["con"] == "b")
    }

    @Test("Instances that were driven out come back in their order, whichever of them is first")
    func givenBack() {
        for isOldestFirst in [true, false] {
            var instances = ContentInstances()
            for number in 1...5 {
                instances.append(
                    ContentInstances.Instance(
                        number: UInt64(number), created: .distantFuture, expiration: .distantFuture, name: nil,
                        stateTag: 0, size: 1, body: [0], isOfNode: false))
            }
            let gone = (0..<2).compactMap { _ in instances.removeOldest() }
            for instance in isOldestFirst ? gone : gone.reversed() { instances.giveBack([instance]) }
            #expect(instances.all.map(\.number) == [1, 2, 3, 4, 5])
            #expect(instances.instance(number: 1) != nil && instances.instance(number: 2) != nil)
            #expect(instances.bytes == 5 && instances.weight == 5)
        }
    }

    @Test("Lazily kept resources reach flash in company, and what is measured does not")
    func lazily() async throws {
        let store = try FlashStore.inMemory()
        let bench = TestCSE(store: store) { $0.isDurable = false }
        try await bench.register("Capp")
        try await bench.create(.container, "Capp", #"{"m2m:cnt":{"rn":"box"}}"#)
        #expect(store.statistics.pendingRecords > 0)
        try await store.flush()
        #expect(TestCSE(store: store).cse.resource("Capp/box") != nil)
    }

    @Test("Flash has its own limits: the newest instances of each container, and so many resources")
    func limits() async throws {
        let store = try FlashStore.inMemory()
        let bench = TestCSE(store: store) {
            $0.limits.durableResources = 20
            $0.limits.durableInstancesPerContainer = 4
        }
        try await bench.register("Capp")
        try await bench.create(.container, "Capp", #"{"m2m:cnt":{"rn":"box"}}"#)
        for number in 0..<10 {
            try await bench.create(.contentInstance, "Capp/box", #"{"m2m:cin":{"con":"\#(number)"}}"#)
        }
        #expect(store.scan(prefix: "m2m/i/").count == 4)
        #expect(try await bench.get("Capp/box")?["cni"] == 10)
        var last = ResponseStatus.created
        var made = 0
        while last == .created {
            last = try await bench.create(.container, "Capp", #"{"m2m:cnt":{}}"#).status
            made += 1
        }
        #expect(last == .notAcceptable)
        #expect(made == 15)
        #expect(try await bench.ask(.delete, "Capp/box").status == .deleted)
        #expect(store.scan(prefix: "m2m/i/").isEmpty)
        #expect(try await bench.create(.container, "Capp", #"{"m2m:cnt":{}}"#).status == .created)
    }

    @Test("Bytes that are no record are counted and passed over")
    func damaged() async throws {
        let store = try FlashStore.inMemory()
        store.putBatched("m2m/r/abc", [1, 2, 3])
        store.putBatched("m2m/i/abc/1", [0xFF])
        store.putBatched("m2m/n/1", [])
        let bench = TestCSE(store: store)
        #expect(bench.cse.counters.unreadable == 2)
        #expect(bench.cse.waitingNotifications == 0)
    }
}
