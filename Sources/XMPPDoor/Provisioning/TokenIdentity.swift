import FlashStore
import OneLoop
import TLS
import Threads

/// The certificate by which the gateway has tokens of provisioning servers, and its RSA key. Never those of TLS: what this key
/// decrypts for others must be of no use elsewhere.
@Loop
public final class TokenIdentity {
    /// Certificate and key.
    public struct Pair: Sendable {
        /// Shown to servers.
        public let certificate: Certificate
        /// Stays here.
        public let key: PrivateKey

        /// A pair that belongs together.
        ///
        /// - Throws: ``TLSError`` when it does not, or when the key is no RSA key of 2048 bits or more.
        public init(certificate: Certificate, key: PrivateKey) throws(TLSError) {
            guard !key.isEllipticCurve, key.bits >= 2_048 else {
                throw TLSError(
                    .unsupportedKey,
                    "the key of tokens has \(key.bits) bits and is \(key.isEllipticCurve ? "EC" : "RSA"); RSA with 2048 "
                        + "bits or more is expected, since challenges are encrypted for it (XEP-0324 3.1.3)")
            }
            guard key.fits(certificate) else {
                throw TLSError(.keyMismatch, "the key of tokens does not belong to \(certificate.label)")
            }
            self.certificate = certificate
            self.key = key
        }
    }

    static let keyName = "xmpp/token-key"
    static let certificateName = "xmpp/token-certificate"
    /// Servers watch validity; the gateway's own certificate says no more than the key does.
    nonisolated static let days: Int64 = 20 * 365

    private let store: FlashStore
    private let name: String
    private var pair: Pair?
    private var making: Task<Pair, any Error>?

    /// - Parameters:
    ///   - name: the certificate's common name.
    ///   - given: certificate and key of one's own; nil to have them made once and kept in the store.
    public init(store: FlashStore, name: String, given: Pair? = nil) {
        self.store = store
        self.name = name
        pair = given
    }

    /// Whether there is a key already.
    public var isMade: Bool { pair != nil || store.get(TokenIdentity.keyName) != nil }

    /// The pair; made at the first call, away from the loop, and durable when it returns.
    public func load() async throws -> Pair {
        if let pair { return pair }
        if let making { return try await making.value }
        let task = Task { try await self.stored() }
        making = task
        defer { making = nil }
        let pair = try await task.value
        self.pair = pair
        return pair
    }

    private func stored() async throws -> Pair {
        if let key = store.get(TokenIdentity.keyName), let certificate = store.get(TokenIdentity.certificateName) {
            return try Pair(certificate: Certificate(der: certificate), key: PrivateKey(der: key))
        }
        let name = name.utf8.count <= 64 && !name.utf8.contains(UInt8(ascii: ",")) ? name : "gatehouse"
        let (made, der) = try await TokenIdentity.make(name)
        try await store.apply(
            [
                .put(key: TokenIdentity.keyName, value: der),
                .put(key: TokenIdentity.certificateName, value: made.certificate.der),
            ], .now)
        return made
    }

    /// Makes a pair. Looking for primes takes a small board seconds: on a thread of its own.
    private nonisolated static func make(_ name: String) async throws -> (pair: Pair, der: [UInt8]) {
        try await withCheckedThrowingContinuation { continuation in
            let code = DetachedThread.start(named: "token-key") {
                continuation.resume(
                    with: Result {
                        let key = try PrivateKey.generateRSA()
                        let issuer = try CertificateIssuer.root(commonName: name, key: key, validity: .days(days))
                        return (try Pair(certificate: issuer.certificate, key: key), try key.der())
                    })
            }
            // The body is let go without having run.
            if code != 0 {
                continuation.resume(throwing: TLSError(.internalError, "no thread could be started: error \(code)"))
            }
        }
    }
}
