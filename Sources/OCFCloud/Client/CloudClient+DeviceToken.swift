import CBOR
import CoAPMessages
import OCFModel

/// What a device needs to register with a cloud.
public struct DeviceInvitation: Sendable {
    /// `cis`.
    public let cloud: CloudURI
    /// `sid`.
    public let cloudID: Identifier
    /// `at`: serves once, for this device.
    public let token: Secret
    /// Seconds in which it can be used.
    public let validFor: Int
    /// The root that the device has to trust for this cloud, PEM; nil when the cloud does not tell.
    public let trust: String?
    /// The device's identity certificate, PEM; nil when none was asked for, or the cloud signs none.
    public let certificate: String?
}

extension CloudClient {
    /// Asks the cloud for a one-time token with which a device may become one of this user's (device to cloud, 8.1.2.3).
    ///
    /// - Parameters:
    ///   - device: which alone may use it.
    ///   - request: the device's own request for an identity certificate, PEM.
    ///   - validFor: seconds; nil leaves it to the cloud.
    public func invite(
        _ device: Identifier, request: String? = nil, validFor: Int? = nil
    ) async throws -> DeviceInvitation {
        var body: CBOR.Map = ["di": .text(device.description)]
        if let request { body["csr"] = .text(request) }
        if let validFor { body["validfor"] = .int(validFor) }
        let answer: CBOR.Value
        do {
            answer = try await post(DeviceToken.path, .map(body))
        } catch let error as CloudError where error.code == .notFound {
            throw CloudError(.peer, "the cloud gives no tokens to mediators; ask its operator for one")
        }
        guard let token = answer["accesstoken"]?.string, let address = answer["cis"]?.string,
            let id = answer["sid"]?.string.flatMap({ Identifier($0) }), let validFor = answer["expiresin"]?.int
        else { throw CloudError(.peer, "the cloud's answer lacks accesstoken, cis, sid or expiresin") }
        return DeviceInvitation(
            cloud: try CloudURI(address), cloudID: id, token: Secret(text: token), validFor: validFor,
            trust: answer["trust"]?.string, certificate: answer["certificate"]?.string)
    }
}
