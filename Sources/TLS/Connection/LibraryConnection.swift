import CMbedTLS

/// The library's connection: what streams and datagrams have in common. Whoever makes it frees it by ``free()``.
struct LibraryConnection {
    /// A chain longer than this is a mistake; it has been checked, the rest is for information only.
    private static let longestChain = 8

    let pointer: OpaquePointer
    let configuration: TLSConfiguration

    /// - Parameter what: what is made, for the error: `a TLS connection`.
    init(_ configuration: TLSConfiguration, _ what: String) throws(TLSError) {
        let check: gh_name_check
        let name: String?
        switch configuration.peerName {
        case .any: (check, name) = (GH_NAME_ANY, nil)
        case .hostName(let host): (check, name) = (GH_NAME_HOST, host)
        case .ocf(let uuid): (check, name) = (GH_NAME_OCF, uuid)
        }
        guard
            let pointer = gh_tls_new(
                configuration.storage.pointer, check, name, configuration.serverName, configuration.clock.now())
        else { throw TLSError(.outOfMemory, "no memory for \(what)\(TLSError.libraryText())") }
        self.pointer = pointer
        self.configuration = configuration
    }

    func free() { gh_tls_free(pointer) }

    /// The chain the peer has shown, its own certificate first.
    var peer: PeerCertificate? {
        var chain: [Certificate] = []
        var index = 0
        var length = 0
        while index < Self.longestChain, let bytes = gh_tls_peer_certificate(pointer, index, &length) {
            if let certificate = try? Certificate(der: Array(UnsafeBufferPointer(start: bytes, count: length))) {
                chain.append(certificate)
            }
            index += 1
        }
        return PeerCertificate(chain)
    }

    var cipherSuite: CipherSuite { CipherSuite(rawValue: gh_tls_suite(pointer)) }

    /// What a status that ends the connection says to people.
    func failure(_ status: Int32, during phase: String) -> TLSError {
        switch status {
        case GH_EALERT:
            let number = gh_tls_alert(pointer)
            let alert = UInt8(truncatingIfNeeded: number)
            return TLSError(
                .peerAlert,
                number < 0
                    ? "the peer ended the \(phase) with an alert"
                    : "the peer ended the \(phase) with alert \(number), \(TLSError.alertText(alert))",
                alert: number < 0 ? nil : alert)
        case GH_EVERIFY:
            return gh_tls_verdict(pointer).map { TLSError.refused($0.pointee, by: configuration) }
                ?? TLSError(.certificateRefused, "the peer's certificate was refused")
        default:
            return TLSError.ofConnection(status, during: phase)
        }
    }
}
