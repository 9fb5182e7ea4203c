import OCFModel
import TLS

/// What the tool proves itself by, and what it trusts, towards devices.
public struct LinkCredentials: Sendable {
    /// The tool's id: the identity of its keys.
    public var tool: Identifier
    /// Roots of manufacturers, PEM.
    public var manufacturerRoots: [String]
    /// Roots of identity certificates, PEM.
    public var identityRoots: [String]
    /// The tool's identity certificate; nil without an authority.
    public var identity: CertifiedKey?

    /// Credentials.
    public init(
        tool: Identifier, manufacturerRoots: [String] = [], identityRoots: [String] = [], identity: CertifiedKey? = nil
    ) {
        self.tool = tool
        self.manufacturerRoots = manufacturerRoots
        self.identityRoots = identityRoots
        self.identity = identity
    }

    /// The credentials of a state directory.
    public init(_ state: ToolState) throws {
        let authority = ToolAuthority(state)
        self.init(tool: try state.tool().id)
        manufacturerRoots = try state.roots("manufacturer") + [try authority.manufacturerRootPEM()].compactMap { $0 }
        identityRoots = try state.roots("cloud")
        if authority.exists {
            identityRoots.append(try authority.rootPEM())
            identity = try authority.identity()
        }
    }

    /// The configuration of a handshake.
    func configuration(_ handshake: Handshake) throws(LinkFault) -> DTLSConfiguration {
        do throws(TLSError) {
            switch handshake {
            case .manufacturerCertificate:
                // The suites of owner transfer. Which manufacturer's certificate it is, is checked after the handshake.
                return try .client(
                    trust: try Self.anchors(manufacturerRoots, "manufacturers' roots"), peerName: .any,
                    cipherSuites: [.ecdsaAES128CCM8, .ecdsaAES128CCM], exportsSecrets: true)
            case .anonymous:
                throw TLSError(
                    .unavailable,
                    "just works needs the anonymous suite 0xFF00, which the TLS library of this tool has for devices "
                        + "alone and not for their clients; own the device by its certificate or a PIN")
            case .pin(let pin, let device):
                return try .client(
                    preSharedKey: PreSharedKey(
                        identity: OwnerTransferMethod.pinIdentity,
                        key: KeyDerivation.pinKey(pin: pin, deviceID: device)),
                    exportsSecrets: true)
            case .key(let key, let identity):
                return try .client(preSharedKey: PreSharedKey(identity: identity ?? tool.octets, key: key))
            case .identityCertificates(let device):
                guard let identity else {
                    throw TLSError(
                        .unavailable,
                        "the tool has no identity certificate; make an authority by `gatehouse-onboard ca init`")
                }
                return try .client(
                    trust: try Self.anchors(identityRoots, "roots of identities"),
                    peerName: .ocf(uuid: device.description),
                    identity: Identity(
                        chain: CertificateChain(pem: identity.certificate, origin: "the tool's certificate"),
                        key: PrivateKey(pem: identity.key, origin: "the tool's key")))
            }
        } catch {
            throw LinkFault.unavailable(error.reason)
        }
    }

    private static func anchors(_ pems: [String], _ what: String) throws(TLSError) -> TrustAnchors {
        guard !pems.isEmpty else {
            throw TLSError(
                .unavailable,
                "no \(what) are trusted yet; make an authority by `gatehouse-onboard ca init`, or add a manufacturer's root "
                    + "by `gatehouse-onboard ca trust FILE`")
        }
        var certificates: [Certificate] = []
        for pem in pems { certificates += try TrustAnchors(pem: pem, origin: what).certificates }
        return TrustAnchors(certificates)
    }

    /// OCF's rules for a manufacturer's chain in an owner transfer, beyond what the handshake has checked.
    func checkManufacturer(_ chain: [Certificate], now: Int64) throws(LinkFault) {
        do throws(CertificateFault) {
            var facts: [CertificateFacts] = []
            for certificate in chain { facts += try CertificateRules.read(pem: certificate.pem) }
            var anchors: [CertificateFacts] = []
            for root in manufacturerRoots { anchors += try CertificateRules.read(pem: root) }
            guard let leaf = facts.first else { return }
            try CertificateRules.manufacturer(leaf, at: now)
            try CertificateRules.chain(facts, anchors: anchors, isTransfer: true, at: now)
        } catch {
            throw LinkFault.untrusted("\(error)")
        }
    }
}
