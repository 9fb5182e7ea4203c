import JSONText
import Testing

@testable import JOSE

@Suite("Objects of the RFCs and of another library")
struct VectorTests {
    @Test("RFC 7515 and RFC 7520: read, or refused for the right reason", arguments: try Vector.load("rfc"))
    func rfc(_ vector: Vector) throws {
        if let refusal = vector.refusal {
            let error = #expect(throws: JOSEError.self) { try vector.open() }
            #expect(error?.code == refusal)
        } else {
            #expect(try vector.open() == vector.content)
        }
    }

    @Test("One object of each algorithm, made by jwcrypto", arguments: try Vector.load("jwcrypto"))
    func jwcrypto(_ vector: Vector) throws {
        #expect(try vector.open() == vector.content)
    }

    @Test("Every algorithm that is spoken is among jwcrypto's")
    func coverage() throws {
        let vectors = try Vector.load("jwcrypto")
        let signed = Set(vectors.filter(\.isSigned).map(\.algorithm))
        #expect(signed == Set(SignatureAlgorithm.allCases.map(\.rawValue)))
        let encrypted = Set(vectors.filter { !$0.isSigned }.map { "\($0.algorithm) \($0.encryption ?? "")" })
        #expect(
            encrypted
                == Set(
                    KeyManagement.allCases.flatMap { way in
                        ContentEncryption.allCases.map { "\(way.rawValue) \($0.rawValue)" }
                    }))
    }

    @Test("What has no random part is made to the byte: HS256 of RFC 7515 A.1 and RFC 7520 4.4")
    func remade() throws {
        for vector in try Vector.load("rfc") where vector.algorithm == "HS256" {
            let parts = vector.compact.split(separator: ".")
            let header = try #require(Base64URL.decode(String(parts[0])))
            let key = try SigningKey(try #require(vector.key), algorithm: .hs256)
            let made = try JWS.sign(
                try #require(vector.content), header: String(decoding: header, as: UTF8.self), with: key)
            #expect(made == vector.compact, "\(vector.name)")
        }
    }

    @Test("Encrypted to the byte, with the random parts given: RFC 7520 5.6 and 5.8")
    func resealed() throws {
        for (name, isDirect) in [("RFC 7520 5.6", true), ("RFC 7520 5.8", false)] {
            let vector = try #require(try Vector.load("rfc").first { $0.name == name })
            let parts = vector.compact.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            let key = try #require(vector.key)
            guard case .secret(let secret) = key.material else { throw JOSEError(.badKey, "not a shared key") }
            let wrapped = try #require(Base64URL.decode(parts[1]))
            let content = isDirect ? secret : try #require(AES.unwrap(wrapped, with: secret))
            if !isDirect { #expect(try AES.wrap(content, with: secret) == wrapped) }
            let made = try JWE.seal(
                try #require(vector.content),
                header: String(decoding: try #require(Base64URL.decode(parts[0])), as: UTF8.self),
                contentKey: content, wrapped: wrapped, nonce: try #require(Base64URL.decode(parts[2])))
            #expect(made == vector.compact, "\(name)")
        }
    }

    @Test("The agreement of RFC 7518 appendix C, from both sides")
    func agreement() throws {
        let alice = try JSONWebKey(
            parsing: """
                {"kty":"EC","crv":"P-256","x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
                 "y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps","d":"0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo"}
                """)
        let bob = try JSONWebKey(
            parsing: """
                {"kty":"EC","crv":"P-256","x":"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
                 "y":"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck","d":"VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw"}
                """)
        guard case .ellipticPrivate(let a) = alice.material, case .ellipticPrivate(let b) = bob.material else {
            throw JOSEError(.badKey, "not private")
        }
        let secret = try a.agree(with: b.publicKey)
        #expect(try secret == b.agree(with: a.publicKey))
        let key = ConcatKDF.derive(
            secret: secret, length: 16, algorithm: "A128GCM", partyU: Array("Alice".utf8), partyV: Array("Bob".utf8))
        #expect(Base64URL.encode(key) == "VqqN6vgjbSBcIijNcacQGg")
    }

    @Test("The thumbprint of RFC 7638 3.1")
    func thumbprint() throws {
        let key = try JSONWebKey(
            parsing: """
                {"kty":"RSA","alg":"RS256","kid":"2011-04-29","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4\
                cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5\
                v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0f\
                M4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}
                """)
        #expect(key.thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
    }
}
