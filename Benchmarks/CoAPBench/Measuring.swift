import AllocationCount
import Glibc

/// Seconds of the monotonic clock.
func wallTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// CPU time of this thread in seconds.
func threadTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// CPU time of the whole process in seconds.
func processTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func column(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
}

func name(_ text: String) -> String {
    text + String(repeating: " ", count: max(0, 46 - text.count))
}

func grouped(_ number: Int) -> String {
    var text = ""
    for (index, digit) in String(number).reversed().enumerated() {
        if index > 0, index.isMultiple(of: 3) { text = " " + text }
        text = String(digit) + text
    }
    return text
}

func printHeading(_ what: String) {
    print(name(what), column("per second", 12), column("ns CPU", 8), column("allocs", 8))
}

func printRow(_ label: String, count: Int, seconds: Double, cpu: Double, allocations: Int) {
    let each = Double(allocations) / Double(count)
    print(
        name(label), column(grouped(Int(Double(count) / seconds)), 12),
        column("\(Int((cpu * 1e9 / Double(count)).rounded()))", 8), column("\((each * 100).rounded() / 100)", 8))
}

/// Takes what a row made, so that the optimiser cannot leave the making out.
final class Sink {
    var value = 0
}

/// Runs `body`, which does a thousand, until so many seconds of CPU time are over.
func measure(_ label: String, seconds: Double, _ body: () -> Void) {
    for _ in 0..<10 { body() }
    let before = allocation_count()
    let start = threadTime()
    var rounds = 0
    var elapsed = 0.0
    repeat {
        for _ in 0..<10 { body() }
        rounds += 10
        elapsed = threadTime() - start
    } while elapsed < seconds
    printRow(
        label, count: rounds * 1000, seconds: elapsed, cpu: elapsed, allocations: Int(allocation_count() - before))
}
