import XMPP

/// `getToken`: a certificate, for which a token is wanted (XEP-0324 3.1.3, 3.6.1).
public struct TokenRequest: ProvisioningElement {
    /// The public certificate, X.509 in DER. Only RSA keys can read a challenge.
    public var certificate: [UInt8]

    /// For this certificate.
    public init(certificate: [UInt8]) { self.certificate = certificate }

    /// Reads it.
    public init(_ element: XMLElement) throws(PayloadError) {
        try element.demand("getToken")
        certificate = try element.bytes("the certificate", atMost: ProvisioningLimits.certificateBytes)
    }

    /// `getToken`.
    public var element: XMLElement { .provisioning("getToken", base64: certificate) }
}

/// `getTokenChallenge`: the answer to ``TokenRequest``.
public struct TokenRequestChallenge: ProvisioningElement {
    /// The server's number for the challenge, of this device alone; no number of XEP-0323.
    public var sequence: Int32
    /// Random bytes, encrypted for the certificate's key.
    public var encrypted: [UInt8]

    /// A challenge.
    public init(sequence: Int32, encrypted: [UInt8]) {
        self.sequence = sequence
        self.encrypted = encrypted
    }

    /// Reads it.
    public init(_ element: XMLElement) throws(PayloadError) {
        try element.demand("getTokenChallenge")
        sequence = try element.integer("seqnr")
        encrypted = try element.bytes("the challenge", atMost: ProvisioningLimits.challengeBytes)
    }

    /// `getTokenChallenge`.
    public var element: XMLElement {
        .provisioning("getTokenChallenge", ["seqnr": "\(sequence)"], base64: encrypted)
    }
}

/// `getTokenChallengeResponse`: what the device read. It is a question of its own: an iq get.
public struct TokenRequestAnswer: ProvisioningElement {
    /// The number of the challenge.
    public var sequence: Int32
    /// The random bytes.
    public var decrypted: [UInt8]

    /// The answer to a challenge.
    public init(sequence: Int32, decrypted: [UInt8]) {
        self.sequence = sequence
        self.decrypted = decrypted
    }

    /// Reads it.
    public init(_ element: XMLElement) throws(PayloadError) {
        try element.demand("getTokenChallengeResponse")
        sequence = try element.integer("seqnr")
        decrypted = try element.bytes("the answer", atMost: ProvisioningLimits.challengeBytes)
    }

    /// `getTokenChallengeResponse`.
    public var element: XMLElement {
        .provisioning("getTokenChallengeResponse", ["seqnr": "\(sequence)"], base64: decrypted)
    }
}

/// `getTokenResponse`: the token.
public struct TokenGrant: ProvisioningElement {
    /// The token, without white space. Valid until the server forgets it.
    public var token: String

    /// A token, for which ``ProvisioningTokens/isToken(_:)`` holds.
    public init(token: String) { self.token = token }

    /// Reads it.
    public init(_ element: XMLElement) throws(PayloadError) {
        try element.demand("getTokenResponse")
        token = try element.token("token")
    }

    /// `getTokenResponse`.
    public var element: XMLElement { .provisioning("getTokenResponse", ["token": token]) }
}

/// `tokenChallenge`: an iq get to the one who sent a token (XEP-0324 3.1.3, listing 7). One token in each.
public struct TokenChallenge: ProvisioningElement {
    /// The token that was sent.
    public var token: String
    /// Random bytes, encrypted for the key of the token's certificate.
    public var encrypted: [UInt8]

    /// A challenge.
    public init(token: String, encrypted: [UInt8]) {
        self.token = token
        self.encrypted = encrypted
    }

    /// Reads it.
    public init(_ element: XMLElement) throws(PayloadError) {
        try element.demand("tokenChallenge")
        token = try element.token("token")
        encrypted = try element.bytes("the challenge", atMost: ProvisioningLimits.challengeBytes)
    }

    /// `tokenChallenge`.
    public var element: XMLElement { .provisioning("tokenChallenge", ["token": token], base64: encrypted) }
}

/// `tokenChallengeResponse`: the random bytes.
public struct TokenChallengeAnswer: ProvisioningElement {
    /// What the challenge says.
    public var decrypted: [UInt8]

    /// An answer.
    public init(decrypted: [UInt8]) { self.decrypted = decrypted }

    /// Reads it.
    public init(_ element: XMLElement) throws(PayloadError) {
        try element.demand("tokenChallengeResponse")
        decrypted = try element.bytes("the answer", atMost: ProvisioningLimits.challengeBytes)
    }

    /// `tokenChallengeResponse`.
    public var element: XMLElement { .provisioning("tokenChallengeResponse", base64: decrypted) }
}
