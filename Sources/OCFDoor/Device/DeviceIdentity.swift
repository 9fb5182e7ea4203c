import FlashStore
import OCFModel

/// Who the device is: made once, kept on flash.
public struct DeviceIdentity: Sendable, Hashable {
    /// `di`: the device, until another owner gives it another one.
    public var deviceID: Identifier
    /// `piid`: the device, for ever.
    public var permanentID: Identifier
    /// `pi`: the platform, for ever.
    public var platformID: Identifier

    /// An identity.
    public init(deviceID: Identifier, permanentID: Identifier, platformID: Identifier) {
        self.deviceID = deviceID
        self.permanentID = permanentID
        self.platformID = platformID
    }

    /// One record for all three, so that no power cut leaves half an identity: 3 x 16 octets.
    static let key = "ocf/identity"

    /// The identity on flash, or a new one, durable before it is returned.
    ///
    /// - Parameter deviceID: the `di` of a new one, such as the one that a certificate names; random when nil.
    /// - Throws: what the store throws when the new one cannot be written: a device that would be another after a restart
    ///   must not begin to be known.
    public static func load(from store: FlashStore, newDeviceID deviceID: Identifier? = nil) async throws(StoreError)
        -> DeviceIdentity
    {
        if let octets = store.get(key), octets.count == 48,
            let stored = Identifier(octets: Array(octets[0..<16])),
            let permanentID = Identifier(octets: Array(octets[16..<32])),
            let platformID = Identifier(octets: Array(octets[32..<48]))
        {
            return DeviceIdentity(deviceID: stored, permanentID: permanentID, platformID: platformID)
        }
        let identity = DeviceIdentity(deviceID: deviceID ?? .random(), permanentID: .random(), platformID: .random())
        try await identity.write(to: store)
        return identity
    }

    /// Writes the identity; returns when it is durable.
    public func write(to store: FlashStore) async throws(StoreError) {
        try await store.put(Self.key, octets, .now)
    }

    /// What a factory reset does to the device: another `di`, and nothing left of its configuration and its nodes' numbers;
    /// `piid` and `pi` stay. One change: a power cut leaves the device as it was or reset.
    ///
    /// The device that runs keeps its old identity; start anew afterwards.
    ///
    /// - Parameter deviceID: the `di` afterwards.
    /// - Returns: the identity after the reset.
    @discardableResult
    public static func factoryReset(
        _ store: FlashStore, newDeviceID deviceID: Identifier = .random()
    ) async throws(StoreError) -> DeviceIdentity {
        var identity = try await load(from: store)
        identity.deviceID = deviceID
        try await store.apply(
            [.removeAll(prefix: "ocf/"), .put(key: key, value: identity.octets)], .now)
        return identity
    }

    /// What keeps the identity, for a change that is more than it.
    var change: Change { .put(key: Self.key, value: octets) }

    private var octets: [UInt8] { deviceID.octets + permanentID.octets + platformID.octets }
}
