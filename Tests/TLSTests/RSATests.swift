import CMbedTLS
import Testing

@testable import TLS

/// What XEP-0324's token challenges need of RSA.
@Suite struct RSATests {
    private static let key = Result { try PrivateKey.generateRSA() }

    private func key() throws -> PrivateKey { try RSATests.key.get() }

    @Test func generated() throws {
        let key = try key()
        #expect(!key.isEllipticCurve)
        #expect(key.bits == 2_048)
        #expect(try PrivateKey(der: key.der()).publicKey() == key.publicKey())
        #expect(throws: TLSError.self) { try PrivateKey.generateRSA(bits: 1_024) }
        let issuer = try CertificateIssuer.root(commonName: "hall@example.org", key: key, validity: .days(10))
        #expect(key.fits(issuer.certificate))
        #expect(try issuer.certificate.publicKey() == key.publicKey())
    }

    @Test(arguments: PublicKey.EncryptionPadding.allCases)
    func bothPaddings(_ padding: PublicKey.EncryptionPadding) throws {
        let key = try key()
        for length in [1, 16, 32, 64, 214] {
            let plain = Cryptography.random(length)
            let block = try key.publicKey().encrypt(plain, padding)
            #expect(block.count == 256)
            #expect(try key.decrypt(block) == plain)
        }
        // The key signs as before.
        let signature = try key.signature(for: [1, 2, 3])
        #expect(try key.publicKey().isValid(signature: signature, for: [1, 2, 3]))
    }

    @Test func tooLong() throws {
        let publicKey = try key().publicKey()
        #expect(throws: TLSError.self) { try publicKey.encrypt([UInt8](repeating: 1, count: 215)) }
        #expect(throws: TLSError.self) { try publicKey.encrypt([UInt8](repeating: 1, count: 246), .pkcs1v15) }
        let elliptic = try PrivateKey.generateP256()
        #expect(throws: TLSError.self) { try elliptic.publicKey().encrypt([1]) }
        #expect(throws: TLSError.self) { try elliptic.decrypt([UInt8](repeating: 1, count: 256)) }
        #expect(throws: TLSError.self) { try key().decrypt([1, 2, 3]) }
    }

    /// A block of neither padding makes something of plausible length, the same each time: nothing tells that it was wrong.
    @Test func noOracle() throws {
        let key = try key()
        var lengths: Set<Int> = []
        for _ in 0..<40 {
            var block = Cryptography.random(256)
            // Below the modulus for certain.
            block[0] = 0
            let first = try key.decrypt(block)
            #expect(try key.decrypt(block) == first)
            #expect((16...64).contains(first.count))
            lengths.insert(first.count)
            block[255] ^= 1
            #expect(try key.decrypt(block) != first)
        }
        #expect(lengths.count > 5)
        // A good v1.5 block of any length is read as it is, one with a wrong beginning is not told from noise.
        let other = try PrivateKey.generateRSA()
        let foreign = try other.publicKey().encrypt([1, 2, 3], .pkcs1v15)
        if let noise = try? key.decrypt(foreign) { #expect((16...64).contains(noise.count)) }
    }
}
