import OneLoop
import Testing

@testable import Pairing

/// What the lamp does, as `(moment in ms, light)`, is what people learn from the documentation.
@Loop @Suite struct PatternPlayerTests {
    let clock = ManualClock()

    @Loop final class Recorder: Indicator {
        let clock: ManualClock
        let start: Duration
        var kernelBlinks = false
        var changes: [String] = []
        private var isOn = false
        init(_ clock: ManualClock) {
            self.clock = clock
            start = clock.now
        }
        func set(_ on: Bool) {
            guard on != isOn || !changes.isEmpty && changes[changes.count - 1].hasPrefix("blink") else { return }
            isOn = on
            changes.append("\((clock.now - start) / .milliseconds(1)) \(on ? "on" : "off")")
        }
        func blink(on: Duration, off: Duration) -> Bool {
            if kernelBlinks { changes.append("blink \(on / .milliseconds(1)) \(off / .milliseconds(1))") }
            return kernelBlinks
        }
    }

    func record(_ body: (PatternPlayer) -> Void) -> [String] {
        let recorder = Recorder(clock)
        let player = PatternPlayer(indicator: recorder, clock: clock)
        body(player)
        return recorder.changes
    }

    @Test func aKnockFlashesTwiceASecond() {
        #expect(
            record {
                $0.show(.knocking)
                clock.advance(.milliseconds(900))
                $0.show(.dark)
                clock.advance(.seconds(5))
            } == ["0.0 on", "250.0 off", "500.0 on", "750.0 off"])
    }

    @Test func aReportCountsAndIsNotCutByIdling() {
        #expect(
            record {
                $0.play(.report(.trusted))
                $0.show(.dark)
                clock.advance(.seconds(5))
            } == ["0.0 on", "300.0 off", "600.0 on", "900.0 off"])
    }

    @Test func aSignalGivesWayToAState() {
        #expect(
            record {
                $0.play(.accepted)
                clock.advance(.milliseconds(500))
                $0.show(.warning)
                clock.advance(.milliseconds(99))
                $0.close()
            } == ["0.0 on", "550.0 off"])
    }

    @Test func theStateReturnsAfterASignal() {
        #expect(
            record {
                $0.show(.steady)
                $0.play(.backedOut)
                clock.advance(.seconds(1))
            } == ["0.0 on", "60.0 off", "250.0 on"])
    }

    @Test func theKernelBlinksWhatNeverEnds() {
        let recorder = Recorder(clock)
        recorder.kernelBlinks = true
        let player = PatternPlayer(indicator: recorder, clock: clock)
        player.show(.knocking)
        #expect(clock.timerCount == 0)
        player.show(.dark)
        player.play(.refused)
        clock.advance(.milliseconds(100))
        #expect(recorder.changes == ["blink 250.0 250.0", "0.0 off", "0.0 on", "60.0 off"])
    }

    @Test func everySignalEnds() {
        for signal in [Signal.accepted, .refused, .failed, .backedOut, .resetDone]
            + StateReport.allCases.map(Signal.report)
        {
            let lamp = MemoryIndicator()
            let player = PatternPlayer(indicator: lamp, clock: clock)
            player.play(signal)
            #expect(lamp.isOn)
            clock.advance(.seconds(10))
            #expect(!lamp.isOn)
            #expect(clock.timerCount == 0)
        }
    }
}
