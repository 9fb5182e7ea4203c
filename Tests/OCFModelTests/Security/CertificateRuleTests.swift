import OCFModel
import TLS
import Testing

/// What OCF asks of certificates, rule by rule.
@Suite struct CertificateRuleTests {
    static func facts(_ pem: String) throws -> CertificateFacts { try CertificateRules.read(pem: pem)[0] }

    @Test("what is read of certificates made by OpenSSL")
    func read() throws {
        let identity = try Self.facts(TestCertificates.identity)
        #expect(identity.commonNames == ["uuid:\(SecurityHouse.deviceID)"])
        #expect(identity.keyUsage == [.digitalSignature, .keyAgreement])
        #expect(identity.extendedKeyUsage == [.server, .client, .ocfIdentity])
        #expect(identity.isVersion3 && identity.isSignedWithECDSA && identity.isOnP256 && !identity.isAuthority)
        #expect(identity.roles == [] && identity.pathLength == nil)
        let sub = try Self.facts(TestCertificates.sub)
        #expect(sub.isAuthority && sub.pathLength == 0)
        #expect(sub.keyUsage == [.certificateSigning, .revocationListSigning])
        #expect(identity.issuerName == sub.subjectName && identity.subjectName != sub.subjectName)
        let role = try Self.facts(TestCertificates.role)
        #expect(role.roles == [Requester.Role("household"), Requester.Role("admin", authority: "acme")])
        #expect(role.extendedKeyUsage == [.server, .client, .ocfRole])
        #expect(try Self.facts(TestCertificates.root).pathLength == nil)
    }

    @Test("certificates by our own issuer keep the rules")
    func ours() throws {
        let key = try PrivateKey.generateP256()
        let issuer = try CertificateIssuer.root(commonName: "Root", key: key, validity: .days(10))
        let order = CertificateIssuer.Order.ocfIdentity(
            uuid: SecurityHouse.deviceID.description, publicKey: try PrivateKey.generateP256().publicKey(),
            validity: .days(5))
        let leaf = try #require(CertificateFacts(try issuer.issue(order)))
        let root = try #require(CertificateFacts(issuer.certificate))
        let now = ValidityClock.system.now()
        #expect(try CertificateRules.identity(leaf, at: now) == SecurityHouse.deviceID)
        #expect(try CertificateRules.chain([leaf], anchors: [root], at: now) == root)
    }

    typealias Change = @Sendable (inout CertificateFacts) -> Void

    /// What is changed on a good leaf, the rule it breaks then, and whether a manufacturer's certificate may be so.
    static let leaves: [(Change, CertificateFault.Rule, Bool)] = [
        ({ $0.isVersion3 = false }, .version, false),
        ({ $0.isSignedWithECDSA = false }, .signatureAlgorithm, false),
        ({ $0.isOnP256 = false }, .curve, false),
        ({ $0.isAuthority = true }, .authority, false),
        ({ $0.keyUsage = nil }, .keyUsage, false),
        ({ $0.keyUsage = .digitalSignature }, .keyUsage, false),
        ({ $0.keyUsage?.insert(.certificateSigning) }, .keyUsage, false),
        ({ $0.extendedKeyUsage = nil }, .extendedKeyUsage, false),
        ({ $0.extendedKeyUsage?.remove(.client) }, .extendedKeyUsage, false),
        ({ $0.extendedKeyUsage?.remove(.server) }, .extendedKeyUsage, false),
        ({ $0.extendedKeyUsage?.remove([.ocfIdentity, .ocfRole]) }, .extendedKeyUsage, false),
        ({ $0.extendedKeyUsage?.insert(.any) }, .extendedKeyUsage, false),
        ({ $0.extendedKeyUsage?.formUnion([.ocfRole, .ocfIdentity]) }, .extendedKeyUsage, false),
        ({ $0.notAfter = SecurityHouse.now - 1 }, .validity, false),
        ({ $0.notBefore = SecurityHouse.now + 1 }, .validity, false),
        ({ $0.commonNames = [] }, .commonName, true),
        ({ $0.commonNames = ["Gatehouse 0001"] }, .commonName, true),
        ({ $0.commonNames += $0.commonNames }, .commonName, true),
        ({ $0.commonNames = ["uuid:\(Identifier.none)"] }, .commonName, true),
        ({ $0.commonNames = ["uuid:x"] }, .commonName, true),
    ]

    @Test("each rule of a leaf", arguments: leaves.indices)
    func leaf(_ index: Int) throws {
        let (change, rule, isFineForManufacturers) = Self.leaves[index]
        let now = SecurityHouse.now
        var identity = try Self.facts(TestCertificates.identity)
        #expect(try CertificateRules.identity(identity, at: now) == SecurityHouse.deviceID)
        change(&identity)
        #expect(throws: CertificateFault.self) { try CertificateRules.identity(identity, at: now) }
        #expect(fault { try CertificateRules.identity(identity, at: now) } == rule)

        var manufacturer = try Self.facts(TestCertificates.manufacturer)
        #expect(fault { try CertificateRules.manufacturer(manufacturer, at: now) } == nil)
        change(&manufacturer)
        #expect(
            fault { try CertificateRules.manufacturer(manufacturer, at: now) }
                == (isFineForManufacturers ? nil : rule))

        var role = try Self.facts(TestCertificates.role)
        #expect(try CertificateRules.role(role, peer: SecurityHouse.peer, at: now).count == 2)
        change(&role)
        #expect(fault { try CertificateRules.role(role, peer: SecurityHouse.peer, at: now) } == rule)
    }

    @Test("a role certificate names its holder and a role")
    func role() throws {
        var role = try Self.facts(TestCertificates.role)
        #expect(fault { try CertificateRules.role(role, peer: SecurityHouse.other, at: nil) } == .commonName)
        role.roles = []
        #expect(fault { try CertificateRules.role(role, peer: SecurityHouse.peer, at: nil) } == .role)
        let identity = try Self.facts(TestCertificates.peer)
        #expect(fault { try CertificateRules.role(identity, peer: SecurityHouse.peer, at: nil) } == .extendedKeyUsage)
    }

    /// What is changed on a good authority, how many stand below it, and the rule it breaks: ever, and in a transfer.
    static let authorities: [(Change, Int, CertificateFault.Rule?, CertificateFault.Rule?)] = [
        ({ _ in }, 0, nil, nil),
        ({ _ in }, 1, .pathLength, .pathLength),
        ({ $0.isVersion3 = false }, 0, .version, .version),
        ({ $0.isAuthority = false }, 0, .authority, .authority),
        ({ $0.keyUsage = nil }, 0, .keyUsage, .keyUsage),
        ({ $0.keyUsage = .revocationListSigning }, 0, .keyUsage, .keyUsage),
        ({ $0.keyUsage = .certificateSigning }, 0, nil, .keyUsage),
        ({ $0.keyUsage?.insert(.digitalSignature) }, 0, nil, nil),
        ({ $0.keyUsage?.insert(.keyAgreement) }, 0, nil, .keyUsage),
        ({ $0.pathLength = nil }, 3, nil, .pathLength),
        ({ $0.pathLength = 1 }, 1, nil, .pathLength),
        ({ $0.notAfter = 0 }, 0, .validity, .validity),
    ]

    @Test("each rule of an authority", arguments: authorities.indices)
    func authority(_ index: Int) throws {
        let (change, below, ever, inTransfer) = Self.authorities[index]
        var facts = try Self.facts(TestCertificates.sub)
        change(&facts)
        let now = SecurityHouse.now
        #expect(fault { try CertificateRules.authority(facts, below: below, at: now) } == ever)
        #expect(
            fault { try CertificateRules.authority(facts, below: below, isTransfer: true, at: now) } == inTransfer)
    }

    @Test("chains")
    func chains() throws {
        let now = SecurityHouse.now
        let root = try Self.facts(TestCertificates.root)
        let stranger = try Self.facts(TestCertificates.stranger)
        let sub = try Self.facts(TestCertificates.sub)
        let identity = try Self.facts(TestCertificates.identity)
        let peer = try Self.facts(TestCertificates.peer)
        func rule(_ chain: [CertificateFacts], _ anchors: [CertificateFacts], _ isTransfer: Bool = false)
            -> CertificateFault.Rule?
        {
            fault { try CertificateRules.chain(chain, anchors: anchors, isTransfer: isTransfer, at: now) }
        }
        #expect(rule([peer], [root]) == nil)
        #expect(rule([peer, root], [root]) == nil)
        #expect(rule([peer], [stranger, root]) == nil)
        #expect(rule([identity, sub], [root]) == nil)
        #expect(rule([identity, sub, root], [root]) == nil)
        #expect(rule([identity, sub], [root], true) == nil)
        #expect(rule([identity], [sub]) == nil, "an intermediate can be an anchor")
        #expect(rule([identity], [root]) == .issuer)
        #expect(rule([identity, sub], [stranger]) == .issuer)
        #expect(rule([peer], [stranger]) == .issuer, "the name is right, the key is not")
        #expect(rule([peer, stranger], [stranger]) == .signature)
        #expect(rule([identity, peer], [root]) == .authority)
        #expect(rule([identity, root], [root]) == .issuer)
        #expect(rule([peer], []) == .issuer)
        #expect(rule([], [root]) == .malformed)
        var spoilt = peer
        spoilt.signedBytes[20] ^= 1
        #expect(rule([spoilt], [root]) == .issuer)
        var expired = sub
        expired.notAfter = now - 1
        #expect(rule([identity, expired], [root]) == .validity)
        // A chain longer than any, all of whose links hold.
        var selfIssued = root
        selfIssued.signedBytes = root.signedBytes
        #expect(rule([peer] + [CertificateFacts](repeating: selfIssued, count: 5), [stranger]) == .chainLength)
        #expect(rule([peer] + [CertificateFacts](repeating: selfIssued, count: 3), [stranger], true) == .chainLength)
    }

    @Test("a certificate cut or changed anywhere is read without a trap")
    func hostile() throws {
        let der = try CertificateChain(pem: TestCertificates.role).leaf.der
        var read = 0
        for place in der.indices {
            for change: UInt8 in [0x01, 0x80, 0xFF] {
                var bytes = der
                bytes[place] ^= change
                if let certificate = try? Certificate(der: bytes), CertificateFacts(certificate) != nil { read += 1 }
            }
            if let certificate = try? Certificate(der: Array(der[..<place])) {
                #expect(CertificateFacts(certificate) == nil)
            }
        }
        #expect(read > 0)
        #expect(fault { _ = try CertificateRules.read(pem: nil) } == .malformed)
        #expect(fault { _ = try CertificateRules.read(pem: "PEM-ENCODED-VALUE") } == .malformed)
        let long = [String](repeating: TestCertificates.root, count: 6).joined(separator: "\n")
        #expect(fault { _ = try CertificateRules.read(pem: long) } == .chainLength)
    }

    private func fault(_ body: () throws -> some Any) -> CertificateFault.Rule? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? CertificateFault)?.rule
        }
    }
}
