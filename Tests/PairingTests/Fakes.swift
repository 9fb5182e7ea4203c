import OneLoop
import Pairing
import Synchronization

/// A clock whose hands the test turns.
@Loop
final class ManualClock: PairingClock {
    private(set) var now: Duration = .seconds(100)
    var wallMilliseconds: Int64 = 1_700_000_000_000
    private var timers: [(id: Int, at: Duration, body: @Loop () -> Void)] = []
    private var ids = 0

    func after(_ delay: Duration, _ body: @escaping @Loop () -> Void) -> @Loop () -> Void {
        ids += 1
        let id = ids
        timers.append((id, now + delay, body))
        return { [weak self] in self?.timers.removeAll { $0.id == id } }
    }

    /// Turns the hands, and rings what is due on the way, in order.
    func advance(_ time: Duration) {
        let end = now + time
        while let next = timers.filter({ $0.at <= end }).min(by: { ($0.at, $0.id) < ($1.at, $1.id) }) {
            timers.removeAll { $0.id == next.id }
            now = max(now, next.at)
            next.body()
        }
        now = end
    }

    var timerCount: Int { timers.count }
}

/// A store in memory that can fail, wait, and lose its power after so many changes.
final class FakeStore: TrustStore {
    struct Failure: Error, CustomStringConvertible { var description: String { "no space left on device" } }

    private struct State {
        var entries: [String: [UInt8]] = [:]
        var failing = false
        var changesLeft = Int.max
        var log: [String] = []
        var gate: CheckedContinuation<Void, Never>?
        var gated = false
    }
    private let state = Mutex(State())

    init(_ entries: [String: [UInt8]] = [:]) { state.withLock { $0.entries = entries } }

    var entries: [String: [UInt8]] { state.withLock { $0.entries } }
    var log: [String] { state.withLock { $0.log } }
    func fail(_ failing: Bool) { state.withLock { $0.failing = failing } }
    /// After so many more changes none reaches the flash: the power is gone.
    func cutPower(after changes: Int) { state.withLock { $0.changesLeft = changes } }
    /// Makes the next change wait for `open`.
    func shutGate() { state.withLock { $0.gated = true } }
    func openGate() {
        let waiter = state.withLock { state in
            state.gated = false
            defer { state.gate = nil }
            return state.gate
        }
        waiter?.resume()
    }

    func trustEntries(prefix: String) -> [(key: String, value: [UInt8])] {
        entries.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private func change(_ what: String, _ body: @Sendable (inout [String: [UInt8]]) -> Void) async throws {
        await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
            let waits = state.withLock { state in
                guard state.gated else { return false }
                state.gate = waiter
                return true
            }
            if !waits { waiter.resume() }
        }
        try state.withLock { state in
            if state.failing || state.changesLeft == 0 { throw Failure() }
            state.changesLeft -= 1
            body(&state.entries)
            state.log.append(what)
        }
    }

    func storeTrust(_ key: String, _ value: [UInt8]) async throws {
        try await change("put \(key)") { $0[key] = value }
    }
    func eraseTrust(_ key: String) async throws {
        try await change("remove \(key)") { $0[key] = nil }
    }
    func eraseAllTrust(prefix: String) async throws {
        try await change("removeAll \(prefix)") { entries in entries = entries.filter { !$0.key.hasPrefix(prefix) } }
    }
}

/// Lets tasks of the loop run until `condition` holds; fails the test by never ending otherwise, so bounded.
@Loop
func settle(_ condition: @Loop () -> Bool = { false }) async {
    for _ in 0..<200 where !condition() { await Task.yield() }
}

let cloud = Candidate(kind: .ocfCloud, identifier: "cloud-1", title: "Cloud One")
let owner = Candidate(kind: .ocfOwner, identifier: "owner-1", title: "Owner One")
