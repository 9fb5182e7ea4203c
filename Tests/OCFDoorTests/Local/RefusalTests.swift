import CBOR
import CoAP
import CoAPMessages
import FlashStore
import OCFModel
import OneLoop
import TLS
import Testing

@testable import OCFDoor

/// A button that is pressed when the test says so.
@Loop
final class TestButton {
    private var waiting: CheckedContinuation<OwnershipPermission, Never>?
    private(set) var rings = 0

    func ask(_ attempt: OwnershipAttempt) async -> OwnershipPermission {
        rings += 1
        return await withCheckedContinuation { waiting = $0 }
    }

    func answer(_ permission: OwnershipPermission) {
        waiting?.resume(returning: permission)
        waiting = nil
    }
}

/// What becomes of owner transfers that are refused, come twice, or come to nothing.
@Loop
@Suite(.serialized) struct RefusalTests {
    private func knocking(_ button: TestButton, _ times: TransferTimes = TransferTimes()) async throws -> LocalHouse {
        let house = try await LocalHouse(times: times)
        house.answer = { await button.ask($0) }
        let plain = try await house.plain()
        #expect(try await plain.ask(.post, "/oic/sec/doxm", ["oxmsel": 2]).code == .changed)
        plain.close()
        return house
    }

    private var quick: TransferTimes {
        var times = TransferTimes()
        times.farewell = .milliseconds(200)
        return times
    }

    @Test("the tool's first request waits for the button, and is answered by it", .timeLimit(.minutes(1)))
    func waits() async throws {
        let button = TestButton()
        let house = try await knocking(button)
        let tool = try await house.secured(house.byCertificate())
        let request = tool.send(
            .ocfRequest(.post, path: "/oic/sec/pstat", representation: ["om": 4]), timeout: .seconds(20))
        try await Task.sleep(for: .milliseconds(400))
        #expect(button.rings == 1)
        #expect(house.security.state.ownershipConnection == nil)
        #expect(house.security.state.pstat.operationalMode != .clientDirected)
        button.answer(.allowed)
        #expect(try await request.get().code == .changed)
        #expect(house.security.state.pstat.operationalMode == .clientDirected)
        await house.close()
    }

    @Test(
        "refused: the tool is told why and when to come again, its session ends, and nothing is selected",
        .timeLimit(.minutes(1)),
        arguments: [
            (OwnershipPermission.refused(reason: "nobody pressed", retryAfter: nil), Code.forbidden, UInt32?.none),
            (.refused(reason: "too many", retryAfter: 42), .serviceUnavailable, 42),
        ])
    func refused(_ permission: OwnershipPermission, _ code: Code, _ maxAge: UInt32?) async throws {
        let button = TestButton()
        let house = try await knocking(button, quick)
        let before = house.security.state.deviceID
        let tool = try await house.secured(house.byCertificate())
        let request = tool.send(
            .ocfRequest(.post, path: "/oic/sec/pstat", representation: ["om": 4]), timeout: .seconds(20))
        try await house.until { button.rings == 1 }
        button.answer(permission)
        let answer = try await request.get()
        #expect(answer.code == code)
        #expect(answer.maxAge == maxAge)
        try await tool.closeFuture.get()
        try await house.until { house.security.state.doxm.selected == .unselected }
        #expect(house.security.state.doxm.selected == .unselected)
        #expect(house.security.state.deviceID == before, "nothing was written, so nothing had to be reset")
        await house.close()
    }

    @Test(
        "a second would-be owner is refused while the first waits, and while it is connected", .timeLimit(.minutes(1)))
    func second() async throws {
        let button = TestButton()
        let house = try await knocking(button, quick)
        let first = try await house.secured(house.byCertificate())
        try await house.until { button.rings == 1 }
        let second = try await house.secured(house.byCertificate())
        let early = try await second.ask(.post, "/oic/sec/pstat", ["om": 4])
        #expect(early.code == .serviceUnavailable && early.maxAge != nil)
        try await second.closeFuture.get()

        button.answer(.allowed)
        #expect(try await first.ask(.post, "/oic/sec/pstat", ["om": 4]).code == .changed)
        let third = try await house.secured(house.byCertificate())
        #expect(try await third.ask(.post, "/oic/sec/doxm", ["owned": true]).code == .unauthorized)
        // And in clear nobody hears or changes anything meanwhile.
        let plain = try await house.plain()
        #expect(try await plain.ask(.post, "/oic/sec/doxm", ["oxmsel": 1]).code == .unauthorized)
        #expect(try await plain.ask(.get, "/oic/sec/doxm").code == .unauthorized)
        #expect(
            try await first.ask(.post, "/oic/sec/doxm", ["devowneruuid": .text(Identifier.random().description)]).code
                == .changed)
        #expect(button.rings == 1)
        await house.close()
    }

    @Test("a tool that hung up before the press comes in by it when it tries again; another address does not")
    func impatient() async throws {
        let button = TestButton()
        let house = try await knocking(button, quick)
        let tool = try await house.secured(house.byCertificate())
        try await house.until { button.rings == 1 }
        tool.close()
        try await house.until { house.door.sessionCount == 0 }
        button.answer(.allowed)
        try await house.until { house.door.transfer.approval != nil }
        #expect(house.security.state.doxm.selected == .manufacturerCertificate)
        let again = try await house.secured(house.byCertificate())
        #expect(try await again.ask(.post, "/oic/sec/pstat", ["om": 4]).code == .changed)
        #expect(button.rings == 1)
        await house.close()
    }

    @Test("a transfer that is cut off goes back to a clean RFOTM with another id", .timeLimit(.minutes(1)))
    func cutOff() async throws {
        let house = try await LocalHouse(times: quick)
        let plain = try await house.plain()
        _ = try await plain.ask(.post, "/oic/sec/doxm", ["oxmsel": 2])
        let before = house.device.identity.deviceID
        let tool = try await house.secured(house.byCertificate())
        let steps = TestTool().steps(.random()).prefix(4)
        for (path, body) in steps { #expect(try await tool.ask(.post, path, body).code == .changed) }
        tool.close()
        try await house.until {
            house.security.state.doxm.selected == .unselected && house.security.state.state == .rfotm
        }
        let state = house.security.state
        #expect(state.doxm.deviceOwner == .none && state.doxm.owner == .none && !state.doxm.isOwned)
        #expect(state.deviceID != before)
        #expect(house.device.identity.deviceID == state.deviceID)
        #expect(house.wipes.isEmpty, "who was here before keeps what it has")
        #expect(try await plain.get("/oic/d")?["di"] == .text(state.deviceID.description))
        await house.close()
    }

    @Test("a selection that nothing follows, and a transfer that does not end, are taken back", .timeLimit(.minutes(1)))
    func timesOut() async throws {
        var times = quick
        times.selection = .milliseconds(500)
        times.transfer = .seconds(1)
        let house = try await LocalHouse(times: times)
        let plain = try await house.plain()
        _ = try await plain.ask(.post, "/oic/sec/doxm", ["oxmsel": 1])
        #expect(house.door.pin?.count == 8)
        try await house.until { house.security.state.doxm.selected == .unselected }
        #expect(house.security.state.doxm.selected == .unselected && house.door.pin == nil)

        _ = try await plain.ask(.post, "/oic/sec/doxm", ["oxmsel": 2])
        let tool = try await house.secured(house.byCertificate())
        #expect(try await tool.ask(.post, "/oic/sec/pstat", ["om": 4]).code == .changed)
        try await tool.closeFuture.get()
        try await house.until { house.security.state.doxm.selected == .unselected }
        #expect(house.security.state.state == .rfotm)
        await house.close()
    }

    @Test("by PIN: the shown one opens, another does not", .timeLimit(.minutes(1)))
    func byPIN() async throws {
        let house = try await LocalHouse(times: quick)
        let plain = try await house.plain()
        _ = try await plain.ask(.post, "/oic/sec/doxm", ["oxmsel": 1])
        let pin = try #require(house.door.pin)
        let id = house.security.state.deviceID
        func configuration(_ pin: String) throws -> DTLSConfiguration {
            try .client(
                preSharedKey: PreSharedKey(
                    identity: OwnerTransferMethod.pinIdentity, key: KeyDerivation.pinKey(pin: pin, deviceID: id)),
                exportsSecrets: true)
        }
        await #expect(throws: CoAPError.self) {
            _ = try await house.secured(configuration(pin == "00000000" ? "00000001" : "00000000"))
        }
        let tool = try await house.secured(configuration(pin))
        let deviceID = Identifier.random()
        let owner = TestTool()
        let key = try owner.key(tool, .randomPIN, deviceID: deviceID)
        let codes = try await owner.own(tool, deviceID: deviceID)
        #expect(codes.last == .changed && house.security.state.state == .rfpro)
        #expect(house.door.pin == nil)
        #expect(house.attempts.first?.method == .randomPIN)
        _ = try await owner.provision(tool)
        let session = try await house.secured(house.byKey(owner.id, key))
        #expect(try await session.get("/oic/sec/doxm")?["owned"] == true)
        await house.close()
    }

    @Test("a PIN is void after eight handshakes", .timeLimit(.minutes(1)))
    func guessing() async throws {
        let house = try await LocalHouse(times: quick)
        let plain = try await house.plain()
        _ = try await plain.ask(.post, "/oic/sec/doxm", ["oxmsel": 1])
        let id = house.security.state.deviceID
        for attempt in 0...SecureServer.maximumPINAttempts {
            #expect(house.door.pin != nil, "attempt \(attempt)")
            // Nine digits are no PIN.
            let key = KeyDerivation.pinKey(pin: "00000000\(attempt)", deviceID: id)
            let guess = try DTLSConfiguration.client(
                preSharedKey: PreSharedKey(identity: OwnerTransferMethod.pinIdentity, key: key))
            await #expect(throws: CoAPError.self) { _ = try await house.secured(guess) }
        }
        try await house.until { house.door.pin == nil }
        #expect(house.door.pin == nil && house.security.state.doxm.selected == .unselected)
        #expect(house.attempts.isEmpty)
        await house.close()
    }

    @Test("without a selected method there is no session at all")
    func unselected() async throws {
        let house = try await LocalHouse()
        let client = CoAPDTLS.connect(
            host: "127.0.0.1", port: try #require(house.door.securePort), dtls: try house.byCertificate(),
            on: Loop.eventLoop)
        try await Task.sleep(for: .milliseconds(300))
        #expect(house.door.sessionCount == 0 && house.attempts.isEmpty)
        await house.close()
        client.whenSuccess { $0.close() }
    }
}
