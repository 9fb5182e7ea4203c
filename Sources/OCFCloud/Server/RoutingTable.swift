import OCFModel
import Synchronization

/// Every registered device and client by its id, connected or away.
///
/// Requests come in on all event loops at once and look up another device each, so the table is cut into shards with a lock
/// each; a lock is held for one dictionary access.
final class RoutingTable: Sendable {
    private final class Shard: Sendable {
        let routes = Mutex<[Identifier: DeviceRoute]>([:])
    }

    /// Enough that the cores of any one machine seldom meet in one.
    private static let shardCount = 64

    private let shards: [Shard]

    init() {
        shards = (0..<Self.shardCount).map { _ in Shard() }
    }

    private func shard(of id: Identifier) -> Shard {
        // The last octet of a version 4 UUID is random, so the shards fill evenly.
        shards[Int(id.octets.last ?? 0) % shards.count]
    }

    /// The route to a registered device; nil when it is not registered.
    func route(to id: Identifier) -> DeviceRoute? {
        shard(of: id).routes.withLock { $0[id] }
    }

    /// The route of this registration, made when there is none. A device that changed hands or kind gets a new route.
    func insert(_ registration: Registration) -> (route: DeviceRoute, replaced: DeviceRoute?) {
        shard(of: registration.device).routes.withLock { routes in
            let old = routes[registration.device]
            if let old, old.registration == registration { return (old, nil) }
            let route = DeviceRoute(registration)
            routes[registration.device] = route
            return (route, old)
        }
    }

    /// Takes a device from the table.
    func remove(_ id: Identifier) -> DeviceRoute? {
        shard(of: id).routes.withLock { $0.removeValue(forKey: id) }
    }

    /// All routes at this moment.
    var all: [DeviceRoute] {
        shards.flatMap { shard in shard.routes.withLock { Array($0.values) } }
    }
}
