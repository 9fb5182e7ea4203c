import Advertising
import Testing

@testable import GATT

private let start = ContinuousClock.now
private func at(_ second: Double) -> ContinuousClock.Instant { start + .seconds(second) }
private let a = BluetoothAddress(rawValue: 0xA)
private let b = BluetoothAddress(rawValue: 0xB)
private let c = BluetoothAddress(rawValue: 0xC)

/// The schedule as a table, with two connections at a time.
@Suite struct ScheduleTests {
    typealias Event = ConnectionSchedule.Event
    typealias Action = ConnectionSchedule.Action

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let steps: [(Double, Event, [Action])]
        var testDescription: String { name }
    }

    private static func want(_ address: BluetoothAddress, _ isUrgent: Bool = false) -> Event {
        .wanted(address, isUrgent: isUrgent)
    }

    static let rows: [Row] = [
        Row(
            name: "one attempt at a time",
            steps: [
                (0, want(a), [.connect(a)]), (0, want(b), []), (0, want(a), []), (1, .connected(a), [.connect(b)]),
                (2, .connected(b), []), (3, want(a), []),
            ]),
        Row(
            name: "the third waits for a free one, in order",
            steps: [
                (0, want(a), [.connect(a)]), (1, .connected(a), []), (1, want(b), [.connect(b)]),
                (2, .connected(b), []),
                (3, want(c), []), (4, .ended(a), [.connect(c)]), (5, want(a), []), (6, .connected(c), []),
                (7, .ended(b), [.connect(a)]),
            ]),
        Row(
            name: "an attempt counts as a connection",
            steps: [
                (0, want(a), [.connect(a)]), (1, .connected(a), []), (1, want(b), [.connect(b)]), (1, want(c), []),
                (2, .failed(b), [.connect(c)]),
            ]),
        Row(
            name: "patience ends",
            steps: [
                (0, want(a), [.connect(a)]), (1, .connected(a), []), (1, want(b), [.connect(b)]),
                (2, .connected(b), []),
                (3, want(c), []), (32.9, .tick, []), (33, .tick, [.refuse(c, .noConnectionFree)]), (34, .ended(a), []),
            ]),
        Row(
            name: "failures wait longer and longer",
            steps: [
                (0, want(a), [.connect(a)]), (1, .failed(a), []), (5.9, want(a), [.refuse(a, .backingOff)]),
                (6, want(a), [.connect(a)]), (7, .failed(a), []), (16.9, want(a), [.refuse(a, .backingOff)]),
                (17, want(a), [.connect(a)]), (18, .connected(a), []), (19, .failed(a), []),
                (38.9, want(a), [.refuse(a, .backingOff)]), (39, want(a), [.connect(a)]), (40, .connected(a), []),
                // A connection that served its purpose takes the failures away.
                (41, .ended(a), []), (41, want(a), [.connect(a)]), (42, .failed(a), []), (47, want(a), [.connect(a)]),
            ]),
        Row(
            name: "a person does not wait for a back-off",
            steps: [(0, want(a), [.connect(a)]), (1, .failed(a), []), (2, want(a, true), [.connect(a)])]),
        Row(
            name: "a person goes first",
            steps: [
                (0, want(a), [.connect(a)]), (0, want(b), []), (0, want(c, true), []),
                (1, .connected(a), [.connect(c)]),
            ]),
        Row(
            name: "kept connections make room after their turn, the oldest first",
            steps: [
                (0, want(a), [.connect(a)]), (1, .connected(a), []), (1, .kept(a), []), (2, want(b), [.connect(b)]),
                (3, .connected(b), []), (3, .kept(b), []), (4, want(c), []), (30.9, .tick, []),
                (31, .tick, [.yield(a)]),
                (32, .tick, []), (33, .ended(a), [.connect(c)]),
            ]),
        Row(
            name: "for a person at once",
            steps: [
                (0, want(a), [.connect(a)]), (1, .connected(a), []), (1, .kept(a), []), (2, want(b), [.connect(b)]),
                (3, .connected(b), []), (4, want(c, true), [.yield(a)]), (5, .ended(a), [.connect(c)]),
            ]),
        Row(
            name: "connections that are not kept are nobody's to take",
            steps: [
                (0, want(a), [.connect(a)]), (1, .connected(a), []), (2, want(b), [.connect(b)]),
                (3, .connected(b), []),
                (4, want(c, true), []),
            ]),
        Row(
            name: "who wants no more is not connected",
            steps: [(0, want(a), [.connect(a)]), (0, want(b), []), (1, .unwanted(b), []), (2, .connected(a), [])]),
        Row(
            name: "an attempt that was given up makes room, and is no failure",
            steps: [(0, want(a), [.connect(a)]), (0, want(b), []), (1, .ended(a), [.connect(b)]), (1, want(a), [])]),
        Row(
            name: "what is not so changes nothing",
            steps: [
                (0, .connected(a), []), (0, .ended(a), []), (0, .kept(a), []), (0, .unwanted(a), []), (0, .tick, []),
            ]),
    ]

    @Test(arguments: rows) func row(_ row: Row) {
        var rules = ConnectionSchedule.Rules()
        rules.slots = 2
        var schedule = ConnectionSchedule(rules)
        for (second, event, actions) in row.steps {
            #expect(schedule.handle(event, at: at(second)) == actions, "\(event) at \(second)")
            #expect(schedule.used <= 2)
        }
    }

    @Test func waitsEndAtTenMinutesAndTheTableIsBounded() {
        var schedule = ConnectionSchedule()
        var now = start
        for _ in 0..<20 {
            _ = schedule.handle(.wanted(a, isUrgent: true), at: now)
            _ = schedule.handle(.failed(a), at: now)
            now += .seconds(1)
        }
        #expect(schedule.backOff(of: a) == now - .seconds(1) + .seconds(600))
        for number in 1...UInt64(2 * ConnectionSchedule.mostFailures) {
            let address = BluetoothAddress(rawValue: number << 8)
            _ = schedule.handle(.wanted(address, isUrgent: true), at: now)
            _ = schedule.handle(.failed(address), at: now)
        }
        #expect(schedule.backOff(of: a) != nil)
        let remembered = (1...UInt64(2 * ConnectionSchedule.mostFailures)).count {
            schedule.backOff(of: BluetoothAddress(rawValue: $0 << 8)) != nil
        }
        #expect(remembered == ConnectionSchedule.mostFailures - 1)
    }

    /// Whatever happens, there are never more connections than may be, one attempt at a time, and each wish ends.
    @Test func promisesUnderRandomEvents() {
        var generator = SystemRandomNumberGenerator()
        let addresses = (1...6).map { BluetoothAddress(rawValue: $0) }
        for _ in 0..<200 {
            var rules = ConnectionSchedule.Rules()
            rules.slots = Int.random(in: 1...3, using: &generator)
            var schedule = ConnectionSchedule(rules)
            var now = start
            var attempts: Set<BluetoothAddress> = []
            var up: Set<BluetoothAddress> = []
            for _ in 0..<300 {
                now += .milliseconds(Int.random(in: 0...4_000, using: &generator))
                let address = addresses.randomElement(using: &generator) ?? a
                let event: Event
                switch Int.random(in: 0...6, using: &generator) {
                case 0, 1: event = .wanted(address, isUrgent: .random(using: &generator))
                case 2: event = attempts.first.map { .connected($0) } ?? .tick
                case 3: event = attempts.first.map { .failed($0) } ?? .tick
                case 4: event = up.randomElement(using: &generator).map { .ended($0) } ?? .tick
                case 5: event = up.randomElement(using: &generator).map { .kept($0) } ?? .tick
                default: event = .tick
                }
                if case .connected(let one) = event { up.insert(one) }
                if case .ended(let one) = event { up.remove(one) }
                switch event {
                case .connected(let one), .failed(let one): attempts.remove(one)
                default: break
                }
                for action in schedule.handle(event, at: now) {
                    switch action {
                    case .connect(let one):
                        #expect(!up.contains(one) && attempts.isEmpty)
                        attempts.insert(one)
                    case .yield(let one): #expect(up.contains(one))
                    case .refuse: break
                    }
                }
                #expect(attempts.count + up.count <= rules.slots)
                #expect(schedule.used == attempts.count + up.count)
            }
        }
    }
}
