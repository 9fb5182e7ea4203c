import FlashStore

/// Trust is among the few things that are durable at once.
extension FlashStore: TrustStore {
    /// From the store's memory.
    public func trustEntries(prefix: String) -> [(key: String, value: [UInt8])] { scan(prefix: prefix) }

    /// Durable when it returns; taken back when it throws.
    public func storeTrust(_ key: String, _ value: [UInt8]) async throws {
        let former = get(key)
        do {
            try await put(key, value, .now)
        } catch {
            // The store would write the change once its device works again. Trust that people were told is not given
            // must not appear then.
            if let former { putBatched(key, former) } else { removeBatched(key) }
            throw error
        }
    }

    /// Durable when it returns; when it throws, the key is gone all the same and the store goes on trying.
    public func eraseTrust(_ key: String) async throws { try await remove(key, .now) }

    /// Durable when it returns; when it throws, the keys are gone all the same and the store goes on trying.
    public func eraseAllTrust(prefix: String) async throws { try await removeAll(prefix: prefix, .now) }
}
