import CBOR
import CoAP
import CoAPMessages
import Concentrator
import FlashStore
import OCFModel
import OneLoop
import TLS
import Testing

@testable import OCFDoor

/// Owning the device over real sockets.
@Loop
@Suite(.serialized) struct OwnershipStoryTests {
    @Test(
        "discovered, owned by the manufacturer's certificate, provisioned, used by its owner", .timeLimit(.minutes(1)))
    func wholeStory() async throws {
        let house = try await LocalHouse()
        try house.add("ble/X", fields: [Field(name: "Temperature", value: .n("21.5"), unit: "°C")])
        let tool = TestTool()
        let plain = try await house.plain()

        let doxm = try #require(try await plain.get("/oic/sec/doxm", query: ["owned=FALSE"]))
        #expect(doxm["oxms"] == [2, 1, 0])
        #expect(doxm["owned"] == false)
        #expect(doxm["oxmsel"] == 4)
        #expect(try await plain.ask(.get, "/oic/sec/doxm", query: ["owned=TRUE"]).code == .badRequest)
        let links = try #require(try await plain.get("/oic/res", query: ["rt=oic.r.doxm"])?.items)
        #expect(links.count == 1)
        #expect(
            links[0]["eps"]?.items?.compactMap { $0["ep"]?.string } == [
                "coaps://127.0.0.1:\(house.door.securePort ?? 0)", "coaps://[::1]:\(house.door.securePort ?? 0)",
                "coap://127.0.0.1:\(house.door.port ?? 0)", "coap://[::1]:\(house.door.port ?? 0)",
            ])
        #expect(try await plain.ask(.get, "/oic/sec/cred").code == .unauthorized)
        #expect(try await plain.ask(.get, "/ble/X").code == .unauthorized)

        #expect(try await plain.ask(.post, "/oic/sec/doxm", ["oxmsel": 2]).code == .changed)
        let connection = try await house.secured(house.byCertificate())
        let deviceID = Identifier.random()
        let key = try tool.key(connection, .manufacturerCertificate, deviceID: deviceID)
        let codes = try await tool.own(connection, deviceID: deviceID)
        #expect(
            codes == [
                .changed, .changed, .changed, .changed, .changed, .changed, .created, .changed, .changed, .changed,
            ])
        #expect(house.attempts == [OwnershipAttempt(address: "127.0.0.1", method: .manufacturerCertificate)])
        #expect(house.security.state.state == .rfpro)
        #expect(try await tool.provision(connection) == [.deleted, .created, .changed])
        #expect(house.security.state.state == .rfnop)
        #expect(house.security.owner == tool.id)
        #expect(house.device.identity.deviceID == deviceID)
        connection.close()

        // Everybody is told the new id, and nothing else of the security.
        #expect(try await plain.get("/oic/d")?["di"] == .text(deviceID.description))
        #expect(try await plain.ask(.get, "/oic/sec/doxm").code == .unauthorized)
        #expect(try await plain.ask(.get, "/ble/X/temperature").code == .unauthorized)

        // The owner comes back with its key.
        let owner = try await house.secured(house.byKey(tool.id, key))
        #expect(try await owner.get("/ble/X/temperature")?["temperature"] != nil)
        let shown = try #require(try await owner.get("/oic/sec/cred"))
        #expect(shown["creds"]?[0]?["privatedata"]?["data"] == "")
        #expect(try await owner.get("/oic/sec/doxm")?["owned"] == true)
        owner.close()
        plain.close()
        await house.close()

        // And after a restart.
        let again = try await LocalHouse(store: house.store, manufacturer: house.manufacturer)
        #expect(again.security.state.state == .rfnop)
        #expect(again.device.identity.deviceID == deviceID)
        let returned = try await again.secured(again.byKey(tool.id, key))
        #expect(try await returned.get("/oic/sec/pstat")?["isop"] == true)
        returned.close()
        await again.close()
    }
}
