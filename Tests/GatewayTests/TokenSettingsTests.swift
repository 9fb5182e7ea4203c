import Foundation
import JOSE
import JSONText
import OneM2MDoor
import OneM2MPrimitives
import Testing

@testable import Gateway

@Suite("The configuration of tokens")
struct TokenSettingsTests {
    private let home = CSEIdentity(spID: "sp.example.com", cseID: "gw2", baseName: "cse-gw2")
    private let folder = FileManager.default.temporaryDirectory.appending(path: "tokens-\(UUID().uuidString)").path

    private func settings(_ text: String, keys: String? = nil) throws -> TokenSettings {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        if let keys { try keys.write(toFile: folder + "/keys.json", atomically: true, encoding: .utf8) }
        let boards = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let board = "[board]\nprofile = \"\(boards)/board/generic.toml\"\n"
        let configuration = try Configuration.load(text: board + text, file: folder + "/gatehouse.toml")
        return try TokenSettings(configuration.tokens, at: home)
    }

    @Test("Issuing privileges, policies and issuers, with the files of their keys")
    func whole() throws {
        let key = JSONWebKey(.ellipticPrivate(try .generate()), id: "k", use: .signature)
        let host = JSONWebKey(.ellipticPrivate(try .generate()), id: "h", use: .encryption)
        let shown: JSON = [
            "issuer": "//sp.example.com/gw1",
            "jwks": ["keys": [key.publicKey?.json ?? nil, host.publicKey?.json ?? nil]],
        ]
        let settings = try settings(
            """
            [onem2m.tokens]
            issue = true
            audience = ["/gw2"]
            lifetime = 600
            protection = "nested"
            [[onem2m.tokens.privileges]]
            resources = ["/gw2/cse-gw2/*"]
            operations = ["retrieve", "update"]
            roles = ["*@hotel.example.com"]
            [[onem2m.tokens.policies]]
            name = "guests"
            holders = ["/gw1/C*"]
            operations = ["retrieve"]
            lifetime = 60
            [[onem2m.tokens.recipients]]
            cse = "/gw3"
            key = "keys.json"
            [[onem2m.issuers]]
            id = "/gw1"
            keys = "keys.json"
            operations = ["retrieve"]
            authority = "/gw1/cse-gw1/authority"
            """, keys: shown.serialized())
        #expect(settings.issues && settings.protection == .nested)
        #expect(settings.ceiling.entries.count == 1 && settings.ceiling.entries[0].operations == [.retrieve, .update])
        #expect(settings.ceiling.audience == ["/gw2"] && settings.ceiling.longestLifetime == 600)
        #expect(settings.policies[0].name == "guests" && settings.policies[0].longestLifetime == 60)
        #expect(Array(settings.recipients.keys.map(\.absolute)) == ["//sp.example.com/gw3"])
        let issuer = try #require(settings.issuers.first)
        #expect(issuer.entity.absolute == "//sp.example.com/gw1" && issuer.requiresRevocationList)
        #expect(issuer.keys.map(\.id) == ["k"] && issuer.ceiling.entries[0].operations == .retrieve)
    }

    @Test("Nothing is issued and nobody trusted unless it is said")
    func nothing() throws {
        let settings = try settings("")
        #expect(!settings.issues && settings.issuers.isEmpty && settings.ceiling.entries.isEmpty)
    }

    @Test(
        "What cannot be used is named",
        arguments: [
            ("[[onem2m.issuers]]\nid = \"/gw2\"\nkeys = \"keys.json\"", "{}", "is this CSE"),
            ("[[onem2m.issuers]]\nid = \"/gw1\"\nkeys = \"none.json\"", "{}", "none.json"),
            ("[[onem2m.issuers]]\nid = \"/gw1\"\nkeys = \"keys.json\"", "no json", "no JSON"),
            ("[[onem2m.issuers]]\nid = \"/gw1\"\nkeys = \"keys.json\"", #"{"kty":"OKP"}"#, "keys.json"),
            ("[[onem2m.tokens.recipients]]\ncse = \"/gw1/Cx\"\nkey = \"keys.json\"", "{}", "no CSE-ID"),
            ("[[onem2m.tokens.recipients]]\ncse = \"/gw1\"\nkey = \"keys.json\"", "{}", "none of the keys"),
        ])
    func mistakes(_ text: String, _ keys: String, _ says: String) throws {
        let error = #expect(throws: TokenConfigurationError.self) { try settings(text, keys: keys) }
        #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
    }

    @Test("Requests of the command line, both ways")
    func requests() throws {
        for request: TokenCommandRequest in [
            .issue(holder: "/gw1/Cphone", content: ["gh:atrq": [:]]), .inspect(token: "a.b.c"),
            .revoke(id: "t1@gw1.example.com"), .list, .keys, .rotate(atOnce: true),
        ] {
            #expect(try ControlRequest(ControlRequest.token(request).json) == .token(request))
        }
        #expect(throws: ControlError.self) { try ControlRequest(["command": "token", "action": "lend"]) }
    }
}
