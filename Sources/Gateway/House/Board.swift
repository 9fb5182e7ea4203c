import GPIO
import Logging
import OneLoop
import Pairing

/// The board's hardware: its lamp and its button; real, or in memory for a simulated board.
@Loop
final class Board {
    let configuration: Configuration.Board
    let indicator: any Indicator
    let button: any Button
    /// The simulated chip; `nil` on real hardware.
    let simulated: SimulatedChip?
    /// Why the lamp that the configuration names cannot be had; `nil` when it can.
    let lampMissing: String?

    /// Takes hold of lamp and button. What is missing is told by their `trouble`, and stops nothing.
    ///
    /// - Parameter lamp: called when a lamp in memory changes, for the terminal that draws it.
    init(
        _ configuration: Configuration.Board, pool: ChipPool, simulated: SimulatedChip?, log: Logger,
        lamp: @escaping @Loop (Bool) -> Void
    ) {
        self.configuration = configuration
        self.simulated = simulated
        guard simulated == nil else {
            indicator = MemoryIndicator(onChange: lamp)
            button = MemoryButton()
            lampMissing = nil
            return
        }
        let selector = ChipSelector(configuration.chips)
        let openChip: @Sendable () throws(GPIOError) -> any GPIOChip = { () throws(GPIOError) in
            try pool.chip(selector)
        }
        let drive = configuration.ledDrive
        var missing: String?
        if drive.hasPrefix("gpio:") {
            indicator = GPIOIndicator(
                line: LineSelector(String(drive.dropFirst(5))), activeLow: configuration.ledActiveLow,
                openChip: openChip)
        } else if drive.hasPrefix("led:") {
            do throws(PairingError) {
                indicator = try LEDClassIndicator(name: String(drive.dropFirst(4)))
            } catch {
                missing = error.reason
                indicator = MemoryIndicator(onChange: lamp)
            }
        } else {
            indicator = MemoryIndicator(onChange: lamp)
        }
        lampMissing = missing
        button =
            configuration.buttonLine.isEmpty
            ? AbsentButton()
            : GPIOButton(
                line: LineSelector(configuration.buttonLine),
                configuration: InputConfiguration(
                    bias: Bias(rawValue: configuration.buttonBias) ?? .asIs,
                    activeLow: configuration.buttonActiveLow, debounce: .milliseconds(configuration.buttonDebounce)),
                log: log, openChip: openChip)
    }

    /// Gives lamp and button back.
    func close() {
        button.close()
        indicator.close()
    }

    /// A chip in memory that has a header's lines and every other line that the configuration names.
    nonisolated static func simulate(lines: [Configuration.Line]) -> SimulatedChip {
        var names: [UInt32: String] = [:]
        for offset in 0..<28 as Range<UInt32> { names[offset] = "GPIO\(offset)" }
        var known = Set(names.values)
        var next: UInt32 = 32
        for name in lines.map(\.line) where UInt32(name) == nil && known.insert(name).inserted {
            names[next] = name
            next += 1
        }
        return SimulatedChip(lineCount: max(64, next), names: names)
    }
}
