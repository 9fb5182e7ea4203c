import CBOR
import JSONText
import OneLoop
import OneM2MPrimitives

/// Tells subscribers what happens: finds who wants to know, puts it in the queue of each target, and delivers one after
/// another, over outages and restarts.
@Loop
final class Notifier {
    private unowned let cse: CSE
    private var queues: [String: NotificationQueue] = [:]
    /// What subscriptions gather to send together, by their resource IDs.
    private var batches: [String: Batch] = [:]
    private var batchesBytes = 0
    private var lastNumber: UInt64 = 0
    private var isRunning = false
    /// How many wait.
    private(set) var count = 0
    /// Bytes of their contents.
    private(set) var bytes = 0

    private struct Batch {
        var notifications: [JSON] = []
        var bytes = 0
        let timer: LoopTimer
    }

    init(_ cse: CSE) {
        self.cse = cse
    }

    // MARK: Events

    /// Something happened at a resource: to itself, or to a child or content instance of it.
    func happened(
        _ event: SubscriptionState.Event, at subject: Resource, child: Resource? = nil,
        instance: ContentInstances.Instance? = nil, changed: JSONObject? = nil
    ) {
        for subscription in subject.children where subscription.type == .subscription {
            // One that has expired, or is below what has, is only not swept away yet.
            guard !subscription.hasExpired(by: cse.clock()), case .subscription(let state) = subscription.detail,
                state.events.contains(event),
                subscription !== child, state.remaining.map({ $0 > 0 }) ?? true
            else { continue }
            if let types = state.childTypes, event == .createdChild || event == .deletedChild {
                let type = instance == nil ? child?.type : .contentInstance
                guard let type, types.contains(type) else { continue }
            }
            if let names = state.attributes, event == .updated {
                guard changed?.names.contains(where: { names.contains($0) }) ?? false else { continue }
            }
            let about = child ?? subject
            guard state.conditions.isEmpty || state.conditions.accepts(ResourceSubject(resource: about)),
                cse.mayHear(subscription, of: subject),
                // A token is shown to its holder alone, here too; see ``CSE/permits(_:_:_:creating:)``.
                about.type != .accessToken || cse.mayHear(subscription, of: about)
            else { continue }
            var representation: JSON?
            switch state.content {
            case .resourceID:
                let id = instance.map { "\(subject.id)-\(String($0.number, radix: 36))" } ?? about.id
                representation = ["m2m:uri": .string("/\(cse.identity.cseID)/\(id)")]
            case .modifiedAttributes: representation = .object([subject.rootName: .object(changed ?? JSONObject())])
            case .allAttributes:
                if let instance {
                    representation = .object(["m2m:cin": .object(instance.representation(container: subject.id))])
                } else {
                    representation = about.json
                }
            }
            var notification: JSONObject = ["net": .int(event.rawValue)]
            notification["rep"] = event == .retrievedEmpty ? Optional<JSON>.none : representation
            post(["nev": .object(notification), "sur": .string(reference(subscription))], of: subscription, state)
        }
    }

    private func reference(_ subscription: Resource) -> String { "/\(cse.identity.cseID)/\(subscription.address)" }

    private func post(_ single: JSON, of subscription: Resource, _ state: SubscriptionState) {
        var state = state
        if let remaining = state.remaining {
            state.remaining = remaining - 1
            subscription.detail = .subscription(state)
            // With others, within a minute: after a restart it goes on counting from there.
            cse.memory.keepLazily(subscription)
        }
        let isLast = state.remaining.map { $0 <= 0 } ?? false
        defer { if isLast { expire(subscription) } }
        guard let batch = state.batch else {
            flush(subscription)
            enqueue(["m2m:sgn": single], of: subscription, state)
            return
        }
        if gather(single, of: subscription, state, batch) || isLast { flush(subscription) }
    }

    /// Puts a notification to those that wait to fill a batch; returns whether it is time to send it.
    private func gather(
        _ single: JSON, of subscription: Resource, _ state: SubscriptionState, _ limits: SubscriptionState.Batch
    ) -> Bool {
        let id = subscription.id
        var batch =
            batches[id]
            ?? Batch(
                timer: Loop.after(.milliseconds(limits.milliseconds)) { [weak self] in
                    guard let self, let subscription = self.cse.tree.byID[id] else { return }
                    self.flush(subscription)
                })
        batchesBytes -= batch.bytes
        if state.latestOnly { (batch.notifications, batch.bytes) = ([], 0) }
        batch.notifications.append(single)
        batch.bytes += single.weight
        batchesBytes += batch.bytes
        batches[id] = batch
        return batch.notifications.count >= limits.number || batch.bytes >= cse.settings.limits.batchBytes
            || batchesBytes > cse.settings.limits.batchesBytes
    }

    private func takeBatch(of subscription: String) -> [JSON] {
        guard let batch = batches.removeValue(forKey: subscription) else { return [] }
        batch.timer.cancel()
        batchesBytes -= batch.bytes
        return batch.notifications
    }

    private func flush(_ subscription: Resource) {
        let gathered = takeBatch(of: subscription.id)
        guard !gathered.isEmpty, case .subscription(let state) = subscription.detail else { return }
        enqueue(["m2m:agn": ["m2m:sgn": .array(gathered)]], of: subscription, state)
    }

    /// A subscription that was to live for so many notifications has had them.
    private func expire(_ subscription: Resource) {
        Task { [weak cse] in
            guard let cse, cse.tree.byID[subscription.id] === subscription else { return }
            cse.memory.forgetLazily(cse.remove(subscription))
        }
    }

    /// A subscription ends: its subscribers hear of that.
    func ended(_ subscription: Resource) {
        guard case .subscription(let state) = subscription.detail else { return }
        flush(subscription)
        let content: JSON = ["m2m:sgn": ["sud": true, "sur": .string(reference(subscription))]]
        for target in state.targets + [subscription.attributes["su"]?.string].compactMap(\.self) {
            enqueue(content, to: target, subscription: "", latestOnly: false, category: nil, isOfNode: false)
        }
    }

    /// A subscription is gone. What it had to tell is still told; see ``NotificationQueue/patienceWithTheDead``.
    func forget(subscription: String) {
        _ = takeBatch(of: subscription)
    }

    // MARK: Queues

    private func enqueue(_ content: JSON, of subscription: Resource, _ state: SubscriptionState) {
        for target in state.targets {
            enqueue(
                content, to: target, subscription: subscription.id, latestOnly: state.latestOnly,
                category: state.category, isOfNode: subscription.parent?.keeper == .nodes)
        }
    }

    private func enqueue(
        _ content: JSON, to target: String, subscription: String, latestOnly: Bool, category: Int?, isOfNode: Bool
    ) {
        let limits = cse.settings.limits
        let size = content.weight
        // One that would not fit were it alone drives out nobody.
        guard size <= min(limits.notificationBytesPerTarget, limits.notificationBytes) else {
            cse.counters.notificationsDropped += 1
            return
        }
        let queue = queues[target] ?? NotificationQueue()
        queues[target] = queue
        if latestOnly { for dropped in queue.drop(where: { $0 == subscription }) { drop(dropped) } }
        while queue.waiting.count >= limits.notificationsPerTarget
            || queue.bytes + size > limits.notificationBytesPerTarget || count >= limits.notifications
            || bytes + size > limits.notificationBytes
        {
            guard let oldest = queue.dropOldest() ?? dropOldestOfAnother() else { break }
            cse.counters.notificationsDropped += 1
            drop(oldest)
        }
        lastNumber += 1
        let waiting = NotificationQueue.Waiting(
            number: lastNumber, subscription: subscription, content: content, bytes: size, category: category,
            isOfNode: isOfNode)
        queue.append(waiting)
        count += 1
        bytes += size
        // What did not get through at once waits on flash as well; a node's measurements never do.
        if queue.failures > 0 { keep(waiting, target) }
        work(target)
    }

    /// Not lazily: `first` of a lazy sequence asks its elements twice, and each time one would go.
    private func dropOldestOfAnother() -> NotificationQueue.Waiting? {
        for queue in queues.values {
            if let oldest = queue.dropOldest() { return oldest }
        }
        return nil
    }

    private func drop(_ waiting: NotificationQueue.Waiting) {
        count -= 1
        bytes -= waiting.bytes
        if waiting.isKept { cse.memory.forgetNotification(waiting.number) }
    }

    private func keep(_ waiting: NotificationQueue.Waiting, _ target: String) {
        guard !waiting.isOfNode, !waiting.isKept else { return }
        queues[target]?.markKept(waiting.number)
        let record: CBOR.Value = .array([
            .text(waiting.subscription), .text(target), .bytes(Array(waiting.content.serialized().utf8)),
            waiting.category.map { .int($0) } ?? .null,
        ])
        cse.memory.keepNotification(waiting.number, CBOR.encode(record, .asWritten))
    }

    /// Takes in what waited before the restart.
    func restore(_ remembered: [(number: UInt64, bytes: [UInt8])]) {
        for (number, bytes) in remembered {
            guard let items = (try? CBOR.decode(bytes))?.items, items.count == 4, let subscription = items[0].string,
                let target = items[1].string, let bytes = items[2].byteString,
                let content = try? JSON.parse(bytes, limits: PrimitiveLimits.json),
                case let size = content.weight, count < cse.settings.limits.notifications,
                self.bytes + size <= cse.settings.limits.notificationBytes
            else {
                cse.memory.forgetNotification(number)
                continue
            }
            lastNumber = max(lastNumber, number)
            let queue = queues[target] ?? NotificationQueue()
            queues[target] = queue
            queue.append(
                NotificationQueue.Waiting(
                    number: number, subscription: subscription, content: content, bytes: size, category: items[3].int,
                    isOfNode: false, isKept: true))
            count += 1
            self.bytes += size
        }
    }

    /// Begins, or begins again, to deliver.
    func resume() {
        isRunning = true
        for (target, queue) in queues {
            queue.timer?.cancel()
            queue.timer = nil
            work(target)
        }
    }

    /// Ends; what waits, gathered to batches or not, waits on flash for the next start.
    func stop() {
        isRunning = false
        for id in Array(batches.keys) {
            if let subscription = cse.tree.byID[id] { flush(subscription) } else { _ = takeBatch(of: id) }
        }
        for (target, queue) in queues {
            queue.timer?.cancel()
            for waiting in queue.waiting { keep(waiting, target) }
        }
    }

    private func work(_ target: String) {
        guard isRunning, let queue = queues[target], !queue.isSending, queue.timer == nil else { return }
        guard !queue.waiting.isEmpty else {
            queues[target] = nil
            return
        }
        queue.isSending = true
        Task { [weak self] in await self?.deliver(target, queue) }
    }

    private func deliver(_ target: String, _ queue: NotificationQueue) async {
        // Held while an answer is waited for, which may outlast the house.
        let cse = cse
        while isRunning, let first = queue.waiting.first {
            let status = await send(first.content, to: target, category: first.category)
            // Meanwhile it may have been dropped.
            let isStillFirst = queue.waiting.first?.number == first.number
            if NotificationQueue.isWorthRetrying(status) {
                cse.counters.notificationFailures += 1
                queue.failures += 1
                queue.isSending = false
                if queue.failures >= NotificationQueue.patienceWithTheDead {
                    for dropped in queue.drop(where: { cse.tree.byID[$0] == nil }) {
                        cse.counters.notificationsDropped += 1
                        drop(dropped)
                    }
                }
                guard !queue.waiting.isEmpty else { break }
                for waiting in queue.waiting { keep(waiting, target) }
                queue.timer = Loop.after(queue.pause) { [weak self] in
                    queue.timer = nil
                    self?.work(target)
                }
                return
            }
            queue.failures = 0
            if status.isSuccess { cse.counters.notificationsSent += 1 } else { cse.counters.notificationFailures += 1 }
            if isStillFirst, let done = queue.dropOldest() { drop(done) }
        }
        queue.isSending = false
        if queue.waiting.isEmpty { queues[target] = nil }
    }

    // MARK: Sending

    /// Sends a notification once: to a URL, to an AE here, or to another CSE.
    func send(_ content: JSON, to target: String, category: Int?) async -> ResponseStatus {
        cse.lastRequest += 1
        var request = RequestPrimitive(
            .notify, to: target, from: cse.identity.entity.spRelative, requestIdentifier: "n\(cse.lastRequest)",
            content: content)
        request.eventCategory = category
        return await cse.deliver(request, to: target).status
    }
}
