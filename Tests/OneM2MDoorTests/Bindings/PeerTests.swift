import Testing

@testable import OneM2MDoor

@Suite("Who peers of TLS are, and where others are reached")
struct PeerTests {
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
