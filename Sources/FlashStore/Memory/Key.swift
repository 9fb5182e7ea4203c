#if canImport(Glibc)
    import Glibc
#endif

/// A key, compared and hashed by its bytes.
///
/// `String` compares by canonical equivalence, so two keys that differ on flash could be one in memory; and it is slower.
struct Key: Hashable, Sendable, Comparable {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    static func == (left: Key, right: Key) -> Bool {
        let fast = left.text.utf8.withContiguousStorageIfAvailable { leftBytes in
            right.text.utf8.withContiguousStorageIfAvailable { rightBytes in
                guard leftBytes.count == rightBytes.count else { return false }
                guard let first = leftBytes.baseAddress, let second = rightBytes.baseAddress else { return true }
                return memcmp(first, second, leftBytes.count) == 0
            }
        }
        return fast.flatMap { $0 } ?? left.text.utf8.elementsEqual(right.text.utf8)
    }

    static func < (left: Key, right: Key) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        let done: Void? = text.utf8.withContiguousStorageIfAvailable {
            hasher.combine(bytes: UnsafeRawBufferPointer($0))
        }
        guard done == nil else { return }
        for byte in text.utf8 {
            hasher.combine(byte)
        }
    }

    func hasPrefix(_ prefix: String) -> Bool {
        text.utf8.starts(with: prefix.utf8)
    }
}

/// What memory holds of a key.
struct Entry: Sendable {
    var value: [UInt8]
    /// Number of the change that gave the value; 0 when it was read from flash.
    var revision: UInt64
}

/// The live set.
typealias Contents = [Key: Entry]

extension Contents {
    /// Makes a change as recovery does, without any question.
    mutating func replay(_ change: Change) {
        switch change {
        case .put(let key, let value): self[Key(key)] = Entry(value: value, revision: 0)
        case .remove(let key): removeValue(forKey: Key(key))
        case .removeAll(let prefix):
            if prefix.isEmpty {
                removeAll()
            } else {
                for key in keys where key.hasPrefix(prefix) { removeValue(forKey: key) }
            }
        }
    }

    /// Bytes of the live set as a compacted segment holds it.
    var compactedLength: Int {
        reduce(0) { $0 + Record.length(key: $1.key, value: $1.value.value) }
    }
}
