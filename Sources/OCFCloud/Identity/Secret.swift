import Crypto
import Foundation

/// A token: 256 random bits as 43 characters of base64url, which fits a Uri-Query option (255 bytes, RFC 7252 §5.10)
/// where longer tokens are dropped by peers.
///
/// The cloud keeps only ``hash(of:)``. The tokens are random, so one round of SHA-256 is as good as a slow hash: there is
/// no dictionary to try. Printing or interpolating one shows nothing of it.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The token's text. Do not log it.
    public let text: String

    /// Wraps a token that came from elsewhere.
    public init(text: String) {
        self.text = text
    }

    /// Bytes of randomness; 256 bits leave nothing to guess however many devices there are.
    private static let length = 32

    /// A fresh token.
    public static func random() -> Secret {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return Secret(text: Data(bytes).base64URL)
    }

    /// What the database holds in the token's place.
    public var hash: Data { Self.hash(of: text) }

    /// SHA-256 over a name of its own and the text, so that the hash is of no use in another protocol.
    public static func hash(of text: String) -> Data {
        var hasher = SHA256()
        hasher.update(data: Data("gatehouse-cloud token\0".utf8))
        hasher.update(data: Data(text.utf8))
        return Data(hasher.finalize())
    }

    /// Compares in a time that depends on the lengths alone.
    public static func equal(_ left: Data, _ right: Data) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for (a, b) in zip(left, right) { difference |= a ^ b }
        return difference == 0
    }

    /// Never the text.
    public var description: String { "(secret)" }
    /// Never the text.
    public var debugDescription: String { "(secret)" }
}

extension Data {
    /// Base64url without padding (RFC 4648 §5).
    var base64URL: String {
        base64EncodedString()
            .replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }
}
