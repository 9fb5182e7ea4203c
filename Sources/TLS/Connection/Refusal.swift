import CMbedTLS

extension TLSError {
    /// Why a certificate of the peer was refused: which one, what was found, what was expected.
    static func refused(_ verdict: gh_verdict, by configuration: TLSConfiguration) -> TLSError {
        guard verdict.reason != GH_VERDICT_NONE else {
            return TLSError(.certificateRefused, "the peer's certificate was refused\(libraryText())")
        }
        let certificate = Certificate(der: [], info: verdict.certificate, origin: nil)
        let position = verdict.depth == 0 ? "" : ", \(verdict.depth) above the peer's own"
        let name = "certificate \"\(certificate.subject)\" (serial \(certificate.serial)\(position))"
        let now = CertificateTime.text(configuration.clock.now())
        let code: Code
        let reason: String
        switch verdict.reason {
        case GH_VERDICT_EXPIRED:
            code = .certificateExpired
            reason = "\(name) expired on \(CertificateTime.text(certificate.notAfter)); the time here is \(now)"
        case GH_VERDICT_NOT_YET_VALID:
            code = .certificateNotYetValid
            reason =
                "\(name) is not valid before \(CertificateTime.text(certificate.notBefore)); the time here is "
                + "\(now): is the clock right?"
        case GH_VERDICT_UNKNOWN_ISSUER:
            code = .unknownIssuer
            let known = configuration.trust.certificates.prefix(3).map { "\"\($0.subject)\"" }
            let more = configuration.trust.certificates.count > 3 ? ", …" : ""
            reason =
                "\(name) is signed by nobody trusted: found issuer \"\(certificate.issuer)\", expected a chain to "
                + known.joined(separator: ", ") + more
        case GH_VERDICT_REVOKED:
            code = .certificateRevoked
            reason = "\(name) is revoked"
        case GH_VERDICT_WRONG_NAME:
            code = .wrongName
            let found =
                certificate.alternativeNames.isEmpty
                ? "no subjectAltName (the CN \"\(certificate.commonName ?? "")\" does not count, RFC 9525)"
                : certificate.alternativeNames.joined(separator: ", ")
            reason = "\(name) names another host: found \(found); expected \(expectedName(configuration))"
        case GH_VERDICT_WRONG_IDENTITY:
            code = .wrongIdentity
            reason =
                "\(name) names another OCF identity: found CN \"\(certificate.commonName ?? "")\", expected "
                + expectedName(configuration)
        case GH_VERDICT_NOT_AN_IDENTITY:
            code = .notAnIdentity
            reason = "\(name) is no OCF identity: expected the extended key usage 1.3.6.1.4.1.44924.1.6"
        case GH_VERDICT_WRONG_USAGE:
            code = .wrongUsage
            let role = configuration.role == .client ? "a server" : "a client"
            reason = "\(name) may not be used so: its key usage does not allow \(role)"
        case GH_VERDICT_WEAK:
            code = .weakCertificate
            reason = "\(name) is too weak: expected SHA-256 or better with P-256, P-384, P-521, or RSA from 2048 bits"
        default:
            code = .certificateRefused
            reason = "\(name) was refused (flags 0x\(String(verdict.flags, radix: 16)))"
        }
        return TLSError(code, reason, certificate: certificate.subject)
    }

    private static func expectedName(_ configuration: TLSConfiguration) -> String {
        switch configuration.peerName {
        case .hostName(let host): (DER.address(host) == nil ? "DNS:" : "IP:") + host
        case .ocf(let uuid): uuid.map { "\"uuid:\($0)\"" } ?? "\"uuid:\" and a UUID, once"
        case .any: "any name"
        }
    }
}
