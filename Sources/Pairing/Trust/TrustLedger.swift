import OneLoop

/// Who is trusted: in memory for the asking, on flash before it counts.
///
/// On flash: a record under `trust/record/…` for each, `trust/mark/locked` when the gateway is locked, and
/// `trust/mark/reset` from the moment a factory reset is decided until it is complete.
@Loop
final class TrustLedger {
    /// The most records. A household has one cloud, one owner and a few servers; the bound keeps a mediator that invents
    /// identifiers, and a person who presses for each, from filling the flash.
    static let capacity = 64

    static let lockedMark = "trust/mark/locked"
    static let resetMark = "trust/mark/reset"

    private let store: any TrustStore
    private var records: [String: TrustRecord] = [:]
    private(set) var isLocked: Bool
    /// Whether a factory reset was begun and has not been completed. As long as it is, nobody is trusted.
    private(set) var resetPending: Bool

    init(store: any TrustStore) {
        self.store = store
        isLocked = !store.trustEntries(prefix: TrustLedger.lockedMark).isEmpty
        resetPending = !store.trustEntries(prefix: TrustLedger.resetMark).isEmpty
        if !resetPending {
            for entry in store.trustEntries(prefix: TrustRecord.prefix) {
                guard let record = TrustRecord(key: entry.key, value: entry.value) else { continue }
                records[entry.key] = record
            }
        }
    }

    /// The records, the oldest first.
    var all: [TrustRecord] {
        records.values.sorted { ($0.when, $0.key) < ($1.when, $1.key) }
    }

    var isEmpty: Bool { records.isEmpty }

    func record(_ kind: Candidate.Kind, _ identifier: String) -> TrustRecord? {
        records[TrustRecord.key(kind, identifier)]
    }

    /// Durable first, then in effect.
    func add(_ record: TrustRecord) async throws(PairingError) {
        guard records[record.key] != nil || records.count < TrustLedger.capacity else {
            throw PairingError(
                .full, "\(TrustLedger.capacity) candidates are trusted already, the most there may be; remove one first"
            )
        }
        try await durably { try await self.store.storeTrust(record.key, record.value) }
        records[record.key] = record
    }

    /// Out of effect first, then durable: a revocation that the flash fails still holds until the next start.
    func remove(_ kind: Candidate.Kind, _ identifier: String) async throws(PairingError) -> TrustRecord {
        let key = TrustRecord.key(kind, identifier)
        guard let record = records.removeValue(forKey: key) else {
            throw PairingError(.notFound, "no \(kind.rawValue) named \(identifier) is trusted")
        }
        try await durably { try await self.store.eraseTrust(key) }
        return record
    }

    func lock() async throws(PairingError) {
        isLocked = true
        try await durably { try await self.store.storeTrust(TrustLedger.lockedMark, [1]) }
    }

    /// Decides the reset, durably. From here on nobody is trusted, whatever happens to the power.
    func beginReset() async throws(PairingError) {
        if !resetPending {
            try await durably { try await self.store.storeTrust(TrustLedger.resetMark, [1]) }
        }
        resetPending = true
        records = [:]
    }

    func wipe() async throws(PairingError) {
        try await durably {
            try await self.store.eraseAllTrust(prefix: TrustRecord.prefix)
            try await self.store.eraseTrust(TrustLedger.lockedMark)
        }
        isLocked = false
    }

    func endReset() async throws(PairingError) {
        try await durably { try await self.store.eraseTrust(TrustLedger.resetMark) }
        resetPending = false
    }

    private func durably(_ body: () async throws -> Void) async throws(PairingError) {
        do { try await body() } catch { throw PairingError(.store, "\(error)") }
    }
}
