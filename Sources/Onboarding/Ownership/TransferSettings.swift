import OCFModel

/// What an owner transfer is to lead to.
public struct TransferSettings: Sendable, Hashable {
    /// The tool's id, which becomes `devowneruuid`.
    public var owner: Identifier
    /// The `deviceuuid` that the device gets: a fresh one, since the one before may be known to others.
    public var deviceID: Identifier
    /// The method; nil takes the strongest that the device offers, and just works never.
    public var method: OwnerTransferMethod?
    /// Who hosts the services, each checked.
    public var hosts: [SecurityService: ServiceHost]
    /// The security domain that the device joins.
    public var domain: SecurityDomain.Update
    /// The name to keep the device by.
    public var name: String
    /// Where the device is.
    public var address: DeviceAddress
    /// What is kept of the device from an earlier attempt.
    public var earlier: OwnedDevice?
    /// Seconds to wait for a person at the device. Three minutes: to walk through a house and find the box.
    public var patience: Int
    /// How often a PIN may be typed. Each attempt selects the method anew, so that a device that shows another PIN after a
    /// wrong one is followed.
    public var pinAttempts: Int

    /// Settings.
    public init(
        owner: Identifier, deviceID: Identifier, method: OwnerTransferMethod? = nil,
        hosts: [SecurityService: ServiceHost], domain: SecurityDomain.Update, name: String, address: DeviceAddress,
        earlier: OwnedDevice? = nil, patience: Int = 180, pinAttempts: Int = 3
    ) {
        self.owner = owner
        self.deviceID = deviceID
        self.method = method
        self.hosts = hosts
        self.domain = domain
        self.name = name
        self.address = address
        self.earlier = earlier
        self.patience = patience
        self.pinAttempts = pinAttempts
    }

    /// The host of a service: the tool where none is named.
    func host(_ service: SecurityService) -> Identifier { hosts[service]?.id ?? owner }

    /// The `rowneruuid`s.
    var services: ServiceIDs { ServiceIDs(dots: host(.dots), cms: host(.cms), ams: host(.ams)) }

    /// The hosts other than the tool, each once, with the keys they will share with the device.
    var foreignHosts: [(id: Identifier, key: [UInt8])] {
        var found: [(id: Identifier, key: [UInt8])] = []
        for service in SecurityService.allCases {
            guard let host = hosts[service], host.id != owner, let key = host.key,
                !found.contains(where: { $0.id == host.id })
            else { continue }
            found.append((host.id, key))
        }
        return found
    }
}
