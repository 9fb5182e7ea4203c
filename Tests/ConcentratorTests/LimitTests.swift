import Concentrator
import Glibc
import OneLoop
import Testing

@Loop
@Suite(.serialized) struct LimitTests {
    let driver = RecordingDriver()

    @Test func tablesAreBounded() throws {
        var limits = Concentrator.Limits()
        limits.nodes = 2
        limits.fieldsPerNode = 3
        limits.parametersPerNode = 1
        limits.depth = 2
        limits.sources = 2
        limits.subscriptions = 1
        let concentrator = Concentrator(limits: limits)
        try concentrator.add(NodeDescription(id: ble("A")), driver: driver)
        let parameters = ["p", "q"].map { Parameter(name: $0, kind: .boolean) }
        #expect(throws: NodeError(.full, "")) {
            try concentrator.add(NodeDescription(id: ble("B"), parameters: parameters), driver: driver)
        }
        try concentrator.add(NodeDescription(id: ble("B"), parent: ble("A")), driver: driver)
        #expect(throws: NodeError(.full, "")) { try concentrator.add(NodeDescription(id: ble("C")), driver: driver) }
        concentrator.remove(ble("B"))
        try concentrator.add(NodeDescription(id: ble("C"), parent: ble("A")), driver: driver)
        #expect(concentrator.counters.nodesRefused == 1)

        concentrator.update(ble("A"), fields: (0..<5).map { field("F\($0)", 1) })
        #expect(concentrator.node(ble("A"))?.fields.count == 3 && concentrator.counters.fieldsDropped == 2)

        try concentrator.register(source: DataSource(id: "S", name: "S"))
        try concentrator.register(source: DataSource(id: "S", name: "S"))
        #expect(throws: NodeError(.full, "")) { try concentrator.register(source: DataSource(id: "T", name: "T")) }

        let recorder = Recorder()
        let first = concentrator.subscribe { _ in }
        let refused = concentrator.subscribe(recorder.record)
        concentrator.setAvailable(ble("A"), false)
        #expect(recorder.events == [] && concentrator.counters.subscriptionsRefused == 1)
        concentrator.unsubscribe(refused)
        concentrator.unsubscribe(first)
        _ = concentrator.subscribe(recorder.record)
        concentrator.setAvailable(ble("A"), true)
        #expect(recorder.events.count == 1)
    }

    @Test func theTreeHasALimitedDepth() throws {
        let concentrator = Concentrator()
        try concentrator.add(NodeDescription(id: ble("0")), driver: driver)
        for level in 1..<8 {
            try concentrator.add(NodeDescription(id: ble("\(level)"), parent: ble("\(level - 1)")), driver: driver)
        }
        #expect(throws: NodeError(.badParent, "")) {
            try concentrator.add(NodeDescription(id: ble("8"), parent: ble("7")), driver: driver)
        }
    }

    /// 10,000 thermometers with six fields and a control parameter each, counted by the allocator itself.
    @Test func aTypicalNodeTakesAtMostTwoKilobytes() throws {
        let names = ["Temperature", "Humidity", "Pressure", "Battery", "Battery voltage", "RSSI"]
        let concentrator = Concentrator()
        let before = try bytesInUse()
        for number in 0..<10_000 {
            let digits = String(number, radix: 16, uppercase: true)
            let id = ble("A4C138" + String(repeating: "0", count: 6 - digits.count) + digits)
            let description = NodeDescription(
                id: id, displayName: "Thermometer of room \(number)", localID: "room \(number)",
                parameters: [Parameter(name: "Output", kind: .boolean, value: .boolean(false))],
                deviceClass: "thermometer")
            try concentrator.add(description, driver: driver)
            for round in 1...3 {
                concentrator.update(
                    id,
                    fields: names.map {
                        Field(
                            name: $0, value: .number(Quantity(mantissa: Int64(round), decimals: 2)), unit: "°C",
                            timestamp: at(1))
                    })
            }
        }
        let bytes = try bytesInUse() - before
        #expect(concentrator.count == 10_000)
        #expect(bytes / 10_000 <= 2048)
        // That something was counted at all: six fields alone take this much.
        #expect(bytes / 10_000 >= 6 * MemoryLayout<Field>.stride)
    }
}

/// The bytes of the heap that are handed out, as the allocator counts them itself: what it has from the system, less what
/// is free, plus large pieces mapped apart. `malloc_info` writes that as XML; Swift's Glibc module does not declare it.
private func bytesInUse() throws -> Int {
    typealias MallocInfo = @convention(c) (CInt, UnsafeMutablePointer<FILE>) -> CInt
    let symbol = try #require(dlsym(nil, "malloc_info"))
    var text: UnsafeMutablePointer<CChar>?
    var length = 0
    let stream = try #require(open_memstream(&text, &length))
    _ = unsafeBitCast(symbol, to: MallocInfo.self)(0, stream)
    fclose(stream)
    defer { free(text) }
    let xml = String(cString: try #require(text))
    // The totals of all arenas stand behind the last heap.
    let totals = try #require(xml.split(separator: "</heap>").last).split(separator: "\n")
    func size(_ start: String) throws -> Int {
        let line = totals.first { $0.hasPrefix(start) }
        let digits = line?.split(separator: "size=\"")[1].prefix { $0.isNumber }
        guard let size = digits.flatMap({ Int($0) }) else { throw NodeError(.notFound, "no \(start)") }
        return size
    }
    return try size("<system type=\"current\"") + size("<total type=\"mmap\"")
        - size("<total type=\"fast\"") - size("<total type=\"rest\"")
}
