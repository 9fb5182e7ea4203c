import CBOR
import CoAP
import CoAPMessages
import Glibc
import NIOCore
import NIOPosix
import OCFModel
import Synchronization

/// A device that answered a search.
public struct DiscoveredDevice: Sendable, Hashable {
    /// Its `di`.
    public var id: Identifier
    /// `n` of its `/oic/d`; "" when it does not tell.
    public var name: String
    /// `rt` of its `/oic/d`.
    public var deviceTypes: [String]
    /// Whether somebody owns it.
    public var isOwned: Bool
    /// What it offers while nobody does.
    public var methods: [OwnerTransferMethod]
    /// Where it is.
    public var address: DeviceAddress
    /// `sduuid`, where it tells.
    public var domain: Identifier?
}

/// Searches for devices on the local networks.
public struct Discovery: Sendable {
    /// Which devices.
    public enum Scope: Sendable, Hashable {
        /// Every one.
        case all
        /// Those that nobody owns.
        case unowned
        /// Those that somebody owns.
        case owned
    }

    private let group: any EventLoopGroup
    private let interfaces: [Int]?

    /// Devices that are taken of one search; more than a building has, and no room for a flood.
    static let mostDevices = 512
    /// Time for each device to tell of itself after the search.
    private static let detailTimeout = TimeAmount.seconds(4)

    /// A search on these interfaces; nil takes all that do multicast.
    ///
    /// - Throws: ``OnboardingError`` `.malformed` for a name that no interface has.
    public init(
        interfaces names: [String] = [], group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) throws(OnboardingError) {
        self.group = group
        guard !names.isEmpty else {
            interfaces = nil
            return
        }
        let current = NetworkInterface.current()
        var indices: [Int] = []
        for name in names {
            guard let interface = current.first(where: { $0.name == name }) else {
                let known = current.map(\.name).joined(separator: ", ")
                throw OnboardingError(
                    .malformed, "there is no network interface \(name) that is up; there are \(known)")
            }
            indices.append(interface.index)
        }
        interfaces = indices
    }

    /// Searches by multicast, and asks each device what it is.
    ///
    /// - Parameters:
    ///   - seconds: how long answers are waited for; devices answer within two seconds.
    ///   - onAnswer: called with the number of devices so far.
    public func search(
        _ scope: Scope, seconds: Int = 3, onAnswer: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> [DiscoveredDevice] {
        let endpoint: UDPEndpoint
        do {
            endpoint = try await CoAPUDP.bind(port: 0, group: group) { _ in NothingServed() }.get()
        } catch {
            throw LinkFault(error, "the local network").error
        }
        defer { endpoint.close() }
        let found = Mutex<[DeviceAddress: Void]>([:])
        let query =
            scope == .unowned
            ? Message.ocfRequest(.get, path: SecurityResource.doxm.href, query: ["owned=FALSE"])
            : .ocfRequest(.get, path: "/oic/res", query: ["rt=\(SecurityResource.doxm.resourceType)"])
        do {
            _ = try await endpoint.multicast(query, interfaces: interfaces, window: .seconds(Int64(seconds))) {
                response in
                guard response.message.code == .content,
                    let address = Self.address(of: response, hasLinks: scope != .unowned)
                else { return }
                let count = found.withLock { found -> Int? in
                    guard found.count < Self.mostDevices, found[address] == nil else { return nil }
                    found[address] = ()
                    return found.count
                }
                if let count { onAnswer(count) }
            }.get()
        } catch {
            throw LinkFault(error, "the local network").error
        }
        let addresses = found.withLock { Array($0.keys) }
        let devices = await withTaskGroup(of: DiscoveredDevice?.self) { group in
            for address in addresses { group.addTask { try? await self.describe(address) } }
            var devices: [Identifier: DiscoveredDevice] = [:]
            for await device in group {
                guard let device else { continue }
                // A device with two addresses answers twice; one of IPv4 is the one that people can read.
                if devices[device.id] == nil || !device.address.host.contains(":") { devices[device.id] = device }
            }
            return devices
        }
        return devices.values
            .filter { scope == .all || $0.isOwned == (scope == .owned) }
            .sorted { ($0.name, $0.id.description) < ($1.name, $1.id.description) }
    }

    /// Asks the device at an address what it is, over plain CoAP.
    public func describe(_ address: DeviceAddress) async throws -> DiscoveredDevice {
        guard let port = address.plainPort else {
            throw OnboardingError(.unreachable, "\(address) has no plain endpoint that is known; give it as HOST:PORT")
        }
        let connection: Connection
        do {
            connection = try await CoAPUDP.connect(host: address.host, port: port, on: group.next()).get()
        } catch {
            throw LinkFault(error, "\(address)").error
        }
        defer { connection.close() }
        func ask(_ path: String, _ query: [String] = []) async throws -> DeviceAnswer {
            do {
                return try DeviceAnswer(
                    try await connection.send(.ocfRequest(.get, path: path, query: query), timeout: Self.detailTimeout)
                        .get())
            } catch let error as OnboardingError {
                throw error
            } catch {
                throw LinkFault(error, "\(address)").error
            }
        }
        let links =
            try await ask("/oic/res", ["rt=\(SecurityResource.doxm.resourceType)"]).body
            .flatMap { try? Link.list($0) } ?? []
        let doxm = try? await OwnerTransferMethods(representation: ask(SecurityResource.doxm.href).body)
        let description = try await ask("/oic/d", ["if=oic.if.baseline"]).body
        guard
            let id = description?["di"]?.string.flatMap({ Identifier($0) }) ?? doxm?.deviceID
                ?? links.lazy.compactMap(\.anchor).compactMap({ Identifier($0.dropFirst("ocf://".count)) }).first
        else { throw OnboardingError(.peer, "the device at \(address) does not tell its id") }
        let sdi = try? await ask(SecurityResource.sdi.href).body
        return DiscoveredDevice(
            id: id, name: description?["n"]?.string.map { String($0.prefix(64)) } ?? "",
            deviceTypes: description?["rt"]?.items?.compactMap(\.string) ?? [], isOwned: doxm?.isOwned ?? true,
            methods: doxm?.supported ?? [],
            address: DeviceAddress(host: address.host, endpoints: links.flatMap(\.endpoints), fallback: port),
            domain: (sdi ?? nil)?["uuid"]?.string.flatMap { Identifier($0) })
    }

    /// Finds one device by its id.
    ///
    /// - Throws: ``OnboardingError`` `.notFound`.
    public func find(_ id: Identifier, seconds: Int = 3) async throws -> DiscoveredDevice {
        for device in try await search(.all, seconds: seconds) where device.id == id { return device }
        throw OnboardingError(.notFound, "the device \(id) does not answer on the local network")
    }

    /// Where an answer came from. The port it came from is the device's own plain endpoint; what its links list is better.
    private static func address(of response: MulticastResponse, hasLinks: Bool) -> DeviceAddress? {
        guard let host = response.remoteAddress.numericHost else { return nil }
        var endpoints: [Endpoint] = []
        if hasLinks {
            guard let body = try? response.message.representation(), let links = try? Link.list(body) else {
                return nil
            }
            endpoints = links.flatMap(\.endpoints)
        }
        return DeviceAddress(host: host, endpoints: endpoints, fallback: response.remoteAddress.port)
    }
}

extension SocketAddress {
    /// The address in numbers, with the scope of a link-local one; nil for what is not of the Internet.
    var numericHost: String? {
        guard let address = ipAddress else { return nil }
        guard case .v6(let inner) = self, inner.address.sin6_scope_id != 0 else { return address }
        return "\(address)%\(inner.address.sin6_scope_id)"
    }
}
