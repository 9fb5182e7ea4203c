import CBOR
import CoAPMessages
import OCFModel
import PrivateFiles
import TLS

/// What a mediator asks of the cloud for a new device, and gets (device to cloud, 8.1.2.2, 8.1.2.3). OCF leaves open how;
/// this is a resource of the cloud's own, of type `x.gatehouse.devicetoken`.
///
/// ```
/// POST /x.gatehouse/devicetoken  {di, csr?, validfor?}
///   2.01  {accesstoken, cis, sid, expiresin, trust?, certificate?}
/// ```
enum DeviceToken {
    static let path = "/x.gatehouse/devicetoken"
    /// Seconds for a device to sign up, unless the mediator asks for another span: it stands beside the device.
    static let lifetime = 600
    /// Longest span: a week, for a device that is set up here and switched on elsewhere.
    static let longestLifetime = 604_800
    /// Longest request for a certificate: `maxLength` of `csr` in `oic.r.csr`.
    static let longestRequest = 3072
}

/// What the cloud tells mediators about itself.
struct MediationFacts: Sendable {
    /// The root that devices trust for this cloud, PEM; nil when only its operator knows.
    var trust: String?
    /// The state directory's authority, which signs identities; nil when devices' certificates come from another.
    var authority: CertificateStore?
}

extension Session {
    /// Gives a one-time token for the device named, and signs its request for an identity certificate, so that its key
    /// never leaves it.
    ///
    /// For clients that are signed in alone: a device asks for no other device. Who may ask is a member of the user already,
    /// and what it gets makes the device one of the same user's, no other's.
    @Sendable func deviceToken(_ request: Message) async throws -> Message {
        guard request.code == .post else { throw ResourceError(.methodNotAllowed, "devicetoken takes POST") }
        guard let member else { throw CloudError(.unauthorized, "sign in first") }
        let registration = member.route.registration
        guard registration.kind == .client else {
            throw CloudError(.forbidden, "clients of a user ask for tokens, devices do not")
        }
        let body = try body(of: request)
        guard let device = body["di"]?.string.flatMap({ Identifier($0) }), device != .none, device != core.cloudID
        else {
            throw CloudError(.malformed, "di is missing, or no UUID of a device")
        }
        var lifetime = DeviceToken.lifetime
        if let asked = body["validfor"] {
            guard let seconds = asked.int, (1...DeviceToken.longestLifetime).contains(seconds) else {
                throw CloudError(.malformed, "validfor: expected 1 to \(DeviceToken.longestLifetime) seconds")
            }
            lifetime = seconds
        }
        var certificate: String?
        if let csr = body["csr"] {
            guard let text = csr.string, text.utf8.count <= DeviceToken.longestRequest else {
                throw CloudError(.malformed, "csr: expected PEM of at most \(DeviceToken.longestRequest) characters")
            }
            certificate = try sign(text, of: device)
        }
        let token = try await core.database.createToken(
            userID: registration.user, device: device, lifetime: Int64(lifetime), now: core.clock())
        core.logger.notice(
            "token for a device",
            metadata: [
                "device": "\(device)", "user": "\(registration.user)", "client": "\(registration.device)",
                "certificate": "\(certificate != nil)",
            ])
        var answer: CBOR.Map = [
            "accesstoken": .text(token.text), "cis": .text(core.configuration.redirectURI ?? core.endpoint),
            "sid": .text(core.cloudID.description), "expiresin": .int(lifetime),
        ]
        if let trust = core.mediation.trust { answer["trust"] = .text(trust) }
        if let certificate { answer["certificate"] = .text(certificate) }
        return .ocfResponse(.created, .map(answer))
    }

    /// The identity certificate for a request; nil when the authority's key is not on this machine.
    private func sign(_ request: String, of device: Identifier) throws -> String? {
        guard let store = core.mediation.authority, let authority = try? store.authority() else { return nil }
        let (id, issued) = try authority.sign(request: request)
        guard id == device else {
            throw CloudError(.malformed, "csr is for uuid:\(id), expected uuid:\(device)")
        }
        return issued.certificate
    }
}
