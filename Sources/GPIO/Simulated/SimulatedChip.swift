import Synchronization

/// A chip in memory, for boards that are simulated and for tests: what is outside the pins is driven by hand.
///
/// Levels here are physical (true is high) and those of its lines logical, as with a real chip and a meter.
public final class SimulatedChip: GPIOChip {
    /// What the chip tells who watches its pins.
    public struct PinChange: Sendable, Hashable {
        /// The line.
        public let offset: UInt32
        /// Whether the pin is high.
        public let high: Bool

        /// A change.
        public init(offset: UInt32, high: Bool) {
            self.offset = offset
            self.high = high
        }
    }

    /// The most lines; the largest real chips have a few hundred.
    public static let maximumLineCount: UInt32 = 1024

    /// What it is.
    public let info: ChipInfo
    let state: Mutex<State>

    struct Pin {
        var name = ""
        /// What drives it from outside; nil leaves it to the bias.
        var driven: Bool?
        /// The last level a bias or output left; a pin that floats keeps it.
        var level = false
        var holder: Holder?
    }

    struct Holder {
        var id: UInt64
        var consumer: String
        var output: OutputConfiguration?
        var input: InputConfiguration?
        var value = false
        var onEvent: @Sendable (LineEvent) -> Void

        var activeLow: Bool { output?.activeLow ?? input?.activeLow ?? false }
    }

    struct State {
        var pins: [Pin]
        var ids: UInt64 = 0
        var isPlugged = true
        var watcher: (@Sendable (PinChange) -> Void)?
    }

    /// A chip with so many lines.
    ///
    /// - Parameter names: the names of some; others have none.
    public init(label: String = "simulated", lineCount: UInt32 = 32, names: [UInt32: String] = [:]) {
        let count = min(lineCount, SimulatedChip.maximumLineCount)
        info = ChipInfo(path: "simulated:\(label)", name: "simulated", label: label, lineCount: count)
        state = Mutex(State(pins: (0..<count).map { Pin(name: names[$0] ?? "") }))
    }

    /// A chip laid out as a Raspberry Pi's header: `ID_SDA`, `ID_SCL`, `GPIO2` to `GPIO27`.
    public static func raspberryPi() -> SimulatedChip {
        var names: [UInt32: String] = [0: "ID_SDA", 1: "ID_SCL"]
        for offset in 2...27 as ClosedRange<UInt32> { names[offset] = "GPIO\(offset)" }
        return SimulatedChip(lineCount: 28, names: names)
    }

    // MARK: From outside

    /// Drives a pin: high, low, or with nil not at all.
    ///
    /// Clean: there is no bouncing, so debounce has nothing to do. Whoever holds the line as an input gets the edge
    /// before this returns. An output wins over what drives it.
    public func drive(_ line: LineSelector, high: Bool?) throws(GPIOError) {
        try change(line) { $0.driven = high }
    }

    /// Drives a pin to the logical value of who holds it as an input; what is active low goes low for true.
    public func drive(_ line: LineSelector, active: Bool) throws(GPIOError) {
        try change(line) { $0.driven = active != ($0.holder?.activeLow ?? false) }
    }

    /// Whether a pin is high, as a meter on it would show.
    public func isHigh(_ line: LineSelector) throws(GPIOError) -> Bool {
        let offset = try offset(line)
        return state.withLock { $0.pins[Int(offset)].level }
    }

    /// Watches every pin; one watcher at a time, nil for none. Called on the thread that makes the change.
    public func watch(_ watcher: (@Sendable (PinChange) -> Void)?) {
        state.withLock { $0.watcher = watcher }
    }

    /// Pulls the chip out: its lines are lost, and everything fails until ``replug()``.
    public func unplug() {
        let lost = state.withLock { state -> [@Sendable (LineEvent) -> Void] in
            guard state.isPlugged else { return [] }
            state.isPlugged = false
            let handlers = state.pins.compactMap { $0.holder?.onEvent }
            for index in state.pins.indices { state.pins[index].holder = nil }
            return handlers
        }
        for handler in lost { handler(.lost("\(info) is gone")) }
    }

    /// Puts the chip back; lines must be taken anew.
    public func replug() {
        state.withLock { $0.isPlugged = true }
    }

    // MARK: The chip

    /// Whether it is pulled out.
    public var isLost: Bool { state.withLock { !$0.isPlugged } }

    /// Its lines.
    public func lines() throws(GPIOError) -> [LineInfo] {
        let lines = state.withLock { state -> [LineInfo]? in
            guard state.isPlugged else { return nil }
            return state.pins.enumerated().map { offset, pin in
                LineInfo(
                    offset: UInt32(offset), name: pin.name, isUsed: pin.holder != nil,
                    consumer: pin.holder?.consumer ?? "", isOutput: pin.holder?.output != nil)
            }
        }
        guard let lines else { throw lost }
        return lines
    }

    /// Takes a line as an input.
    public func input(
        _ line: LineSelector, _ configuration: InputConfiguration, consumer: String,
        onEvent: @escaping @Sendable (LineEvent) -> Void
    ) throws(GPIOError) -> any InputLine {
        try take(line, Holder(id: 0, consumer: consumer, input: configuration, onEvent: onEvent))
    }

    /// Takes a line as an output.
    public func output(
        _ line: LineSelector, _ configuration: OutputConfiguration, consumer: String,
        onLost: @escaping @Sendable (GPIOError) -> Void
    ) throws(GPIOError) -> any OutputLine {
        let onEvent: @Sendable (LineEvent) -> Void = { event in
            if case .lost(let reason) = event { onLost(GPIOError(.chipLost, reason)) }
        }
        return try take(
            line,
            Holder(
                id: 0, consumer: consumer, output: configuration, value: configuration.initial, onEvent: onEvent))
    }

    /// Gives every line back.
    public func close() {
        let held = state.withLock { state in
            state.pins.enumerated().compactMap { offset, pin in pin.holder.map { (UInt32(offset), $0.id) } }
        }
        for (offset, id) in held { release(offset, id) }
    }
}
