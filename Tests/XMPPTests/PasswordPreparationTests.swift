import Foundation
import Testing

@testable import XMPP

@Suite("Passwords (RFC 4013)")
struct PasswordPreparationTests {
    private func prepared(_ text: String) -> String? { try? PasswordPreparation.prepared(text, "password") }

    @Test(
        "What goes through, and as what",
        arguments: [
            ("I\u{AD}X", "IX"), ("user", "user"), ("USER", "USER"), (" p w ", " p w "), ("a\u{A0}b", "a b"),
            ("a\u{3000}b", "a b"), ("a\u{FE0F}", "a"), ("päss,Wörter=ß", "päss,Wörter=ß"), ("Ελλάς", "Ελλάς"),
            ("пароль", "пароль"), ("密码", "密码"), ("パスワード", "パスワード"), ("암호", "암호"), ("€£§", "€£§"),
            ("\u{5E9}\u{5DC}\u{5D5}", "\u{5E9}\u{5DC}\u{5D5}"), ("\u{5D0}1\u{5D1}", "\u{5D0}1\u{5D1}"),
            ("\u{1F511}", "\u{1F511}"),
        ])
    func passes(_ text: String, _ expected: String) {
        #expect(prepared(text).map { Array($0.unicodeScalars) } == Array(expected.unicodeScalars))
    }

    /// The examples of RFC 4013 3, and what NFKC would change.
    @Test(
        "What does not",
        arguments: [
            "", "\u{AD}", "a\u{7}", "\u{627}1", "a\u{5D0}", "\u{5D0}a\u{5D0}", "\u{AA}", "\u{2168}", "e\u{301}",
            "\u{FB01}", "\u{FF21}", "\u{212B}", "\u{2126}", "\u{BD}", "\u{B5}", "\u{17F}", "\u{E000}", "\u{FFFD}",
            "\u{200E}", "\u{1112}\u{1161}", "\u{9C7}\u{9BE}", "\u{200B}", "\u{E0041}", "\u{3D1}", "\u{1F71}",
        ])
    func refuses(_ text: String) {
        #expect(prepared(text) == nil)
    }

    @Test("No reason tells a character of the password")
    func secrecy() {
        let fault = #expect(throws: SASLFault.self) { try PasswordPreparation.prepared("s\u{FB01}cret", "password") }
        #expect(fault?.code == .credentials)
        #expect(fault?.reason.contains("character 2") == true)
        #expect(fault?.reason.unicodeScalars.allSatisfy { $0.isASCII } == true)
    }

    @Test("Whatever is kept is what NFKC leaves alone, beside any neighbour")
    func stability() {
        var kept = 0
        var composing: Set<Unicode.Scalar> = []
        for value in UInt32(0x80)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = String(Character(scalar))
            // The last part of what is composed of several: after another it may become one with it.
            let parts = text.decomposedStringWithCanonicalMapping.unicodeScalars
            if parts.count > 1, let last = parts.last { composing.insert(last) }
            guard PasswordPreparation.fate(of: scalar) == .kept else { continue }
            kept += 1
            let normal = text.precomposedStringWithCompatibilityMapping
            #expect(normal.unicodeScalars.elementsEqual([scalar]), "U+\(String(value, radix: 16))")
        }
        #expect(kept > 100_000, "most letters and signs of the world")
        for scalar in composing {
            #expect(PasswordPreparation.fate(of: scalar) != .kept, "U+\(String(scalar.value, radix: 16))")
        }
    }
}
