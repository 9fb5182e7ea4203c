/// What pairing needs of a store: every change is durable when the call returns.
public protocol TrustStore: Sendable {
    /// Every key that begins with `prefix`, with its value, in the keys' order; from memory.
    func trustEntries(prefix: String) -> [(key: String, value: [UInt8])]
    /// Stores a value.
    func storeTrust(_ key: String, _ value: [UInt8]) async throws
    /// Removes a key; nothing when it is not there.
    func eraseTrust(_ key: String) async throws
    /// Removes every key that begins with `prefix`.
    func eraseAllTrust(prefix: String) async throws
}
