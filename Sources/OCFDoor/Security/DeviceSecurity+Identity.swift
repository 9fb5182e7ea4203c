import OCFModel
import OneLoop
import TLS

extension DeviceSecurity {
    /// The newest usable identity certificate of `/oic/sec/cred` that names this device, with its key; nil while there is
    /// none.
    public func identityCredential() -> Identity? {
        for credential in state.cred.usable(.identity, at: environment.time()).reversed() {
            guard let pem = credential.publicPEM, let chain = try? CertificateChain(pem: pem, origin: "/oic/sec/cred"),
                let key = privateKey(of: credential), let identity = try? Identity(chain: chain, key: key)
            else { continue }
            return identity
        }
        return nil
    }

    /// The roots that `/oic/sec/cred` has for a peer, a cloud for instance: those for it, and those for everybody.
    public func anchors(for peer: Identifier) -> TrustAnchors {
        let entries = state.cred.usable(.trustAnchor, at: environment.time())
            .filter { $0.subject == .anyone || $0.subject == .device(peer) }
        return TrustAnchors(
            entries.compactMap(\.publicPEM).flatMap { (try? TrustAnchors(pem: $0).certificates) ?? [] })
    }

    private func privateKey(of credential: Credential) -> PrivateKey? {
        guard let data = credential.privateData, !data.data.isEmpty else { return key }
        switch (data.encoding, data.data) {
        case (.pem, .text(let pem)): return try? PrivateKey(pem: pem, origin: "/oic/sec/cred")
        case (.pem, .bytes(let pem)):
            return try? PrivateKey(pem: String(decoding: pem, as: UTF8.self), origin: "/oic/sec/cred")
        default: return nil
        }
    }
}
