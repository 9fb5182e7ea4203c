import CBOR
import CoAPMessages
import Concentrator
import FlashStore
import OCFModel
import OCFSchemas
import OneLoop
import Testing

@testable import OCFDoor

@Loop
@Suite struct CoreResourceTests {
    static func house(_ store: FlashStore? = nil) async throws -> DeviceHouse {
        var settings = DeviceSettings()
        settings.model = "Model"
        settings.softwareVersion = "1.0.0"
        settings.systemVersion = "Debian 12"
        settings.hardwareVersion = "Rev 1"
        settings.serialNumber = "0001"
        let house = try await DeviceHouse(store: store, settings: settings)
        try await house.add(
            "ble/A4C1388D18B2",
            fields: [
                Field(name: "Temperature", value: .n("25.06"), unit: "°C"),
                Field(name: "Humidity", value: .n("50.55"), unit: "%"),
            ], displayName: "Kitchen")
        try await house.add(
            "gpio/relay1", parameters: [Parameter(name: "Output", kind: .boolean, value: .boolean(false))])
        return house
    }

    /// Somebody on an encrypted connection who may read everything, which the cloud may not.
    nonisolated static let files = [
        ("/oic/d", "oic.wk.d.swagger.json"), ("/oic/p", "oic.wk.p.swagger.json"),
        ("/oc/wk/introspection", "oic.wk.introspection.swagger.json"), ("/oic/con", "oic.wk.con.swagger.json"),
        ("/oic/mnt", "oic.wk.mnt.swagger.json"),
    ]

    @Test("the device's own resources are as their schemas say, through both interfaces", arguments: files)
    func core(_ path: String, _ file: String) async throws {
        let house = try await Self.house()
        let store = try SchemaStore.shared.get()
        for query in [[], ["if=oic.if.baseline"]] {
            let value = try #require(try await house.get(path, query: query))
            #expect(try store.faults(of: value, in: store.answer(in: file)) == [])
            #expect((value["rt"] != nil) == !query.isEmpty)
        }
    }

    @Test("the cloud's configuration is as its schema says, without a token, and not for the cloud")
    func cloudConfiguration() async throws {
        let house = try await Self.house()
        let cloud = FakeCloud()
        house.device.cloud = cloud
        let resource = try #require(house.device.resource(at: CloudConfigurationResource.path))
        let store = try SchemaStore.shared.get()
        let value = try resource.representation(through: .baseline)
        #expect(try store.faults(of: value, in: store.answer(in: "oic.r.coapcloudconf.swagger.json")) == [])
        #expect(value["cps"] == "registered" && value["at"] == nil)
        #expect(await house.ask(.get, CloudConfigurationResource.path).code == .unauthorized)
        #expect(await house.ask(.post, CloudConfigurationResource.path, ["cis": ""]).code == .unauthorized)
        let request = try ResourceRequest(.ocfRequest(.post, path: "/", representation: ["cis": ""]))
        _ = try await resource.update(.readWrite, request, by: .clear(at: nil))
        #expect(cloud.updates == [.disconnect])
        let introspection = try await house.get("/oc/wk/introspection")
        let url = "coaps+tcp://cloud.example:5684/\(house.device.identity.deviceID)/oc/introspection"
        #expect(introspection?["urlInfo"]?[0]?["url"] == .text(url))
    }

    @Test("links, batch and baseline of /oic/res are as their schemas say and complete")
    func discovery() async throws {
        let house = try await Self.house()
        let store = try SchemaStore.shared.get()
        let file = "oic.wk.res.swagger.json"
        let links = try #require(try await house.get("/oic/res"))
        #expect(try store.faults(of: links, in: store.definition("slinklist", in: file)) == [])
        let hrefs = try Link.list(links).map(\.href)
        #expect(
            Set(hrefs) == [
                "/oic/res", "/oic/d", "/oic/p", "/oc/wk/introspection", "/oic/con", "/oic/mnt", "/CoapCloudConfResURI",
                "/ble/A4C1388D18B2", "/ble/A4C1388D18B2/temperature", "/ble/A4C1388D18B2/humidity",
                "/ble/A4C1388D18B2/available", "/gpio/relay1", "/gpio/relay1/output",
            ])
        #expect(hrefs.count == Set(hrefs).count)
        let itself = try #require(Link.list(links).first { $0.href == "/oic/res" })
        #expect(itself.policy == [.discoverable, .observable])
        #expect(itself.interfaces == [.linkList, .batch, .baseline])
        #expect(itself.relations == ["self"])
        #expect(Set(try Link.list(links).compactMap(\.instance)).count == hrefs.count)
        #expect(try Link.list(links).allSatisfy { $0.anchor == "ocf://\(house.device.identity.deviceID)" })

        let baseline = try #require(try await house.get("/oic/res", query: ["if=oic.if.baseline"]))
        #expect(try store.faults(of: baseline, in: store.definition("sbaseline", in: file)) == [])
        #expect(baseline[0]?["links"] == links)

        let batch = try #require(try await house.get("/oic/res", query: ["if=oic.if.b"]))
        #expect(try store.faults(of: batch, in: store.definition("sbatch", in: file)) == [])
        let items = Dictionary(
            uniqueKeysWithValues: (batch.items ?? []).map { ($0["href"]?.string ?? "", $0["rep"] ?? .null) })
        #expect(items["/ble/A4C1388D18B2/temperature"] == ["temperature": 25.06, "units": "C"])
        #expect(items["/gpio/relay1/output"] == ["value": false])
        // All but /oic/res itself, and what the cloud may not read.
        #expect(Set(items.keys) == Set(hrefs).subtracting(["/oic/res", "/CoapCloudConfResURI"]))
    }

    @Test("links that are kept as bytes are those that would be made anew, whoever asks and whatever changes")
    func keptLinks() async throws {
        let house = try await Self.house()
        let kitchen = NodeID(cacheType: "ble", nodeID: "A4C1388D18B2")
        let relay = NodeID(cacheType: "gpio", nodeID: "relay1")
        func compare() async throws -> [String] {
            let links = try #require(try await house.get("/oic/res"))
            // The baseline shows the same links, made anew each time.
            let baseline = try #require(try await house.get("/oic/res", query: ["if=oic.if.baseline"]))
            #expect(baseline[0]?["links"] == links)
            return try Link.list(links).compactMap(\.title)
        }
        let first = try await compare()
        #expect(house.device.entries[kitchen]?.links != nil)
        #expect(try await compare() == first)
        // Another network, other endpoints; the bytes are the same.
        house.device.endpoints = { _, isClear in [Endpoint("coap://[fe80::1]:\(isClear ? 5683 : 5684)")] }
        #expect(try await compare() == first)
        house.device.endpoints = { _, isClear in isClear ? [] : [Endpoint("coaps://192.0.2.1:5684")] }
        #expect(try await compare() == first)
        house.device.endpoints = nil
        house.concentrator.setDisplayName(kitchen, "Cellar")
        #expect(try await compare() == first.map { $0.replacing("Kitchen", with: "Cellar") })
        house.concentrator.update(kitchen, fields: [Field(name: "Battery", value: .n("90"), unit: "%")])
        #expect(try await compare().contains("Cellar Battery"))
        house.concentrator.remove(relay)
        #expect(try await compare().contains("relay1 Output") == false)
        try await house.add(
            "ble/X", fields: [Field(name: "Humidity", value: .n("50"), unit: "%")], displayName: "Attic")
        #expect(try await compare().contains("Attic Humidity"))
        // A minute after the last one has asked they are let go.
        house.time.advance(by: OCFDevice.linksKept / 2)
        #expect(try await compare().contains("Attic Humidity"))
        house.time.advance(by: OCFDevice.linksKept)
        #expect(house.device.entries[kitchen]?.links != nil)
        house.time.advance(by: OCFDevice.linksKept)
        #expect(house.device.entries.values.allSatisfy { $0.links == nil })
        #expect(try await compare().contains("Attic Humidity"))
    }

    @Test("types filter links and batches; what nobody has is an empty list; another interface is 4.00")
    func filters() async throws {
        let house = try await Self.house()
        func hrefs(_ query: [String]) async throws -> [String]? {
            try await house.get("/oic/res", query: query)?.items?.compactMap { $0["href"]?.string }
        }
        #expect(try await hrefs(["if=oic.if.ll", "rt=oic.wk.d"]) == ["/oic/d"])
        #expect(
            try await hrefs(["rt=oic.r.humidity", "rt=oic.r.switch.binary"]) == [
                "/ble/A4C1388D18B2/humidity", "/gpio/relay1/output",
            ])
        #expect(try await hrefs(["if=oic.if.b", "rt=oic.r.temperature"]) == ["/ble/A4C1388D18B2/temperature"])
        #expect(try await hrefs(["rt=oic.r.doxm"]) == [])
        #expect(try await hrefs(["sduuid=12341234-1234-1234-1234-123412341234"]) == [])
        #expect(await house.ask(.get, "/oic/res", query: ["if=oic.if.rw"]).code == .badRequest)
        #expect(await house.ask(.post, "/oic/res", [:]).code == .unauthorized)
    }

    @Test("a node is a collection as its schema says")
    func collection() async throws {
        let house = try await Self.house()
        let store = try SchemaStore.shared.get()
        let file = "oic.wk.col.swagger.json"
        let links = try #require(try await house.get("/ble/A4C1388D18B2"))
        #expect(try store.faults(of: links, in: store.definition("slinks", in: file)) == [])
        #expect(try Link.list(links).map(\.href).first == "/ble/A4C1388D18B2/temperature")
        let baseline = try #require(try await house.get("/ble/A4C1388D18B2", query: ["if=oic.if.baseline"]))
        #expect(try store.faults(of: baseline, in: store.definition("sbaseline", in: file)) == [])
        #expect(baseline["n"] == "Kitchen")
        #expect(baseline["rts"] == ["oic.r.temperature", "oic.r.humidity", "oic.r.sensor"])
        let batch = try #require(try await house.get("/ble/A4C1388D18B2", query: ["if=oic.if.b"]))
        #expect(try store.faults(of: batch, in: store.definition("sbatch-retrieve", in: file)) == [])
        #expect(batch[1] == ["href": "/ble/A4C1388D18B2/humidity", "rep": ["humidity": 51]])
    }

    @Test("what is published is a publication as its schema says, and no secret of the device's own")
    func published() async throws {
        let house = try await Self.house()
        let links = house.device.publishedLinks
        #expect(links.map(\.href).prefix(2) == ["/oic/d", "/oic/p"])
        #expect(!links.contains { $0.href == "/CoapCloudConfResURI" || $0.href == "/oic/res" })
        #expect(links.contains { $0.href == "/gpio/relay1/output" })
        #expect(links.allSatisfy { $0.instance != nil && $0.endpoints.isEmpty })
        let store = try SchemaStore.shared.get()
        // The schema allows one type a link; a device has two, and directories look for both.
        let body: CBOR.Value = [
            "di": .text(house.device.identity.deviceID.description), "ttl": 0,
            "links": .array(links.filter { $0.href != "/oic/d" }.map(\.value)),
        ]
        #expect(try store.faults(of: body, in: store.definition("rdPublish", in: "oic.wk.rd.swagger.json")) == [])
        let device = try #require(links.first)
        #expect(device.resourceTypes == ["oic.d.sensor", "oic.wk.d"])
    }

    @Test("introspection describes what is there, and what is there is as it describes")
    func introspection() async throws {
        let house = try await Self.house()
        let answer = await house.ask(.get, "/oc/introspection")
        #expect(answer.contentFormat == 10_000)
        let document = try CBOR.decode(answer.payload)
        let paths = try #require(document["paths"]?.entries)
        let links = try Link.list(#require(try await house.get("/oic/res")))
        #expect(Set(paths.keys.compactMap(\.string)) == Set(links.map(\.href)).subtracting(["/oic/res"]))
        for link in links where link.href != "/oic/res" {
            let path = try #require(paths[link.href])
            #expect(
                (path["post"] != nil) == link.interfaces.contains { [.actuator, .readWrite].contains($0) },
                "\(link.href)")
            let parameter = try #require(path["get"]?["parameters"]?[0]?["$ref"]?.string?.split(separator: "/").last)
            #expect(
                document["parameters"]?[String(parameter)]?["enum"] == .texts(link.interfaces.map(\.rawValue)))
            let name = try #require(
                path["get"]?["responses"]?["200"]?["schema"]?["$ref"]?.string?.split(separator: "/").last)
            let schema = try #require(document["definitions"]?[String(name)])
            guard let value = try await house.get(link.href)?.entries else { continue }
            for (key, _) in value { #expect(schema["properties"]?[key.string ?? ""] != nil, "\(link.href) \(key)") }
        }
        var plain = Message(code: .get, path: "/oc/introspection")
        let exchange = TestExchange()
        house.device.handle(plain, from: .cloud(.cloud(house.cloud)), exchange)
        #expect(exchange.responses.first?.contentFormat == 60)
        plain.accept = 50
        house.device.handle(plain, from: .cloud(.cloud(house.cloud)), exchange)
        #expect(exchange.responses.last?.code == .notAcceptable)
    }

    @Test("identity, configuration and battery thresholds are the same after a restart")
    func restart() async throws {
        let store = try FlashStore.inMemory()
        let first = try await DeviceHouse(store: store)
        try await first.add("ble/X", fields: [Field(name: "Battery", value: .n("25"), unit: "%")])
        #expect(await first.ask(.post, "/oic/con", ["n": "Porch", "locn": "Vienna"]).code == .changed)
        #expect(try await first.get("/oic/d")?["n"] == "Porch")
        #expect(await first.ask(.post, "/ble/X/battery", ["batterythreshold": 30]).code == .changed)
        let second = try await DeviceHouse(store: store)
        try await second.add("ble/X", fields: [Field(name: "Battery", value: .n("25"), unit: "%")])
        #expect(second.device.identity == first.device.identity)
        #expect(try await second.get("/oic/con") == ["n": "Porch", "locn": "Vienna"])
        #expect(try await second.get("/oic/d")?["n"] == "Porch")
        #expect(try await second.get("/ble/X/battery") == ["charge": 25, "lowbattery": true, "batterythreshold": 30])
        let other = try await DeviceHouse()
        #expect(other.device.identity != first.device.identity)
    }

    @Test("a factory reset makes another device on the same platform and forgets the rest")
    func factoryReset() async throws {
        let store = try FlashStore.inMemory()
        let first = try await Self.house(store)
        #expect(await first.ask(.post, "/oic/con", ["n": "Porch"]).code == .changed)
        let reset = try await DeviceIdentity.factoryReset(store)
        #expect(reset.deviceID != first.device.identity.deviceID)
        #expect(reset.permanentID == first.device.identity.permanentID)
        #expect(reset.platformID == first.device.identity.platformID)
        #expect(try await DeviceIdentity.load(from: store) == reset)
        #expect(store.scan(prefix: "ocf/").map(\.key) == ["ocf/identity"])
        let second = try await Self.house(store)
        #expect(second.device.name == "Gatehouse")
        let used = Set(first.device.publishedLinks.compactMap(\.instance).filter { $0 >= CoreInstance.firstOfNodes })
        #expect(used.isDisjoint(with: second.device.publishedLinks.compactMap(\.instance)))
    }

    @Test("a new device takes the id of its certificate, an old one keeps its own")
    func certifiedIdentity() async throws {
        let store = try FlashStore.inMemory()
        let certified = Identifier.random()
        #expect(try await DeviceIdentity.load(from: store, newDeviceID: certified).deviceID == certified)
        #expect(try await DeviceIdentity.load(from: store, newDeviceID: .random()).deviceID == certified)
    }

    @Test(
        "a name that is none changes nothing",
        arguments: [
            ["n": ""], ["n": 1], ["n": .text(String(repeating: "x", count: 65))], ["n": "ok", "loc": [1]],
        ] as [CBOR.Value])
    func badConfiguration(_ body: CBOR.Value) async throws {
        let house = try await DeviceHouse()
        #expect(await house.ask(.post, "/oic/con", body).code == .badRequest)
        #expect(try await house.get("/oic/con") == ["n": "Gatehouse"])
    }

    @Test("maintenance: who may, what happens, and when")
    func maintenance() async throws {
        let house = try await DeviceHouse()
        var deeds: [String] = []
        #expect(await house.ask(.post, "/oic/mnt", ["rb": true]).code == .notImplemented)
        house.device.maintenance = MaintenanceActions(
            factoryReset: { deeds.append("reset") }, reboot: { deeds.append("reboot") })
        #expect(await house.ask(.post, "/oic/mnt", ["fr": true]).code == .forbidden)
        let answer = await house.ask(.post, "/oic/mnt", ["rb": true])
        #expect(try answer.representation() == ["fr": false, "rb": true])
        #expect(deeds == [])
        house.time.advance(by: MaintenanceResource.delay)
        #expect(deeds == ["reboot"])
        #expect(try await house.get("/oic/mnt") == ["fr": false, "rb": false])
        #expect(await house.ask(.post, "/oic/mnt", ["rb": false]).code == .changed)
        house.time.advance(by: .seconds(10))
        #expect(deeds == ["reboot"])

        var settings = DeviceSettings()
        settings.cloudMaintenance = .all
        let open = try await DeviceHouse(settings: settings)
        open.device.maintenance = MaintenanceActions(factoryReset: { deeds.append("reset") })
        #expect(await open.ask(.post, "/oic/mnt", ["fr": true]).code == .changed)
        open.time.advance(by: MaintenanceResource.delay)
        #expect(deeds == ["reboot", "reset"])
        settings.cloudMaintenance = .none
        let shut = try await DeviceHouse(settings: settings)
        shut.device.maintenance = house.device.maintenance
        #expect(await shut.ask(.post, "/oic/mnt", ["rb": true]).code == .forbidden)
    }
}

@Loop
final class FakeCloud: CloudControlling {
    var updates: [CloudConfigurationUpdate] = []
    let configuration = CloudConfiguration(
        address: "coaps+tcp://cloud.example:5684", cloudID: .random(), provider: "p", status: .registered)

    nonisolated init() {}

    func update(_ update: CloudConfigurationUpdate) async throws(ResourceError) { updates.append(update) }
}
