import FlashStore
import GPIO
import Logging
import OneLoop
import Pairing

private let press = LineSelector("GPIO3")

/// A button and a lamp on a simulated chip, with the ceremony between them.
@Loop
private final class Ceremony {
    let chip = SimulatedChip.raspberryPi()
    private let pairing: Pairing
    private let button: GPIOButton

    init(_ told: AsyncStream<UInt64>.Continuation) async throws {
        var quiet = Logger(label: "bench")
        quiet.logLevel = .warning
        let chip = chip
        let lamp = GPIOIndicator(line: LineSelector("GPIO17")) { () throws(GPIOError) in chip }
        pairing = try Pairing(store: try FlashStore.inMemory(), indicator: lamp, log: quiet)
        button = GPIOButton(line: press, log: quiet) { () throws(GPIOError) in chip }
        pairing.attach(button: button)
        await pairing.start()
        chip.watch { change in if change.offset == 17, change.high { told.yield(nanoseconds()) } }
    }
}

/// From the edge of a short press's end until the lamp's line goes up for the first blink of the answer. The chip is simulated
/// and its contacts do not bounce, so this is the daemon's own part; debouncing (30 ms) and the kernel's come on top.
func measureButton(_ samples: Int) async throws -> Latencies {
    let (lit, tell) = AsyncStream.makeStream(of: UInt64.self)
    var moments = lit.makeAsyncIterator()
    let ceremony = try await Ceremony(tell)
    let chip = await ceremony.chip
    var latencies = Latencies()
    for _ in 0..<samples {
        // The blink of the last answer ends.
        try await Task.sleep(for: .milliseconds(800))
        try chip.drive(press, high: false)
        try await Task.sleep(for: .milliseconds(80))
        let start = nanoseconds()
        try chip.drive(press, high: true)
        guard let end = await moments.next() else { break }
        latencies.add(end - start)
    }
    return latencies
}
