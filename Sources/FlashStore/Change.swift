/// One change of the store's contents; several of them can be made as one (``FlashStore/apply(_:_:)``).
public enum Change: Sendable, Hashable {
    /// Gives the key this value.
    case put(key: String, value: [UInt8])
    /// Removes the key.
    case remove(key: String)
    /// Removes every key whose bytes begin with the prefix's; an empty prefix removes everything.
    case removeAll(prefix: String)
}

/// Limits of keys and values (`docs/flash-format.md` §4).
public enum StoreLimits {
    /// Bytes of a key in UTF-8: its length is one byte in the file.
    public static let keyLength = 255
    /// Bytes of a value: eight times the largest certificate chain seen, and two of them fit in a record.
    public static let valueLength = 32_768
}
