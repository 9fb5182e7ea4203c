import GPIO
import Logging
import OneLoop

/// A button on a GPIO line, debounced.
///
/// When its chip goes away, whatever the finger did counts for nothing, and the button does not work until the chip is
/// back; it is looked for every 5 s.
@Loop
public final class GPIOButton: Button {
    /// How long to wait before the line is tried again: soon enough for a person who mends a cable, and no load.
    static let retryInterval: Duration = .seconds(5)

    /// Contacts of push buttons bounce for 1 to 10 ms, worn ones for 20; a press lasts 50 ms at the least.
    public nonisolated static let defaultDebounce: Duration = .milliseconds(30)

    private let line: LineSelector
    private let configuration: InputConfiguration
    private let openChip: @Sendable () throws(GPIOError) -> any GPIOChip
    private let clock: any PairingClock
    private let log: Logger
    private var held: (any InputLine)?
    private var isDown = false
    /// Tells events of a line that was given back from those of the one that is held.
    private var generation = 0
    private var cancelRetry: (@Loop () -> Void)?
    private var isClosed = false

    /// Called at each change.
    public var onChange: (@Loop (ButtonChange) -> Void)?
    /// Why the button does not work; nil when it does.
    public private(set) var trouble: String?

    /// Takes the line.
    ///
    /// - Parameters:
    ///   - configuration: pulled up and active low for a button to ground, which is the common wiring.
    ///   - openChip: finds the chip; called again after a loss.
    public init(
        line: LineSelector,
        configuration: InputConfiguration = InputConfiguration(
            bias: .pullUp, activeLow: true, debounce: GPIOButton.defaultDebounce),
        clock: any PairingClock = LoopClock(),
        log: Logger = Logger(label: "pairing"),
        openChip: @escaping @Sendable () throws(GPIOError) -> any GPIOChip
    ) {
        self.line = line
        self.configuration = configuration
        self.clock = clock
        self.log = log
        self.openChip = openChip
        take()
    }

    /// Whether the button is down, asked of the line itself.
    public var isPressed: Bool? {
        guard let held else { return nil }
        return try? held.value()
    }

    /// Gives the line back.
    public func close() {
        isClosed = true
        drop()
        cancelRetry?()
        cancelRetry = nil
    }

    private func take() {
        generation += 1
        let generation = generation
        do {
            let line = try openChip().input(line, configuration, consumer: "gatehouse button") { [weak self] event in
                // From a thread of the chip; the loop keeps the order in which it is given work.
                Loop.eventLoop.execute { Loop.assumeIsolated { self?.received(event, generation) } }
            }
            held = line
            trouble = nil
            // A button found down is not one that was seen going down: it has to be let go first.
            isDown = (try? line.value()) ?? false
            if isDown { onChange?(.stuck) }
        } catch {
            fail(error.reason)
        }
    }

    private func received(_ event: LineEvent, _ generation: Int) {
        guard generation == self.generation, held != nil else { return }
        switch event {
        case .edge(let edge):
            guard edge.active != isDown else { return }
            isDown = edge.active
            onChange?(isDown ? .pressed : .released)
        case .lost(let reason):
            drop()
            fail(reason)
            onChange?(.lost)
        }
    }

    private func drop() {
        held?.close()
        held = nil
        isDown = false
    }

    private func fail(_ reason: String) {
        if trouble != reason { log.error("the button does not work: \(reason)") }
        trouble = reason
        guard !isClosed else { return }
        cancelRetry = clock.after(GPIOButton.retryInterval) { [weak self] in self?.take() }
    }
}
