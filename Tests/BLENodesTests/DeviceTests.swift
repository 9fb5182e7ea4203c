import Testing

@testable import Advertising
@testable import BLENodes

private let start = ContinuousClock.now

@Suite struct MessageFilterTests {
    /// Decodes BTHome to get at an envelope.
    private func plain(_ packetID: UInt8?) throws -> Envelope {
        try envelope("40" + (packetID.map { "00" + Hex.text([$0]) } ?? "") + "015d")
    }

    private func envelope(_ data: String) throws -> Envelope {
        var writer = ADWriter()
        writer.append(.serviceData16, number: 0xFCD2, Hex.bytes(data) ?? [])
        return try #require(try AdvertDecoder.standard.decode(writer.payload)).envelope
    }

    @Test(
        arguments: [
            ([(0, 10)], [.fresh]),
            ([(0, 10), (1, 10)], [.fresh, .duplicate]),
            ([(0, 10), (4, 10)], [.fresh, .duplicate]),
            ([(0, 10), (4.1, 10)], [.fresh, .fresh]),
            ([(0, 10), (1, 11), (2, 10), (3, 11)], [.fresh, .fresh, .late, .duplicate]),
            ([(0, 10), (1, 73)], [.fresh, .fresh]),
            ([(0, 10), (1, 74)], [.fresh, .late]),
            ([(0, 250), (1, 3)], [.fresh, .fresh]),
            ([(0, 250), (1, 58)], [.fresh, .late]),
            // What is not taken does not move the window.
            ([(0, 10), (3, 10), (4.5, 10)], [.fresh, .duplicate, .fresh]),
        ] as [([(Double, UInt8)], [MessageFilter.Verdict])])
    func packetIDsTellRepeatsAndLatecomers(messages: [(Double, UInt8)], expected: [MessageFilter.Verdict]) throws {
        var filter = MessageFilter()
        for ((second, packetID), verdict) in zip(messages, expected) {
            let found = filter.judge(try plain(packetID), at: start.advanced(by: .seconds(second)))
            #expect(found == verdict)
        }
    }

    @Test func withoutPacketIDEachIsFresh() throws {
        var filter = MessageFilter()
        let message = try plain(nil)
        let verdicts = (0..<3).map { _ in filter.judge(message, at: start) }
        #expect(verdicts == [.fresh, .fresh, .fresh])
    }

    @Test(
        arguments: [
            ([1000, 1001], [.fresh, .fresh]), ([1000, 1000], [.fresh, .duplicate]),
            ([1000, 999], [.fresh, .replayed]),
            ([1000, 100], [.fresh, .replayed]), ([1000, 99], [.fresh, .fresh]),
            ([1000, 0, 1, 1000], [.fresh, .fresh, .fresh, .fresh]),
            ([1000, 999, 1001, 1000], [.fresh, .replayed, .fresh, .replayed]), ([UInt32.max, 5], [.fresh, .fresh]),
        ] as [([UInt32], [MessageFilter.Verdict])])
    func countersMustNotGoBack(counters: [UInt32], expected: [MessageFilter.Verdict]) {
        var filter = MessageFilter()
        for (counter, verdict) in zip(counters, expected) {
            let found = filter.judge(Envelope.encrypted(counter), at: start)
            #expect(found == verdict)
        }
    }
}

@Suite struct KeyTroubleTests {
    @Test(
        arguments: [
            ([.wrongKey], nil), ([.wrongKey, .wrongKey], .wrongKey), ([.wrongKey, nil, .wrongKey], nil),
            ([.wrongKey, .noMeasurements, .wrongKey], .wrongKey), ([.keyMissing], .keyMissing),
            ([.keyMissing, nil], nil),
            ([.plaintextDespiteKey], .plaintextDespiteKey), ([.plaintextDespiteKey, nil], nil), ([.wrongLength], nil),
            ([.wrongKey, .wrongKey, nil, .wrongKey], nil),
        ] as [([Refusal.Code?], KeyTrouble.Kind?)])
    func troubleIsToldAtTheRightTime(events: [Refusal.Code?], expected: KeyTrouble.Kind?) {
        var trouble = KeyTrouble()
        for event in events {
            if let event { trouble.failed(event) } else { trouble.succeeded() }
        }
        #expect(trouble.current == expected)
        let isNews = [trouble.isNews(), trouble.isNews()]
        #expect(isNews == [expected != nil, false])
    }
}

@Suite struct PresenceTrackerTests {
    private func tracker(_ seconds: [Double]) -> PresenceTracker {
        var tracker = PresenceTracker()
        for second in seconds { tracker.heard(at: start.advanced(by: .seconds(second))) }
        return tracker
    }

    @Test func untilTheRhythmIsKnownTheFallbackHolds() {
        #expect(tracker([0, 1, 2, 3]).timeout(isConnectable: true) == .seconds(195))
        #expect(tracker([0, 1, 2, 3]).timeout(isConnectable: false) == .seconds(900))
        #expect(tracker([]).timeout(isConnectable: nil) == .seconds(900))
        #expect(!tracker([]).isGone(at: start.advanced(by: .seconds(9999)), isConnectable: nil))
    }

    @Test func theLongestGapCounts() {
        #expect(tracker([0, 10, 20, 31, 40]).timeout(isConnectable: true) == .seconds(33))
        // Never below the shortest, never above the fallback.
        #expect(tracker([0, 1, 2, 3, 4]).timeout(isConnectable: true) == .seconds(15))
        #expect(tracker([0, 600, 1200, 1800, 2400]).timeout(isConnectable: true) == .seconds(900))
    }

    @Test func twoOfOneMomentAreOne() {
        #expect(tracker([0, 0.01, 0.02, 0.05, 0.09]).timeout(isConnectable: true) == .seconds(195))
    }

    @Test func theSilenceThatMadeItGoneIsLearned() {
        var device = tracker([0, 10, 20, 30, 40])
        #expect(!device.isGone(at: start.advanced(by: .seconds(70)), isConnectable: nil))
        #expect(device.isGone(at: start.advanced(by: .seconds(71)), isConnectable: nil))
        device.heard(at: start.advanced(by: .seconds(80)))
        #expect(device.timeout(isConnectable: nil) == .seconds(120))
        // Sixteen regular ones later it is forgotten.
        for number in 1...16 { device.heard(at: start.advanced(by: .seconds(80 + 10 * Double(number)))) }
        #expect(device.timeout(isConnectable: nil) == .seconds(30))
    }
}

@Suite struct SignalStrengthTests {
    @Test func noiseIsNoNewsAndMovingIs() {
        var strength = SignalStrength()
        let first = strength.add(-60)
        #expect(first == -60)
        var published = 0
        for number in 0..<1000 where strength.add(number.isMultiple(of: 2) ? -66 : -54) != nil { published += 1 }
        #expect(published == 0)
        var last: Int8?
        for _ in 0..<100 { last = strength.add(-80) ?? last }
        #expect((-80 ... -77).contains(last ?? 0))
    }

    @Test func theEndsOfTheScaleDoNotTrap() {
        var strength = SignalStrength()
        for _ in 0..<200 { _ = strength.add(.min) }
        for _ in 0..<200 { _ = strength.add(.max) }
        #expect(strength.published.map { $0 > 120 } == true)
    }
}

@Suite struct StrangerTableTests {
    private func stranger(_ number: UInt64, format: AdvertFormat? = nil, second: Double = 0) -> Stranger {
        Stranger(
            address: BluetoothAddress(rawValue: number), addressKind: .public, format: format, needsKey: false,
            rssi: -60,
            count: 1, lastHeard: start.advanced(by: .seconds(second)))
    }

    @Test func theTableNeverGrows() {
        var table = StrangerTable()
        for number in 0..<100_000 { table.note(stranger(UInt64(number), second: Double(number))) }
        #expect(table.strangers.count <= StrangerTable.sets * StrangerTable.ways)
        #expect(table.strangers.count > 900)
        #expect(table.arrivals == 100_000)
        #expect(table.evictions == 100_000 - UInt64(table.strangers.count))
    }

    @Test func oneThatReturnsIsCounted() {
        var table = StrangerTable()
        for _ in 0..<5 { table.note(stranger(7)) }
        #expect(table.strangers.map(\.count) == [5])
        table.remove(BluetoothAddress(rawValue: 7))
        #expect(table.strangers.isEmpty)
    }

    @Test func knownFormatsStayLongest() {
        var table = StrangerTable()
        table.note(stranger(1, format: .bthome))
        for number in 2..<50_000 { table.note(stranger(UInt64(number), second: Double(number))) }
        #expect(table.strangers.first?.address.rawValue == 1)
    }
}

@Suite struct DeviceRecordTests {
    @Test func recordsComeBackTheSame() {
        var record = DeviceRecord()
        record.verdict = .denied
        record.isNameGiven = true
        record.deviceClass = "thermometer"
        record.name = "Küche"
        #expect(DeviceRecord(record.encoded) == record)
        #expect(DeviceRecord(DeviceRecord().encoded) == DeviceRecord())
        for (verdict, isAwaited, connects) in [
            (DeviceRecord.Verdict.allowed, true, true), (.allowed, false, false), (.none, false, true),
        ] {
            record.verdict = verdict
            record.isAwaited = isAwaited
            record.connects = connects
            #expect(DeviceRecord(record.encoded) == record)
        }
    }

    @Test func recordsOfTheFirstReleaseAreRead() {
        let record = DeviceRecord([1, 1, 6] + Array("sensor".utf8) + [0])
        #expect(record?.verdict == .denied)
        #expect(DeviceRecord([1, 0, 6] + Array("sensor".utf8) + [0]) == DeviceRecord())
    }

    @Test func damagedRecordsAreNone() {
        var record = DeviceRecord()
        record.name = "Küche"
        let bytes = record.encoded
        for length in 0..<bytes.count { #expect(DeviceRecord(Array(bytes[..<length])) == nil) }
        #expect(DeviceRecord(bytes + [0]) == nil)
        #expect(DeviceRecord([2] + bytes.dropFirst()) == nil)
    }

    @Test func namesAreCleanedAndCut() {
        #expect(DeviceRecord.name("a\u{0}b\u{7F}\nc") == "abc")
        #expect(DeviceRecord.name(String(repeating: "°", count: 40)).utf8.count == 64)
    }
}

extension Envelope {
    /// That of an encrypted message.
    fileprivate static func encrypted(_ counter: UInt32) -> Envelope {
        var envelope = Envelope()
        envelope.isEncrypted = true
        envelope.counter = counter
        return envelope
    }
}
