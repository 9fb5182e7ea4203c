import CoAP
import OCFModel
import OneLoop
import TLS

/// Why a peer is nobody here.
struct SessionRefusal: Error {
    let reason: String
}

extension LocalDoor {
    /// Who a peer has proved to be, and by what.
    ///
    /// The handshake has proved that it has the key, or that its certificate leads to one of the roots; here it is asked
    /// whether that root is one for this very peer, and whether the certificate is what OCF calls an identity.
    func proof(
        of connection: Connection
    ) throws(SessionRefusal) -> (SecureSession.Basis, peer: Identifier, credentialID: Int?) {
        let state = security.state
        guard let handshake = CoAPDTLS.handshake(of: connection) else {
            throw SessionRefusal(reason: "the session has no handshake")
        }
        if let identity = handshake.preSharedIdentity {
            guard let peer = Identifier(octets: identity),
                let (credential, _) = state.cred.pairwiseKey(with: peer, at: security.environment.time())
            else { throw SessionRefusal(reason: "the key is no key of /oic/sec/cred") }
            return (.key(credential), peer, credential.id)
        }
        guard let certificate = handshake.peer else {
            throw SessionRefusal(reason: "the peer has shown neither a key nor a certificate")
        }
        do throws(CertificateFault) {
            let facts = certificate.chain.compactMap { CertificateFacts($0) }
            guard facts.count == certificate.chain.count, let leaf = facts.first else {
                throw CertificateFault.unreadable
            }
            let now = security.environment.certificateTime()
            let peer = try CertificateRules.identity(leaf, at: now)
            let anchors = anchors(for: peer)
            let anchor = try CertificateRules.chain(facts, anchors: anchors, at: now)
            return (.certificate(peer: peer, anchor: anchor), peer, nil)
        } catch {
            throw SessionRefusal(reason: error.description)
        }
    }

    /// The roots that a peer's certificate may come from.
    private func anchors(for peer: Identifier) -> [CertificateFacts] {
        security.anchors(for: peer).certificates.compactMap { CertificateFacts($0) }
    }

    /// Whether what a session rests on is still there.
    func isFounded(_ basis: SecureSession.Basis) -> Bool {
        switch basis {
        case .key(let credential):
            security.state.cred.entries.contains(credential) && credential.isUsable(at: security.environment.time())
        case .certificate(let peer, let anchor):
            anchors(for: peer).contains { $0.signedBytes == anchor.signedBytes }
        case .transfer, .nothing: true
        }
    }
}
