import CBOR
import OCFModel

/// What the gateway knows of its cloud across restarts.
public struct CloudRecord: Sendable, Hashable {
    /// What the cloud gave at the sign-up.
    public struct Account: Sendable, Hashable {
        /// `uid`: the user.
        public var userID: String
        /// What the gateway signs in with.
        public var accessToken: Secret
        /// What it gets a new access token for.
        public var refreshToken: Secret
        /// Whether the access token never expires (`expiresin` was negative).
        public var isPermanent: Bool

        /// An account.
        public init(userID: String, accessToken: Secret, refreshToken: Secret, isPermanent: Bool) {
            self.userID = userID
            self.accessToken = accessToken
            self.refreshToken = refreshToken
            self.isPermanent = isPermanent
        }
    }

    /// Where the cloud is now: what was configured, or where it sent us.
    public var address: CloudAddress
    /// Where it was when it was configured.
    public let configuredAddress: CloudAddress
    /// `sid`: who it is.
    public let cloudID: Identifier
    /// `at`: the one-time token. Kept when it has been used, so that the same configuration is known again at the next
    /// start and not taken for a new one.
    public let oneTimeToken: Secret
    /// `apn`: who gave the token.
    public let provider: String?
    /// The account; nil until the cloud has accepted the sign-up.
    public var account: Account?
    /// Whether the gateway is to deregister and forget the cloud.
    public var isLeaving = false

    /// A cloud just configured.
    public init(address: CloudAddress, cloudID: Identifier, oneTimeToken: Secret, provider: String?) {
        self.address = address
        configuredAddress = address
        self.cloudID = cloudID
        self.oneTimeToken = oneTimeToken
        self.provider = provider
    }
}

extension CloudRecord {
    /// The version of the stored form.
    private static let version = 1

    /// The bytes in the store.
    var bytes: [UInt8] {
        var map: CBOR.Map = [
            "v": .int(Self.version), "cis": .text(address.description), "home": .text(configuredAddress.description),
            "sid": .text(cloudID.description), "at": .text(oneTimeToken.value), "leaving": .boolean(isLeaving),
        ]
        if let provider { map["apn"] = .text(provider) }
        if let account {
            map["account"] = [
                "uid": .text(account.userID), "access": .text(account.accessToken.value),
                "refresh": .text(account.refreshToken.value), "permanent": .boolean(account.isPermanent),
            ]
        }
        return CBOR.encode(.map(map))
    }

    /// The record of these bytes; nil when they are none of this version.
    init?(bytes: [UInt8]) {
        guard let map = try? CBOR.decode(bytes).entries, map["v"]?.int == Self.version,
            let address = map["cis"]?.string.flatMap({ CloudAddress($0) }),
            let home = map["home"]?.string.flatMap({ CloudAddress($0) }),
            let cloudID = map["sid"]?.string.flatMap({ Identifier($0) }), let token = map["at"]?.string
        else { return nil }
        self.init(address: home, cloudID: cloudID, oneTimeToken: Secret(token), provider: map["apn"]?.string)
        self.address = address
        isLeaving = map["leaving"]?.bool ?? false
        if let stored = map["account"] {
            guard let userID = stored["uid"]?.string, let access = stored["access"]?.string,
                let refresh = stored["refresh"]?.string, let isPermanent = stored["permanent"]?.bool
            else { return nil }
            account = Account(
                userID: userID, accessToken: Secret(access), refreshToken: Secret(refresh), isPermanent: isPermanent)
        }
    }
}
