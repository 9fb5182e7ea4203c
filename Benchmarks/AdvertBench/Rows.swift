import Measuring

/// Runs rows for so many seconds of CPU time each.
struct Rows {
    var seconds: Double

    /// The heading of the table.
    func printHeading() {
        print(left("advert", 48), right("per second", 12), right("ns", 7), right("allocs", 8))
    }

    /// Runs `body`, which does a thousand adverts, until the time is up, and prints the row.
    func measure(_ name: String, aim: Int? = nil, _ body: () -> Void) {
        let measured = Measured(seconds: seconds, body)
        print(
            left(name, 48), right(grouped(measured.rate), 12), right("\(measured.nanoseconds)", 7),
            right("\((measured.allocationsEach * 1000).rounded() / 1000)", 8),
            aim.map { measured.rate >= $0 ? " (aim \(grouped($0)))" : " BELOW the aim of \(grouped($0))" } ?? "")
    }
}
