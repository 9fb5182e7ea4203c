import CBOR
import CoAPMessages

/// How far the gateway has come with its cloud: `cps` of `oic.r.coapcloudconf`.
public enum CloudStatus: String, Sendable, Hashable, CaseIterable {
    /// No cloud is configured.
    case uninitialized
    /// A cloud is configured.
    case readyToRegister = "readytoregister"
    /// The sign-up is under way.
    case registering
    /// The cloud knows the gateway, whether or not it is connected at the moment.
    case registered
    /// The cloud, or the way to it, failed; `clec` says how.
    case failed
}

/// The last error with the cloud: `clec` (device to cloud, 6.1.3).
public enum CloudErrorCode: Int, Sendable, Hashable, CaseIterable {
    /// None.
    case none = 0
    /// The cloud answered with an error.
    case errorResponse = 1
    /// The cloud cannot be reached, or the connection was lost by failure.
    case connectionFailed = 2
    /// The access token could not be refreshed.
    case refreshFailed = 3
    /// Something else.
    case unknown = 255
}

/// What `oic.r.coapcloudconf` shows. The access token is no part of it, since nobody may read it.
public struct CloudConfiguration: Sendable, Hashable {
    /// `cis`: the cloud's address, `coaps+tcp://host:port`; "" while there is none.
    public var address: String
    /// `sid`: the cloud's identity; ``Identifier/none`` while there is none.
    public var cloudID: Identifier
    /// `apn`: the provider that gave the access token, when there is one.
    public var provider: String?
    /// `cps`.
    public var status: CloudStatus
    /// `clec`.
    public var lastError: CloudErrorCode

    /// A configuration; by default that of a gateway without a cloud.
    public init(
        address: String = "", cloudID: Identifier = .none, provider: String? = nil,
        status: CloudStatus = .uninitialized, lastError: CloudErrorCode = .none
    ) {
        self.address = address
        self.cloudID = cloudID
        self.provider = provider
        self.status = status
        self.lastError = lastError
    }

    /// The properties, the common ones aside.
    public var representation: CBOR.Map {
        var map: CBOR.Map = ["cis": .text(address), "sid": .text(cloudID.description)]
        if let provider { map["apn"] = .text(provider) }
        map["cps"] = .text(status.rawValue)
        map["clec"] = .int(lastError.rawValue)
        return map
    }
}

/// An UPDATE of `oic.r.coapcloudconf`: another cloud, or none.
public enum CloudConfigurationUpdate: Sendable, Hashable {
    /// `cis`, `sid`, `at` and, when there is one, `apn`.
    case connect(address: String, cloudID: Identifier, accessToken: String, provider: String?)
    /// `cis` is "": deregister and forget the cloud.
    case disconnect

    /// Reads the checked properties of an UPDATE.
    ///
    /// - Throws: ``ResourceError`` 4.00 when one of the three mandatory properties is missing or empty.
    public init(_ properties: CBOR.Map) throws(ResourceError) {
        guard let address = properties["cis"]?.string else {
            throw ResourceError(.badRequest, "cis is missing; the cloud's address was expected, or \"\" to leave it")
        }
        if address.isEmpty {
            self = .disconnect
            return
        }
        guard let sid = properties["sid"]?.string.flatMap({ Identifier($0) }) else {
            throw ResourceError(.badRequest, "sid is missing; the cloud's UUID was expected")
        }
        guard let token = properties["at"]?.string, !token.isEmpty else {
            throw ResourceError(.badRequest, "at is missing; an access token of one character at least was expected")
        }
        self = .connect(address: address, cloudID: sid, accessToken: token, provider: properties["apn"]?.string)
    }
}
