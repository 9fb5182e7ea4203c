import Testing

@testable import BluetoothLE

/// The ladder as a table of times: seconds since the scan began, and the rung that is due then.
@Suite struct RecoveryLadderTests {
    let start = ContinuousClock.now

    func at(_ seconds: Int) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    /// Looks every five seconds, as a driver does, and notes what is due.
    func climb(
        _ ladder: inout RecoveryLadder, from: Int = 0, to: Int
    ) -> [(second: Int, step: RecoveryLadder.Step, isNews: Bool)] {
        var taken: [(Int, RecoveryLadder.Step, Bool)] = []
        for second in stride(from: from, through: to, by: 5) {
            if let due = ladder.due(at: at(second)) { taken.append((second, due.step, due.isNews)) }
        }
        return taken
    }

    @Test func climbsWithEverLongerWaits() {
        var ladder = RecoveryLadder(at: start)
        let taken = climb(&ladder, to: 2700)
        #expect(taken.map(\.step) == [.restartScan, .cyclePower, .resetDevice, .passiveFallback, .tellUser])
        #expect(taken.map(\.second) == [90, 270, 630, 1350, 2070])
        #expect(taken.filter(\.isNews).count == 5)
        #expect(ladder.isExhausted)
        #expect(ladder.counts == Dictionary(uniqueKeysWithValues: RecoveryLadder.Step.allCases.map { ($0, 1) }))
    }

    @Test func aQuietHouseIsToldOnceAndThenSeldomDisturbed() {
        var ladder = RecoveryLadder(at: start)
        let day = climb(&ladder, to: 86_400)
        #expect(day.filter(\.isNews).count == 5)
        let week = climb(&ladder, from: 86_405, to: 7 * 86_400)
        #expect(week.filter(\.isNews).isEmpty)
        // At most a climb of five each six hours.
        #expect(week.count <= 6 * 4 * 5)
        #expect(!week.isEmpty)
    }

    @Test func neverTwoStepsWithinTheTimeOfSilence() {
        var ladder = RecoveryLadder(at: start)
        let taken = climb(&ladder, to: 10 * 86_400)
        for (one, next) in zip(taken, taken.dropFirst()) { #expect(next.second - one.second >= 90) }
    }

    @Test func oneAdvertIsTheFloorAgain() {
        var ladder = RecoveryLadder(at: start)
        _ = climb(&ladder, to: 300)
        #expect(ladder.last == .cyclePower)
        let recovered = [ladder.heard(at: at(305)), ladder.heard(at: at(310))]
        #expect(recovered == [.cyclePower, nil])
        let early = climb(&ladder, from: 315, to: 395)
        #expect(early.isEmpty)
        let next = climb(&ladder, from: 400, to: 400)
        #expect(next.map(\.step) == [.restartScan])
        #expect(ladder.counts == [.restartScan: 2, .cyclePower: 1])
    }

    @Test func hearingAllTheTimeNeverClimbs() {
        var ladder = RecoveryLadder(at: start)
        for second in stride(from: 0, to: 100_000, by: 85) {
            let due = ladder.due(at: at(second))
            let recovered = ladder.heard(at: at(second))
            #expect(due?.step == nil && recovered == nil)
        }
    }

    @Test func rungsThatAreNotThereAreSkippedAndNotCounted() {
        var ladder = RecoveryLadder(at: start, steps: AdapterDriver.steps(canReset: false))
        var taken: [RecoveryLadder.Step] = []
        for second in stride(from: 0, through: 1000, by: 5) {
            guard let due = ladder.due(at: at(second)) else { continue }
            if due.step == .passiveFallback { ladder.skip(at: at(second)) } else { taken.append(due.step) }
        }
        #expect(taken == [.restartScan, .cyclePower, .tellUser])
        #expect(ladder.counts[.passiveFallback] == nil)
    }

    @Test func aDeviceThatComesBackGoesOnWhereItWas() {
        var ladder = RecoveryLadder(at: start)
        _ = climb(&ladder, to: 630)
        #expect(ladder.last == .resetDevice)
        ladder.scanBegan(at: at(640), steps: AdapterDriver.steps(canReset: true))
        let next = climb(&ladder, from: 640, to: 1350)
        #expect(next.map(\.step) == [.passiveFallback])
    }
}
