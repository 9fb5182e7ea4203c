import OneM2MPrimitives
import Testing

@testable import OneM2MDoor

@Suite("Who may say of itself to be whom (TS-0004 7.3.2.1)")
struct SecurityAssociationTests {
    private let home = CSEIdentity(spID: "sp.example", cseID: "gw1", baseName: "cse-gw1")

    private func refusal(
        of from: String?, identities: [String], isSecure: Bool = true, address: String = "192.0.2.7",
        trustsLoopback: Bool = false
    ) -> Int? {
        let associations = SecurityAssociations(
            trustsLoopback: trustsLoopback, registrar: EntityID("/id-in", at: home))
        let origin = RequestOrigin(
            transport: isSecure ? .https : .http, address: address, isSecure: isSecure, identities: identities)
        return associations.refusal(of: from, origin: origin, home: home)?.status.rawValue
    }

    @Test(
        "Inside TLS",
        arguments: [
            ("Cphone", ["//sp.example/gw1/Cphone"], nil as Int?), ("//sp.example/gw1/Cphone", ["/gw1/Cphone"], nil),
            ("Cphone", ["/gw1/Cother"], 4106), ("Cphone", ["//sp.other/gw1/Cphone"], 4106),
            // A CSE speaks for itself and for the AEs that are registered at it.
            ("/gw2", ["/gw2"], nil), ("/gw2/Ca", ["/gw2"], nil), ("/gw3/Ca", ["/gw2"], 4106), ("/gw3", ["/gw2"], 4106),
            // The registrar speaks for all the world, and not for those who are registered here.
            ("/gw3/Ca", ["/id-in"], nil), ("//sp.other/x/Ca", ["/id-in"], nil), ("Cphone", ["/id-in"], 4106),
            ("/gw1", ["/id-in"], 4106), ("/gw1/Cphone", ["/gw2"], 4106),
            // An AE speaks for nobody else.
            ("/gw1", ["/gw1/Cphone"], 4106), ("Cphone", ["/gw9/Cx", "/gw1/Cphone"], nil), ("C", ["/gw1/Cphone"], nil),
        ])
    func inside(from: String, identities: [String], expected: Int?) {
        #expect(refusal(of: from, identities: identities) == expected)
    }

    @Test("Outside of TLS, or without a name: CSEs are refused, but for a try over loopback")
    func outside() {
        #expect(refusal(of: "/gw2", identities: [], isSecure: false) == 4107)
        #expect(refusal(of: "/gw2", identities: []) == 4107)
        #expect(refusal(of: "Cphone", identities: [], isSecure: false) == nil)
        #expect(refusal(of: nil, identities: [], isSecure: false) == nil)
        #expect(refusal(of: "/gw2", identities: [], isSecure: false, trustsLoopback: true) == 4107)
        #expect(refusal(of: "/gw2", identities: [], isSecure: false, address: "127.0.0.1") == 4107)
        #expect(refusal(of: "/gw2", identities: [], isSecure: false, address: "127.0.0.1", trustsLoopback: true) == nil)
        #expect(refusal(of: "/gw2", identities: [], isSecure: false, address: "::1", trustsLoopback: true) == nil)
        #expect(SecurityAssociations().refusal(of: "/gw1", origin: .internal, home: home) == nil)
    }

    @Test(
        "What a certificate's names say",
        arguments: [
            (["URI://sp.example/gw2/Ca"], ["//sp.example/gw2/Ca"]),
            (["URI:m2m://sp.example/gw2"], ["//sp.example/gw2"]),
            (["URI:/gw2"], ["/gw2"]), (["URI:https://sp.example/gw2"], []), (["URI://sp.example/gw2?x"], []),
            (["DNS:Phone.example"], ["Cdns"]), (["DNS:other.example", "IP:192.0.2.1"], []),
            (["DNS:phone.example", "URI:/gw2"], ["Cdns", "/gw2"]),
        ])
    func names(names: [String], expected: [String]) {
        #expect(PeerIdentities(hosts: ["phone.example": ["Cdns"]]).identities(names: names) == expected)
    }

    @Test(
        "Points of access",
        arguments: [
            ("http://10.0.0.7:8080/base/", "http://10.0.0.7:8080/base"), ("HTTPS://Gw.Example", "https://gw.example"),
            ("coap://[2001:db8::1]:5690", "coap://[2001:db8::1]:5690"), ("coaps://gw:5684/", "coaps://gw"),
            ("ftp://x", nil), ("http:/x", nil), ("http://", nil), ("http://a:0", nil), ("http://a:70000", nil),
            ("http://user@a/", nil), ("http://a/?x=1", nil), ("http://a b", nil), ("http://[::1", nil), ("", nil),
            ("http://a:8080x/", nil),
        ])
    func points(text: String, shown: String?) {
        #expect(PointOfAccess(text).map { "\($0)" } == shown)
    }
}
