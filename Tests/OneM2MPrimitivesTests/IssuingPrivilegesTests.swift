import JSONText
import OneM2MPrimitives
import Testing

@Suite("The ceiling of a Token Authority")
struct IssuingPrivilegesTests {
    static let home = CSEIdentity(spID: "sp.example.com", cseID: "gw2", baseName: "cse-gw2")

    @Test(
        "Which resources a pattern covers",
        arguments: [
            ("cse-gw2/lock12", "//sp.example.com/gw2/cse-gw2/lock12", true),
            ("-/lock12", "/gw2/cse-gw2/lock12", true),
            ("/gw2/cse-gw2/lock12", "cse-gw2/lock12", true),
            ("/gw2/cse-gw2/lock12", "cse-gw2/lock12/log", false),
            ("/gw2/cse-gw2/lock12", "/gw3/cse-gw2/lock12", false),
            ("/gw2/cse-gw2/lock12", "//other.example.com/gw2/cse-gw2/lock12", false),
            ("/gw2/cse-gw2/lock12", "c4f", false),
            ("/gw2/*", "c4f", true),
            ("/gw2/*", "/gw2/cse-gw2/a/b/c", true),
            ("/gw2/*", "/gw2", false),
            ("/gw2/cse-gw2/rooms/*", "cse-gw2/rooms/1/lock", true),
            ("/gw2/cse-gw2/rooms/*", "cse-gw2/rooms", false),
            ("/gw2/cse-gw2/room*/lock", "cse-gw2/room12/lock", true),
            ("/gw2/cse-gw2/room*/lock", "cse-gw2/hall/lock", false),
            ("/gw2/cse-gw2/room*/lock", "cse-gw2/room12/lock/log", false),
            ("/gw2/cse-gw2/rooms/*", "cse-gw2/rooms/*", true),
            ("/gw2/cse-gw2/rooms/*", "cse-gw2/rooms/1/*", true),
            ("/gw2/cse-gw2/rooms/*", "cse-gw2/*", false),
            ("/gw2/cse-gw2/room*/lock", "cse-gw2/*/lock", false),
            ("/gw2/cse-gw2/a*/lock", "cse-gw2/a*/lock", true),
            ("/gw2/cse-gw2/a*", "cse-gw2/*", false),
            ("*", "//x.example.com/y/z", true), ("*", "*", true), ("/gw2/*", "*", false),
        ])
    func patterns(_ pattern: String, _ text: String, _ covers: Bool) throws {
        let pattern = try #require(ResourcePattern(pattern))
        let other = try #require(ResourcePattern(text))
        #expect(pattern.covers(other, at: Self.home) == covers)
    }

    @Test(
        "A provider or a CSE that is any is no pattern",
        arguments: ["//*/gw2/x", "/gw*/x", "//sp.example.com/*/x", "", "a//b"])
    func noPatterns(_ text: String) {
        #expect(ResourcePattern(text) == nil)
    }

    static let ceiling = IssuingPrivileges(
        entries: [
            .init(
                resources: [ResourcePattern("/gw2/cse-gw2/rooms/*")].compactMap { $0 },
                operations: [.retrieve, .update]),
            .init(resources: [ResourcePattern("/gw2/cse-gw2/rooms/1/*")].compactMap { $0 }, operations: [.create]),
            .init(
                resources: [ResourcePattern("/gw2/cse-gw2/hall")].compactMap { $0 }, operations: .retrieve,
                roles: ["guest@hotel.example.com"]),
            .init(resources: [], roles: ["*@service.example.com"]),
        ], audience: ["/gw2", "/floor*"], longestLifetime: 3600)

    private static func claims(
        _ permissions: [TokenPermission], audience: [String] = ["/gw2"], lifetime: Int64 = 3600
    ) throws -> TokenClaims {
        let start = OneM2MTime(microseconds: 1_700_000_000_000_000)
        var claims = TokenClaims(
            tokenID: try #require(QualifiedName("t@gw1.example.com")),
            holder: EntityID(spID: "sp.example.com", cseID: "gw1", stem: "Cphone"),
            issuer: EntityID(spID: "sp.example.com", cseID: "gw1", stem: nil), notBefore: start,
            notAfter: start.adding(milliseconds: lifetime * 1000), permissions: permissions)
        claims.audience = audience
        return claims
    }

    private static func rule(_ resources: [String], _ operations: OperationSet) -> TokenPermission {
        TokenPermission(
            resources: resources,
            privileges: Privileges([AccessControlRule(originators: ["all"], operations: operations)]))
    }

    @Test("What is within: entries add up, in every form of address")
    func within() throws {
        for permission in [
            Self.rule(["cse-gw2/rooms/7/lock"], [.retrieve, .update]),
            Self.rule(["/gw2/cse-gw2/rooms/1/log"], [.create, .update]),
            Self.rule(["-/rooms/*"], .retrieve), Self.rule(["cse-gw2/hall"], .retrieve),
            TokenPermission(resources: ["cse-gw2/hall"], privileges: nil, roles: ["guest@hotel.example.com"]),
            TokenPermission(resources: nil, privileges: nil, roles: ["reader@service.example.com"]),
            TokenPermission(resources: ["c1"], privileges: nil, roles: ["reader@service.example.com"]),
        ] {
            #expect(Self.ceiling.excess(of: try Self.claims([permission]), at: Self.home) == nil)
        }
        #expect(
            Self.ceiling.excess(of: try Self.claims([], audience: ["/floor3", "//sp.example.com/gw2"]), at: Self.home)
                == nil)
    }

    @Test("What is beyond: resources, operations, roles, audience, lifetime")
    func beyond() throws {
        for permission in [
            Self.rule(["cse-gw2/rooms/7/lock"], .delete),
            Self.rule(["cse-gw2/rooms/7/lock", "cse-gw2/office"], .retrieve),
            Self.rule(["cse-gw2/rooms/7/log"], .create), Self.rule(["-/*"], .retrieve), Self.rule(["*"], .retrieve),
            Self.rule(["c1"], .retrieve), Self.rule(["/gw3/cse-gw2/rooms/1"], .retrieve),
            TokenPermission(resources: nil, privileges: nil, roles: ["guest@hotel.example.com"]),
            TokenPermission(resources: ["cse-gw2/rooms/1"], privileges: nil, roles: ["guest@hotel.example.com"]),
            TokenPermission(resources: nil, privileges: nil, roles: ["x@service.example.com.evil.example"]),
        ] {
            #expect(Self.ceiling.excess(of: try Self.claims([permission]), at: Self.home) != nil, "\(permission.json)")
        }
        for audience in [[], ["/gw3"], ["/gw2", "/gw3"], ["*"], ["/gw*"]] {
            #expect(
                Self.ceiling.excess(of: try Self.claims([], audience: audience), at: Self.home) != nil, "\(audience)")
        }
        #expect(Self.ceiling.excess(of: try Self.claims([], lifetime: 3601), at: Self.home) != nil)
    }

    @Test("JSON, both ways")
    func json() throws {
        #expect(try IssuingPrivileges(json: Self.ceiling.json) == Self.ceiling)
        for text in [
            "{}", "[]", #"{"ent":[{"ris":["//*/x"]}]}"#, #"{"ent":[],"mlt":0}"#, #"{"ent":[],"more":1}"#,
            #"{"ent":[{"acop":64}]}"#, #"{"ent":[{"rids":[1]}]}"#,
        ] {
            #expect(throws: OneM2MError.self) { try IssuingPrivileges(json: JSON.parse(text)) }
        }
    }

    @Test("Token requests: the structure, and 4102 for another")
    func requests() throws {
        let content = try JSON.parse(
            """
            {"gh:atrq":{"tkps":{"pm":[{"rids":["a@b.c"]}]},"tkau":["/gw2"],"tknb":"20261126T151610","lft":60,"tknm":"x",
            "dlv":"reference"}}
            """)
        let request = try TokenRequest(content: content)
        #expect(request.lifetime == 60 && request.delivery == .reference && request.audience == ["/gw2"])
        #expect(try TokenRequest(content: request.content) == request)
        for text in [
            "null", "{}", #"{"m2m:atrq":{}}"#, #"{"gh:atrq":{}}"#, #"{"gh:atrq":{"tkps":{"pm":[]}}}"#,
            #"{"gh:atrq":{"tkps":{"pm":[{"rids":["a@b.c"]}]},"tkis":"x"}}"#,
            #"{"gh:atrq":{"tkps":{"pm":[{"rids":["a@b.c"]}]},"lft":0}}"#,
            #"{"gh:atrq":{"tkps":{"pm":[{"rids":["a@b.c"]}]},"lft":5,"tkna":"20261126T151610"}}"#,
            #"{"gh:atrq":{"tkps":{"pm":[{"rids":["a@b.c"]}]},"dlv":"mail"}}"#,
            #"{"gh:atrq":{"tkps":{"pm":[{"rids":["a@b.c"]}]},"tkna":"tomorrow"}}"#,
            #"{"gh:atrq":{"tkps":{"pm":[{"pv":{"acr":[]}}]}}}"#,
        ] {
            let error = #expect(throws: OneM2MError.self) { try TokenRequest(content: JSON.parse(text)) }
            #expect(error?.status == .contentsUnacceptable)
        }
    }
}
