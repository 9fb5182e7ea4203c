import Crypto
import Foundation

/// A token's text: 256 random bits in base64url, which has no white space (XEP-0324 3.1.3). The database holds its hash
/// alone. Printing one shows nothing of it.
struct TokenText: Sendable, CustomStringConvertible {
    let text: String

    init(_ text: String) { self.text = text }

    static func random() -> TokenText {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return TokenText(
            Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
                .replacing("=", with: ""))
    }

    /// SHA-256 over a name of its own and the text: the texts are random, so there is nothing to try.
    var hash: Data {
        var hasher = SHA256()
        hasher.update(data: Data("gatehouse provisioning token\0".utf8))
        hasher.update(data: Data(text.utf8))
        return Data(hasher.finalize())
    }

    var description: String { "(token)" }
}
