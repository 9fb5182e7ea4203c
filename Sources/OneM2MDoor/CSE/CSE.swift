import Concentrator
import FlashStore
import JSONText
import Logging
import OneLoop
import OneM2MPrimitives

/// A common services entity (TS-0001 6.2): the gateway's nodes and what applications keep here, as a tree of resources.
///
/// Everything is on the loop and, but for what waits for others (flash, other entities, a node's thing), synchronous.
@Loop
public final class CSE {
    /// What the configuration says.
    public let settings: CSESettings
    /// Who it is.
    public var identity: CSEIdentity { settings.identity }
    /// The way to other entities; nil for none.
    public var remote: (any RemoteEntities)?
    /// Who judges tokens; nil for nobody.
    public var tokens: (any TokenAuthorization)?
    /// Who issues tokens; nil for nobody.
    public var authority: (any TokenIssuing)?
    /// What has happened since the start.
    public internal(set) var counters = CSECounters()

    let tree: ResourceTree
    let memory: ResourceMemory
    let log: Logger
    let clock: @Loop () -> OneM2MTime
    let polling = PollingQueues()
    private(set) lazy var notifier = Notifier(self)
    var nodes: NodeResources?
    /// Requests in work.
    var inWork = 0
    /// The number of the last request of the CSE's own.
    var lastRequest: UInt64 = 0
    /// When the next resource expires, and the timer for it.
    var expirationTimer: (at: OneM2MTime, timer: LoopTimer)?
    var isStopped = false
    /// What flash remembers below resources that have not come yet: those of nodes.
    var orphans: [String: [ResourceRecord]] = [:]
    var orphanInstances: [String: [ContentInstances.Instance]] = [:]
    /// Takes notifications to the CSE itself, such as answers of an authorization server; nil for none.
    public var onNotification: (@Loop (RequestPrimitive, EntityID, RequestOrigin) async -> ResponsePrimitive?)?
    /// Requests that wait for their time, by the number of their place.
    var delayed: [UInt64: Delayed] = [:]
    var lastDelayed: UInt64 = 0
    /// Group requests that were fanned out lately, by their identifiers: one that comes again has gone in a circle.
    var seenGroupRequests: [String] = []

    /// A CSE with what flash remembers of it.
    ///
    /// - Parameters:
    ///   - store: where resources of requests are kept; nil keeps them in memory alone.
    ///   - clock: the wall clock, never before the time that the daemon knows to have passed.
    public init(
        settings: CSESettings, store: FlashStore?, log: Logger,
        clock: @escaping @Loop () -> OneM2MTime = { OneM2MTime(microseconds: wallMicroseconds()) }
    ) {
        self.settings = settings
        self.log = log
        self.clock = clock
        memory = ResourceMemory(
            store: store, isDurable: settings.isDurable, limit: settings.limits.durableResources,
            perContainer: settings.limits.durableInstancesPerContainer)
        let base = Resource(
            id: "base", type: .cseBase, name: settings.identity.baseName, rootName: "m2m:cb", keeper: .configuration,
            creator: settings.identity.entity.absolute, created: clock())
        tree = ResourceTree(base: base)
        makeBase()
        restore()
    }

    /// Shows the concentrator's nodes as resources, from now on.
    public func show(_ concentrator: Concentrator, history: Int) {
        let nodes = NodeResources(cse: self, concentrator: concentrator, history: history)
        self.nodes = nodes
        nodes.start()
    }

    /// Begins to send what waited over the restart. Call it once ``remote`` is set.
    public func start() {
        notifier.resume()
        scheduleExpiration()
    }

    /// Ends: nothing is sent any more, and what waits is on flash or as good as.
    public func stop() {
        isStopped = true
        expirationTimer?.timer.cancel()
        nodes?.stop()
        notifier.stop()
        polling.stop()
        endDelays()
    }

    /// How many resources there are, content instances not counted.
    public var resourceCount: Int { tree.count }
    /// How many content instances there are.
    public var instanceCount: Int { tree.instanceCount }
    /// How many notifications wait.
    public var waitingNotifications: Int { notifier.count }

    /// Removes all that requests made from flash, for a factory reset; the CSE is to be stopped before. The numbers of IDs
    /// stay, so that none comes back.
    public static func forget(_ store: FlashStore) async throws(StoreError) {
        for kind in ["r/", "i/", "n/"] { try await store.removeAll(prefix: ResourceMemory.prefix + kind, .now) }
    }

    /// The base's own attributes, and the policy that the nodes are under.
    private func makeBase() {
        tree.base.attributes = [
            "cst": .int(settings.kind.rawValue), "csi": .string(identity.entity.spRelative),
            "srt": .array(ResourceTable.all.map { .int($0.type.rawValue) }),
            "srv": ["2a", "3", "4"], "rr": .bool(!settings.pointsOfAccess.isEmpty),
            "poa": .array(settings.pointsOfAccess.map { .string($0) }),
            "csz": ["application/json", "application/cbor"],
        ]
        let administrators = AccessControlRule(originators: settings.administrators, operations: .all)
        var rules = [administrators]
        if !settings.readers.isEmpty {
            rules.append(AccessControlRule(originators: settings.readers, operations: [.retrieve, .discovery]))
            rules.append(
                AccessControlRule(
                    originators: settings.readers, operations: .create,
                    objectDetails: [ObjectDetail(childTypes: [.subscription])]))
        }
        if !settings.controllers.isEmpty {
            rules.append(
                AccessControlRule(originators: settings.controllers, operations: [.retrieve, .update, .discovery]))
        }
        let own = Privileges(rules)
        let itself = Privileges([administrators])
        let policy = Resource(
            id: Self.nodePolicyID, type: .accessControlPolicy, name: "nodes-policy", rootName: "m2m:acp",
            keeper: .configuration, creator: identity.entity.absolute, created: clock(),
            attributes: ["pv": own.json, "pvs": itself.json])
        policy.detail = .policy(own: own, itself: itself)
        tree.insert(policy, under: tree.base)
    }

    /// The ID of the policy that the nodes are under.
    static let nodePolicyID = "Npolicy"

    /// A new resource ID: short, and never given before.
    func newID() -> String {
        while true {
            let number = tree.takeNumber()
            memory.reserve(beyond: number)
            let id = String(number, radix: 36)
            // The base's ID and its name can look like a number too.
            if tree.find([id]) == nil { return id }
        }
    }
}

/// What a CSE has done and refused since the start.
public struct CSECounters: Sendable, Hashable {
    /// Requests received.
    public var requests: UInt64 = 0
    /// Those answered with an error.
    public var refused: UInt64 = 0
    /// Notifications delivered.
    public var notificationsSent: UInt64 = 0
    /// Attempts to deliver one that failed.
    public var notificationFailures: UInt64 = 0
    /// Notifications dropped because a queue was full.
    public var notificationsDropped: UInt64 = 0
    /// Resources whose time had come.
    public var expired: UInt64 = 0
    /// Resources on flash that could not be read.
    public var unreadable: UInt64 = 0
}
