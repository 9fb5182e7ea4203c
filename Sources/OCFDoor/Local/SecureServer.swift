import CoAP
import Logging
import OCFModel
import OneLoop
import TLS

/// Chooses what DTLS clients are answered with: which methods, which certificates, which keys, as the state of the device
/// demands.
@Loop
final class SecureServer {
    /// What the choice depends on; the same needs no new configuration.
    private struct Choice: Hashable {
        let state: OnboardingState
        let method: OwnerTransferMethod
        let deviceID: Identifier
        let pin: String?
        let credentials: CredentialList
    }

    /// How often a key is asked for while one PIN is shown. Each handshake asks once; a person mistypes a few times, and a
    /// guesser has that many tries of a hundred million.
    static let maximumPINAttempts = 8

    private let security: DeviceSecurity
    private let manufacturer: Identity?
    private let log: Logger
    private var choice: Choice?
    private var pinAttempts = 0
    /// Why clients are not answered though the state would have them answered; nil when they are.
    private(set) var trouble: String?
    /// Called when a PIN has been tried too often.
    var onPINExhausted: (() -> Void)?

    init(security: DeviceSecurity, manufacturer: Identity?, log: Logger) {
        self.security = security
        self.manufacturer = manufacturer
        self.log = log
    }

    /// Sets the endpoint to what the state demands now.
    func apply(to endpoint: SecureUDPEndpoint, pin: String?) {
        let state = security.state
        let next = Choice(
            state: state.state, method: state.doxm.selected, deviceID: state.deviceID, pin: pin,
            credentials: state.cred)
        guard next != choice else { return }
        choice = next
        pinAttempts = 0
        do throws(TLSError) {
            trouble = nil
            endpoint.setServer(try configuration(state, pin: pin))
        } catch {
            trouble = error.reason
            log.error(
                "no DTLS session can be offered", metadata: ["state": "\(state.state)", "reason": "\(error.reason)"])
            endpoint.setServer(nil)
        }
    }

    private func configuration(_ state: SecurityState, pin: String?) throws(TLSError) -> DTLSConfiguration? {
        switch state.state {
        case .reset: return nil
        case .rfotm: return try transfer(state, pin: pin)
        case .rfpro, .rfnop, .sreset: return try owned(state)
        }
    }

    private func transfer(_ state: SecurityState, pin: String?) throws(TLSError) -> DTLSConfiguration? {
        switch state.doxm.selected {
        case .manufacturerCertificate:
            guard let manufacturer else { return nil }
            // The suites of the method, whose keys the owner's key is derived from in one way alone.
            return try .server(
                identity: manufacturer, cipherSuites: [.ecdsaAES128CCM8, .ecdsaAES128CCM], exportsSecrets: true,
                clock: clock)
        case .randomPIN:
            guard let pin else { return nil }
            let key = KeyDerivation.pinKey(pin: pin, deviceID: state.deviceID)
            return try .server(
                preSharedKeys: PreSharedKeys { [weak self] identity in
                    guard identity == OwnerTransferMethod.pinIdentity else { return nil }
                    return Loop.assumeIsolated { self?.takePINAttempt() == true } ? key : nil
                },
                identityHint: OwnerTransferMethod.pinHint(deviceID: state.deviceID), exportsSecrets: true)
        case .justWorks: return try .anonymousServer()
        default: return nil
        }
    }

    private func takePINAttempt() -> Bool {
        pinAttempts += 1
        guard pinAttempts > Self.maximumPINAttempts else { return true }
        onPINExhausted?()
        return false
    }

    private func owned(_ state: SecurityState) throws(TLSError) -> DTLSConfiguration? {
        let hint = OCFHandshakes.areAvailable ? state.deviceID.octets : []
        let keys = PreSharedKeys { [weak self] identity in
            Loop.assumeIsolated { self?.pairwiseKey(identity) }
        }
        let anchors = anchors(state)
        if !anchors.certificates.isEmpty, let identity = security.identityCredential() {
            return try .server(
                identity: identity, clientCertificate: .required, trust: anchors, peerName: .ocf(uuid: nil),
                preSharedKeys: OCFHandshakes.areAvailable ? keys : nil, identityHint: hint, clock: clock)
        }
        // Without an identity certificate there are keys alone, and with the shim alone.
        return OCFHandshakes.areAvailable ? try .server(preSharedKeys: keys, identityHint: hint) : nil
    }

    private func pairwiseKey(_ identity: [UInt8]) -> [UInt8]? {
        Identifier(octets: identity).flatMap {
            security.state.cred.pairwiseKey(with: $0, at: security.environment.time())?.key
        }
    }

    private func anchors(_ state: SecurityState) -> TrustAnchors {
        let entries = state.cred.usable(.trustAnchor, at: security.environment.time())
        return TrustAnchors(
            entries.compactMap(\.publicPEM).flatMap { (try? TrustAnchors(pem: $0).certificates) ?? [] })
    }

    private var clock: ValidityClock { ValidityClock(security.environment.certificateTime) }
}
