import CMbedTLS

/// Owns the shim's configuration.
///
/// Sendable although it holds a pointer: everything is written in `init` and only read afterwards, except what the
/// library guards by mutexes of its own (ticket keys, session cache, RSA blinding; it is built with threads on
/// Debian, and `init` refuses one that is not). EC keys are used once in `init`, after which signing and checking
/// only read them (see `gh_tls_config_finish`). The table of pre-shared keys is a closure that is itself Sendable. Connections keep a reference, so it outlives them.
final class ConfigurationStorage: @unchecked Sendable {
    let pointer: OpaquePointer
    /// Kept, for the library asks it during handshakes.
    private let keys: PreSharedKeys?

    init(
        role: TLSConfiguration.Role, identity: Identity?, trust: TrustAnchors,
        clientCertificate: TLSConfiguration.ClientCertificate, cipherSuites: [CipherSuite],
        applicationProtocols: [String], resumption: TLSConfiguration.Resumption, datagram: DatagramSettings?
    ) throws(TLSError) {
        guard gh_library_has_threads() == 1 else {
            throw TLSError(.invalidConfiguration, "the mbedTLS library is built without threads; expected Debian's")
        }
        var status: Int32 = 0
        let suites = cipherSuites.map(\.rawValue)
        let peer: gh_peer_certificate
        switch clientCertificate {
        case .none: peer = GH_PEER_NONE
        case .optional: peer = GH_PEER_OPTIONAL
        case .required: peer = GH_PEER_REQUIRED
        }
        // The names one after another, each ended by NUL: simple to hand over.
        let protocols: [UInt8] = applicationProtocols.flatMap { Array($0.utf8) + [0] }
        guard
            let pointer = suites.withUnsafeBufferPointer({ suites in
                protocols.withUnsafeBufferPointer { protocols in
                    var settings = gh_tls_settings(
                        is_server: role == .server ? 1 : 0, peer_certificate: peer, suites: suites.baseAddress,
                        suite_count: suites.count, protocols: protocols.baseAddress,
                        protocols_length: protocols.count, ticket_lifetime: resumption.ticketLifetime,
                        cached_sessions: resumption.cachedSessions, is_datagram: datagram == nil ? 0 : 1,
                        first_timeout: datagram?.firstTimeout ?? 0, last_timeout: datagram?.lastTimeout ?? 0,
                        exports_keys: datagram?.exportsKeys == true ? 1 : 0)
                    return gh_tls_config_new(&settings, &status)
                }
            })
        else { throw TLSError.ofConfiguration(status, "the TLS configuration") }
        self.pointer = pointer
        if case .lookup(let keys, _)? = datagram?.authentication { self.keys = keys } else { keys = nil }

        for anchor in trust.certificates {
            try Self.check(
                gh_tls_config_add_anchor(pointer, anchor.der, anchor.der.count), "the anchor \(anchor.label)")
        }
        if let identity {
            for certificate in identity.chain.certificates {
                try Self.check(
                    gh_tls_config_add_certificate(pointer, certificate.der, certificate.der.count),
                    "the certificate \(certificate.label)")
            }
            var key = try identity.key.der()
            defer { key.withUnsafeMutableBytes { gh_wipe($0.baseAddress, $0.count) } }
            try Self.check(
                gh_tls_config_set_key(pointer, key, key.count, identity.isChecked ? 1 : 0),
                "the certificate \(identity.chain.leaf.label)")
        }
        if let datagram { try datagram.authentication.apply(to: pointer) }
        try Self.check(gh_tls_config_finish(pointer), "the TLS configuration")
    }

    deinit { gh_tls_config_free(pointer) }

    static func check(_ status: Int32, _ what: String) throws(TLSError) {
        guard status == GH_OK else { throw TLSError.ofConfiguration(status, what) }
    }
}
