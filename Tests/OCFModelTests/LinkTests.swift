import CBOR
import OCFModel
import OCFSchemas
import Testing

@Suite struct LinkTests {
    static let full = Link(
        href: "/ble/A4C1388D18B2/temperature", resourceTypes: ["oic.r.temperature"], interfaces: [.sensor, .baseline],
        policy: [.discoverable, .observable], relations: ["hosts"],
        anchor: "ocf://e61c3e6b-9c54-4b81-8ce5-f9039c1d04d9",
        endpoints: [
            Endpoint("coaps+tcp://192.0.2.1:5684", priority: 2, latency: 1), Endpoint("coaps://[2001:db8::1]:1"),
        ],
        instance: 7, deviceID: "e61c3e6b-9c54-4b81-8ce5-f9039c1d04d9", title: "Kitchen")

    @Test("a whole link survives, and is as the schemas of discovery, collection and directory say")
    func survives() throws {
        #expect(try Link(Self.full.value) == Self.full)
        let store = try SchemaStore.shared.get()
        for file in ["oic.wk.res.swagger.json", "oic.wk.col.swagger.json"] {
            #expect(try store.faults(of: Self.full.value, in: store.definition("oic.oic-link", in: file)) == [])
        }
        let publication: CBOR.Value = [
            "di": "e61c3e6b-9c54-4b81-8ce5-f9039c1d04d9", "ttl": 0, "links": [Self.full.value],
        ]
        let publish = try store.definition("rdPublish", in: "oic.wk.rd.swagger.json")
        #expect(try store.faults(of: publication, in: publish) == [])
    }

    @Test("the first link of IoTivity-Lite's publication, as it was on the wire")
    func iotivity() throws {
        let link = try Link([
            "href": "/oic/d", "rt": ["oic.d.cloudDevice", "oic.wk.d"], "if": ["oic.if.r", "oic.if.baseline"],
            "rel": "hosts", "ins": 1_725_371_986, "p": ["bm": 3],
        ])
        #expect(link.relations == ["hosts"])
        #expect(link.policy == [.discoverable, .observable])
        #expect(link.instance == 1_725_371_986)
        #expect(link.interfaces == [.readOnly, .baseline])
    }

    @Test("a link of an href alone, and members nobody here knows")
    func lenient() throws {
        let bare = try Link(["href": "/x"])
        #expect(bare == Link(href: "/x", resourceTypes: [], interfaces: []))
        let strange: CBOR.Value = ["href": "/x", "rt": "one", "tag-pos-desc": "top", "eps": [[:], ["ep": "coap://h"]]]
        let link = try Link(strange)
        #expect(link.resourceTypes == ["one"])
        #expect(link.others == ["tag-pos-desc": "top"])
        #expect(link.endpoints == [Endpoint("coap://h")])
        #expect(link.value["tag-pos-desc"] == "top")
    }

    static let faults: [(CBOR.Value, LinkError.Code, String)] = [
        (["/x"], .notAMap, ""),
        (["rt": ["a"]], .missing, "href"),
        (["href": 1], .wrongType, "href"),
        (["href": .text(String(repeating: "x", count: 257))], .tooLong, "href"),
        (["href": "/x", "rt": 1], .wrongType, "rt"),
        (["href": "/x", "rt": [1]], .wrongType, "rt"),
        (["href": "/x", "rt": .array(Array(repeating: "a", count: 65))], .tooLong, "rt"),
        (["href": "/x", "if": ["a": 1]], .wrongType, "if"),
        (["href": "/x", "p": 3], .wrongType, "p"),
        (["href": "/x", "p": ["bm": "3"]], .wrongType, "p"),
        (["href": "/x", "ins": "1"], .wrongType, "ins"),
        (["href": "/x", "eps": "coap://h"], .wrongType, "eps"),
        (["href": "/x", "eps": [["ep": 1]]], .wrongType, "ep"),
        (["href": "/x", "eps": [["ep": "coap://h", "pri": 0]]], .wrongType, "pri"),
        (["href": "/x", "eps": [["ep": "coap://h", "lat": 0]]], .wrongType, "lat"),
        (["href": "/x", "di": 1], .wrongType, "di"),
        (["href": "/x", "title": .text(String(repeating: "x", count: 65))], .tooLong, "title"),
    ]

    @Test("what is no link is named", arguments: faults)
    func refuses(_ value: CBOR.Value, _ code: LinkError.Code, _ member: String) {
        let error = #expect(throws: LinkError.self) { try Link(value) }
        #expect(error?.code == code)
        #expect(error?.member == member)
    }

    @Test("rt filters, any of several")
    func filter() {
        #expect(LinkFilter().passes(Self.full))
        #expect(LinkFilter(resourceTypes: ["x", "oic.r.temperature"]).passes(Self.full))
        #expect(!LinkFilter(resourceTypes: ["oic.r.humidity"]).passes(Self.full))
    }
}
