import CBOR
import Concentrator
import FlashStore
import OneLoop

/// The `ins` of nodes' links: the same after a restart, and never another resource's.
///
/// A node takes one number from the counter and keeps it with the names of its resources on flash; a resource's number is
/// made of the node's and its place among the names, to which names are only added.
@Loop
final class InstanceNumbers {
    /// Resources a node can have: 64 fields and 32 parameters (the concentrator's limits), the collection, and room.
    nonisolated static let perNode = 128
    /// Records on flash: at a hundred bytes each 0.4 MB of the 2 MB that the store holds. Nodes past that get new numbers
    /// after a restart, and a cloud that counts on them has to be told of their links again.
    static let maximumRecords = 4096

    private static let prefix = "ocf/ins/"
    private static let counter = "ins"

    /// The numbers of one node.
    struct Numbers {
        let base: Int
        private(set) var names: [String]

        /// The `ins` of a resource of the node; "" is the collection itself.
        func instance(_ name: String) -> Int? {
            names.firstIndex(of: name).map { CoreInstance.firstOfNodes + base * InstanceNumbers.perNode + $0 }
        }

        /// Adds the names that are not there; false when all were.
        mutating func add(_ new: [String]) -> Bool {
            let known = Set(names)
            let fresh = new.filter { !known.contains($0) }.prefix(InstanceNumbers.perNode - names.count)
            names += fresh
            return !fresh.isEmpty
        }

        init(base: Int) {
            self.base = base
            names = [""]
        }

        init?(_ bytes: [UInt8]) {
            guard let items = try? CBOR.decode(bytes).items, let base = items.first?.int,
                (0...Int(UInt32.max)).contains(base), items.count <= InstanceNumbers.perNode + 1
            else { return nil }
            self.base = base
            names = items.dropFirst().compactMap(\.string)
            guard names.count == items.count - 1, names.first == "", Set(names).count == names.count else { return nil }
        }

        var bytes: [UInt8] {
            CBOR.encode(.array([.int(base)] + names.map { .text($0) }))
        }
    }

    private let store: FlashStore
    private var records: Int
    /// Whether every record is of a node that is there, so that looking for others is in vain.
    private var isFull = false

    init(store: FlashStore) {
        self.store = store
        records = store.scan(prefix: Self.prefix).count
    }

    /// The numbers that a node has had before.
    func known(_ node: NodeID) -> Numbers? {
        store.get(Self.prefix + node.description).flatMap(Numbers.init)
    }

    /// New numbers, never given before.
    ///
    /// - Throws: what the store throws when it cannot keep the counter.
    func new(for present: () -> Set<NodeID>) async throws(StoreError) -> Numbers {
        let base = try await store.nextNumber(named: Self.counter)
        if records >= Self.maximumRecords, !isFull { forget(keeping: present()) }
        return Numbers(base: Int(base))
    }

    /// A node went: its record may make room.
    func nodeRemoved() {
        isFull = false
    }

    /// Keeps a node's numbers; does nothing where there is no room.
    func keep(_ numbers: Numbers, of node: NodeID) {
        let key = Self.prefix + node.description
        let isNew = store.get(key) == nil
        guard !isNew || records < Self.maximumRecords else { return }
        if store.putBatched(key, numbers.bytes), isNew { records += 1 }
    }

    /// Forgets the numbers of nodes that are not there, oldest first, until an eighth is free.
    private func forget(keeping present: Set<NodeID>) {
        let absent = store.scan(prefix: Self.prefix)
            .filter { record in
                !(NodeID(parsing: String(record.key.dropFirst(Self.prefix.count))).map(present.contains) ?? false)
            }
            .sorted { (Numbers($0.value)?.base ?? 0) < (Numbers($1.value)?.base ?? 0) }
        isFull = absent.isEmpty
        for record in absent.prefix(max(0, records - Self.maximumRecords * 7 / 8)) {
            store.removeBatched(record.key)
            records -= 1
        }
    }
}
