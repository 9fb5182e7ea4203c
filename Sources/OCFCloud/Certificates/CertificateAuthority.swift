import Crypto
import Foundation
import OCFModel
import SwiftASN1
import X509

import struct TLS.CertificateRequest

/// The cloud's own certificate authority: one root, P-256, that signs the cloud's certificate and the identity
/// certificates of devices and clients (OCF Security: CN `uuid:<id>`, extended key usage for OCF identities).
///
/// It serves a household whose devices have no manufacturer's certificates that the cloud trusts. Its key lies beside the
/// database, readable by the cloud's user alone, and may be taken off the machine once the certificates are issued.
public struct CertificateAuthority: Sendable {
    /// Marks the certificate of an OCF identity (OCF Security 9.4.2.2).
    static let ocfIdentity: ASN1ObjectIdentifier = [1, 3, 6, 1, 4, 1, 44924, 1, 6]

    /// Years the root lasts: longer than the devices it signs for.
    private static let rootYears = 20
    /// Years a device's or client's certificate lasts: a gateway's life, as nothing renews it on its own.
    private static let identityYears = 10
    /// Years the cloud's certificate lasts; the operator renews it, and the server warns 60 days ahead.
    private static let cloudYears = 2
    /// Certificates are valid from a day back, for peers whose clocks are behind.
    private static let backdate: TimeInterval = 86_400

    /// The root's certificate.
    public let certificate: Certificate
    private let key: P256.Signing.PrivateKey

    /// A certificate with its key, as PEM.
    public struct Issued: Sendable {
        /// The certificate.
        public let certificate: String
        /// The private key (PKCS #8); nil when the certificate was issued for a request and the key never was here.
        public let key: String?
    }

    /// Makes a new root.
    ///
    /// - Parameter name: its common name.
    public init(creating name: String, now: Date = Date()) throws {
        let key = P256.Signing.PrivateKey()
        self.key = key
        let subject = try DistinguishedName { CommonName(name) }
        certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(key.publicKey),
            notValidBefore: now.addingTimeInterval(-Self.backdate),
            notValidAfter: Self.years(Self.rootYears, after: now),
            issuer: subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 1))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: Certificate.PublicKey(key.publicKey))
            },
            issuerPrivateKey: Certificate.PrivateKey(key))
    }

    /// Takes up a root from PEM.
    ///
    /// - Throws: ``CloudError`` `.configuration` when the two do not parse or do not belong together.
    public init(certificate: String, key: String) throws {
        do {
            self.certificate = try Certificate(pemEncoded: certificate)
            self.key = try P256.Signing.PrivateKey(pemRepresentation: key)
        } catch {
            throw CloudError(.configuration, "the authority's certificate or key is no P-256 PEM: \(error)")
        }
        guard self.certificate.publicKey == Certificate.PublicKey(self.key.publicKey) else {
            throw CloudError(.configuration, "the authority's key does not belong to its certificate")
        }
    }

    /// The root's certificate as PEM.
    public func certificatePEM() throws -> String { try Self.pem(certificate) }

    /// The root's key as PEM.
    public var keyPEM: String { key.pemRepresentation + "\n" }

    /// Issues the cloud's certificate.
    ///
    /// - Parameters:
    ///   - id: the cloud's id (`sid`).
    ///   - hostNames: DNS names put into the subject alternative name for clients that check one; OCF devices do not.
    public func issueCloud(_ id: Identifier, hostNames: [String] = [], now: Date = Date()) throws -> Issued {
        try issue(id, years: Self.cloudYears, hostNames: hostNames, now: now)
    }

    /// Issues the identity certificate of a device or client, with a fresh key.
    public func issueIdentity(_ id: Identifier, now: Date = Date()) throws -> Issued {
        try issue(id, years: Self.identityYears, hostNames: [], now: now)
    }

    /// Signs a device's own request (`/oic/sec/csr`), so that its key never leaves it.
    ///
    /// Read by the library that devices write theirs with: others take exception to the form that it gives the algorithm.
    ///
    /// - Throws: `.malformed` when the request does not parse, its signature is wrong, its key is not P-256, or its subject
    ///   is not `uuid:<id>`.
    public func sign(request pem: String, now: Date = Date()) throws -> (id: Identifier, issued: Issued) {
        let request: CertificateRequest
        do {
            request = try CertificateRequest(pem: pem)
        } catch {
            throw CloudError(.malformed, "the request is no PKCS #10 PEM: \(error.reason)")
        }
        guard let key = try? P256.Signing.PublicKey(derRepresentation: request.publicKey.der) else {
            throw CloudError(.malformed, "the request's key is not P-256")
        }
        let names = request.subject.split(separator: ", ").filter { $0.hasPrefix("CN=") }
        guard names.count == 1, let name = names.first, name.hasPrefix("CN=uuid:"),
            let id = Identifier(name.dropFirst("CN=uuid:".count))
        else {
            throw CloudError(.malformed, "the request's subject is \(request.subject), expected CN=uuid:<device id>")
        }
        let certificate = try issue(
            id, publicKey: Certificate.PublicKey(key), years: Self.identityYears, hostNames: [], now: now)
        return (id, Issued(certificate: try Self.pem(certificate), key: nil))
    }

    /// The id in a certificate's common name `uuid:<id>`, and when the certificate ends.
    ///
    /// - Throws: `.configuration` when it is no PEM certificate or names no id.
    public static func inspect(certificate pem: String) throws -> (id: Identifier, notValidAfter: Date) {
        let certificate: Certificate
        do {
            certificate = try Certificate(pemEncoded: pem)
        } catch {
            throw CloudError(.configuration, "this is no certificate in PEM: \(error)")
        }
        guard let id = identity(of: certificate.subject) else {
            throw CloudError(
                .configuration, "the certificate's subject is \(certificate.subject), expected CN=uuid:<id>")
        }
        return (id, certificate.notValidAfter)
    }

    // MARK: - Making certificates

    private func issue(_ id: Identifier, years: Int, hostNames: [String], now: Date) throws -> Issued {
        let key = P256.Signing.PrivateKey()
        let certificate = try issue(
            id, publicKey: Certificate.PublicKey(key.publicKey), years: years, hostNames: hostNames, now: now)
        return Issued(certificate: try Self.pem(certificate), key: key.pemRepresentation + "\n")
    }

    /// Leaf rules of OCF Security 9.4.2.2: no CA, digitalSignature and keyAgreement, the three extended usages.
    private func issue(
        _ id: Identifier, publicKey: Certificate.PublicKey, years: Int, hostNames: [String], now: Date
    ) throws -> Certificate {
        try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
            notValidBefore: now.addingTimeInterval(-Self.backdate),
            // No leaf outlives the root, since a chain is checked whole.
            notValidAfter: min(Self.years(years, after: now), certificate.notValidAfter),
            issuer: certificate.subject, subject: try DistinguishedName { CommonName("uuid:\(id)") },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true, keyAgreement: true))
                try ExtendedKeyUsage([.serverAuth, .clientAuth, .init(oid: Self.ocfIdentity)])
                SubjectKeyIdentifier(hash: publicKey)
                AuthorityKeyIdentifier(
                    keyIdentifier: SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier)
                if !hostNames.isEmpty {
                    SubjectAlternativeNames(hostNames.map { .dnsName($0) })
                }
            },
            issuerPrivateKey: Certificate.PrivateKey(key))
    }

    private static func identity(of subject: DistinguishedName) -> Identifier? {
        for relative in subject {
            for attribute in relative where attribute.type == .RDNAttributeType.commonName {
                let text = attribute.value.description
                if text.hasPrefix("uuid:") { return Identifier(text.dropFirst(5)) }
            }
        }
        return nil
    }

    private static func years(_ count: Int, after date: Date) -> Date {
        date.addingTimeInterval(Double(count) * 365.25 * 86_400)
    }

    private static func pem(_ certificate: Certificate) throws -> String {
        try certificate.serializeAsPEM().pemString + "\n"
    }
}
