import TLS

/// The key derivations of owner transfer.
public enum KeyDerivation {
    /// The pseudo-random function of TLS 1.2 with HMAC-SHA-256 (RFC 5246 §5).
    ///
    /// - Parameters:
    ///   - secret: the key.
    ///   - label: ASCII.
    ///   - seed: what follows the label.
    ///   - count: how many octets are wanted.
    public static func tls12(secret: [UInt8], label: String, seed: [UInt8], count: Int) -> [UInt8] {
        let seed = Array(label.utf8) + seed
        var output: [UInt8] = []
        var chain = seed
        while output.count < count {
            chain = Cryptography.hmacSHA256(key: secret, chain)
            output += Cryptography.hmacSHA256(key: secret, chain + seed)
        }
        return Array(output.prefix(count))
    }

    /// PBKDF2 with HMAC-SHA-256 (RFC 8018 §5.2).
    public static func pbkdf2(password: [UInt8], salt: [UInt8], iterations: Int, count: Int) -> [UInt8] {
        var output: [UInt8] = []
        var block: UInt32 = 1
        while output.count < count {
            let index = (0..<4).map { UInt8(truncatingIfNeeded: block >> UInt32(24 - 8 * $0)) }
            var link = Cryptography.hmacSHA256(key: password, salt + index)
            var sum = link
            for _ in 1..<max(iterations, 1) {
                link = Cryptography.hmacSHA256(key: password, link)
                for place in sum.indices { sum[place] ^= link[place] }
            }
            output += sum
            block += 1
        }
        return Array(output.prefix(count))
    }

    /// The pre-shared key that a PIN gives (security, "Random PIN OTM"): 16 octets.
    ///
    /// - Parameters:
    ///   - pin: as shown, ASCII digits.
    ///   - deviceID: the `deviceuuid` the device has at the time, before its owner gives it another.
    public static func pinKey(pin: String, deviceID: Identifier) -> [UInt8] {
        // 1000 iterations: what onboarding tools compute; the PIN is short-lived and tried online only.
        pbkdf2(password: Array(pin.utf8), salt: deviceID.octets, iterations: 1000, count: 16)
    }

    /// The owner's pre-shared key, which both ends derive from the session of the transfer (security, "Owner PSK"): 16
    /// octets. Nil for a suite or a method that has no such key.
    ///
    /// - Parameters:
    ///   - secrets: of the ownership connection.
    ///   - method: the method that connection used.
    ///   - owner: the onboarding tool's id.
    ///   - deviceID: the `deviceuuid` that the tool has set.
    public static func ownerKey(
        _ secrets: SessionSecrets, method: OwnerTransferMethod, owner: Identifier, deviceID: Identifier
    ) -> [UInt8]? {
        guard let label = method.label, let block = secrets.keyBlock else { return nil }
        return tls12(secret: block, label: label, seed: owner.octets + deviceID.octets, count: 16)
    }
}

/// What a TLS 1.2 session's keys come from. Never printed.
public struct SessionSecrets: Sendable, Hashable {
    /// The master secret: 48 octets.
    public let masterSecret: [UInt8]
    /// The client's random number: 32 octets.
    public let clientRandom: [UInt8]
    /// The server's random number: 32 octets.
    public let serverRandom: [UInt8]
    /// The cipher suite's number.
    public let suite: UInt16

    /// Secrets; nil when a length is wrong.
    public init?(masterSecret: [UInt8], clientRandom: [UInt8], serverRandom: [UInt8], suite: UInt16) {
        guard masterSecret.count == 48, clientRandom.count == 32, serverRandom.count == 32 else { return nil }
        self.masterSecret = masterSecret
        self.clientRandom = clientRandom
        self.serverRandom = serverRandom
        self.suite = suite
    }

    /// How many octets the key block of a suite has: twice the sum of MAC key, cipher key and fixed IV; nil for a suite
    /// that owner transfer does not use.
    ///
    /// The suites with CBC count no IV, as in RFC 5246 §6.3.
    public static func keyBlockLength(suite: UInt16) -> Int? {
        switch suite {
        // ECDH_anon (private), ECDHE_PSK and ECDHE_ECDSA with AES_128_CBC_SHA256.
        case 0xFF00, 0xC037, 0xC023: 2 * (32 + 16)
        // ECDHE_ECDSA with AES_128_CCM_8 and AES_128_CCM.
        case 0xC0AE, 0xC0AC: 2 * (16 + 4)
        // ECDHE_ECDSA with AES_256_CCM_8 and AES_256_CCM.
        case 0xC0AF, 0xC0AD: 2 * (32 + 4)
        // ECDHE with AES_128_GCM_SHA256: IoTivity-Lite counts a MAC key and the whole nonce.
        case 0xC02B, 0xC02F: 2 * (32 + 16 + 12)
        default: nil
        }
    }

    /// The key block (RFC 5246 §6.3); always with HMAC-SHA-256.
    public var keyBlock: [UInt8]? {
        Self.keyBlockLength(suite: suite).map {
            KeyDerivation.tls12(
                secret: masterSecret, label: "key expansion", seed: serverRandom + clientRandom, count: $0)
        }
    }
}

extension SessionSecrets: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The suite alone.
    public var description: String { "SessionSecrets(suite \(suite))" }
    /// The suite alone.
    public var debugDescription: String { description }
    /// Shows nothing, so that no dump shows a secret.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
