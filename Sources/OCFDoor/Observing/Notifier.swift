import CBOR
import CoAPMessages
import OCFModel
import OneLoop

/// Who observes what, and who has to be told of what.
///
/// Changes are put together: the first after a quiet time is told in the same turn of the loop, later ones at most every
/// ``interval``. An observer whose connection is full is told the newest state when it takes more again.
@Loop
final class Notifier {
    /// Observations altogether. A hub that does not batch observes each of some 600 resources of 100 nodes; four such
    /// observers, at half a kilobyte each 2 MB. One more gets a plain answer (RFC 7641 §4.1).
    static let maximumObservers = 4096
    /// Between two rounds of notifications: a person takes 100 ms for at once, and a burst of adverts costs one message.
    static let interval = Duration.milliseconds(100)
    /// For what changes with every advertisement and tells little; see ``FieldRule/Pace``.
    static let slowInterval = Duration.seconds(30)
    /// Changes that wait for one observer of `/oic/res`; beyond, it is told everything.
    static let maximumChanges = 16_384

    private struct Observer {
        let href: String
        let request: ResourceRequest
        let interface: Interface
        let caller: Caller
        let sink: any ObservationSink
        var isDue = false
        /// For the batch of `/oic/res`: what changed, in order; nil is everything.
        var changes: [String]? = []
        var changed: Set<String> = []
    }

    /// How many asked for more than ``maximumObservers``.
    private(set) var refused: UInt64 = 0

    private unowned let device: OCFDevice
    private var observers: [UInt64: Observer] = [:]
    private var byHref: [String: [UInt64]] = [:]
    private var lastID: UInt64 = 0
    private var slow: [String] = []
    private var isSlow: Set<String> = []
    private var isWaiting = false
    private var isSlowWaiting = false
    private var hasWork = false

    init(device: OCFDevice) {
        self.device = device
    }

    /// How many observe.
    var count: Int { observers.count }

    /// Takes an observer on.
    ///
    /// - Returns: false when it has to do with a plain answer.
    func observe(
        _ href: String, _ request: ResourceRequest, _ interface: Interface, by caller: Caller,
        _ exchange: any ServedExchange
    ) -> Bool {
        guard observers.count < Self.maximumObservers else {
            refused += 1
            return false
        }
        lastID += 1
        let id = lastID
        // The end may come before the answer has gone out: it is noted when the loop has come round.
        let sink = exchange.observe { [weak self] in
            Loop.eventLoop.execute { Loop.assumeIsolated { self?.remove(id) } }
        }
        guard let sink else { return false }
        observers[id] = Observer(href: href, request: request, interface: interface, caller: caller, sink: sink)
        byHref[href, default: []].append(id)
        return true
    }

    private func remove(_ id: UInt64) {
        guard let observer = observers.removeValue(forKey: id) else { return }
        byHref[observer.href]?.removeAll { $0 == id }
        if byHref[observer.href]?.isEmpty == true { byHref[observer.href] = nil }
    }

    /// Whether anybody would hear of a change.
    var isObserved: Bool { !observers.isEmpty }

    /// A resource's representation changed.
    ///
    /// - Parameters:
    ///   - collection: the collection it is in, whose batches change with it.
    func changed(_ href: String, in collection: String? = nil, pace: FieldRule.Pace = .prompt) {
        guard isObserved else { return }
        if pace == .slow {
            if isSlow.insert(href).inserted { slow.append(href) }
            waitSlowly()
            return
        }
        for id in byHref[href] ?? [] { observers[id]?.isDue = true }
        if let collection {
            for id in byHref[collection] ?? [] where observers[id]?.interface == .batch { observers[id]?.isDue = true }
        }
        for id in byHref[DiscoveryResource.path] ?? [] where observers[id]?.interface == .batch { add(href, to: id) }
        wake()
    }

    /// The links changed: of these resources, which came, went, or are of another type now.
    func linksChanged(_ hrefs: [String], in collection: String) {
        guard isObserved else { return }
        for id in byHref[DiscoveryResource.path] ?? [] {
            if observers[id]?.interface == .batch {
                for href in hrefs { add(href, to: id) }
            } else {
                observers[id]?.isDue = true
            }
        }
        for href in hrefs + [collection] {
            for id in byHref[href] ?? [] { observers[id]?.isDue = true }
        }
        wake()
    }

    private func add(_ href: String, to id: UInt64) {
        observers[id]?.isDue = true
        guard observers[id]?.changes != nil, observers[id]?.changed.insert(href).inserted == true else { return }
        observers[id]?.changes?.append(href)
        if observers[id]?.changed.count ?? 0 > Self.maximumChanges {
            observers[id]?.changes = nil
            observers[id]?.changed = []
        }
    }

    // MARK: Rounds

    /// A round is due: at once when the last is long over.
    func wake() {
        hasWork = true
        guard !isWaiting else { return }
        isWaiting = true
        device.schedule(.zero) { [weak self] in self?.round() }
    }

    private func waitSlowly() {
        guard !isSlowWaiting else { return }
        isSlowWaiting = true
        device.schedule(Self.slowInterval) { [weak self] in self?.slowRound() }
    }

    private func slowRound() {
        isSlowWaiting = false
        let hrefs = slow
        slow = []
        isSlow = []
        for href in hrefs {
            changed(href, in: device.resource(at: href).flatMap { ($0 as? NodeResource)?.entry.href })
        }
    }

    private func round() {
        guard hasWork else {
            isWaiting = false
            return
        }
        hasWork = false
        device.announce()
        for id in observers.keys.sorted() where observers[id]?.isDue == true {
            if observers[id]?.sink.isReady == true { tell(id) } else { hasWork = true }
        }
        device.schedule(Self.interval) { [weak self] in self?.round() }
    }

    private func tell(_ id: UInt64) {
        guard let observer = observers[id] else { return }
        observers[id]?.isDue = false
        observers[id]?.changes = []
        observers[id]?.changed = []
        guard let resource = device.resource(at: observer.href) else {
            return end(id, observer, .notFound, "\(observer.href) is gone")
        }
        guard device.permits(.retrieve, by: observer.caller, on: resource) else {
            return end(id, observer, .unauthorized, "\(observer.href) may not be read any more")
        }
        if let discovery = resource as? DiscoveryResource, observer.interface == .batch, let changes = observer.changes
        {
            let filter = LinkFilter(resourceTypes: observer.request.resourceTypes)
            let value = discovery.batch(of: changes, filter, by: observer.caller)
            // What changed may be nothing that this observer is shown.
            if value.items?.isEmpty == true { return }
            return observer.sink.notify(.ocfResponse(.content, value, format: observer.request.responseFormat))
        }
        // While there is no value there is nothing to tell; an error would end the observation.
        guard let answer = try? resource.answer(observer.interface, observer.request, by: observer.caller) else {
            return
        }
        observer.sink.notify(answer)
    }

    /// Ends every observation: who may see the device has to be found out anew.
    func endAll() {
        for (id, observer) in observers { end(id, observer, .unauthorized, "the device is being reset") }
    }

    private func end(_ id: UInt64, _ observer: Observer, _ code: Code, _ reason: String) {
        // The error itself ends the observation (RFC 7641 §4.2).
        observer.sink.notify(.ocfResponse(ResourceError(code, reason)))
        observer.sink.end()
        remove(id)
    }
}
