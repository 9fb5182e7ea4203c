import Foundation
import GRDB
import TLS

/// A certificate for which tokens were given.
public struct CertificateRecord: Sendable, Hashable {
    /// SHA-256 in hex.
    public let fingerprint: String
    /// Whom it names.
    public let subject: String
    /// The address that showed it first.
    public let jid: String
    /// From when it is good.
    public let notBefore: Int64
    /// Until when.
    public let notAfter: Int64
    /// Whether a person has put an end to it.
    public let isRevoked: Bool
    /// Tokens given for it that are good.
    public let tokens: Int
    /// When it was first shown.
    public let createdAt: Int64

    /// Whether its tokens count.
    public func isValid(at now: Int64) -> Bool { !isRevoked && notBefore <= now && now <= notAfter }
}

/// What a token stands for.
struct TokenHolder: Sendable {
    let fingerprint: String
    let der: [UInt8]
}

extension Ledger {
    /// The certificates by when they were first shown.
    public func certificates() throws -> [CertificateRecord] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT fingerprint, subject, jid, notBefore, notAfter, isRevoked, createdAt,
                    (SELECT count(*) FROM provisioningToken WHERE certificate = fingerprint) AS tokens
                FROM provisioningCertificate ORDER BY createdAt, fingerprint
                """
        ).map {
            CertificateRecord(
                fingerprint: $0["fingerprint"], subject: $0["subject"], jid: $0["jid"], notBefore: $0["notBefore"],
                notAfter: $0["notAfter"], isRevoked: $0["isRevoked"], tokens: $0["tokens"], createdAt: $0["createdAt"])
        }
    }

    /// The certificate of this fingerprint, or of one that begins so.
    public func certificate(_ text: String) throws -> CertificateRecord {
        let hex = text.filter { $0 != ":" }.lowercased()
        let found = try certificates().filter { $0.fingerprint.hasPrefix(hex) }
        guard hex.utf8.count >= 8, let first = found.first, found.count == 1 else {
            throw ProvisioningError(
                .notFound,
                "\"\(text.prefix(64))\" names \(found.count) certificates; eight digits or more of one were expected, as `gatehouse-cloud provisioning tokens list` shows them"
            )
        }
        return first
    }

    /// Gives a token for a certificate whose key was proved.
    func issueToken(
        _ certificate: TokenCertificate, to jid: String, most: Int = ServerLimits.certificates
    ) throws -> TokenText {
        let known = try Row.fetchOne(
            database, sql: "SELECT isRevoked FROM provisioningCertificate WHERE fingerprint = ?",
            arguments: [certificate.fingerprint])
        if let known {
            guard !(known["isRevoked"] as Bool) else {
                throw ProvisioningError(.malformed, "the certificate is revoked here")
            }
        } else {
            var own =
                try Int.fetchOne(
                    database, sql: "SELECT count(*) FROM provisioningCertificate WHERE jid = ?", arguments: [jid]) ?? 0
            if own >= ServerLimits.certificatesOfAddress {
                // For those whose time is over nobody gets a token again.
                try database.execute(
                    sql: "DELETE FROM provisioningCertificate WHERE jid = ? AND isEnded = 1 AND isRevoked = 0",
                    arguments: [jid])
                own -= database.changesCount
            }
            guard own < ServerLimits.certificatesOfAddress, try makeRoomForCertificate(most) else {
                throw ProvisioningError(.limit, "too many certificates are known of this address")
            }
            try database.execute(
                sql: """
                    INSERT INTO provisioningCertificate (fingerprint, der, subject, notBefore, notAfter, jid, createdAt)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    certificate.fingerprint, Data(certificate.der), certificate.subject, certificate.notBefore,
                    certificate.notAfter, jid, now,
                ])
        }
        let token = TokenText.random()
        try database.execute(
            sql: "INSERT INTO provisioningToken (hash, certificate, createdAt) VALUES (?, ?, ?)",
            arguments: [token.hash, certificate.fingerprint, now])
        // Asked for again: the earlier answer may have been lost, but not so often.
        try database.execute(
            sql: """
                DELETE FROM provisioningToken WHERE certificate = ?1 AND id NOT IN
                    (SELECT id FROM provisioningToken WHERE certificate = ?1 ORDER BY id DESC LIMIT ?2)
                """,
            arguments: [certificate.fingerprint, ServerLimits.tokensOfCertificate])
        try note("token given", "\(jid), certificate \(certificate.fingerprint.prefix(16)) of \(certificate.subject)")
        return token
    }

    /// Where there are too many certificates, the oldest goes that means nothing: shown by nobody who is let in, named by no
    /// rule and no service. False when all mean something.
    private func makeRoomForCertificate(_ most: Int) throws -> Bool {
        guard try count("provisioningCertificate") >= most else { return true }
        try database.execute(
            sql: """
                DELETE FROM provisioningCertificate WHERE fingerprint = (
                    SELECT fingerprint FROM provisioningCertificate AS old WHERE isRevoked = 0
                        AND NOT EXISTS (SELECT 1 FROM provisioningService WHERE certificate = old.fingerprint)
                        AND NOT EXISTS (SELECT 1 FROM provisioningDevice WHERE jid = old.jid AND state = 'admitted')
                        AND NOT EXISTS (
                            SELECT 1 FROM provisioningRule WHERE who = 'certificate:' || old.fingerprint AND removed = 0)
                    ORDER BY createdAt, fingerprint LIMIT 1)
                """)
        return database.changesCount > 0
    }

    /// What a token stands for; nil when it is unknown, revoked, or out of its time.
    func holder(of token: TokenText) throws -> TokenHolder? {
        let hash = token.hash
        let row = try Row.fetchOne(
            database,
            sql: """
                SELECT hash, fingerprint, der FROM provisioningToken
                JOIN provisioningCertificate ON fingerprint = certificate
                WHERE hash = ? AND isRevoked = 0 AND notBefore <= ? AND notAfter >= ?
                """,
            arguments: [hash, now, now])
        guard let row, Cryptography.constantTimeEquals(Array(row["hash"] as Data), Array(hash)) else { return nil }
        return TokenHolder(fingerprint: row["fingerprint"], der: Array(row["der"] as Data))
    }

    /// Puts an end to a certificate's tokens: rules that name it are worth nothing from now on.
    public func revoke(_ text: String) throws {
        let certificate = try certificate(text)
        try database.execute(
            sql: "UPDATE provisioningCertificate SET isRevoked = 1 WHERE fingerprint = ?",
            arguments: [certificate.fingerprint])
        try database.execute(
            sql: "DELETE FROM provisioningToken WHERE certificate = ?", arguments: [certificate.fingerprint])
        try outdateRules(of: .certificate(certificate.fingerprint))
        try note("certificate revoked", "\(certificate.fingerprint.prefix(16)) of \(certificate.subject)")
    }

    /// Notes the certificates whose time is over since it was last looked, and has the caches cleared that rest on them.
    func endCertificates() throws -> [String] {
        let ended = try String.fetchAll(
            database,
            sql: "SELECT fingerprint FROM provisioningCertificate WHERE isEnded = 0 AND notAfter < ?", arguments: [now])
        for fingerprint in ended {
            try database.execute(
                sql: "UPDATE provisioningCertificate SET isEnded = 1 WHERE fingerprint = ?", arguments: [fingerprint])
            try outdateRules(of: .certificate(fingerprint))
            try note("certificate ended", String(fingerprint.prefix(16)))
        }
        return ended
    }

    /// Marks the devices that have rules for a certificate or user.
    func outdateRules(of subject: Subject) throws {
        let devices = try String.fetchAll(
            database, sql: "SELECT DISTINCT device FROM provisioningRule WHERE who = ? AND removed = 0",
            arguments: [subject.description])
        guard !devices.isEmpty else { return }
        let version = try advance()
        for text in devices {
            if let party = Party(text) { try outdate(party, version: version) }
        }
    }
}
