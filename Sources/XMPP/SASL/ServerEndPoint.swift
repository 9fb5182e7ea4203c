import TLS

/// The channel binding `tls-server-end-point`: a hash of the server's certificate (RFC 5929 4).
///
/// It proves that the server that knows the password is the one that has the certificate of this connection, so that an
/// authority that issues a wrong certificate is not enough to sit in between.
public enum ServerEndPoint {
    /// The hash of a certificate: by the hash function of its signature, SHA-256 in place of MD5 and SHA-1. Nil where its
    /// signature has no one hash function (Ed25519, RSA-PSS): RFC 5929 leaves that undefined.
    public static func hash(of certificate: Certificate) -> [UInt8]? {
        signatureHash(certificate.der).map { Cryptography.hash($0, certificate.der) }
    }

    /// Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OBJECT IDENTIFIER … }, … }
    static func signatureHash(_ der: [UInt8]) -> HashFunction? {
        var outer = DERReader(der[...])
        guard var certificate = outer.read(0x30).map({ DERReader($0) }), certificate.read(0x30) != nil,
            var algorithm = certificate.read(0x30).map({ DERReader($0) }), let oid = algorithm.read(0x06)
        else { return nil }
        return table.first { $0.oid.elementsEqual(oid) }?.hash
    }

    private static let pkcs1: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01]
    private static let ansiECDSA: [UInt8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04]

    private static let table: [(oid: [UInt8], hash: HashFunction)] = [
        (pkcs1 + [4], .sha256), (pkcs1 + [5], .sha256), (pkcs1 + [11], .sha256), (pkcs1 + [12], .sha384),
        (pkcs1 + [13], .sha512), (ansiECDSA + [1], .sha256), (ansiECDSA + [3, 2], .sha256),
        (ansiECDSA + [3, 3], .sha384), (ansiECDSA + [3, 4], .sha512),
    ]
}

/// Reads values of DER one after the other.
private struct DERReader {
    var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The content of the next value, when it has this tag and is whole.
    mutating func read(_ tag: UInt8) -> ArraySlice<UInt8>? {
        guard rest.popFirst() == tag, let first = rest.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            // A certificate has less than 2^24 bytes.
            let count = Int(first & 0x7F)
            guard (1...3).contains(count), rest.count >= count else { return nil }
            length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(count)
        }
        guard length <= rest.count else { return nil }
        defer { rest = rest.dropFirst(length) }
        return rest.prefix(length)
    }
}
