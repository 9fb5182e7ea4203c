/// The services that provision devices (CR "Device Types for security-related entities").
public enum SecurityService: String, Sendable, Hashable, CaseIterable {
    /// Device owner transfer service.
    case dots
    /// Credential management service.
    case cms
    /// Access management service.
    case ams

    /// What the device that hosts the service has in the `rt` of its `/oic/d`.
    public var deviceType: String { "oic.d.\(rawValue)" }

    /// The resources whose `rowneruuid` is this service.
    public var resources: [SecurityResource] {
        switch self {
        case .dots: [.doxm, .pstat]
        case .cms: [.cred]
        case .ams: [.acl2]
        }
    }

    /// The service that owns a resource; nil for those without an owner.
    public static func owning(_ resource: SecurityResource) -> SecurityService? {
        allCases.first { $0.resources.contains(resource) }
    }

    /// Whether a device may be written into a `rowneruuid` for this service: it hosts the service only if it says so.
    ///
    /// - Parameters:
    ///   - deviceTypes: the `rt` of its `/oic/d`.
    ///   - host: the device.
    public func checkHost(_ host: Identifier, deviceTypes: [String]) throws(ServiceFault) {
        guard deviceTypes.contains(deviceType) else {
            throw ServiceFault(service: self, host: host, found: deviceTypes)
        }
    }
}

/// Why a device is not taken for the host of a service.
public struct ServiceFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// The service.
    public let service: SecurityService
    /// The device.
    public let host: Identifier
    /// The `rt` of its `/oic/d`.
    public let found: [String]

    /// A sentence for people.
    public var description: String {
        "\(host) hosts no \(service.rawValue.uppercased()): the rt of its /oic/d is "
            + "\(found.joined(separator: ", ")); expected \(service.deviceType) in it"
    }
}

extension SecurityState {
    /// The device of a service; nil while none is configured, or where its resources name different ones.
    public func host(of service: SecurityService) -> Identifier? {
        let hosts = Set(service.resources.map { owner(of: $0) })
        return hosts.count == 1 ? hosts.first ?? nil : nil
    }

    /// The services that the device may ask for provisioning by itself, because `tm` wants what they give and they are
    /// configured.
    public var wantedServices: [SecurityService: Identifier] {
        var wanted: [SecurityService] = []
        if pstat.targetMode.contains(.ownerTransfer) { wanted.append(.dots) }
        if pstat.targetMode.contains(.credentials) { wanted.append(.cms) }
        if !pstat.targetMode.isDisjoint(with: [.accessManagement, .accessControlLists]) { wanted.append(.ams) }
        var hosts: [SecurityService: Identifier] = [:]
        for service in wanted { hosts[service] = host(of: service) }
        return hosts
    }
}
