import JOSE
import JSONText
import Testing

@Suite("Objects of our own")
struct ObjectTests {
    static let content = Array(#"{"iss":"//sp.example.com/gw1","jti":"t1@gw1.example.com"}"#.utf8)

    static func key(for algorithm: SignatureAlgorithm) throws -> JSONWebKey {
        switch algorithm {
        case .hs256, .hs384, .hs512: JSONWebKey(.secret([UInt8](repeating: 0x5A, count: 64)), id: "shared")
        case .es256: JSONWebKey(.ellipticPrivate(try .generate(.p256)), id: "mine")
        case .es384: JSONWebKey(.ellipticPrivate(try .generate(.p384)), id: "mine")
        case .es512: JSONWebKey(.ellipticPrivate(try .generate(.p521)), id: "mine")
        case .rs256: throw JOSEError(.badKey, "RS256 is verified only")
        }
    }

    @Test(
        "What is signed verifies, and nothing near it does",
        arguments: SignatureAlgorithm.allCases.filter { $0 != .rs256 })
    func signed(_ algorithm: SignatureAlgorithm) throws {
        let key = try Self.key(for: algorithm)
        let text = try JWS.sign(Self.content, with: SigningKey(key, algorithm: algorithm))
        let verifier = try VerificationKey(key.publicKey ?? key, algorithm: algorithm)
        let object = try JWS(parsing: text)
        #expect(object.header.type == "JWT" && object.header.keyID == key.id && object.header.contentType == nil)
        #expect(try object.payload(verifiedBy: [verifier]) == Self.content)
        // Every character but the last ones of a part changed: each is read as something else, or not at all.
        let bytes = Array(text.utf8)
        for index in stride(from: 0, to: bytes.count, by: algorithm.isSymmetric ? 1 : 7) {
            var altered = bytes
            altered[index] = altered[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(throws: JOSEError.self) {
                try JWS(parsing: String(decoding: altered, as: UTF8.self)).payload(verifiedBy: [verifier])
            }
        }
    }

    @Test(
        "What is encrypted decrypts, and nothing near it does", arguments: KeyManagement.allCases,
        ContentEncryption.allCases)
    func encrypted(_ management: KeyManagement, _ encryption: ContentEncryption) throws {
        let lengths: [KeyManagement: Int] = [.a128KW: 16, .a192KW: 24, .a256KW: 32]
        let direct: [ContentEncryption: Int] = [.a128GCM: 16, .a192GCM: 24, .a256GCM: 32]
        let key =
            try management.isAgreement
            ? JSONWebKey(.ellipticPrivate(.generate()), id: "recipient")
            : JSONWebKey(
                .secret([UInt8](repeating: 7, count: lengths[management] ?? direct[encryption] ?? 0)), id: "shared")
        let recipient = try EncryptionKey(key.publicKey ?? key, algorithm: management, encryption: encryption)
        let text = try JWE.encrypt(Self.content, to: recipient)
        let holder = try DecryptionKey(key, algorithm: management)
        #expect(try JWE(parsing: text).decrypt(with: [holder]).plaintext == Self.content)
        #expect(try JWE.encrypt(Self.content, to: recipient) != text)
        let bytes = Array(text.utf8)
        for index in stride(from: 0, to: bytes.count, by: management.isAgreement ? 29 : 3) {
            var altered = bytes
            altered[index] = altered[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(throws: JOSEError.self) {
                try JWE(parsing: String(decoding: altered, as: UTF8.self)).decrypt(with: [holder])
            }
        }
        for end in stride(from: 0, to: bytes.count, by: 11) {
            #expect(throws: JOSEError.self) {
                try JWE(parsing: String(decoding: bytes[..<end], as: UTF8.self)).decrypt(with: [holder])
            }
        }
    }

    @Test("Signed, then encrypted: the headers of TS-0003 7.3.2.6")
    func nested() throws {
        let issuer = JSONWebKey(.ellipticPrivate(try .generate()), id: "issuer")
        let host = JSONWebKey(.ellipticPrivate(try .generate()), id: "host")
        let inner = try JWS.sign(Self.content, with: SigningKey(issuer, algorithm: .es256))
        let outer = try JWE.encrypt(
            Array(inner.utf8), to: EncryptionKey(host, algorithm: .agreementA256KW), contentType: "JWT")
        let object = try JWE(parsing: outer)
        #expect(object.header.type == "JWT" && object.header.contentType == "JWT")
        let plain = try object.decrypt(with: [DecryptionKey(host, algorithm: .agreementA256KW)]).plaintext
        let signed = try JWS(parsing: String(decoding: plain, as: UTF8.self))
        #expect(signed.header.contentType == nil)
        #expect(
            try signed.payload(verifiedBy: [VerificationKey(issuer, algorithm: .es256)]) == Self.content)
    }

    @Test("A key is found by its name, and another's name is not tried")
    func names() throws {
        let first = JSONWebKey(.ellipticPrivate(try .generate()), id: "1")
        let second = JSONWebKey(.ellipticPrivate(try .generate()), id: "2")
        let object = try JWS(parsing: JWS.sign(Self.content, with: SigningKey(second, algorithm: .es256)))
        let keys = try [first, second].map { try VerificationKey($0, algorithm: .es256) }
        #expect(try object.payload(verifiedBy: keys) == Self.content)
        let error = #expect(throws: JOSEError.self) { try object.payload(verifiedBy: keys[..<1]) }
        #expect(error?.code == .noKey)
        let nameless = try VerificationKey(
            JSONWebKey(first.material), algorithm: .es256)
        let wrong = #expect(throws: JOSEError.self) { try object.payload(verifiedBy: [nameless]) }
        #expect(wrong?.code == .badSignature)
    }
}
