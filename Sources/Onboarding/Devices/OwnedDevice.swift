import OCFModel

/// What the tool keeps of a device it owns.
public struct OwnedDevice: Sendable, Hashable {
    /// How far its ownership has come.
    public enum Stage: String, Sendable, Hashable {
        /// The transfer was interrupted after the device knew its owner.
        case begun
        /// It is owned.
        case owned
    }

    /// Its `deviceuuid`.
    public var id: Identifier
    /// The name the person gave it, or its own.
    public var name: String
    /// The key that it shares with us: 16 octets.
    public var key: [UInt8]
    /// How far.
    public var stage: Stage
    /// How it came to be ours.
    public var method: OwnerTransferMethod
    /// Where it was last reached.
    public var address: DeviceAddress
    /// The `rowneruuid` of doxm and pstat, of cred, and of acl2.
    public var services: ServiceIDs

    /// A record.
    public init(
        id: Identifier, name: String, key: [UInt8], stage: Stage, method: OwnerTransferMethod, address: DeviceAddress,
        services: ServiceIDs
    ) {
        self.id = id
        self.name = name
        self.key = key
        self.stage = stage
        self.method = method
        self.address = address
        self.services = services
    }
}

extension OwnedDevice: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Without the key.
    public var description: String { "\(name) \(id) (\(stage.rawValue))" }
    /// Without the key.
    public var debugDescription: String { description }
    /// Shows nothing, so that no dump shows the key.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Which devices host the services of a device.
public struct ServiceIDs: Sendable, Hashable {
    /// Of doxm and pstat.
    public var dots: Identifier
    /// Of cred.
    public var cms: Identifier
    /// Of acl2.
    public var ams: Identifier

    /// Services.
    public init(dots: Identifier, cms: Identifier, ams: Identifier) {
        self.dots = dots
        self.cms = cms
        self.ams = ams
    }

    /// All three by one device.
    public init(all id: Identifier) {
        self.init(dots: id, cms: id, ams: id)
    }

    /// By service.
    public subscript(_ service: SecurityService) -> Identifier {
        get {
            switch service {
            case .dots: dots
            case .cms: cms
            case .ams: ams
            }
        }
        set {
            switch service {
            case .dots: dots = newValue
            case .cms: cms = newValue
            case .ams: ams = newValue
            }
        }
    }
}
