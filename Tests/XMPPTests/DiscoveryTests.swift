import Testing

@testable import XMPP

@Suite("Discovery and capabilities (XEP-0030, 0115)")
struct DiscoveryTests {
    private let features: Set = [
        Namespace.capabilities, Namespace.discoInfo, Namespace.discoItems, "http://jabber.org/protocol/muc",
    ]

    @Test("The simple example of XEP-0115 5.2")
    func simple() {
        let info = DiscoInfo(
            identities: [.init(category: "client", type: "pc", name: "Exodus 0.9.1")], features: features)
        #expect(Capabilities.verification(of: info) == "QgayPKawpkPSDYmwT/WM94uAlu0=")
        let capabilities = Capabilities(node: "http://code.google.com/p/exodus", of: info)
        #expect(Capabilities(capabilities.element) == capabilities)
        #expect(capabilities.match(info))
        #expect(!capabilities.match(DiscoInfo(identities: [])))
        #expect(capabilities.discoNode == "http://code.google.com/p/exodus#QgayPKawpkPSDYmwT/WM94uAlu0=")
    }

    @Test("The complex example of XEP-0115 5.3: two languages and a form")
    func complex() {
        let info = DiscoInfo(
            identities: [
                .init(category: "client", type: "pc", name: "Psi 0.11", language: "en"),
                .init(category: "client", type: "pc", name: "Ψ 0.11", language: "el"),
            ], features: features,
            forms: [
                DataForm(
                    .result,
                    fields: [
                        FormField("FORM_TYPE", .hidden, values: ["urn:xmpp:dataforms:softwareinfo"]),
                        FormField("ip_version", values: ["ipv4", "ipv6"]), FormField("os", values: ["Mac"]),
                        FormField("os_version", values: ["10.5.1"]), FormField("software", values: ["Psi"]),
                        FormField("software_version", values: ["0.11"]),
                    ])
            ])
        #expect(Capabilities.verification(of: info) == "q07IKJEyjvHSyhy//CH0CxmKi8w=")
        #expect(DiscoInfo(info.element) == info)
    }

    @Test("Items come back as they were written")
    func items() throws {
        let items = DiscoItems(
            node: "n", items: [.init(try #require(JID("a@b/c")), node: "x", name: "y"), .init(try #require(JID("d")))])
        #expect(DiscoItems(items.element) == items)
    }
}
