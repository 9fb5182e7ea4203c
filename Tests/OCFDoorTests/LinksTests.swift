import Concentrator
import FlashStore
import OCFModel
import OneLoop
import Testing

@testable import OCFDoor

/// What the cloud's directory is told, and the numbers of links.
@Loop
@Suite struct LinksTests {
    static let temperature = Field(name: "Temperature", value: .n("20.0"), unit: "°C")

    @Test("nodes that come together are published together, with numbers, and unpublished when they go")
    func hook() async throws {
        let house = try await DeviceHouse()
        let first = try await house.add("ble/X", fields: [Self.temperature])
        try await house.add("gpio/relay1", parameters: [Parameter(name: "Output", kind: .boolean)])
        house.settle()
        #expect(house.changes.count == 1)
        let published = try #require(house.changes.first).published
        #expect(
            Set(published.map(\.href)) == [
                "/ble/X", "/ble/X/temperature", "/ble/X/available", "/gpio/relay1", "/gpio/relay1/output",
            ])
        #expect(published.allSatisfy { $0.instance != nil })
        #expect(house.changes[0].unpublished == [])
        house.concentrator.remove(first)
        house.settle()
        #expect(house.changes.count == 2)
        #expect(house.changes[1].published == [])
        #expect(Set(house.changes[1].unpublished.map(\.href)) == ["/ble/X", "/ble/X/temperature", "/ble/X/available"])
        #expect(house.changes[1].unpublished.allSatisfy { $0.instance != nil })
    }

    @Test("a node that goes before it was published is never published")
    func passing() async throws {
        let house = try await DeviceHouse()
        let id = try await house.add("ble/X", fields: [Self.temperature])
        house.concentrator.remove(id)
        house.settle()
        #expect(house.changes.flatMap(\.published) == [])
        #expect(!house.device.publishedLinks.contains { $0.href.hasPrefix("/ble") })
    }

    @Test("a field that comes later is published alone; one of another type anew")
    func later() async throws {
        let house = try await DeviceHouse()
        let id = try await house.add("ble/X", fields: [Self.temperature])
        house.settle()
        let number = house.device.publishedLinks.first { $0.href == "/ble/X/temperature" }?.instance
        house.concentrator.update(id, fields: [Field(name: "Battery", value: .n("90"), unit: "%")])
        house.settle()
        #expect(house.changes.last?.published.map(\.href) == ["/ble/X/battery"])
        #expect(house.changes.last?.published.allSatisfy { $0.instance != nil } == true)
        house.concentrator.update(id, fields: [Field(name: "Battery", value: .n("2977"), unit: "mV")])
        house.settle()
        #expect(house.changes.last?.published.map(\.resourceTypes) == [["oic.r.sensor.measurement"]])
        #expect(house.device.publishedLinks.first { $0.href == "/ble/X/temperature" }?.instance == number)
    }

    @Test("another name for people is published")
    func renamed() async throws {
        let house = try await DeviceHouse()
        let id = try await house.add("ble/X", fields: [Self.temperature])
        house.settle()
        house.concentrator.setDisplayName(id, "Cellar")
        house.settle()
        #expect(house.changes.last?.published.contains { $0.title == "Cellar Temperature" } == true)
    }

    @Test("numbers are the same after a restart, whatever the order, and no number is another's")
    func stable() async throws {
        let store = try FlashStore.inMemory()
        let first = try await DeviceHouse(store: store)
        for name in ["ble/A", "ble/B", "gpio/C"] { try await first.add(name, fields: [Self.temperature]) }
        func numbers(_ house: DeviceHouse) -> [String: Int] {
            Dictionary(house.device.publishedLinks.map { ($0.href, $0.instance ?? -1) }, uniquingKeysWith: { $1 })
        }
        let before = numbers(first)
        #expect(Set(before.values).count == before.count)
        let second = try await DeviceHouse(store: store)
        for name in ["gpio/C", "ble/D", "ble/B", "ble/A"] { try await second.add(name, fields: [Self.temperature]) }
        let after = numbers(second)
        for (href, number) in before { #expect(after[href] == number, "\(href)") }
        #expect(Set(after.values).count == after.count)
    }

    @Test("records of nodes are bounded, and those of absent nodes go first")
    func bounded() async throws {
        let store = try FlashStore.inMemory()
        let numbers = InstanceNumbers(store: store)
        let present = NodeID(cacheType: "ble", nodeID: "N0")
        for index in 0..<InstanceNumbers.maximumRecords {
            numbers.keep(.init(base: index), of: NodeID(cacheType: "ble", nodeID: "N\(index)"))
        }
        numbers.keep(.init(base: 9999), of: NodeID(cacheType: "ble", nodeID: "Late"))
        #expect(numbers.known(NodeID(cacheType: "ble", nodeID: "Late")) == nil)
        _ = try await numbers.new { [present] }
        #expect(numbers.known(present)?.base == 0)
        #expect(numbers.known(NodeID(cacheType: "ble", nodeID: "N1")) == nil)
        #expect(numbers.known(NodeID(cacheType: "ble", nodeID: "N4095"))?.base == 4095)
        #expect(store.scan(prefix: "ocf/ins/").count == InstanceNumbers.maximumRecords * 7 / 8)
    }

    @Test(
        "what is no record is no numbers",
        arguments: [[], [0x80], [0x81, 0x20], [0x82, 0x01, 0x61, 0x61], [0xFF]] as [[UInt8]])
    func damaged(_ bytes: [UInt8]) {
        #expect(InstanceNumbers.Numbers(bytes) == nil)
    }
}
