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
    /// - Throws: what the store throws when the new one cannot be written: a device that would be another after a restart
    ///   must not begin to be known.
    public static func load(from store: FlashStore) async throws(StoreError) -> DeviceIdentity {
        if let octets = store.get(key), octets.count == 48,
            let deviceID = Identifier(octets: Array(octets[0..<16])),
            let permanentID = Identifier(octets: Array(octets[16..<32])),
            let platformID = Identifier(octets: Array(octets[32..<48]))
        {
            return DeviceIdentity(deviceID: deviceID, permanentID: permanentID, platformID: platformID)
        }
        let identity = DeviceIdentity(deviceID: .random(), permanentID: .random(), platformID: .random())
        try await identity.write(to: store)
        return identity
    }

    /// Writes the identity; returns when it is durable.
    public func write(to store: FlashStore) async throws(StoreError) {
        try await store.put(Self.key, deviceID.octets + permanentID.octets + platformID.octets, .now)
    }
}
