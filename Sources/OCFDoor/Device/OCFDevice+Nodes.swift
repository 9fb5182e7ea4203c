import CBOR
import Concentrator
import FlashStore
import OCFModel
import OneLoop

extension OCFDevice {
    /// When a battery counts as low unless told otherwise: the threshold in the definition's own example.
    static let defaultBatteryThreshold = 20

    private static func batteryKey(_ id: NodeID) -> String { "ocf/battery/\(id)" }

    /// Follows the concentrator.
    func handle(_ event: NodeEvent) {
        switch event {
        case .added(let node): add(node)
        case .removed(let id): remove(id)
        case .updated(let id, let fields): update(id, fields)
        case .parameter(let id, let name, _):
            guard let entry = entries[id] else { return }
            tell(entry) { $0.shows(parameter: name) }
        case .status(let id, _), .renamed(let id, _): statusChanged(id)
        case .moved: break
        }
    }

    /// How long at least, and at most twice as long, the links of nodes are kept as bytes after somebody asked for them:
    /// 1.2 kB a node, for clients that come together or ask again soon, as a hub does that starts.
    static let linksKept = Duration.seconds(60)

    /// The links of all nodes as bytes, in the order of ``discoverable()``; made where they are not there.
    func encodedLinks() -> [EncodedLinks] {
        let anchor = anchor
        let links = entries.values.sorted { $0.order < $1.order }.map { entry in
            if let links = entry.links, links.anchor == anchor { return links }
            let links = EncodedLinks(resources(of: entry).map { $0.link(anchor: anchor) }, anchor: anchor)
            entry.links = links
            return links
        }
        linksAsked += 1
        if linksAsked == 1 { forgetLinksLater() }
        return links
    }

    /// Lets the bytes go once nobody has asked for so long.
    private func forgetLinksLater() {
        let asked = linksAsked
        schedule(Self.linksKept) { [weak self] in
            guard let self else { return }
            guard linksAsked == asked else { return forgetLinksLater() }
            linksAsked = 0
            for entry in entries.values { entry.links = nil }
        }
    }

    func add(_ node: NodeSnapshot) {
        let threshold = store.get(Self.batteryKey(node.id))?.first.map(Int.init) ?? Self.defaultBatteryThreshold
        let entry = NodeEntry(node, batteryThreshold: min(threshold, 100))
        lastEntry += 1
        entry.order = lastEntry
        entries[node.id] = entry
        number(entry)
    }

    /// Gives a node's links their numbers and tells of them; the numbers of a new node have to be durable first.
    private func number(_ entry: NodeEntry) {
        let names = entry.values.map(\.segment)
        if var known = entry.numbers ?? numbers.known(entry.id) {
            if known.add(names) { numbers.keep(known, of: entry.id) }
            entry.numbers = known
            announce(entry)
            return
        }
        Task { @Loop [weak self] in
            guard let self else { return }
            do throws(StoreError) {
                var fresh = try await numbers.new { Set(self.entries.keys) }
                // Resources may have come while the store was at work, and the node may have gone.
                guard entries[entry.id] === entry else { return }
                _ = fresh.add(entry.values.map(\.segment))
                entry.numbers = fresh
                numbers.keep(fresh, of: entry.id)
            } catch {
                // Without numbers: a directory gives its own, and a full flash must not hide the nodes.
            }
            guard entries[entry.id] === entry else { return }
            announce(entry)
        }
    }

    /// Notes a node's links to be told of.
    private func announce(_ entry: NodeEntry) {
        entry.isAnnounced = true
        let resources = resources(of: entry)
        pending.publish(resources.map { $0.link(anchor: anchor) })
        notifier?.linksChanged(resources.map(\.href), in: entry.href)
        notifier?.wake()
    }

    private func remove(_ id: NodeID) {
        guard let entry = entries[id] else { return }
        let resources = resources(of: entry)
        entries[id] = nil
        numbers.nodeRemoved()
        if entry.isAnnounced { pending.unpublish(resources.map { $0.link(anchor: anchor) }) }
        notifier?.linksChanged(resources.map(\.href), in: entry.href)
        notifier?.wake()
    }

    private func update(_ id: NodeID, _ fields: [Field]) {
        guard let entry = entries[id] else { return }
        if !entry.fits(fields), let node = concentrator.node(id) { rebind(entry, node) }
        tell(entry) { value in fields.contains { value.shows(field: $0.name) } }
    }

    /// Fields came that were not there before, or came with another unit.
    private func rebind(_ entry: NodeEntry, _ node: NodeSnapshot) {
        let links = resources(of: entry).map { $0.link(anchor: anchor) }
        let (changed, removed) = entry.bind(node)
        if !removed.isEmpty {
            let gone = Set(removed.map { "\(entry.href)/\($0)" })
            if entry.isAnnounced { pending.unpublish(links.filter { gone.contains($0.href) }) }
            notifier?.linksChanged(gone.sorted(), in: entry.href)
        }
        // Until the numbers are there the whole node is still to be announced.
        guard !changed.isEmpty, var numbers = entry.numbers else { return }
        if numbers.add(changed) { self.numbers.keep(numbers, of: entry.id) }
        entry.numbers = numbers
        let hrefs = Set(changed.map { "\(entry.href)/\($0)" })
        pending.publish(resources(of: entry).filter { hrefs.contains($0.href) }.map { $0.link(anchor: anchor) })
        notifier?.linksChanged(hrefs.sorted(), in: entry.href)
        notifier?.wake()
    }

    private func statusChanged(_ id: NodeID) {
        guard let entry = entries[id], let node = concentrator.node(id) else { return }
        if entry.title != node.description.displayName {
            entry.title = node.description.displayName
            if entry.isAnnounced { announce(entry) }
        }
        tell(entry) { $0.segment == BoundValue.availabilitySegment }
    }

    /// Tells observers of the resources that a change concerns, where they show something else now.
    private func tell(_ entry: NodeEntry, where concerns: (BoundValue) -> Bool) {
        guard let notifier, notifier.isObserved else { return }
        for value in entry.values where concerns(value) {
            let resource = NodeResource(device: self, entry: entry, value: value)
            let hash = (try? resource.properties())?.hashValue ?? 0
            guard entry.note(value.segment, hash: hash) else { continue }
            notifier.changed(resource.href, in: entry.href, pace: value.pace)
        }
    }

    func setBatteryThreshold(_ threshold: Int, of resource: NodeResource) {
        guard resource.entry.batteryThreshold != threshold else { return }
        resource.entry.batteryThreshold = threshold
        store.putBatched(Self.batteryKey(resource.entry.id), [UInt8(clamping: threshold)])
        notifier?.changed(resource.href, in: resource.entry.href)
    }

    /// Calls the hook with what has come together; part of every round of notifications.
    func announce() {
        guard !pending.isEmpty else { return }
        onLinksChanged?(pending.take())
    }
}
