import GPIO
import OneLoop

/// A lamp on a GPIO line. When the chip goes away the ceremony goes on in the dark, and the line is taken again when it
/// is next to light.
@Loop
public final class GPIOIndicator: Indicator {
    private let line: LineSelector
    private let configuration: OutputConfiguration
    private let openChip: @Sendable () throws(GPIOError) -> any GPIOChip
    private var held: (any OutputLine)?
    private var isClosed = false
    /// Why the lamp does not work; nil when it does.
    public private(set) var trouble: String?

    /// Takes the line.
    ///
    /// - Parameters:
    ///   - activeLow: whether the low level lights the lamp.
    ///   - openChip: finds the chip; called again after a loss.
    public init(
        line: LineSelector, activeLow: Bool = false,
        openChip: @escaping @Sendable () throws(GPIOError) -> any GPIOChip
    ) {
        self.line = line
        configuration = OutputConfiguration(activeLow: activeLow, initial: false, safe: .off)
        self.openChip = openChip
        take()
    }

    /// Switches the lamp.
    public func set(_ on: Bool) {
        guard !isClosed else { return }
        if held == nil { take() }
        guard let held else { return }
        do {
            try held.set(on)
            trouble = nil
        } catch {
            trouble = error.reason
            held.close()
            self.held = nil
        }
    }

    /// Leaves the lamp dark and the line free.
    public func close() {
        isClosed = true
        held?.close()
        held = nil
    }

    private func take() {
        do {
            held = try openChip().output(line, configuration, consumer: "gatehouse led") { _ in }
            trouble = nil
        } catch {
            trouble = error.reason
        }
    }
}
