import TLS

/// The client's half of SCRAM (RFC 5802; SHA-256: RFC 7677) as a machine of bytes: no socket, no chance of its own.
///
/// The slow step, PBKDF2, is left to the caller, who has a thread for it and may keep its result.
public struct ScramClient: Sendable, Hashable {
    /// What is said of the channel in the first message (RFC 5802 6): `n`, `y` or `p`.
    public enum Binding: Sendable, Hashable {
        /// We cannot bind.
        case unsupported
        /// We can, and the server does not offer it: a server that does sees that somebody has hidden that.
        case notOffered
        /// Bound by what this connection has of a kind (RFC 5929).
        case bound(ChannelBindings.Kind, [UInt8])

        var header: String {
            switch self {
            case .unsupported: "n,,"
            case .notOffered: "y,,"
            case .bound(let kind, _): "p=\(kind.rawValue),,"
            }
        }

        var data: [UInt8] { if case .bound(_, let data) = self { data } else { [] } }
    }

    /// What PBKDF2 is to be run with. Its result is as good as the password for this salt.
    public struct Derivation: Sendable, Hashable {
        /// The hash function.
        public let hash: HashFunction
        /// The server's salt.
        public let salt: [UInt8]
        /// How many rounds.
        public let iterations: UInt32

        /// The salted password (RFC 5802 3). Takes time: 10,000 rounds 0.1 s on a small board.
        public func run(password: [UInt8]) -> [UInt8] {
            Cryptography.pbkdf2(hash, password: password, salt: salt, iterations: iterations)
        }
    }

    /// RFC 7677 4: servers should ask for at least 4096 rounds; with fewer, whoever plays the server learns the password
    /// too cheaply.
    public static let minimumIterations: UInt32 = 4_096
    /// 1,000,000 rounds are 10 s on a small board, off the loop; more only wears it down.
    public static let maximumIterations: UInt32 = 1_000_000
    /// A server's first message has some 150 bytes.
    public static let maximumMessageLength = 2_048
    /// RFC 5802 leaves it open; servers take 16 to 36 bytes.
    static let maximumSaltLength = 256

    let hash: HashFunction
    let binding: Binding
    let nonce: String
    private let bareFirst: String
    private var serverFirst = ""
    private var serverNonce = ""
    private var serverSignature: [UInt8]?

    /// Begins an authentication.
    ///
    /// - Parameters:
    ///   - nonce: printable ASCII without a comma, new for each authentication; nil for random.
    /// - Throws: `.credentials` for a name that cannot be one.
    public init(hash: HashFunction, user: String, binding: Binding, nonce: String? = nil) throws(SASLFault) {
        self.hash = hash
        self.binding = binding
        self.nonce = nonce ?? Base64.text(Cryptography.random(24))
        let user = try PasswordPreparation.prepared(user, "name")
        // RFC 5802 5.1: "," and "=" are written as "=2C" and "=3D".
        var name = ""
        for character in user.unicodeScalars {
            switch character {
            case ",": name += "=2C"
            case "=": name += "=3D"
            default: name.unicodeScalars.append(character)
            }
        }
        bareFirst = "n=\(name),r=\(self.nonce)"
    }

    /// Whether the server's first message was taken.
    var hasAnswered: Bool { !serverFirst.isEmpty }

    /// The first message.
    public var first: [UInt8] { Array((binding.header + bareFirst).utf8) }

    /// Takes the server's first message.
    public mutating func take(serverFirst bytes: [UInt8]) throws(SASLFault) -> Derivation {
        let text = try Self.text(bytes)
        var parts = text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
            String($0) ?? ""
        }
        guard parts.count >= 3 else { throw SASLFault(.malformed, "the server's first message lacks parts") }
        guard let nonce = Self.value("r", parts.removeFirst()) else {
            // "m=" announces extensions that one has to understand (RFC 5802 5.1).
            throw SASLFault(.malformed, "the server's first message does not begin with a nonce")
        }
        guard nonce.utf8.starts(with: self.nonce.utf8), nonce.utf8.count > self.nonce.utf8.count else {
            throw SASLFault(.nonce, "the server's nonce does not continue ours")
        }
        guard let salt = Self.value("s", parts.removeFirst()).flatMap({ Base64.decode($0.utf8) }), !salt.isEmpty,
            salt.count <= Self.maximumSaltLength
        else { throw SASLFault(.malformed, "the server's salt is missing or malformed") }
        guard let iterations = Self.value("i", parts.removeFirst()).flatMap({ UInt32($0) }) else {
            throw SASLFault(.malformed, "the server's number of rounds is missing or malformed")
        }
        guard (Self.minimumIterations...Self.maximumIterations).contains(iterations) else {
            throw SASLFault(
                .iterations,
                "the server asks for \(iterations) rounds; expected \(Self.minimumIterations) to "
                    + "\(Self.maximumIterations)")
        }
        serverFirst = text
        serverNonce = nonce
        return Derivation(hash: hash, salt: salt, iterations: iterations)
    }

    /// The final message, with what PBKDF2 has given.
    public mutating func final(saltedPassword: [UInt8]) -> [UInt8] {
        let clientKey = Cryptography.hmac(hash, key: saltedPassword, Array("Client Key".utf8))
        let storedKey = Cryptography.hash(hash, clientKey)
        let serverKey = Cryptography.hmac(hash, key: saltedPassword, Array("Server Key".utf8))
        let channel = Base64.text(Array(binding.header.utf8) + binding.data)
        let withoutProof = "c=\(channel),r=\(serverNonce)"
        let message = Array("\(bareFirst),\(serverFirst),\(withoutProof)".utf8)
        let signature = Cryptography.hmac(hash, key: storedKey, message)
        serverSignature = Cryptography.hmac(hash, key: serverKey, message)
        let proof = zip(clientKey, signature).map { $0 ^ $1 }
        return Array("\(withoutProof),p=\(Base64.text(proof))".utf8)
    }

    /// Checks that the server knows the password too.
    public func check(serverFinal bytes: [UInt8]) throws(SASLFault) {
        let text = try Self.text(bytes)
        let first = text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).first
        let part = first.flatMap { String($0) } ?? ""
        if let error = Self.value("e", part) {
            let isBinding =
                error.utf8.starts(with: "channel-binding".utf8) || error == "server-does-support-channel-binding"
            throw SASLFault(isBinding ? .channelBinding : .refused, "the server says \"\(error.prefix(64))\"")
        }
        guard let signature = Self.value("v", part).flatMap({ Base64.decode($0.utf8) }), let expected = serverSignature,
            Cryptography.constantTimeEquals(signature, expected)
        else {
            throw SASLFault(.serverSignature, "the server does not prove that it knows the password")
        }
    }

    private static func value(_ name: String, _ part: String) -> String? {
        guard part.utf8.starts(with: "\(name)=".utf8) else { return nil }
        return String(part.dropFirst(2))
    }

    private static func text(_ bytes: [UInt8]) throws(SASLFault) -> String {
        guard bytes.count <= maximumMessageLength, let text = String(validating: bytes, as: UTF8.self) else {
            throw SASLFault(.malformed, "the server's message is too long or not UTF-8")
        }
        return text
    }
}
