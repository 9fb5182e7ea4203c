import Synchronization

/// Chips that several users share, opened when first asked for and anew when they were lost.
public final class ChipPool: Sendable {
    /// Opens a chip.
    public typealias Opener = @Sendable (ChipSelector) throws(GPIOError) -> any GPIOChip

    private let open: Opener
    private let chips = Mutex<[ChipSelector: any GPIOChip]>([:])

    /// A pool over an opener; the kernel's chips unless told otherwise.
    public init(
        open: @escaping Opener = { selector throws(GPIOError) in try KernelChip.open(selector) }
    ) {
        self.open = open
    }

    /// A pool in which every selector means this one chip: a simulated board's.
    public convenience init(simulated chip: SimulatedChip) {
        self.init { _ in chip }
    }

    /// The chip meant, open. May wait for the device node a moment.
    ///
    /// - Throws: ``GPIOError``; nothing is remembered of a failure.
    public func chip(_ selector: ChipSelector) throws(GPIOError) -> any GPIOChip {
        if let chip = chips.withLock({ $0[selector] }), !chip.isLost { return chip }
        let chip = try open(selector)
        // Another thread may have opened it meanwhile; the kernel lets a chip be opened twice, so either will do.
        chips.withLock { $0[selector] = chip }
        return chip
    }

    /// Gives every line of every chip back, outputs at their safe values.
    public func close() {
        let all = chips.withLock { chips in
            defer { chips = [:] }
            return Array(chips.values)
        }
        for chip in all { chip.close() }
    }
}
