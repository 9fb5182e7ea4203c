import GPIO
import Synchronization
import Testing

final class Heard: Sendable {
    private let events = Mutex<[LineEvent]>([])
    var all: [LineEvent] { events.withLock { $0 } }
    var levels: [Bool] {
        all.compactMap { if case .edge(let edge) = $0 { edge.active } else { nil } }
    }
    func add(_ event: LineEvent) { events.withLock { $0.append(event) } }
}

@Suite struct SimulatedChipTests {
    let chip = SimulatedChip.raspberryPi()
    let heard = Heard()

    func input(_ line: LineSelector, _ configuration: InputConfiguration) throws -> any InputLine {
        try chip.input(line, configuration, consumer: "test") { [heard] in heard.add($0) }
    }

    func output(_ line: LineSelector, _ configuration: OutputConfiguration) throws -> any OutputLine {
        try chip.output(line, configuration, consumer: "test") { [heard] in heard.add(.lost($0.reason)) }
    }

    @Test func aButtonToGround() throws {
        let button = try input(.name("GPIO17"), InputConfiguration(bias: .pullUp, activeLow: true))
        #expect(try button.value() == false)
        #expect(try chip.isHigh(.name("GPIO17")))
        try chip.drive(.name("GPIO17"), high: false)
        #expect(try button.value())
        try chip.drive(.name("GPIO17"), high: false)
        try chip.drive(.name("GPIO17"), high: nil)
        #expect(try button.value() == false)
        try chip.drive(.offset(17), active: true)
        #expect(try chip.isHigh(.offset(17)) == false)
        #expect(heard.levels == [true, false, true])
        let times = heard.all.compactMap { if case .edge(let edge) = $0 { edge.timestamp } else { nil } }
        #expect(times == times.sorted())
    }

    @Test(arguments: [
        (false, false, false), (false, true, true), (true, false, true), (true, true, false),
    ])
    func outputsStartAsTold(activeLow: Bool, initial: Bool, high: Bool) throws {
        let line = try output(.offset(4), OutputConfiguration(activeLow: activeLow, initial: initial))
        #expect(try chip.isHigh(.offset(4)) == high)
        #expect(try line.value() == initial)
        try line.set(!initial)
        #expect(try chip.isHigh(.offset(4)) == !high)
        #expect(try line.value() == !initial)
    }

    @Test(arguments: [
        (SafeValue.off, true, false), (.on, false, true), (.keep, true, true), (.keep, false, false),
    ])
    func outputsEndSafe(_ safe: SafeValue, _ last: Bool, _ left: Bool) throws {
        let line = try output(.offset(4), OutputConfiguration(safe: safe))
        try line.set(last)
        line.close()
        #expect(try chip.isHigh(.offset(4)) == left)
        #expect { try line.set(true) } throws: { ($0 as? GPIOError)?.code == .closed }
        line.close()
        #expect(try chip.lines()[4].isUsed == false)
    }

    @Test func closingTheChipEndsEveryOutputSafe() throws {
        let one = try output(.offset(4), OutputConfiguration(initial: true))
        let two = try output(.offset(5), OutputConfiguration(activeLow: true, initial: true))
        chip.close()
        #expect(try chip.isHigh(.offset(4)) == false)
        #expect(try chip.isHigh(.offset(5)))
        #expect { _ = try one.value() } throws: { ($0 as? GPIOError)?.code == .closed }
        two.close()
    }

    @Test func aDroppedLineIsFree() throws {
        _ = try output(.offset(4), OutputConfiguration(initial: true))
        #expect(try chip.lines()[4].isUsed == false)
    }

    @Test func openDrainPullsOnly() throws {
        let line = try output(.offset(4), OutputConfiguration(drive: .openDrain, bias: .pullUp, initial: true))
        #expect(try chip.isHigh(.offset(4)))
        try chip.drive(.offset(4), high: false)
        #expect(try chip.isHigh(.offset(4)) == false)
        try chip.drive(.offset(4), high: true)
        try line.set(false)
        #expect(try chip.isHigh(.offset(4)) == false)
    }

    @Test func aBusyLineNamesItsHolder() throws {
        let line = try chip.input(.name("GPIO17"), InputConfiguration(), consumer: "kettle") { _ in }
        #expect { _ = try output(.offset(17), OutputConfiguration()) } throws: { error in
            let error = error as? GPIOError
            return error?.code == .lineBusy && error?.reason.contains("kettle") == true
        }
        #expect(try chip.lines()[17] == LineInfo(offset: 17, name: "GPIO17", isUsed: true, consumer: "kettle"))
        line.close()
        _ = try output(.offset(17), OutputConfiguration())
    }

    @Test func unpluggedAndPutBack() throws {
        let button = try input(.offset(17), InputConfiguration())
        let relay = try output(.offset(18), OutputConfiguration())
        chip.unplug()
        #expect(heard.all.count == 2)
        #expect(heard.levels.isEmpty)
        chip.unplug()
        #expect(heard.all.count == 2)
        for attempt in [
            { _ = try button.value() }, { try relay.set(true) }, { _ = try chip.lines() },
            { _ = try output(.offset(2), OutputConfiguration()) },
        ] {
            #expect { try attempt() } throws: { ($0 as? GPIOError)?.code == .chipLost }
        }
        chip.replug()
        #expect { try relay.set(true) } throws: { ($0 as? GPIOError)?.code == .closed }
        #expect(try input(.offset(17), InputConfiguration()).value() == false)
    }

    @Test func pinsAreWatched() throws {
        let changes = Mutex<[SimulatedChip.PinChange]>([])
        chip.watch { change in changes.withLock { $0.append(change) } }
        let line = try output(.offset(4), OutputConfiguration())
        try line.set(true)
        try line.set(true)
        line.close()
        #expect(
            changes.withLock { $0 } == [
                SimulatedChip.PinChange(offset: 4, high: true), SimulatedChip.PinChange(offset: 4, high: false),
            ])
    }
}
