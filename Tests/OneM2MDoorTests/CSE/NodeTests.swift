import Concentrator
import FlashStore
import JSONText
import OneLoop
import OneM2MDoor
import OneM2MPrimitives
import Testing

@Loop
private final class Relay: NodeDriver {
    let concentrator: Concentrator
    var failure: NodeError?
    init(_ concentrator: Concentrator) { self.concentrator = concentrator }
    func write(_ node: NodeID, _ values: [(parameter: String, value: FieldValue)]) async throws(NodeError) {
        if let failure { throw failure }
        for value in values { concentrator.update(node, parameter: value.parameter, value: value.value) }
    }
}

@Suite("The gateway's nodes as resources")
@Loop
struct NodeTests {
    private let relay = NodeID(cacheType: "gpio", nodeID: "relay1")
    private let sensor = NodeID(cacheType: "ble", nodeID: "A4C1388D18B2")

    private func bench(store: FlashStore? = nil) async throws -> (TestCSE, Concentrator, Relay) {
        let concentrator = Concentrator()
        let driver = Relay(concentrator)
        try concentrator.add(
            NodeDescription(
                id: relay, displayName: "Relay",
                parameters: [
                    Parameter(name: "Output", kind: .boolean, value: .boolean(false)),
                    Parameter(name: "Level", kind: .number(minimum: 0, maximum: 10, decimals: 1, unit: "V")),
                    Parameter(name: "Mode", kind: .choice(["eco", "full"])),
                ]), driver: driver)
        try concentrator.add(NodeDescription(id: sensor, deviceClass: "thermometer"), driver: driver)
        let bench = TestCSE(store: store)
        bench.cse.show(concentrator, history: 3)
        return (bench, concentrator, driver)
    }

    private func measure(_ concentrator: Concentrator, _ tenths: Int64) {
        concentrator.update(
            sensor,
            fields: [
                Field(name: "Temperature", value: .number(Quantity(mantissa: tenths, decimals: 1)), unit: "°C"),
                Field(name: "Humidity", value: .number(47), unit: "%"),
                Field(name: "Battery Level", value: .number(90), unit: "%"),
                Field(name: "Motion", value: .boolean(true)), Field(name: "Name", value: .text("x")),
                Field(name: "CO2", value: .number(800), unit: "ppm"),
            ])
    }

    @Test("A node is an AE, its fields module classes with their decimals, its history a container")
    func shown() async throws {
        let (bench, concentrator, _) = try await bench()
        for tenths in [210, 215, 215, 220, 225] as [Int64] { measure(concentrator, tenths) }
        try await bench.register("Creader")
        let ae = try await bench.get("Cble-A4C1388D18B2", from: "Creader")
        #expect(ae?["rn"] == "ble-A4C1388D18B2")
        #expect(ae?["lbl"]?.array?.contains("class:thermometer") == true)
        let temperature = try await bench.ask(.retrieve, "cse-gw1/ble-A4C1388D18B2/temperature", from: "Creader")
        #expect(temperature.content?["cod:tempe"]?["curT0"]?.number?.literal == "22.5")
        for (name, root, point, value) in [
            ("humidity", "cod:relHy", "relHy", 47), ("battery-level", "cod:bat", "lvl", 90),
            ("motion", "cod:motSr", "alarm", true),
            ("name", "cod:texMe", "texMe", "x"), ("co2", "cod:numVe", "numVe", 800),
        ] as [(String, String, String, JSON)] {
            let found = try await bench.ask(.retrieve, "cse-gw1/ble-A4C1388D18B2/\(name)", from: "Creader")
            #expect(found.content?[root]?[point] == value, "\(name)")
        }
        let history = try await bench.ask(.retrieve, "cse-gw1/ble-A4C1388D18B2/temperature-log", from: "Creader") {
            $0.resultContent = .childResources
        }
        #expect(
            history.content?["m2m:cnt"]?["m2m:cin"]?.array?.map { $0["con"]?.number?.literal } == [
                "21.5", "22.0", "22.5",
            ])
        try await bench.register("Cother")
        #expect(try await bench.ask(.retrieve, "Cble-A4C1388D18B2", from: "Cother").status == .originatorHasNoPrivilege)
    }

    @Test(
        "Parameters are set by UPDATE, as far as the node takes it",
        arguments: [
            ("output", #"{"cod:binSh":{"state":true}}"#, 2004), ("output", #"{"cod:binSh":{"state":1}}"#, 4000),
            ("output", #"{"cod:binSh":{"lbl":["x"]}}"#, 4005), ("output", #"{"cod:tempe":{"curT0":1}}"#, 4000),
            ("level", #"{"cod:numVe":{"numVe":7.5}}"#, 2004), ("level", #"{"cod:numVe":{"numVe":11}}"#, 4102),
            ("level", #"{"cod:numVe":{"numVe":1,"minVe":0}}"#, 4005),
            ("mode", #"{"cod:texMe":{"texMe":"full"}}"#, 2004),
            ("mode", #"{"cod:texMe":{"texMe":"off"}}"#, 4102),
        ])
    func setting(name: String, content: String, status: Int) async throws {
        let (bench, concentrator, _) = try await bench()
        try await bench.register("Ccontroller")
        let answer = try await bench.ask(.update, "cse-gw1/gpio-relay1/\(name)", from: "Ccontroller", content)
        #expect(answer.status.rawValue == status, "\(answer.debugText ?? "")")
        if answer.status == .updated {
            let shown = try await bench.ask(.retrieve, "cse-gw1/gpio-relay1/\(name)", from: "Ccontroller")
            #expect(shown.content?.serialized().contains("true") == true || name != "output")
            #expect(concentrator.node(relay)?.parameter(name.prefix(1).uppercased() + name.dropFirst())?.value != nil)
        }
    }

    @Test("Who may only read sets nothing, what is measured cannot be set, and a thing's failure has its status")
    func refusals() async throws {
        let (bench, concentrator, driver) = try await bench()
        measure(concentrator, 200)
        try await bench.register("Creader")
        try await bench.register("Ccontroller")
        let content = #"{"cod:binSh":{"state":true}}"#
        #expect(
            try await bench.ask(.update, "cse-gw1/gpio-relay1/output", from: "Creader", content).status
                == .originatorHasNoPrivilege)
        #expect(
            try await bench.ask(
                .update, "cse-gw1/ble-A4C1388D18B2/temperature", from: "Ccontroller", #"{"cod:tempe":{"curT0":1}}"#
            ).status
                == .operationNotAllowed)
        for (failure, status) in [
            (NodeError(.driverFailed, "gone"), ResponseStatus.externalObjectNotReachable),
            (NodeError(.refused, "busy"), .operationDeniedByRemoteEntity),
        ] {
            driver.failure = failure
            #expect(
                try await bench.ask(.update, "cse-gw1/gpio-relay1/output", from: "Ccontroller", content).status
                    == status)
        }
        for to in ["Cgpio-relay1", "cse-gw1/gpio-relay1/output", "cse-gw1/nodes-policy"] {
            #expect(try await bench.ask(.delete, to, from: "Cadmin").status == .operationNotAllowed)
        }
    }

    @Test("Changes are told, and a subscription outlives a restart and a change of parameters")
    func subscriptions() async throws {
        let store = try FlashStore.inMemory()
        let (bench, concentrator, _) = try await bench(store: store)
        let remote = TestRemote()
        bench.cse.remote = remote
        bench.cse.start()
        measure(concentrator, 200)
        try await bench.register("Creader", #","poa":["http://192.0.2.7/n"]"#)
        let to = "cse-gw1/ble-A4C1388D18B2/temperature"
        let subscription = #"{"m2m:sub":{"rn":"s","nu":["Creader"],"nct":2}}"#
        #expect(try await bench.create(.subscription, to, from: "Creader", subscription).status == .created)
        #expect(
            try await bench.create(.container, to, from: "Creader", #"{"m2m:cnt":{}}"#).status
                == .originatorHasNoPrivilege)
        measure(concentrator, 200)
        measure(concentrator, 201)
        #expect(await eventually { remote.events.count == 1 })
        #expect(remote.events.first?["m2m:sgn"]?["nev"]?["rep"]?["cod:tempe"]?["curT0"]?.number?.literal == "20.1")
        concentrator.setParameters(sensor, [Parameter(name: "Light", kind: .boolean, value: .boolean(false))])
        try await Task.sleep(for: .milliseconds(20))
        #expect(try await bench.get("\(to)/s", from: "Creader") != nil)
        #expect(try await bench.get("cse-gw1/ble-A4C1388D18B2/light", from: "Creader")?["state"] == false)
        bench.cse.stop()

        // Again: the node is there, but has not measured yet.
        let (second, later, _) = try await self.bench(store: store)
        let again = TestRemote()
        second.cse.remote = again
        second.cse.start()
        #expect(second.cse.resource(to) == nil)
        measure(later, 300)
        measure(later, 310)
        #expect(try await second.get("\(to)/s", from: "Creader") != nil)
        #expect(await eventually { again.events.count >= 1 })
        // What is measured is never on flash.
        #expect(store.scan(prefix: "m2m/").allSatisfy { !String(decoding: $0.value, as: UTF8.self).contains("curT0") })
    }

    @Test("A node that goes takes its resources with it")
    func leaving() async throws {
        let (bench, concentrator, _) = try await bench()
        measure(concentrator, 200)
        concentrator.setAvailable(sensor, false)
        #expect(bench.cse.resource("Cble-A4C1388D18B2")?.attributes["lbl"]?.array?.contains("unavailable") == true)
        concentrator.remove(sensor)
        #expect(await eventually { bench.cse.resource("Cble-A4C1388D18B2") == nil })
        #expect(bench.cse.resource("cse-gw1/ble-A4C1388D18B2/temperature") == nil)
        #expect(bench.cse.resource("Cgpio-relay1") != nil)
    }

    @Test("What others put deeper below a node works again after a restart")
    func deeper() async throws {
        let store = try FlashStore.inMemory()
        let (first, _, _) = try await bench(store: store)
        first.cse.remote = TestRemote()
        let box = "cse-gw1/gpio-relay1/box"
        #expect(
            try await first.create(
                .container, "cse-gw1/gpio-relay1", from: "Cadmin", #"{"m2m:cnt":{"rn":"box"}}"#
            ).status == .created)
        #expect(
            try await first.create(
                .subscription, box, from: "Cadmin",
                #"{"m2m:sub":{"rn":"s","nu":["http://192.0.2.7/n"],"enc":{"net":[3]}}}"#
            ).status == .created)
        first.cse.stop()

        let (second, _, _) = try await bench(store: store)
        let remote = TestRemote()
        second.cse.remote = remote
        second.cse.start()
        #expect(
            try await second.create(.contentInstance, box, from: "Cadmin", #"{"m2m:cin":{"con":"1"}}"#).status
                == .created)
        #expect(await eventually { remote.events.count == 1 })
    }
}
