import PowerCuts
import Testing

@testable import FlashStore

/// A sequence of operations and what may be on flash after a cut in it.
struct Script: Sendable, CustomTestStringConvertible {
    var testDescription: String { "script of \(operations.count)" }

    struct Operation: Sendable {
        var changes: [Change]
        var durability: FlashStore.Durability
    }

    var operations: [Operation]

    /// Operations of every kind in a fixed random order. `pair/a` and `pair/b` are only ever changed together, so they
    /// must be equal after every cut.
    static func mixed(_ count: Int, seed: UInt64) -> Script {
        var random = Random(seed)
        let operations = (0..<count).map { index -> Operation in
            let durability: FlashStore.Durability = random.next(3) == 0 ? .batched : .now
            let value = { (random: inout Random) -> [UInt8] in
                [UInt8(index & 0xFF), UInt8(index >> 8)]
                    + [UInt8](repeating: UInt8(random.next(256)), count: random.next(40))
            }
            switch random.next(10) {
            case 0:
                return Operation(changes: [.removeAll(prefix: "a/")], durability: durability)
            case 1:
                return Operation(changes: [.remove(key: "b/\(random.next(3))")], durability: durability)
            case 2, 3:
                let both = value(&random)
                return Operation(
                    changes: [.put(key: "pair/a", value: both), .put(key: "pair/b", value: both)],
                    durability: durability)
            default:
                let key = (random.next(2) == 0 ? "a/" : "b/") + "\(random.next(3))"
                return Operation(changes: [.put(key: key, value: value(&random))], durability: durability)
            }
        }
        return Script(operations: operations)
    }

    /// Runs the script on a store on `device`; a failed operation is noted as issued only.
    func run(on device: RecordingBlockFile, options: FlashStore.Options = .tiny) async throws {
        let store = try FlashStore.open(on: device, options: options)
        for (index, operation) in operations.enumerated() {
            device.note(.issued(index))
            do {
                try await store.apply(operation.changes, operation.durability)
                // An operation that changes nothing waits for nothing but the keys it names.
                let hadEffect = contents(through: index) != contents(through: index - 1)
                if operation.durability == .now, hadEffect { device.note(.acknowledged(index)) }
            } catch {}
        }
        await store.close()
    }

    /// What flash holds when the operations up to a number are on it.
    func contents(through last: Int) -> [String: [UInt8]] {
        var contents: [String: [UInt8]] = [:]
        guard last >= 0 else { return contents }
        for operation in operations[...last] {
            for change in operation.changes { contents.make(change) }
        }
        return contents
    }

    /// Whether `found` can be on flash: all that was acknowledged, and nothing that was not written.
    func allows(_ found: [String: [UInt8]], acknowledged: Int, issued: Int) -> Bool {
        let base = contents(through: acknowledged)
        var allowed: [String: Set<[UInt8]?>] = [:]
        for key in Set(base.keys).union(found.keys).union(["pair/a", "pair/b"]) { allowed[key] = [base[key]] }
        if issued > acknowledged {
            for operation in operations[(acknowledged + 1)...issued] {
                for change in operation.changes {
                    switch change {
                    case .put(let key, let value): allowed[key, default: [base[key]]].insert(value)
                    case .remove(let key): allowed[key, default: [base[key]]].insert(nil as [UInt8]?)
                    case .removeAll(let prefix):
                        for key in allowed.keys where key.hasPrefix(prefix) { allowed[key]?.insert(nil as [UInt8]?) }
                    }
                }
            }
        }
        return allowed.allSatisfy { $0.value.contains(found[$0.key]) } && found["pair/a"] == found["pair/b"]
    }
}

extension Dictionary<String, [UInt8]> {
    mutating func make(_ change: Change) {
        switch change {
        case .put(let key, let value): self[key] = value
        case .remove(let key): removeValue(forKey: key)
        case .removeAll(let prefix): self = filter { !$0.key.hasPrefix(prefix) }
        }
    }
}

extension FlashStore.Options {
    /// Sixteen pages of 128 bytes: small enough to cut at every byte, and compacted every dozen operations.
    static var tiny: FlashStore.Options {
        var options = FlashStore.Options(segmentSize: 2048, flushInterval: .seconds(3600))
        options.pageSize = 128
        return options
    }

    var deviceSize: Int { layout?.fileSize ?? 0 }
}

/// What the store finds on an image.
func recover(
    _ image: [UInt8], pageSize: Int = 128
) throws(StoreError) -> (contents: [String: [UInt8]], report: RecoveryReport) {
    switch try SegmentLog.open(MemoryBlockFile(image), pageSize: pageSize) {
    case .blank: return ([:], RecoveryReport())
    case .log(_, let contents, let report):
        return (Dictionary(uniqueKeysWithValues: contents.map { ($0.key.text, $0.value.value) }), report)
    }
}
