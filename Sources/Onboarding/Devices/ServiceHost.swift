import OCFModel

/// A device that may be written into a `rowneruuid`: there is no way to one but by the check of its device types (CR
/// "Device Types for security-related entities").
public struct ServiceHost: Sendable, Hashable {
    /// The service.
    public let service: SecurityService
    /// The device.
    public let id: Identifier
    /// The key that it will share with the new device; nil for the tool, whose key both derive.
    public let key: [UInt8]?

    /// Takes a device as host of a service.
    ///
    /// - Parameters:
    ///   - deviceTypes: the `rt` of its `/oic/d`.
    ///   - key: what it will share with the new device.
    /// - Throws: ``OnboardingError`` `.serviceNotHosted` when it does not say that it hosts the service.
    public init(
        _ service: SecurityService, host id: Identifier, deviceTypes: [String], key: [UInt8]?
    ) throws(OnboardingError) {
        do throws(ServiceFault) {
            try service.checkHost(id, deviceTypes: deviceTypes)
        } catch {
            throw OnboardingError(
                .serviceNotHosted, "\(error). It is not written into a rowneruuid; nothing has been changed")
        }
        self.service = service
        self.id = id
        self.key = key
    }

    /// All three services by the tool itself, which is checked in the same way.
    ///
    /// - Parameter deviceTypes: the `rt` of the tool's own `/oic/d`.
    public static func tool(
        _ id: Identifier, deviceTypes: [String]
    ) throws(OnboardingError) -> [SecurityService: ServiceHost] {
        var hosts: [SecurityService: ServiceHost] = [:]
        for service in SecurityService.allCases {
            hosts[service] = try ServiceHost(service, host: id, deviceTypes: deviceTypes, key: nil)
        }
        return hosts
    }
}

extension ServiceHost: CustomStringConvertible, CustomReflectable {
    /// Without the key.
    public var description: String { "\(service.rawValue.uppercased()) \(id)" }
    /// Shows nothing, so that no dump shows the key.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
