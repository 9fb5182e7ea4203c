import Measuring

func printHeading(_ what: String) {
    print(left(what, 46), right("per second", 12), right("ns CPU", 8), right("allocs", 8))
}

func printRow(_ label: String, count: Int, seconds: Double, cpu: Double, allocations: Int) {
    let each = Double(allocations) / Double(count)
    print(
        left(label, 46), right(grouped(Int(Double(count) / seconds)), 12),
        right("\(Int((cpu * 1e9 / Double(count)).rounded()))", 8), right("\((each * 100).rounded() / 100)", 8))
}

/// Runs `body`, which does a thousand, until so many seconds of CPU time are over, and prints the row.
func measure(_ label: String, seconds: Double, _ body: () -> Void) {
    let measured = Measured(seconds: seconds, body)
    printRow(
        label, count: measured.count, seconds: measured.seconds, cpu: measured.seconds,
        allocations: measured.allocations)
}
