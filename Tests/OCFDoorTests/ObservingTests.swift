import CBOR
import CoAPMessages
import Concentrator
import OCFModel
import OneLoop
import Testing

@testable import OCFDoor

@Loop
@Suite struct ObservingTests {
    static func temperature(_ text: String) -> Field { Field(name: "Temperature", value: .n(text), unit: "°C") }
    static func humidity(_ text: String) -> Field { Field(name: "Humidity", value: .n(text), unit: "%") }

    static func house() async throws -> (DeviceHouse, NodeID) {
        let house = try await DeviceHouse()
        let id = try await house.add("ble/X", fields: [temperature("20.0"), humidity("50.0")])
        house.settle()
        return (house, id)
    }

    @Test("the first change is told at once, a burst after it once")
    func coalesced() async throws {
        let (house, id) = try await Self.house()
        let observer = house.observe("/ble/X/temperature")
        #expect(observer.responses.first?.code == .content)
        house.concentrator.update(id, fields: [Self.temperature("20.1")])
        #expect(observer.notifications.isEmpty)
        house.time.advance(by: .zero)
        #expect(try observer.take() == [["temperature": 20.1, "units": "C"]])
        for tenth in 2...9 { house.concentrator.update(id, fields: [Self.temperature("20.\(tenth)")]) }
        house.time.advance(by: .milliseconds(99))
        #expect(try observer.take() == [])
        house.time.advance(by: .milliseconds(1))
        #expect(try observer.take() == [["temperature": 20.9, "units": "C"]])
        house.time.advance(by: .seconds(10))
        #expect(try observer.take() == [])
    }

    @Test("nothing is told of what does not change or rounds to the same")
    func unchanged() async throws {
        let (house, id) = try await Self.house()
        let observer = house.observe("/ble/X/humidity")
        let other = house.observe("/ble/X/temperature")
        house.concentrator.update(id, fields: [Self.humidity("50.1")])
        house.settle()
        // The first reading after nobody watched is told, since nothing was noted before.
        #expect(try observer.take() == [["humidity": 50]])
        house.concentrator.update(id, fields: [Self.humidity("50.2"), Self.temperature("20.0")])
        house.settle()
        #expect(try observer.take() == [])
        house.concentrator.update(id, fields: [Self.humidity("50.6")])
        house.settle()
        #expect(try observer.take() == [["humidity": 51]])
        #expect(try other.take() == [])
    }

    @Test("a batch of /oic/res tells what changed and no more")
    func batch() async throws {
        let (house, id) = try await Self.house()
        let observer = house.observe("/oic/res", query: ["if=oic.if.b"])
        #expect(try observer.responses.first?.representation()?.items?.count ?? 0 > 5)
        house.concentrator.update(id, fields: [Self.temperature("21.0")])
        house.settle()
        #expect(try observer.take() == [[["href": "/ble/X/temperature", "rep": ["temperature": 21.0, "units": "C"]]]])
        house.concentrator.update(id, fields: [Self.temperature("22.0"), Self.humidity("60")])
        house.settle()
        let both: CBOR.Value = [
            ["href": "/ble/X/temperature", "rep": ["temperature": 22.0, "units": "C"]],
            ["href": "/ble/X/humidity", "rep": ["humidity": 60]],
        ]
        #expect(try observer.take() == [both])
        _ = await house.ask(.post, "/oic/con", ["n": "Porch"])
        house.settle()
        let told = try observer.take()
        #expect(told.count == 1)
        #expect(Set(told[0]?.items?.compactMap { $0["href"]?.string } ?? []) == ["/oic/con", "/oic/d"])
    }

    @Test("a node that comes and goes, as observers of links, batch and its own resources see it")
    func comingAndGoing() async throws {
        let (house, id) = try await Self.house()
        let links = house.observe("/oic/res")
        let filtered = house.observe("/oic/res", query: ["rt=oic.r.temperature"])
        let batch = house.observe("/oic/res", query: ["if=oic.if.b"])
        let own = house.observe("/ble/X/temperature")
        let node = house.observe("/ble/X", query: ["if=oic.if.b"])
        try await house.add("ble/Y", fields: [Self.temperature("5.0")])
        house.settle()
        let listed = try links.take()
        #expect(listed.last??.items?.contains { $0["href"] == "/ble/Y/temperature" } == true)
        #expect(try filtered.take().last??.items?.count == 2)
        let came = try batch.take().flatMap { $0?.items ?? [] }
        #expect(came.contains(["href": "/ble/Y/temperature", "rep": ["temperature": 5.0, "units": "C"]]))
        #expect(came.allSatisfy { $0["href"]?.string?.hasPrefix("/ble/Y") == true })

        house.concentrator.remove(id)
        house.settle()
        let gone: [CBOR.Value] = ["/ble/X", "/ble/X/temperature", "/ble/X/humidity", "/ble/X/available"].map {
            ["href": .text($0), "rep": [:]]
        }
        #expect(try batch.take() == [.array(gone)])
        #expect(own.notifications.last?.code == .notFound && own.hasEnded)
        #expect(node.notifications.last?.code == .notFound && node.hasEnded)
        #expect(try links.take().last??.items?.contains { $0["href"] == "/ble/X" } == false)
        #expect(house.device.observations == 3)
    }

    @Test("a collection's batch tells of any of its members, its links of none")
    func collection() async throws {
        let (house, id) = try await Self.house()
        let batch = house.observe("/ble/X", query: ["if=oic.if.b"])
        let links = house.observe("/ble/X")
        house.concentrator.update(id, fields: [Self.temperature("21.0")])
        house.settle()
        #expect(try batch.take().last??.items?.count == 3)
        #expect(try links.take() == [])
        house.concentrator.update(id, fields: [Field(name: "Battery", value: .n("90"), unit: "%")])
        house.settle()
        #expect(try links.take().last??.items?.count == 4)
        #expect(try await house.get("/ble/X/battery")?["charge"] == 90)
    }

    @Test("signal strength is told slowly")
    func slow() async throws {
        let (house, id) = try await Self.house()
        house.concentrator.update(id, fields: [Field(name: "RSSI", value: .n("-60"), unit: "dBm")])
        house.settle()
        let observer = house.observe("/ble/X/rssi")
        for rssi in ["-61", "-62", "-63"] {
            house.concentrator.update(id, fields: [Field(name: "RSSI", value: .n(rssi), unit: "dBm")])
            house.settle()
        }
        #expect(try observer.take() == [])
        house.time.advance(by: Notifier.slowInterval)
        #expect(try observer.take().map { $0?["rssi"] } == [-63.0])
    }

    @Test("whoever cannot take more gets the newest state when it can")
    func notReady() async throws {
        let (house, id) = try await Self.house()
        let observer = house.observe("/ble/X/temperature")
        let batch = house.observe("/oic/res", query: ["if=oic.if.b"])
        observer.isReady = false
        batch.isReady = false
        for degrees in 21...40 {
            house.concentrator.update(id, fields: [Self.temperature("\(degrees).0")])
            house.settle()
        }
        #expect(try observer.take() == [] && batch.take() == [])
        observer.isReady = true
        batch.isReady = true
        house.settle()
        let newest: CBOR.Value = ["temperature": 40.0, "units": "C"]
        #expect(try observer.take() == [newest])
        #expect(try batch.take() == [[["href": "/ble/X/temperature", "rep": newest]]])
    }

    @Test("availability is told, and a value that goes missing ends nothing")
    func availability() async throws {
        let (house, id) = try await Self.house()
        let available = house.observe("/ble/X/available")
        let observer = house.observe("/ble/X/temperature")
        house.concentrator.setAvailable(id, false)
        house.settle()
        #expect(try available.take() == [["value": false]])
        var missing = Self.temperature("20.0")
        missing.quality = .missing
        house.concentrator.update(id, fields: [missing])
        house.settle()
        #expect(try observer.take() == [])
        house.concentrator.update(id, fields: [Self.temperature("23.0")])
        house.settle()
        #expect(try observer.take() == [["temperature": 23.0, "units": "C"]])
        #expect(try available.take().last == .some(["value": true]))
    }

    @Test("trust that goes ends the observations of who had it")
    func trustGoes() async throws {
        let (house, id) = try await Self.house()
        let observer = house.observe("/ble/X/temperature")
        let open = house.observe("/oic/res", query: ["if=oic.if.b"])
        house.device.trustedCloud = nil
        house.concentrator.update(id, fields: [Self.temperature("21.0")])
        house.settle()
        #expect(observer.notifications.map(\.code) == [.unauthorized])
        #expect(observer.hasEnded)
        #expect(try open.take() == [])
    }

    @Test("leaving ends it; a refused request observes nothing")
    func leaving() async throws {
        let (house, id) = try await Self.house()
        let observer = house.observe("/ble/X/temperature")
        #expect(house.device.observations == 1)
        observer.leave()
        while house.device.observations > 0 { await Task.yield() }
        house.concentrator.update(id, fields: [Self.temperature("21.0")])
        house.settle()
        #expect(try observer.take() == [])
        for (path, query) in [
            ("/ble/X/nothing", ""), ("/ble/X/temperature", "if=oic.if.rw"), ("/oc/introspection", ""),
        ] {
            let refused = house.observe(path, query: query.isEmpty ? [] : [query])
            #expect(!refused.isObserved)
        }
        #expect(house.device.observations == 0)
    }

    @Test("one more than there may be gets a plain answer")
    func limit() async throws {
        let (house, _) = try await Self.house()
        let observers = (0..<Notifier.maximumObservers).map { _ in house.observe("/ble/X/temperature") }
        #expect(observers.allSatisfy { $0.isObserved })
        let last = house.observe("/ble/X/temperature")
        #expect(!last.isObserved && last.responses.first?.code == .content)
        #expect(house.device.notifier?.refused == 1)
    }
}
