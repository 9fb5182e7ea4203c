// Puts a known load on a store, so that `flash-wear.sh` can count what the block device sees of it.
//
//     FlashWear DIRECTORY immediate|batched RECORDS [FIRST]
//                                                      100-byte values under 1 000 keys, numbered from FIRST
//     FlashWear DIRECTORY paced BATCHES SECONDS        one batch of 128, then a pause
//     FlashWear DIRECTORY idle SECONDS                 writes a little, says "idle", and stays open
//     FlashWear DIRECTORY lookup KEYS                  times get(), and opening again

import FlashStore

#if canImport(Glibc)
    import Glibc
#endif

/// Writes a line at once; `print` would keep it until the end when a script listens.
func say(_ text: String, to descriptor: Int32 = 1) {
    let line = Array("\(text)\n".utf8)
    _ = write(descriptor, line, line.count)
}

func fail(_ text: String) -> Never {
    say(text, to: 2)
    exit(1)
}

func nanoseconds(_ duration: Duration) -> Double {
    let parts = duration.components
    return Double(parts.seconds) * 1e9 + Double(parts.attoseconds) * 1e-9
}

let arguments = CommandLine.arguments
guard arguments.count >= 4, let amount = Int(arguments[3]) else {
    fail("usage: FlashWear DIRECTORY immediate|batched|paced|idle|lookup NUMBER [SECONDS]")
}
let directory = arguments[1]
let option = arguments.count > 4 ? Int(arguments[4]) : nil

/// 100 bytes that no other number has.
func value(_ number: Int) -> [UInt8] {
    (0..<100).map { UInt8(truncatingIfNeeded: $0 < 4 ? number >> (8 * $0) : number &* 31 &+ $0) }
}

/// Seven bytes; neighbours in time are no neighbours in order, as a gateway's nodes are not.
func key(_ number: Int) -> String {
    let digits = String(number * 617 % 1000)
    return "key" + String(repeating: "0", count: 4 - digits.count) + digits
}

do {
    let store = try FlashStore.open(directory: directory)
    let numbers = (option ?? 0)..<(option ?? 0) + amount
    switch arguments[2] {
    case "immediate":
        for number in numbers { try await store.put(key(number), value(number), .now) }
    case "batched":
        for number in numbers {
            try await store.put(key(number), value(number), .batched)
            // A gateway's changes come one by one; here the writer is given its turn at each full batch.
            while store.statistics.pendingRecords >= 128 { await Task.yield() }
        }
    case "paced":
        let pause = Duration.seconds(option ?? 6)
        for batch in 0..<amount {
            for number in 0..<128 { store.putBatched(key(number), value(batch * 128 + number)) }
            try await store.flush()
            try await Task.sleep(for: pause)
        }
    case "idle":
        for number in 0..<10 { try await store.put(key(number), value(number), .now) }
        for number in 10..<20 { store.putBatched(key(number), value(number)) }
        try await store.flush()
        say("idle")
        try await Task.sleep(for: .seconds(amount))
    case "lookup":
        for number in 0..<amount { store.putBatched("node/ble/\(number)/name", value(number)) }
        try await store.flush()
        let names = (0..<amount).map { "node/ble/\($0)/name" }
        var found = 0
        let rounds = max(1, 1_000_000 / amount)
        let spent = ContinuousClock().measure {
            for _ in 0..<rounds {
                for name in names { found += store.get(name)?.count ?? 0 }
            }
        }
        guard found == rounds * amount * 100 else { fail("lookups failed") }
        let perLookup = nanoseconds(spent) / Double(rounds * amount)
        await store.close()
        var again: FlashStore?
        let opening = try ContinuousClock().measure { again = try FlashStore.open(directory: directory) }
        guard again?.statistics.keys == amount else { fail("keys are missing") }
        say("lookup: \(Int(perLookup)) ns; opening \(amount) keys: \(Int(nanoseconds(opening) / 1000)) us")
        await again?.close()
    default:
        fail("unknown load '\(arguments[2])'")
    }
    let statistics = store.statistics
    await store.close()
    if arguments[2] != "lookup" {
        say(
            "store's own count: \(statistics.bytesWritten) bytes, \(statistics.flushes) flushes, "
                + "\(statistics.compactions) compactions", to: 2)
    }
} catch {
    fail("\(error)")
}
