import CoAPMessages
import Concentrator
import FlashStore
import OCFModel
import OneLoop

/// The gateway as an OCF device: its resources, and whoever asks for them.
///
/// Knows no socket: a local endpoint or the cloud connection hands requests in with the identity it has proved, and gets
/// answers and notifications out through the exchange. Nodes come from the concentrator and go with it.
@Loop
public final class OCFDevice {
    /// Runs something later on the loop.
    public typealias Scheduler = @Loop (Duration, @escaping @Loop () -> Void) -> Void

    /// Who the device is; its `di` is another one after a transfer of ownership, and after a reset.
    public private(set) var identity: DeviceIdentity
    /// What the configuration says of it.
    public let settings: DeviceSettings
    /// What the house does when `/oic/mnt` asks.
    public var maintenance = MaintenanceActions()
    /// The cloud connection, for `oic.r.coapcloudconf`.
    public weak var cloud: (any CloudControlling)?
    /// Called after links have come or gone; once for several that come together.
    public var onLinksChanged: ((LinksChange) -> Void)?

    /// The cloud that the button has let in: it may read the device and its nodes and set the nodes' parameters, while
    /// nobody owns the device. Nil trusts none.
    public var trustedCloud: Identifier? {
        didSet { accessControl = Self.entries(trustedCloud) }
    }

    /// Who may do what while nobody owns the device.
    public private(set) var accessControl: AccessControlList

    /// The security resources, and who may do what once somebody owns the device; nil for a device that nobody can own,
    /// since it is on no local network.
    public let security: DeviceSecurity?

    /// Where the device is reached on the network that a request came from; set by the local endpoint.
    var endpoints: (@Loop (Caller, _ isClear: Bool) -> [Endpoint])?

    let concentrator: Concentrator
    let store: FlashStore
    private let scheduler: Scheduler
    private var core: [String: any DeviceResource] = [:]
    private var coreOrder: [String] = []
    private var configuration: ConfigurationResource?
    var entries: [NodeID: NodeEntry] = [:]
    var lastEntry = 0
    /// How often the links of all nodes were asked for since they are kept as bytes; 0 when they are not.
    var linksAsked: UInt64 = 0
    let numbers: InstanceNumbers
    /// The last update of each node or resource that is being written.
    var updates: [String: (number: UInt64, task: Task<Void, Never>)] = [:]
    var lastUpdate: UInt64 = 0
    var pending = PendingLinks()
    private var notifierStorage: Notifier?
    private var subscription: SubscriptionID?

    /// A device over a concentrator's nodes.
    ///
    /// - Parameters:
    ///   - identity: who it is, see ``DeviceIdentity/load(from:)``.
    ///   - security: nil for a device that is on no local network.
    ///   - scheduler: for tests; the loop's timers by default.
    public init(
        identity: DeviceIdentity, settings: DeviceSettings, concentrator: Concentrator, store: FlashStore,
        security: DeviceSecurity? = nil, scheduler: @escaping Scheduler = { delay, body in Loop.after(delay, body) }
    ) {
        self.identity = identity
        self.settings = settings
        self.concentrator = concentrator
        self.store = store
        self.security = security
        self.scheduler = scheduler
        accessControl = Self.entries(nil)
        numbers = InstanceNumbers(store: store)
        let configuration = ConfigurationResource(store: store, defaultName: settings.name) { [weak self] in
            self?.nameChanged()
        }
        self.configuration = configuration
        notifierStorage = Notifier(device: self)
        var resources: [any DeviceResource] = [
            DiscoveryResource(device: self), DeviceInformation(device: self), PlatformInformation(device: self),
            IntrospectionResource(device: self), configuration, MaintenanceResource(device: self),
            CloudConfigurationResource(device: self), IntrospectionData(device: self),
        ]
        if let security {
            self.identity.deviceID = security.state.deviceID
            resources += SecurityResource.allCases.map { SecurityView(security: security, resource: $0) }
            security.observe { [weak self] effect in self?.securityChanged(effect) }
        }
        for resource in resources {
            core[resource.href] = resource
            coreOrder.append(resource.href)
        }
        for node in concentrator.nodes { add(node) }
        subscription = concentrator.subscribe { [weak self] event in self?.handle(event) }
    }

    /// Leaves the concentrator; called before the device is let go.
    public func close() {
        if let subscription { concentrator.unsubscribe(subscription) }
        subscription = nil
    }

    // MARK: What others ask

    /// `n`.
    public var name: String { configuration?.name ?? settings.name }

    /// `ocf://` and the device id: what the hrefs of links are relative to.
    public var anchor: String { "ocf://\(identity.deviceID)" }

    /// The links that belong in the cloud's directory, those of the device before those of nodes.
    public var publishedLinks: [Link] {
        discoverable().filter(\.isPublished).map { $0.link(anchor: anchor) }
    }

    /// How many observations are held.
    public var observations: Int { notifier?.count ?? 0 }

    /// The cloud's address, identity or state changed.
    public func cloudConfigurationChanged() {
        resourceChanged(CloudConfigurationResource.path)
        resourceChanged(IntrospectionResource.path)
    }

    // MARK: Resources

    var notifier: Notifier? { notifierStorage }

    /// The resource at an address.
    func resource(at href: String) -> (any DeviceResource)? {
        if let resource = core[href] { return resource }
        return resource(at: href.split(separator: "/").map(String.init))
    }

    /// The resource at a path.
    func resource(at path: [String]) -> (any DeviceResource)? {
        if let resource = core["/" + path.joined(separator: "/")] { return resource }
        guard let (entry, segment) = node(at: path) else { return nil }
        guard let segment else { return NodeCollection(device: self, entry: entry) }
        return entry.value(segment).map { NodeResource(device: self, entry: entry, value: $0) }
    }

    /// The node that a path is in, and the segment of its resource, nil for the node itself.
    private func node(at path: [String]) -> (NodeEntry, String?)? {
        // The usual source is left out of hrefs, and another has three parts: ble/x, ble/x/temperature, s/ble/x, s/ble/x/y.
        if (2...3).contains(path.count), let entry = entries[NodeID(cacheType: path[0], nodeID: path[1])] {
            return (entry, path.count == 3 ? path[2] : nil)
        }
        guard (3...4).contains(path.count) else { return nil }
        let id = NodeID(sourceID: path[0], cacheType: path[1], nodeID: path[2])
        return entries[id].map { ($0, path.count == 4 ? path[3] : nil) }
    }

    /// Every discoverable resource: the device's own, then each node and what it has.
    func discoverable() -> [any DeviceResource] {
        var resources = ownDiscoverable()
        for entry in entries.values.sorted(by: { $0.order < $1.order }) { resources += self.resources(of: entry) }
        return resources
    }

    /// The device's own discoverable resources.
    func ownDiscoverable() -> [any DeviceResource] {
        coreOrder.compactMap { core[$0] }.filter { $0.policy.contains(.discoverable) }
    }

    /// A node and what it has.
    func resources(of entry: NodeEntry) -> [any DeviceResource] {
        [NodeCollection(device: self, entry: entry)]
            + entry.values.map { NodeResource(device: self, entry: entry, value: $0) }
    }

    /// A resource of the device's own changed.
    func resourceChanged(_ href: String) {
        notifier?.changed(href)
    }

    private func nameChanged() {
        resourceChanged("/oic/con")
        resourceChanged("/oic/d")
    }

    func schedule(_ delay: Duration, _ body: @escaping @Loop () -> Void) {
        scheduler(delay, body)
    }

    /// What a change of the device's security means for its resources.
    private func securityChanged(_ effect: SecurityEffect) {
        switch effect {
        case .deviceIDChanged(let id):
            identity.deviceID = id
            resourceChanged("/oic/d")
            pending.publish(publishedLinks)
            notifier?.wake()
        case .stateChanged: resourceChanged(SecurityResource.pstat.href)
        case .reset:
            notifier?.endAll()
            configuration?.forget()
        default: break
        }
    }

    // MARK: Who may do what

    /// Whether a caller may do something with a resource.
    ///
    /// While nobody owns the device, a cloud that the button has let in has the rights of ``accessControl``: that is how a
    /// fleet without onboarding tools works. Once there is an owner its access control list decides for everybody.
    func permits(
        _ operation: ResourceRequest.Operation, by caller: Caller, on resource: any DeviceResource
    ) -> Bool {
        let facts = resource.accessFacts
        guard let security else { return accessControl.permits(operation, by: caller.requester, on: facts) }
        if caller.way == .cloud, security.state.state == .rfotm {
            return accessControl.permits(operation, by: caller.requester, on: facts)
        }
        return security.permits(operation, on: facts, caller)
    }

    func permitsFactoryReset(by caller: Caller) -> Bool {
        caller.way != .cloud || settings.cloudMaintenance == .all
    }

    func permitsReboot(by caller: Caller) -> Bool {
        caller.way != .cloud || settings.cloudMaintenance != .none
    }

    /// Discovery for everybody; for the cloud the device's description, its configuration, and every node. Its own
    /// address and token are not the cloud's business.
    private static func entries(_ cloud: Identifier?) -> AccessControlList {
        var entries = [
            AccessControlEntry(
                id: 1, subject: .everybody, resources: [.href("/oic/res"), .href("/oic/d"), .href("/oic/p")],
                permissions: .read)
        ]
        if let cloud { entries += cloudEntries(cloud) }
        return AccessControlList(entries)
    }

    /// What a cloud needs that was admitted by the button; without numbers.
    static func cloudEntries(_ cloud: Identifier) -> [AccessControlEntry] {
        [
            AccessControlEntry(
                id: 0, subject: .device(cloud), resources: [.allApplication],
                permissions: [.read, .update, .notify]),
            AccessControlEntry(
                id: 0, subject: .device(cloud),
                resources: [
                    "/oic/res", "/oic/d", "/oic/p", IntrospectionResource.path, IntrospectionResource.dataPath,
                ].map { .href($0) },
                permissions: [.read, .notify]),
            AccessControlEntry(
                id: 0, subject: .device(cloud), resources: [.href("/oic/con"), .href("/oic/mnt")],
                permissions: [.read, .update, .notify]),
        ]
    }
}
