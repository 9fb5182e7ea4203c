import FlashStore
import OneLoop
import OneM2MPrimitives

/// What flash remembers of the resources that requests made. What the nodes measure never goes there.
///
/// | key | value |
/// |---|---|
/// | `m2m/next` | the number up to which IDs may have been given |
/// | `m2m/r/ID` | a resource |
/// | `m2m/i/CONTAINER/NUMBER` | a content instance, of a container the newest |
/// | `m2m/n/NUMBER` | a notification that could not be delivered yet |
@Loop
final class ResourceMemory {
    nonisolated static let prefix = "m2m/"
    private static let next = "m2m/next"
    /// IDs that are set aside at once: at each start the numbers jump to the end of the last block.
    private static let block: UInt64 = 1 << 14

    private let store: FlashStore?
    private let isDurable: Bool
    private let limit: Int
    private let perContainer: Int
    private var ceiling: UInt64 = 0
    /// How many keys are there.
    private(set) var kept = 0
    private var keptIDs: Set<String> = []
    /// The numbers of each container's instances on flash, oldest first.
    private var instances: [String: [UInt64]] = [:]

    init(store: FlashStore?, isDurable: Bool, limit: Int, perContainer: Int) {
        self.store = store
        self.isDurable = isDurable
        self.limit = limit
        self.perContainer = perContainer
    }

    // MARK: Numbers

    /// Sets aside the next block of numbers before this one is used up.
    func reserve(beyond number: UInt64) {
        guard let store, number + Self.block / 2 > ceiling else { return }
        ceiling = max(ceiling, number) + Self.block
        let bytes = withUnsafeBytes(of: ceiling.littleEndian) { Array($0) }
        // What is kept durably later is written with this or after it, so no ID of it can come back.
        Task { try? await store.put(Self.next, bytes, .now) }
    }

    // MARK: Keeping

    /// Keeps a resource as it is now; returns once that is durable, where that is wanted.
    func keep(_ resource: Resource) async throws(OneM2MError) {
        guard store != nil, resource.keeper == .requests, let parent = resource.parent else { return }
        let isNew = !keptIDs.contains(resource.id)
        if isNew {
            guard kept < limit else {
                throw OneM2MError(.notAcceptable, "\(limit) resources are on flash, no more fit")
            }
            keptIDs.insert(resource.id)
            kept += 1
        }
        let record = ResourceRecord(resource, parentID: parent.id)
        do throws(OneM2MError) {
            try await apply([.put(key: "m2m/r/\(resource.id)", value: record.bytes)])
        } catch {
            // What the device refused stands in the store and would be written later: who asked was told that it is not there.
            if isNew { applyLazily(forgetting([resource])) }
            throw error
        }
    }

    /// Keeps a resource that flash has already as it is now, with others in a while.
    func keepLazily(_ resource: Resource) {
        guard keptIDs.contains(resource.id), let parent = resource.parent else { return }
        let record = ResourceRecord(resource, parentID: parent.id)
        applyLazily([.put(key: "m2m/r/\(resource.id)", value: record.bytes)])
    }

    /// Keeps a content instance, and forgets those that it drove out. When flash does not take it, all of them are as before.
    func keep(
        _ instance: ContentInstances.Instance, of container: Resource, gone: [ContentInstances.Instance]
    ) async throws(OneM2MError) {
        guard store != nil, !instance.isOfNode, container.keeper == .requests else { return }
        // A container that holds none has let it go at once.
        guard !gone.contains(where: { $0.number == instance.number }) else {
            return try await apply(forgetting(gone.map(\.number), of: container.id))
        }
        let before = Set(instances[container.id] ?? [])
        var changes = forgetting(gone.map(\.number), of: container.id)
        var numbers = instances[container.id] ?? []
        // Those that flash has no room for any more; the container still has them.
        var crowdedOut: [UInt64] = []
        while let oldest = numbers.first, numbers.count >= perContainer || kept >= limit {
            numbers.removeFirst()
            crowdedOut.append(oldest)
            kept -= 1
            changes.append(.remove(key: Self.key(container.id, oldest)))
        }
        if kept < limit {
            numbers.append(instance.number)
            kept += 1
            changes.append(.put(key: Self.key(container.id, instance.number), value: instance.record))
        } else if isDurable {
            throw OneM2MError(.notAcceptable, "\(limit) resources are on flash, no more fit")
        }
        instances[container.id] = numbers
        do throws(OneM2MError) { try await apply(changes) } catch {
            // As above. Meanwhile others may have come and gone, so this is undone alone.
            applyLazily(forgetting([instance.number], of: container.id))
            guard container.parent != nil else { throw error }
            let back =
                gone.filter { before.contains($0.number) }
                + crowdedOut.compactMap { container.instances?.instance(number: $0) }
            instances[container.id] = (back.map(\.number) + (instances[container.id] ?? [])).sorted()
            kept += back.count
            applyLazily(back.map { .put(key: Self.key(container.id, $0.number), value: $0.record) })
            throw error
        }
    }

    private static func key(_ container: String, _ number: UInt64) -> String {
        "m2m/i/\(container)/\(String(number, radix: 36))"
    }

    private func forgetting(_ numbers: [UInt64], of container: String) -> [Change] {
        guard var onFlash = instances[container], !numbers.isEmpty else { return [] }
        var changes: [Change] = []
        for number in numbers {
            guard let place = onFlash.firstIndex(of: number) else { continue }
            onFlash.remove(at: place)
            kept -= 1
            changes.append(.remove(key: Self.key(container, number)))
        }
        instances[container] = onFlash
        return changes
    }

    // MARK: Forgetting

    private func forgetting(_ resources: [Resource]) -> [Change] {
        var changes: [Change] = []
        for resource in resources {
            if keptIDs.remove(resource.id) != nil {
                kept -= 1
                changes.append(.remove(key: "m2m/r/\(resource.id)"))
            }
            if let numbers = instances.removeValue(forKey: resource.id), !numbers.isEmpty {
                kept -= numbers.count
                changes.append(.removeAll(prefix: "m2m/i/\(resource.id)/"))
            }
        }
        return changes
    }

    /// Forgets resources; returns once that is durable, where that is wanted.
    func remove(_ resources: [Resource]) async throws(OneM2MError) {
        try await apply(forgetting(resources))
    }

    /// Forgets an instance; as above.
    func remove(_ instance: ContentInstances.Instance, of container: Resource) async throws(OneM2MError) {
        try await apply(forgetting([instance.number], of: container.id))
    }

    /// Forgets resources, with others in a while.
    func forgetLazily(_ resources: [Resource]) { applyLazily(forgetting(resources)) }
    /// Forgets instances, with others in a while.
    func forget(_ gone: [ContentInstances.Instance], of container: Resource) {
        applyLazily(forgetting(gone.map(\.number), of: container.id))
    }

    // MARK: Notifications that wait

    func keepNotification(_ number: UInt64, _ bytes: [UInt8]) {
        _ = store?.putBatched("m2m/n/\(String(number, radix: 36))", bytes)
    }

    func forgetNotification(_ number: UInt64) { store?.removeBatched("m2m/n/\(String(number, radix: 36))") }

    // MARK: The start

    /// What is on flash.
    struct Remembered {
        var resources: [ResourceRecord] = []
        var instances: [String: [ContentInstances.Instance]] = [:]
        var notifications: [(number: UInt64, bytes: [UInt8])] = []
        var firstNumber: UInt64 = 1
        var unreadable = 0
    }

    /// Reads what is on flash.
    func remembered() -> Remembered {
        var found = Remembered()
        guard let store else { return found }
        if let bytes = store.get(Self.next), bytes.count == 8 {
            ceiling = bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
            found.firstNumber = ceiling + 1
        }
        for (key, value) in store.scan(prefix: Self.prefix) {
            let parts = key.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            switch (parts.count, parts.count > 1 ? parts[1] : "") {
            case (3, "r"):
                kept += 1
                guard let record = ResourceRecord(id: parts[2], value) else {
                    found.unreadable += 1
                    continue
                }
                keptIDs.insert(record.id)
                found.resources.append(record)
            case (4, "i"):
                kept += 1
                guard let number = UInt64(parts[3], radix: 36),
                    let instance = ContentInstances.Instance(number: number, record: value)
                else {
                    found.unreadable += 1
                    continue
                }
                found.instances[parts[2], default: []].append(instance)
            case (3, "n"):
                if let number = UInt64(parts[2], radix: 36) { found.notifications.append((number, value)) }
            default: break
            }
        }
        for (container, list) in found.instances {
            let sorted = list.sorted { $0.number < $1.number }
            found.instances[container] = sorted
            instances[container] = sorted.map(\.number)
        }
        found.notifications.sort { $0.number < $1.number }
        return found
    }

    // MARK: Writing

    private func apply(_ changes: [Change]) async throws(OneM2MError) {
        guard let store, !changes.isEmpty else { return }
        guard isDurable else { return applyLazily(changes) }
        do throws(StoreError) {
            try await store.apply(changes, .now)
        } catch {
            throw OneM2MError(.internalServerError, "it cannot be kept on flash: \(error.code.rawValue)")
        }
    }

    private func applyLazily(_ changes: [Change]) {
        guard let store, !changes.isEmpty else { return }
        store.applyBatched(changes)
    }
}
