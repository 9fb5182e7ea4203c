import CMbedTLS

/// What a datagram configuration has beside a stream's.
struct DatagramSettings {
    enum Authentication {
        case certificates
        /// Server: beside or instead of certificates.
        case lookup(PreSharedKeys, hint: [UInt8])
        /// Client.
        case key(PreSharedKey)
        /// Server: suite 0xFF00.
        case anonymous
    }

    var authentication: Authentication
    /// Milliseconds.
    var firstTimeout: UInt32
    var lastTimeout: UInt32
    var exportsKeys: Bool
}

extension DatagramSettings.Authentication {
    /// Tells the library's configuration.
    func apply(to pointer: OpaquePointer) throws(TLSError) {
        switch self {
        case .certificates: break
        case .lookup(let keys, let hint):
            let context = Unmanaged.passUnretained(keys).toOpaque()
            try ConfigurationStorage.check(
                gh_tls_config_set_psk_lookup(pointer, Self.lookup, context, hint, hint.count),
                "the pre-shared keys' identity hint")
        case .key(let key):
            try ConfigurationStorage.check(
                gh_tls_config_set_psk(pointer, key.key, key.key.count, key.identity, key.identity.count),
                "the pre-shared key")
        case .anonymous:
            try ConfigurationStorage.check(
                gh_tls_config_set_anonymous(pointer), "a handshake without identities (0xFF00)")
        }
    }

    /// The library's question, brought to the closure.
    private static let lookup: gh_psk_lookup = { context, identity, length, key, capacity in
        guard let context, let key else { return -1 }
        // The configuration keeps the object as long as it may be asked.
        let keys = Unmanaged<PreSharedKeys>.fromOpaque(context).takeUnretainedValue()
        guard var found = keys.find(Array(UnsafeBufferPointer(start: identity, count: length))) else { return -1 }
        defer { found.withUnsafeMutableBytes { gh_wipe($0.baseAddress, $0.count) } }
        guard found.count >= PreSharedKey.minimumLength, found.count <= capacity else { return -1 }
        for (index, byte) in found.enumerated() { key[index] = byte }
        return found.count
    }
}
