import JOSE
import Testing

@Suite("Base64url")
struct Base64URLTests {
    @Test("RFC 4648 10 without padding, and RFC 7515 C")
    func examples() {
        for (plain, text) in [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ] {
            #expect(Base64URL.encode(Array(plain.utf8)) == text)
            #expect(Base64URL.decode(text) == Array(plain.utf8))
        }
        #expect(Base64URL.encode([3, 236, 255, 224, 193]) == "A-z_4ME")
    }

    @Test(
        "Another character, an impossible length, bits left over",
        arguments: ["A", "AAAAA", "Zg==", "Zh", "Zm9", "A+8A", "A/8A", "Zm9v\n", " Zg", "Zgé"])
    func refused(_ text: String) {
        #expect(Base64URL.decode(text) == nil)
    }
}
