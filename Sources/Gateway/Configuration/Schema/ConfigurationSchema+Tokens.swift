import OneM2MDoor
import OneM2MPrimitives

/// The keys of the Token Authority here and of those elsewhere that are trusted.
extension ConfigurationSchema {
    private static let operationWords = ["create", "retrieve", "update", "delete", "notify", "discover"]

    private static func isIdentifier(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= EntityID.longestText
    }

    private static func isEntity(_ text: String) -> Bool {
        text.utf8.first == UInt8(ascii: "/")
            && EntityID(text, at: CSEIdentity(spID: "sp", cseID: "cse", baseName: "base")) != nil
    }

    private static func isDomain(_ text: String) -> Bool { text.isEmpty || QualifiedName("x@\(text)") != nil }

    private static func resources(_ path: String, _ help: String) -> ConfigurationKey {
        ConfigurationKey(
            path, .list(of: "an address such as /gw2/cse-gw2/lock12 or /gw2/*", check: { ResourcePattern($0) != nil }),
            default: "[]", help)
    }

    private static func operations(_ path: String, _ help: String) -> ConfigurationKey {
        ConfigurationKey(
            path,
            .list(
                of: "one of " + operationWords.joined(separator: ", "), check: { OperationSet(word: $0) != nil }),
            default: "[]", help)
    }

    private static func roles(_ path: String, _ help: String) -> ConfigurationKey {
        ConfigurationKey(
            path,
            .list(
                of: "a role such as guest@hotel.example.com, `*` for any text",
                check: { $0.utf8.contains(UInt8(ascii: "@")) && isIdentifier($0) }),
            default: "[]", help)
    }

    private static func lifetime(_ path: String, _ help: String) -> ConfigurationKey {
        ConfigurationKey(path, .integer(1...Int(IssuingPrivileges.mostLifetime), unit: "s"), default: "86400", help)
    }

    static let tokenKeys: [ConfigurationKey] = [
        ConfigurationKey("onem2m.tokens.issue", .boolean, default: "false", "Be a Token Authority."),
        ConfigurationKey(
            "onem2m.tokens.authority",
            .form("a name such as authority", check: { ResourceAddress.isResourceName($0) }), default: "\"authority\"",
            "The name of the accessTokenAuthority below the CSEBase."),
        ConfigurationKey(
            "onem2m.tokens.domain", .form("a domain in small letters, or empty", check: isDomain), default: "\"\"",
            "What stands behind the @ of token ids; empty for the CSE-ID and the provider's name."),
        ConfigurationKey(
            "onem2m.tokens.audience",
            .list(of: "a CSE-ID such as /gw2, `*` for the rest of a part", check: isIdentifier),
            default: "[]", "The CSEs that tokens issued here may be for; empty for any."),
        lifetime("onem2m.tokens.lifetime", "How long a token issued here may be good."),
        ConfigurationKey(
            "onem2m.tokens.requesters",
            .list(of: "an originator as access control policies write it", check: isIdentifier), default: "[\"all\"]",
            "Who may ask for tokens."),
        ConfigurationKey(
            "onem2m.tokens.secure", .boolean, default: "true",
            "Issue only inside TLS or DTLS, and over this machine's loopback."),
        ConfigurationKey(
            "onem2m.tokens.protection", .choice(["signed", "nested"]), default: "\"signed\"",
            "`signed`: who carries a token can read it; `nested`: signed, then encrypted for the CSE it is for (`onem2m.tokens.recipients`)."
        ),
        ConfigurationKey(
            "onem2m.tokens.rotate_days", .integer(1...3_650, unit: "days"), default: "90",
            "After how long a new signing key is made."),
        ConfigurationKey(
            "onem2m.tokens.overlap_hours", .integer(1...720, unit: "hours"), default: "24",
            "How long a new key is announced before it signs."),
        ConfigurationKey(
            "onem2m.tokens.list_hours", .integer(1...720, unit: "hours"), default: "24",
            "How long a revocation list signed here can be relied on."),
        ConfigurationKey(
            "onem2m.tokens.refresh", .integer(10...86_400, unit: "s"), default: "300",
            "How often the revocation lists of `onem2m.issuers` are fetched."),
        resources(
            "onem2m.tokens.privileges[].resources", "Where; a last part `*` is everything below; empty for everywhere."),
        operations("onem2m.tokens.privileges[].operations", "What tokens may permit there."),
        roles("onem2m.tokens.privileges[].roles", "Roles that tokens may give there."),
        ConfigurationKey(
            "onem2m.tokens.policies[].name", .form("a name", check: { ResourceAddress.isResourceName($0) }),
            default: nil, "What authorizationPolicyIDs calls it."),
        ConfigurationKey(
            "onem2m.tokens.policies[].holders",
            .list(of: "an AE-ID or CSE-ID, `*` for the rest of a part, or `all`", check: isIdentifier), default: nil,
            "Who may get it."),
        resources("onem2m.tokens.policies[].resources", "Where; empty for everywhere within the issuing privileges."),
        operations("onem2m.tokens.policies[].operations", "What."),
        roles("onem2m.tokens.policies[].roles", "Roles."),
        lifetime("onem2m.tokens.policies[].lifetime", "How long such a token may be good."),
        ConfigurationKey(
            "onem2m.tokens.recipients[].cse", .form("a CSE-ID such as /gw2", check: isEntity), default: nil,
            "The CSE."),
        ConfigurationKey(
            "onem2m.tokens.recipients[].key", .path, default: nil,
            "The file of its public key of encryption (its `gatehouse token keys --json`), or of a key that both share: a JWK, or a set of them."
        ),
        ConfigurationKey(
            "onem2m.issuers[].id", .form("an AE-ID or CSE-ID such as /gw1 or //sp.example.com/gw1", check: isEntity),
            default: nil, "The issuer, as its tokens name it."),
        ConfigurationKey(
            "onem2m.issuers[].keys", .path, default: nil,
            "The file of its keys, a JWK or a set of them (its `gatehouse token keys --json`)."),
        resources("onem2m.issuers[].resources", "Where its tokens count, at most; empty for everywhere here."),
        operations("onem2m.issuers[].operations", "What they may permit there."),
        roles("onem2m.issuers[].roles", "Roles that they may give there."),
        lifetime("onem2m.issuers[].lifetime", "How long its tokens may be good."),
        ConfigurationKey(
            "onem2m.issuers[].protection",
            .list(
                of: "one of signed, nested, encrypted", check: { TokenProtection(rawValue: $0) != nil }),
            default: "[\"signed\", \"nested\"]", "How its tokens may be protected."),
        ConfigurationKey(
            "onem2m.issuers[].claims", .choice(["standard", "short"]), default: "\"standard\"",
            "`standard`: claims by TS-0003; `short`: by the short names of TS-0004, as some issuers have them."),
        ConfigurationKey(
            "onem2m.issuers[].authority",
            .form(
                "an address such as /gw1/cse-gw1/authority, or empty",
                check: { $0.isEmpty || ResourceAddress($0) != nil }), default: "\"\"",
            "Its accessTokenAuthority: where its revocation list, its coming keys and its tokens are had."),
        ConfigurationKey(
            "onem2m.issuers[].domain", .form("a domain in small letters, or empty", check: isDomain), default: "\"\"",
            "What stands behind the @ of its token ids; empty for the CSE-ID and the provider's name."),
        ConfigurationKey(
            "onem2m.issuers[].current_list", .boolean, default: "true",
            "Refuse its tokens while no current revocation list of `authority` is known."),
    ]
}
