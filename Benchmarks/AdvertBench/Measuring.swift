import AllocationCount
import Glibc

/// CPU time of this thread in seconds.
func cpuTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Resident memory in KiB.
func residentMemory() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 128)
    guard fgets(&buffer, 128, file) != nil else { return 0 }
    let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4
}

/// Anonymous memory in KiB: what the process holds beside the pages of files.
func anonymousMemory() -> Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 256)
    while fgets(&buffer, 256, file) != nil {
        let line = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if line.hasPrefix("RssAnon:") { return Int(line.filter(\.isNumber)) ?? 0 }
    }
    return 0
}

func pad(_ text: String, _ width: Int, right: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, width - text.count))
    return right ? space + text : text + space
}

func grouped(_ number: Int) -> String {
    var text = ""
    for (index, digit) in String(number).reversed().enumerated() {
        if index > 0, index.isMultiple(of: 3) { text = " " + text }
        text = String(digit) + text
    }
    return text
}

/// Takes what a row made, so that the optimiser cannot leave the making out.
final class Sink {
    var value = 0
}

/// Runs rows for so many seconds of CPU time each.
struct Rows {
    var seconds: Double

    /// The heading of the table.
    func printHeading() {
        print(
            pad("advert", 48), pad("per second", 12, right: true), pad("ns", 7, right: true),
            pad("allocs", 8, right: true))
    }

    /// Runs `body`, which does a thousand adverts, until the time is up, and prints the row.
    func measure(_ name: String, aim: Int? = nil, _ body: () -> Void) {
        for _ in 0..<10 { body() }
        let allocationsBefore = allocation_count()
        let start = cpuTime()
        var rounds = 0
        var elapsed = 0.0
        repeat {
            for _ in 0..<10 { body() }
            rounds += 10
            elapsed = cpuTime() - start
        } while elapsed < seconds
        let adverts = rounds * 1000
        let allocations = Double(allocation_count() - allocationsBefore) / Double(adverts)
        let rate = Int(Double(adverts) / elapsed)
        let nanoseconds = Int((elapsed * 1e9 / Double(adverts)).rounded())
        print(
            pad(name, 48), pad(grouped(rate), 12, right: true), pad("\(nanoseconds)", 7, right: true),
            pad("\((allocations * 1000).rounded() / 1000)", 8, right: true),
            aim.map { rate >= $0 ? " (aim \(grouped($0)))" : " BELOW the aim of \(grouped($0))" } ?? "")
    }
}
