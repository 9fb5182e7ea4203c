/// What pairing needs of a store: every change is durable when the call returns.
public protocol TrustStore: Sendable {
    /// Every key that begins with `prefix`, with its value, in the keys' order; from memory.
    func trustEntries(prefix: String) -> [(key: String, value: [UInt8])]
    /// Stores a value. When it throws, the value is not there, and will not be later.
    func storeTrust(_ key: String, _ value: [UInt8]) async throws
    /// Removes a key; nothing when it is not there. When it throws, the key may come back at the next start.
    func eraseTrust(_ key: String) async throws
    /// Removes every key that begins with `prefix`.
    func eraseAllTrust(prefix: String) async throws
}
