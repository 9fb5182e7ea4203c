import CMbedTLS
import Testing

@testable import TLS

@Suite struct CryptographyTests {
    /// FIPS 180-4, "abc".
    @Test func sha256() {
        #expect(
            Cryptography.sha256(Array("abc".utf8))
                == hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
        #expect(
            Cryptography.sha256([]) == hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
    }

    /// RFC 4231, case 2.
    @Test func hmac() {
        #expect(
            Cryptography.hmacSHA256(key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8))
                == hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"))
    }

    /// RFC 6070, case 2 (SHA-1), and RFC 7914 11 (SHA-256).
    @Test func pbkdf2() {
        var output = [UInt8](repeating: 0, count: 20)
        #expect(gh_pbkdf2(GH_SHA1, Array("password".utf8), 8, Array("salt".utf8), 4, 2, &output, 20) == GH_OK)
        #expect(output == hex("ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"))
        output = [UInt8](repeating: 0, count: 64)
        #expect(gh_pbkdf2(GH_SHA256, Array("passwd".utf8), 6, Array("salt".utf8), 4, 1, &output, 64) == GH_OK)
        #expect(
            output
                == hex(
                    "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
                        + "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"))
    }

    /// RFC 3610, packet vector 1: nonce of 13 bytes, tag of 8.
    @Test func ccm() throws {
        let key = (0..<16).map { UInt8(0xC0 + $0) }
        let nonce = hex("00000003020100a0a1a2a3a4a5")
        let aad = (0..<8).map { UInt8($0) }
        let plain = (8..<31).map { UInt8($0) }
        let context = try #require(gh_ccm_new(key))
        defer { gh_ccm_free(context) }
        var cipher = [UInt8](repeating: 0, count: 23)
        var tag = [UInt8](repeating: 0, count: 8)
        #expect(gh_ccm_encrypt(context, nonce, 13, aad, 8, plain, 23, &cipher, &tag, 8) == GH_OK)
        #expect(cipher == hex("588c979a61c663d2f066d0c2c0f989806d5f6b61dac384"))
        #expect(tag == hex("17e8d12cfdf926e0"))
        var decrypted = [UInt8](repeating: 0xFF, count: 23)
        #expect(gh_ccm_decrypt(context, nonce, 13, aad, 8, cipher, 23, &decrypted, tag, 8) == GH_OK)
        #expect(decrypted == plain)
        tag[7] ^= 1
        #expect(gh_ccm_decrypt(context, nonce, 13, aad, 8, cipher, 23, &decrypted, tag, 8) == GH_EAUTHENTICATION)
        #expect(decrypted == [UInt8](repeating: 0, count: 23), "nothing unauthenticated is left behind")
        for (nonceLength, tagLength) in [(6, 8), (14, 8), (13, 2), (13, 5), (13, 18), (13, 0)] {
            var output = [UInt8](repeating: 0, count: 23)
            var tag = [UInt8](repeating: 0, count: 32)
            #expect(
                gh_ccm_encrypt(
                    context, nonce + [0], nonceLength, aad, 8, plain, 23, &output, &tag, tagLength) == GH_EPARAMETER)
            #expect(
                gh_ccm_decrypt(
                    context, nonce + [0], nonceLength, aad, 8, plain, 23, &output, tag, tagLength) == GH_EPARAMETER)
        }
    }

    /// FIPS 197, appendix B.
    @Test func aesBlock() {
        var output = [UInt8](repeating: 0, count: 16)
        #expect(
            gh_aes128_encrypt_block(
                hex("2b7e151628aed2a6abf7158809cf4f3c"), hex("3243f6a8885a308d313198a2e0370734"), &output) == GH_OK)
        #expect(output == hex("3925841d02dc09fbdc118597196a0b32"))
    }

    @Test func randomBytesDiffer() {
        let draws = (0..<64).map { _ in Cryptography.random(16) }
        #expect(Set(draws).count == 64)
        #expect(Cryptography.random(0) == [])
        #expect(Cryptography.random(1000).count == 1000)
    }

    @Test func comparison() {
        #expect(Cryptography.constantTimeEquals([1, 2, 3], [1, 2, 3]))
        #expect(Cryptography.constantTimeEquals([], []))
        #expect(!Cryptography.constantTimeEquals([1, 2, 3], [1, 2, 4]))
        #expect(!Cryptography.constantTimeEquals([1, 2, 3], [1, 2]))
    }

    /// RFC 4648 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func base64(plain: String, text: String) {
        #expect(String(decoding: Base64.encode(Array(plain.utf8)), as: UTF8.self) == text)
        #expect(Base64.decode(text.utf8) == Array(plain.utf8))
    }

    @Test(arguments: ["Z", "Zg", "Zg=", "Zg===", "Z===", "====", "Zg==Zg==", "Z-==", "=Zg="])
    func badBase64(text: String) {
        #expect(Base64.decode(text.utf8) == nil)
    }
}

func hex(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Substring(text)
    while rest.count >= 2 {
        bytes.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
        rest = rest.dropFirst(2)
    }
    return bytes
}
