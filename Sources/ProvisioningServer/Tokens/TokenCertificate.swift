import Crypto
import Foundation
import SwiftASN1
import X509
import _CryptoExtras

/// The certificate that a token stands for (XEP-0324 3.1.3): whom it names, how long it is good, and how only the holder of
/// its key can be told something.
public struct TokenCertificate: Sendable {
    /// How a challenge is encrypted. The text does not say; nothing on the wire tells.
    public enum Padding: String, Sendable, Hashable, CaseIterable, Codable {
        /// RSA-OAEP with SHA-1, as peers do since 2018.
        case oaep
        /// PKCS #1 v1.5, as peers of 2013 to 2018 do.
        case pkcs1
    }

    /// The certificate.
    public let der: [UInt8]
    /// SHA-256 of it, in lower-case hex: what rules name it by.
    public let fingerprint: String
    /// Whom it names.
    public let subject: String
    /// From when it is good, in seconds since 1970.
    public let notBefore: Int64
    /// Until when, in seconds since 1970.
    public let notAfter: Int64

    /// The public key, as the certificate has it.
    private let key: Data

    /// Random bytes in a challenge: nothing to guess, and room in the smallest key (2048 bits hold 214).
    static let challengeLength = 32

    /// Reads a certificate.
    ///
    /// - Throws: `.malformed` when it is none in DER, or its key is not RSA of 2048 bits or more: no other can read a
    ///   challenge.
    public init(der: [UInt8]) throws(ProvisioningError) {
        let certificate: Certificate
        do {
            certificate = try Certificate(derEncoded: der)
        } catch {
            throw ProvisioningError(.malformed, "this is no X.509 certificate in DER")
        }
        guard let signing = _RSA.Signing.PublicKey(certificate.publicKey), signing.keySizeInBits >= 2_048,
            // The answer has to fit into what peers take for a challenge.
            signing.keySizeInBits <= 8_192,
            (try? _RSA.Encryption.PublicKey(derRepresentation: signing.derRepresentation)) != nil
        else {
            throw ProvisioningError(
                .malformed, "the certificate's key is not RSA of 2048 to 8192 bits, which alone can read a challenge")
        }
        key = signing.derRepresentation
        self.der = der
        fingerprint = AccessEntry.hex(SHA256.hash(data: der))
        subject = String(certificate.subject.description.prefix(256))
        notBefore = Self.seconds(certificate.notValidBefore)
        notAfter = Self.seconds(certificate.notValidAfter)
    }

    private static func seconds(_ date: Date) -> Int64 { Int64(clamping: Int(date.timeIntervalSince1970)) }

    /// Whether it is good at this time.
    public func isValid(at now: Int64) -> Bool { notBefore <= now && now <= notAfter }

    /// Random bytes, and what only the key's holder can make them of.
    func challenge(_ padding: Padding) throws(ProvisioningError) -> (random: [UInt8], encrypted: [UInt8]) {
        var generator = SystemRandomNumberGenerator()
        let random = (0..<Self.challengeLength).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        do {
            let encrypted = try _RSA.Encryption.PublicKey(derRepresentation: key).encrypt(
                random, padding: padding == .oaep ? .PKCS1_OAEP : ._WEAK_AND_INSECURE_PKCS_V1_5)
            return (random, Array(encrypted))
        } catch {
            throw ProvisioningError(.malformed, "nothing can be encrypted for the certificate's key")
        }
    }
}
