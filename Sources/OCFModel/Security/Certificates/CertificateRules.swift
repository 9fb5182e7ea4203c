import CoAPMessages
import TLS

/// A rule that a certificate breaks.
public struct CertificateFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// The rules (security, "Certificate profiles").
    public enum Rule: Sendable, Hashable, CaseIterable {
        /// It cannot be read, or there is none.
        case malformed
        /// Version 3.
        case version
        /// ECDSA with SHA-256.
        case signatureAlgorithm
        /// A key on P-256.
        case curve
        /// The subject's common name.
        case commonName
        /// Basic constraints: an authority or none.
        case authority
        /// How many authorities stand below another.
        case pathLength
        /// Key usage.
        case keyUsage
        /// Extended key usage.
        case extendedKeyUsage
        /// At least one role.
        case role
        /// It is not valid yet, or no longer.
        case validity
        /// Its issuer is not known.
        case issuer
        /// The issuer has not signed it.
        case signature
        /// The chain is too long.
        case chainLength
        /// Its key is not the one it should be for.
        case key
    }

    /// Which rule.
    public let rule: Rule
    /// What was found and what was expected.
    public let description: String

    init(_ rule: Rule, _ description: String) {
        self.rule = rule
        self.description = description
    }

    /// What cannot be read.
    public static let unreadable = CertificateFault(.malformed, "the certificate is not as RFC 5280 says")

    /// Faults are equal when they break the same rule.
    public static func == (left: CertificateFault, right: CertificateFault) -> Bool { left.rule == right.rule }
    /// Feeds the rule.
    public func hash(into hasher: inout Hasher) { hasher.combine(rule) }
}

/// What OCF asks of certificates (security, "Certificate profiles"), checked on what was read of them.
public enum CertificateRules {
    /// Certificates in one chain, the root included; OCF's own have three, a public authority's four.
    public static let longestChain = 5
    /// In an owner transfer: root, one intermediate, leaf.
    public static let longestTransferChain = 3

    /// An identity certificate.
    ///
    /// - Parameters:
    ///   - facts: of the leaf.
    ///   - now: seconds since 1970; nil leaves the dates unchecked, for what is only stored.
    /// - Returns: the device it names.
    @discardableResult
    public static func identity(_ facts: CertificateFacts, at now: Int64?) throws(CertificateFault) -> Identifier {
        try leaf(facts, usage: .ocfIdentity, not: .ocfRole, at: now)
        return try device(facts)
    }

    /// A manufacturer's certificate: an identity certificate whose common name is free.
    public static func manufacturer(_ facts: CertificateFacts, at now: Int64?) throws(CertificateFault) {
        try leaf(facts, usage: .ocfIdentity, not: .ocfRole, at: now)
    }

    /// A role certificate.
    ///
    /// - Parameters:
    ///   - facts: of the leaf.
    ///   - peer: the device that shows it, which it has to name.
    ///   - now: seconds since 1970; nil leaves the dates unchecked, for what is only stored.
    /// - Returns: its roles, at least one.
    @discardableResult
    public static func role(
        _ facts: CertificateFacts, peer: Identifier, at now: Int64?
    ) throws(CertificateFault) -> [Requester.Role] {
        try leaf(facts, usage: .ocfRole, not: .ocfIdentity, at: now)
        let named = try device(facts)
        guard named == peer else {
            throw CertificateFault(.commonName, "\(facts.subject): names \(named), expected \(peer)")
        }
        guard !facts.roles.isEmpty else {
            throw CertificateFault(.role, "\(facts.subject): found no role; expected a directory name with a CN")
        }
        return facts.roles
    }

    /// An authority.
    ///
    /// - Parameters:
    ///   - facts: of the authority.
    ///   - below: how many authorities stand between it and the leaf.
    ///   - isTransfer: whether it is a manufacturer's, in an owner transfer, where the rules are stricter.
    ///   - now: seconds since 1970; nil leaves the dates unchecked, for what is only stored.
    public static func authority(
        _ facts: CertificateFacts, below: Int = 0, isTransfer: Bool = false, at now: Int64?
    ) throws(CertificateFault) {
        guard facts.isVersion3 else { throw CertificateFault(.version, "\(facts.subject): expected version 3") }
        guard facts.isAuthority else {
            throw CertificateFault(.authority, "\(facts.subject): is no authority and cannot issue certificates")
        }
        if let length = facts.pathLength, below > length {
            throw CertificateFault(
                .pathLength, "\(facts.subject): allows \(length) authorities below it; found \(below)")
        }
        guard let usage = facts.keyUsage, usage.contains(.certificateSigning) else {
            throw CertificateFault(.keyUsage, "\(facts.subject): expected the key usage keyCertSign")
        }
        if isTransfer {
            let needed: KeyUsage = [.certificateSigning, .revocationListSigning]
            guard usage.subtracting(.digitalSignature) == needed else {
                throw CertificateFault(
                    .keyUsage, "\(facts.subject): expected keyCertSign and cRLSign, with digitalSignature or without")
            }
            if facts.subjectName != facts.issuerName, facts.pathLength != 0 {
                throw CertificateFault(.pathLength, "\(facts.subject): an intermediate has the path length 0")
            }
        }
        try dates(facts, at: now)
    }

    /// A whole chain: each certificate signed by the next, the last an anchor or signed by one, authorities by their rules.
    /// The leaf's own rules are not among these.
    ///
    /// - Parameters:
    ///   - chain: leaf first.
    ///   - anchors: what is trusted.
    ///   - isTransfer: whether it is a manufacturer's, in an owner transfer.
    ///   - now: seconds since 1970.
    /// - Returns: the anchor it leads to.
    @discardableResult
    public static func chain(
        _ chain: [CertificateFacts], anchors: [CertificateFacts], isTransfer: Bool = false, at now: Int64
    ) throws(CertificateFault) -> CertificateFacts {
        guard let leaf = chain.first else { throw CertificateFault(.malformed, "the chain is empty") }
        let longest = isTransfer ? longestTransferChain : longestChain
        var below = leaf
        var steps = 0
        for (place, certificate) in chain.enumerated() {
            if place > 0 {
                try authority(certificate, below: steps, isTransfer: isTransfer, at: now)
                try signed(below, by: certificate)
                steps += 1
                if anchors.contains(where: { $0.signedBytes == certificate.signedBytes }) { return certificate }
                guard place + 1 < longest else {
                    throw CertificateFault(.chainLength, "the chain has more than \(longest) certificates")
                }
            }
            if let anchor = anchors.first(where: { (try? signed(certificate, by: $0)) != nil }) {
                try authority(anchor, below: steps, isTransfer: isTransfer, at: now)
                return anchor
            }
            below = certificate
        }
        throw CertificateFault(.issuer, "\(leaf.subject): leads to no authority that is trusted here")
    }

    /// What a certificate entry of `oic.r.cred` has to be.
    ///
    /// Dates are not checked here: they are at each use, and the CMS may provision ahead of time or set the clock later.
    static func checkEntry(
        _ credential: Credential, devicePublicKey: PublicKey?, deviceID: Identifier
    ) throws(ResourceError) {
        guard let usage = credential.usage else {
            throw ResourceError(.badRequest, "credusage is missing; a certificate has a use")
        }
        do throws(CertificateFault) {
            let facts = try read(pem: credential.publicPEM)
            switch usage {
            case .trustAnchor, .manufacturerTrustAnchor:
                for certificate in facts { try authority(certificate, at: nil) }
                return
            case .identity:
                let named = try identity(facts[0], at: nil)
                guard named == deviceID else {
                    throw CertificateFault(
                        .commonName, "the identity certificate names \(named); this device is \(deviceID)")
                }
            case .role: try role(facts[0], peer: deviceID, at: nil)
            case .manufacturerCertificate: try manufacturer(facts[0], at: nil)
            }
            try checkKey(of: facts[0], credential, devicePublicKey)
        } catch {
            throw ResourceError(.badRequest, "\(usage.rawValue): \(error)")
        }
    }

    /// The roles that an entry of `oic.r.roles` proves, and until when. 4.00 when it proves none.
    static func role(
        _ entry: Credential, peer: Identifier, anchors: [String], at now: Int64?
    ) throws(ResourceError) -> (roles: [Requester.Role], notAfter: Int64) {
        guard let now else {
            throw ResourceError(.badRequest, "roles: whether the certificate is valid cannot be told without a clock")
        }
        do throws(CertificateFault) {
            var facts = try read(pem: entry.publicPEM)
            if let issuer = entry.optionalPEM { facts += try read(pem: issuer) }
            var trusted: [CertificateFacts] = []
            for anchor in anchors { trusted += (try? read(pem: anchor)) ?? [] }
            let roles = try role(facts[0], peer: peer, at: now)
            try chain(facts, anchors: trusted, at: now)
            return (roles, facts[0].notAfter)
        } catch {
            throw ResourceError(.badRequest, "roles: \(error)")
        }
    }

    /// The facts of every certificate in a PEM text, at least one.
    public static func read(pem: String?) throws(CertificateFault) -> [CertificateFacts] {
        guard let pem else { throw CertificateFault(.malformed, "publicdata: expected certificates in PEM") }
        let certificates: [Certificate]
        do {
            certificates = try CertificateChain(pem: pem, origin: "publicdata").certificates
        } catch {
            throw CertificateFault(.malformed, "\(error)")
        }
        guard certificates.count <= longestChain else {
            throw CertificateFault(.chainLength, "publicdata: more than \(longestChain) certificates")
        }
        var facts: [CertificateFacts] = []
        for certificate in certificates {
            guard let read = CertificateFacts(certificate) else {
                throw CertificateFault(.malformed, "\(certificate.label): is not as RFC 5280 says")
            }
            facts.append(read)
        }
        return facts
    }

    // MARK: Parts

    private static func leaf(
        _ facts: CertificateFacts, usage: ExtendedKeyUsage, not other: ExtendedKeyUsage, at now: Int64?
    ) throws(CertificateFault) {
        guard facts.isVersion3 else { throw CertificateFault(.version, "\(facts.subject): expected version 3") }
        guard facts.isSignedWithECDSA else {
            throw CertificateFault(.signatureAlgorithm, "\(facts.subject): expected ECDSA with SHA-256")
        }
        guard facts.isOnP256 else { throw CertificateFault(.curve, "\(facts.subject): expected a key on P-256") }
        guard !facts.isAuthority else {
            throw CertificateFault(.authority, "\(facts.subject): is an authority; expected a device's certificate")
        }
        guard facts.keyUsage == [.digitalSignature, .keyAgreement] else {
            throw CertificateFault(
                .keyUsage, "\(facts.subject): expected the key usages digitalSignature and keyAgreement, no others")
        }
        guard let found = facts.extendedKeyUsage, found.isSuperset(of: [.server, .client, usage]),
            found.isDisjoint(with: [.any, other])
        else {
            throw CertificateFault(
                .extendedKeyUsage,
                "\(facts.subject): expected the extended key usages of TLS client and server and OCF's "
                    + (usage == .ocfRole ? "role" : "identity") + ", and neither any nor the other of OCF's")
        }
        try dates(facts, at: now)
    }

    private static func device(_ facts: CertificateFacts) throws(CertificateFault) -> Identifier {
        guard facts.commonNames.count == 1, let name = facts.commonNames.first, name.hasPrefix("uuid:"),
            let id = Identifier(name.dropFirst(5)), id != .none
        else {
            throw CertificateFault(.commonName, "\(facts.subject): expected one common name, uuid: and a UUID")
        }
        return id
    }

    private static func dates(_ facts: CertificateFacts, at now: Int64?) throws(CertificateFault) {
        guard let now else { return }
        guard now >= facts.notBefore, now <= facts.notAfter else {
            throw CertificateFault(
                .validity, "\(facts.subject): is \(now < facts.notBefore ? "not valid yet" : "no longer valid")")
        }
    }

    private static func signed(_ facts: CertificateFacts, by issuer: CertificateFacts) throws(CertificateFault) {
        guard facts.issuerName == issuer.subjectName else {
            throw CertificateFault(.issuer, "\(facts.subject): is not issued by \(issuer.subject)")
        }
        guard facts.isSignedWithECDSA else {
            throw CertificateFault(.signatureAlgorithm, "\(facts.subject): expected ECDSA with SHA-256")
        }
        guard issuer.publicKey.isValid(signature: facts.signature, for: facts.signedBytes) else {
            throw CertificateFault(.signature, "\(facts.subject): is not signed with the key of \(issuer.subject)")
        }
    }

    private static func checkKey(
        of facts: CertificateFacts, _ credential: Credential, _ devicePublicKey: PublicKey?
    ) throws(CertificateFault) {
        let expected: PublicKey?
        switch credential.privateData {
        case let data? where !data.data.isEmpty:
            switch (data.encoding, data.data) {
            case (.pem, .text(let pem)): expected = try? PrivateKey(pem: pem, origin: "privatedata").publicKey()
            case (.pem, .bytes(let pem)):
                expected = try? PrivateKey(pem: String(decoding: pem, as: UTF8.self), origin: "privatedata").publicKey()
            default: expected = nil
            }
        default: expected = devicePublicKey
        }
        guard let expected, expected.der == facts.publicKey.der else {
            throw CertificateFault(
                .key,
                "\(facts.subject): is for another key; expected that of privatedata or, without it, the device's own")
        }
    }
}
