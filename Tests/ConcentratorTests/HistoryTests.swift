import Concentrator
import OneLoop
import Testing

/// 2026-11-21T08:00:00Z, the beginning of an hour.
private let eight: Int64 = 1_795_248_000

private func reading(_ text: String, _ time: Int64, unit: String = "°C", name: String = "Temperature") -> Field {
    Field(name: name, value: .number(Quantity(text) ?? 0), unit: unit, timestamp: at(time))
}

private func lines(_ fields: [Field]) -> [String] {
    fields.map { "\($0.timestamp.iso8601.dropFirst(11).prefix(5)) \($0.name)=\($0.value)" }
}

@Suite("History")
@Loop
struct HistoryTests {
    @Test("Minutes, hours and days of a number: the first reading, least, greatest and mean")
    func aggregates() throws {
        let house = try house()
        for (offset, text) in [(-120, "20.0"), (0, "21.0"), (20, "23.0"), (40, "25.0"), (60, "30.0")] {
            house.update(ble("A"), fields: [reading(text, eight + Int64(offset))])
        }
        var request = ReadRequest(flags: .historicalMinute)
        #expect(
            lines(house.history(of: ble("A"), request)).prefix(3) == [
                "07:58 Temperature=20.0", "08:00 Temperature=21.0", "08:01 Temperature=30.0",
            ])
        request.fields = ["Temperature, Minute Mean", "Temperature, Minute Min", "Temperature, Minute Max"]
        request.from = at(eight)
        request.to = at(eight + 59)
        #expect(
            lines(house.history(of: ble("A"), request)) == [
                "08:00 Temperature, Minute Min=21.0", "08:00 Temperature, Minute Max=25.0",
                "08:00 Temperature, Minute Mean=23.0",
            ])
        let hours = house.history(of: ble("A"), ReadRequest(fields: ["Temperature, Hour Max"], flags: .historicalHour))
        #expect(lines(hours) == ["07:00 Temperature, Hour Max=20.0", "08:00 Temperature, Hour Max=30.0"])
        #expect(hours.map(\.quality) == [.automaticReadout, .inProgress])
        #expect(hours.first?.flags == [.historicalHour, .peak])
        #expect(hours.first?.unit == "°C")
    }

    @Test(
        "A value at a moment that begins an hour and a minute is one field with both kinds (one name and time, one value)"
    )
    func unique() throws {
        let house = try house()
        for minute in 0..<130 {
            house.update(ble("A"), fields: [reading("\(minute).5", eight + Int64(minute) * 60)])
        }
        let fields = house.history(of: ble("A"), ReadRequest(flags: .historical))
        let keys = fields.map { "\($0.name) \($0.timestamp)" }
        #expect(Set(keys).count == keys.count)
        let ten = fields.first { $0.name == "Temperature" && $0.timestamp == at(eight + 7_200) }
        #expect(ten?.flags == [.historicalMinute, .historicalHour])
        #expect(ten?.value == .number(Quantity(mantissa: 1205, decimals: 1)))
        // 60 minutes that ended and the one that runs.
        #expect(fields.filter { $0.name == "Temperature, Minute Max" }.count == 61)
    }

    @Test(
        "Mantissas grow finer, coarser, and refuse what fits at no number of decimals",
        arguments: [
            (["1", "1.25"], ["1.00", "1.25"]),
            (["1.25", "1"], ["1.25", "1.00"]),
            (["0.000001", "99999.5"], ["0.0000", "99999.5000"]),
            (["-1.5", "3000000000"], ["-1.5"]),
            (["-0.15", "2000000000.1"], ["0", "2000000000"]),
        ])
    func scaling(_ readings: [String], _ kept: [String]) throws {
        let house = try house()
        for (index, text) in readings.enumerated() {
            house.update(ble("A"), fields: [reading(text, eight + Int64(index) * 60)])
        }
        let fields = house.history(of: ble("A"), ReadRequest(fields: ["Temperature"], flags: .historicalMinute))
        #expect(fields.map { "\($0.value)" } == kept)
    }

    @Test("Truth values keep the first of each period; texts keep nothing")
    func kinds() throws {
        let house = try house()
        house.update(
            ble("A"),
            fields: [
                Field(name: "Open", value: .boolean(true), timestamp: at(eight)),
                Field(name: "Firmware", value: .text("1.0"), timestamp: at(eight)),
            ])
        #expect(lines(house.history(of: ble("A"), ReadRequest(flags: .historicalDay))) == ["00:00 Open=true"])
        #expect(house.historyCount == 1)
        house.remove(ble("A"))
        #expect(house.historyCount == 0)
        #expect(house.history(of: ble("A"), ReadRequest()).isEmpty)
    }

    @Test("Late readings and those ahead of the clock do not count; another unit begins anew")
    func order() throws {
        let house = try house()
        house.update(ble("A"), fields: [reading("1.0", eight + 60)])
        house.update(ble("A"), fields: [reading("9.0", eight)])
        house.update(ble("A"), fields: [reading("8.0", WallTime.now().millisecondsSince1970 / 1000 + 3_600)])
        let request = ReadRequest(fields: ["Temperature"], flags: .historicalMinute)
        #expect(lines(house.history(of: ble("A"), request)) == ["08:01 Temperature=1.0"])
        house.update(ble("A"), fields: [reading("50.0", eight + 120, unit: "°F")])
        #expect(house.history(of: ble("A"), request).map(\.unit) == ["°F"])
    }

    @Test("Beyond the limit a field has no history, and it is counted; 0 keeps none")
    func limits() throws {
        var limits = Concentrator.Limits()
        limits.historyFields = 1
        let house = try house(limits)
        house.update(ble("A"), fields: [reading("1", eight, name: "One"), reading("1", eight, name: "Two")])
        #expect(house.historyCount == 1)
        #expect(house.counters.historiesRefused == 1)
        limits.historyFields = 0
        let none = try self.house(limits)
        none.update(ble("A"), fields: [reading("1", eight)])
        #expect(none.historyCount == 0)
    }

    private func house(_ limits: Concentrator.Limits = .default) throws -> Concentrator {
        let concentrator = Concentrator(limits: limits)
        try concentrator.add(NodeDescription(id: ble("A")), driver: RecordingDriver())
        return concentrator
    }
}

@Suite("Order of nodes")
@Loop
struct OrderTests {
    @Test("A node moves among those beside it, the first not up, the last not down, and events tell")
    func moves() throws {
        let concentrator = Concentrator()
        let recorder = Recorder()
        for name in ["a", "b", "c"] {
            try concentrator.add(NodeDescription(id: gpio(name)), driver: RecordingDriver())
        }
        for name in ["x", "y"] {
            try concentrator.add(NodeDescription(id: ble(name), parent: gpio("b")), driver: RecordingDriver())
        }
        _ = concentrator.subscribe { recorder.record($0) }
        #expect(try concentrator.move(gpio("c"), up: true))
        #expect(try !concentrator.move(gpio("a"), up: true))
        #expect(try concentrator.move(ble("x"), up: false))
        #expect(try !concentrator.move(ble("x"), up: false))
        #expect(concentrator.roots(of: NodeID.meteringTopology).map(\.id) == [gpio("a"), gpio("c"), gpio("b")])
        #expect(concentrator.children(of: gpio("b")).map(\.id) == [ble("y"), ble("x")])
        #expect(recorder.events == ["moved gpio/c up", "moved ble/x down"])
        #expect(throws: NodeError(.notFound, "")) { try concentrator.move(gpio("z"), up: true) }
    }

    @Test("Only those of one bus change places")
    func buses() throws {
        let concentrator = Concentrator()
        for id in [gpio("a"), ble("x"), gpio("b"), ble("y")] {
            try concentrator.add(NodeDescription(id: id), driver: RecordingDriver())
        }
        #expect(try !concentrator.move(ble("x"), up: true))
        #expect(try concentrator.move(ble("y"), up: true))
        #expect(concentrator.ids == [gpio("a"), ble("y"), gpio("b"), ble("x")])
        #expect(concentrator.arrangement(of: NodeFamily(cacheType: "ble")) == [ble("y"), ble("x")])
        #expect(concentrator.arrangement(of: NodeFamily(cacheType: "gpio")).isEmpty)
    }

    @Test("An order that was given holds for nodes as they come, and those that are away keep their places")
    func arrangement() throws {
        let concentrator = Concentrator()
        let family = NodeFamily(cacheType: "ble")
        concentrator.arrange(["c", "away", "a"].map { ble($0) }, in: family)
        for name in ["z", "a", "b", "c"] {
            try concentrator.add(NodeDescription(id: ble(name)), driver: RecordingDriver())
        }
        #expect(concentrator.ids == ["c", "a", "z", "b"].map { ble($0) })
        #expect(try concentrator.move(ble("a"), up: true))
        #expect(concentrator.arrangement(of: family) == ["a", "away", "c", "z", "b"].map { ble($0) })
        concentrator.remove(ble("c"))
        try concentrator.add(NodeDescription(id: ble("c")), driver: RecordingDriver())
        try concentrator.add(NodeDescription(id: ble("away")), driver: RecordingDriver())
        #expect(concentrator.ids == ["a", "away", "c", "z", "b"].map { ble($0) })

        let parent = gpio("p")
        try concentrator.add(NodeDescription(id: parent), driver: RecordingDriver())
        concentrator.arrange([ble("2"), ble("1")], in: NodeFamily(parent: parent, cacheType: ""))
        for name in ["1", "2"] {
            try concentrator.add(NodeDescription(id: ble(name), parent: parent), driver: RecordingDriver())
        }
        #expect(concentrator.children(of: parent).map(\.id) == [ble("2"), ble("1")])
    }

    @Test("What is read with all that belongs to it comes in the order given, though nobody has looked before")
    func readingsInOrder() throws {
        let concentrator = Concentrator()
        let parent = gpio("p")
        // As after a restart: the order first, then the nodes as they come.
        concentrator.arrange([ble("2"), ble("1")], in: NodeFamily(parent: parent, cacheType: ""))
        try concentrator.add(NodeDescription(id: parent), driver: RecordingDriver())
        for name in ["1", "2"] {
            try concentrator.add(NodeDescription(id: ble(name), parent: parent), driver: RecordingDriver())
        }
        let readings = concentrator.read(ReadRequest(nodes: [parent], includesDescendants: true))
        #expect(readings.map(\.node) == [parent, ble("2"), ble("1")])
    }

    @Test("A new name is told as one")
    func renames() throws {
        let concentrator = Concentrator()
        let recorder = Recorder()
        try concentrator.add(NodeDescription(id: gpio("a")), driver: RecordingDriver())
        _ = concentrator.subscribe { recorder.record($0) }
        concentrator.setDisplayName(gpio("a"), "Pump")
        concentrator.setDisplayName(gpio("a"), "Pump")
        #expect(recorder.events == ["renamed gpio/a Pump"])
    }
}
