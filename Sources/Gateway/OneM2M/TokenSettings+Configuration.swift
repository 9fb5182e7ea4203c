import JOSE
import JSONText
import OneM2MDoor
import OneM2MPrimitives

/// A file of keys that cannot be used, or an identifier that names nobody.
struct TokenConfigurationError: Error, CustomStringConvertible {
    /// What was found and what was expected.
    let description: String
}

extension TokenSettings {
    /// A set of a dozen RSA keys takes 6 kB.
    private static let longestKeyFile = 65_536

    /// What the configuration says; reads the files of keys.
    ///
    /// - Throws: ``TokenConfigurationError`` naming the key of the configuration and the file.
    init(_ configuration: Configuration.Tokens, at home: CSEIdentity) throws(TokenConfigurationError) {
        self.init()
        issues = configuration.issue
        authorityName = configuration.authority
        domain = configuration.domain.isEmpty ? nil : configuration.domain
        ceiling = IssuingPrivileges(
            entries: configuration.privileges.map(\.entry), audience: configuration.audience,
            longestLifetime: Int64(configuration.lifetime))
        policies = configuration.policies.map { policy in
            TokenPolicy(
                name: policy.name, holders: policy.holders, grants: [policy.entry.entry],
                longestLifetime: Int64(policy.lifetime))
        }
        requesters = configuration.requesters
        requiresSecurity = configuration.secure
        protection = configuration.protection == "nested" ? .nested : .signed
        rotation = Int64(configuration.rotateDays) * 86_400
        overlap = Int64(configuration.overlapHours) * 3_600
        listLifetime = Int64(configuration.listHours) * 3_600
        refresh = Int64(configuration.refresh)
        for recipient in configuration.recipients {
            guard let entity = EntityID(recipient.cse, at: home), entity.isCSE else {
                throw TokenConfigurationError(
                    description: "onem2m.tokens.recipients: \(recipient.cse) is no CSE-ID such as /gw2")
            }
            recipients[entity] = try Self.encryptionKey(recipient.key)
        }
        guard configuration.issuers.count <= TokenLimits.issuers else {
            throw TokenConfigurationError(description: "onem2m.issuers: at most \(TokenLimits.issuers) are trusted")
        }
        issuers = try configuration.issuers.map { issuer throws(TokenConfigurationError) in
            try Self.issuer(issuer, at: home)
        }
    }

    private static func issuer(
        _ configuration: Configuration.Tokens.Issuer, at home: CSEIdentity
    ) throws(TokenConfigurationError) -> TrustedIssuer {
        guard let entity = EntityID(configuration.id, at: home) else {
            throw TokenConfigurationError(description: "onem2m.issuers: \(configuration.id) is no AE-ID or CSE-ID")
        }
        guard entity != home.entity else {
            throw TokenConfigurationError(
                description: "onem2m.issuers: \(configuration.id) is this CSE, which trusts itself by onem2m.tokens")
        }
        var issuer = TrustedIssuer(
            entity: entity, keys: [],
            ceiling: IssuingPrivileges(
                entries: [configuration.entry.entry], longestLifetime: Int64(configuration.lifetime)))
        do { try issuer.setKeys(try keys(configuration.keys)) } catch let error as JOSEError {
            throw TokenConfigurationError(description: "\(configuration.keys): \(error.reason)")
        } catch { throw TokenConfigurationError(description: "\(error)") }
        issuer.protections = Set(configuration.protection.compactMap(TokenProtection.init(rawValue:)))
        issuer.claims = ClaimForm(rawValue: configuration.claims) ?? .standard
        issuer.authority = configuration.authority
        issuer.tokenDomain = configuration.domain.isEmpty ? nil : configuration.domain
        issuer.requiresRevocationList = configuration.needsCurrentList && !configuration.authority.isEmpty
        return issuer
    }

    /// A JWK, a set of them, or what `gatehouse token keys --json` prints.
    private static func keys(_ path: String) throws(TokenConfigurationError) -> JSON {
        let text: String
        do throws(TextFile.Failure) { text = try TextFile.read(path, maximum: longestKeyFile) } catch {
            throw TokenConfigurationError(description: error.reason)
        }
        do {
            let json = try JSON.parse(text)
            return json["jwks"] ?? json
        } catch { throw TokenConfigurationError(description: "\(path): is no JSON: \(error)") }
    }

    private static func encryptionKey(_ path: String) throws(TokenConfigurationError) -> EncryptionKey {
        let set = try keys(path)
        for item in set["keys"]?.array ?? [set] {
            guard let key = try? JSONWebKey(item) else { continue }
            for way in [KeyManagement.agreementA256KW, .a256KW, .a192KW, .a128KW] {
                if let found = try? EncryptionKey(key, algorithm: way) { return found }
            }
        }
        throw TokenConfigurationError(
            description:
                "\(path): none of the keys is for encryption; expected an EC key, or a shared key of 16 to 32 bytes")
    }
}

extension Configuration.Tokens.Entry {
    /// The entry; what the schema has let through is all well formed.
    var entry: IssuingPrivileges.Entry {
        .init(
            resources: resources.compactMap { ResourcePattern($0) },
            operations: operations.compactMap { OperationSet(word: $0) }.reduce(into: []) { $0.formUnion($1) },
            roles: roles)
    }
}
