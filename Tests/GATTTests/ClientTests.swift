import FakePeripherals
import OneLoop
import Testing

@testable import GATT

private let nordic = AttributeType("6E400001-B5A3-F393-E0A9-E50E24DCCA9E") ?? 0
private let echoType = AttributeType("6E400002-B5A3-F393-E0A9-E50E24DCCA9E") ?? 0

@Loop
@Suite struct ClientTests {
    let device = FakePeripheral()
    let battery: AttributeHandle
    let echo: AttributeHandle

    init() {
        device.service(0x1801)
        device.characteristic(.serviceChanged, .indicate, [1, 0, 0xFF, 0xFF])
        device.service(0x180F)
        battery = device.characteristic(0x2A19, [.read, .notify], [87])
        device.service(nordic)
        echo = device.characteristic(echoType, [.read, .write, .writeWithoutResponse, .indicate], [1, 2, 3])
        device.characteristic(0x2A00, .read, [])
    }

    private func client(timeout: Duration = .seconds(30)) -> GATTClient {
        GATTClient(device.connect(), timeout: timeout)
    }

    @Test func everythingIsDiscovered() async throws {
        let client = client()
        try await client.exchangeMTU()
        #expect(client.mtu == 185)
        let database = try await client.database()
        #expect(database.services.map(\.type) == [0x1801, 0x180F, nordic])
        #expect(
            database.services.flatMap(\.characteristics).map(\.type) == [.serviceChanged, 0x2A19, echoType, 0x2A00])
        let found = try #require(database.characteristic(0x2A19, in: 0x180F))
        #expect(found.value == battery)
        #expect(found.declaration == battery - 1)
        #expect(found.properties == [.read, .notify])
        #expect(found.descriptor(.clientConfiguration) == battery + 1)
        #expect(database.characteristic(0x2A00)?.descriptors == [])
        #expect(database.characteristic(0x2A19, in: nordic) == nil)
        #expect(database.hash == nil)
        #expect(GATTDatabase(database.encoded) == database)
    }

    @Test func shortMessagesDiscoverTheSame() async throws {
        let long = client()
        try await long.exchangeMTU()
        let short = client()
        #expect(try await short.database() == long.database())
    }

    @Test func aServerWithoutMTUExchangeKeepsTheShortest() async throws {
        device.refusesMTU = true
        let client = client()
        try await client.exchangeMTU()
        #expect(client.mtu == 23)
    }

    @Test func theSameHashIsTheSameDatabase() async throws {
        device.service(0x1234)
        let hash = device.characteristic(.databaseHash, .read, Array(1...16))
        let first = try await client().database()
        #expect(first.hash == Array(1...16))
        let before = device.requests.count
        #expect(try await client().database(cached: first) == first)
        #expect(device.requests.count == before + 1)
        device.attributes[hash]?.value[0] = 99
        #expect(try await client().database(cached: first) != first)
        #expect(device.requests.count > before + 2)
    }

    @Test func longValuesAreReadWhole() async throws {
        let client = client()
        for length in [0, 21, 22, 23, 43, 44, 45, 512] {
            let value = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
            device.attributes[echo]?.value = value
            #expect(try await client.read(echo) == value)
        }
        // No more than a value may have, however much comes.
        device.attributes[echo]?.value = Array(repeating: 7, count: 600)
        #expect(try await client.read(echo).count == 512)
    }

    @Test func valuesAreWrittenShortAndLong() async throws {
        let client = client()
        for length in [0, 20, 21, 100, 512] {
            let value = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 3) }
            device.attributes[echo]?.value = []
            try await client.write(value, to: echo)
            #expect(device.attributes[echo]?.value == value)
        }
        await #expect(throws: GATTError(.tooLong, "")) {
            try await client.write(Array(repeating: 0, count: 513), to: echo)
        }
        try client.writeWithoutResponse([5], to: echo)
        #expect(throws: GATTError(.tooLong, "")) {
            try client.writeWithoutResponse(Array(repeating: 0, count: 21), to: echo)
        }
        _ = try await client.read(echo)
        #expect(device.attributes[echo]?.value == [5])
    }

    @Test func notificationsAndIndicationsArrive() async throws {
        let client = client()
        let database = try await client.database()
        var told: [[UInt8]] = []
        try await client.subscribe(#require(database.characteristic(0x2A19))) { told.append($0) }
        try await client.subscribe(#require(database.characteristic(echoType))) { told.append($0) }
        device.tell(battery, [86])
        device.tell(echo, [9, 9])
        await settle { device.confirmations == 1 }
        #expect(told == [[86], [9, 9]])
        #expect(device.confirmations == 1)
        try await client.unsubscribe(#require(database.characteristic(0x2A19)))
        device.tell(battery, [85])
        _ = try await client.read(battery)
        #expect(told.count == 2)
        await #expect(throws: GATTError(.notPossible, "")) {
            try await client.subscribe(#require(database.characteristic(0x2A00))) { _ in }
        }
    }

    @Test func manyAskAtOnceAndEachGetsItsOwn() async throws {
        let client = client()
        let reads = (0..<20).map { number in
            Task { @Loop in try await client.read(number.isMultiple(of: 2) ? battery : echo) }
        }
        for (number, read) in reads.enumerated() {
            #expect(try await read.value == (number.isMultiple(of: 2) ? [87] : [1, 2, 3]))
        }
    }

    @Test func refusalsHaveNames() async throws {
        let client = client()
        await #expect(throws: GATTError(.refused(.invalidHandle), "")) { try await client.read(999) }
        await #expect(throws: GATTError(.refused(.writeNotPermitted), "")) { try await client.write([1], to: battery) }
        device.attributes[echo]?.refuses = ATTError(rawValue: 0x80)
        await #expect(throws: GATTError(.refused(ATTError(rawValue: 0x80)), "")) {
            try await client.write([1], to: echo)
        }
        #expect(client.end == nil)
    }

    @Test func onesThatNeverAnswerFailInTime() async throws {
        device.manner = .silent
        let client = client(timeout: .milliseconds(50))
        var ends: [GATTError] = []
        client.onEnd = { ends.append($0) }
        await #expect(throws: GATTError(.timedOut, "")) { try await client.read(battery) }
        await #expect(throws: GATTError(.timedOut, "")) { try await client.read(battery) }
        #expect(ends == [GATTError(.timedOut, "")])
        #expect(device.link == nil || device.link?.isClosed == true)
    }

    @Test(
        arguments: [
            ([0x11, 6, 1, 0, 5, 0, 0x0F, 0x18], "it goes in circles"),
            ([0x11, 6, 5, 0, 1, 0, 0x0F, 0x18], "its range is upside down"),
            ([0x11, 5, 1, 0, 5, 0, 0x0F], "no type has one byte"),
        ] as [([UInt8], String)]) func nonsenseInDiscoveryEndsIt(_ row: (bytes: [UInt8], why: String)) async throws
    {
        let client = client(timeout: .milliseconds(200))
        device.manner = .silentTo(0x08)
        let discovery = Task { @Loop in try await client.database() }
        await settle { device.requests.count == 1 }
        // The hash is refused, then comes the answer that makes no sense, whatever is asked.
        device.link?.deliver(ATTPDU.errorResponse(request: 0x08, handle: 1, error: .attributeNotFound).encoded)
        device.manner = .always(row.bytes)
        await #expect(throws: GATTError(.malformed, "")) { try await discovery.value }
    }

    @Test func answersOutOfStepEndTheLink() async throws {
        let client = client()
        device.manner = .outOfStep
        await #expect(throws: GATTError(.malformed, "")) { try await client.read(battery) }
        #expect(client.end == GATTError(.malformed, ""))
    }

    @Test func aPeerThatHangsUpFailsWhatWaits() async throws {
        let client = client()
        var isToldOfTheEnd = false
        client.onEnd = { _ in isToldOfTheEnd = true }
        device.manner = .hangsUp
        let both = (0..<2).map { _ in Task { @Loop in try await client.read(battery) } }
        for task in both { await #expect(throws: GATTError(.disconnected, "")) { try await task.value } }
        #expect(isToldOfTheEnd)
        #expect(throws: GATTError(.disconnected, "")) { try client.writeWithoutResponse([1], to: echo) }
    }

    @Test func closingFailsWhatWaitsAndTellsNobody() async throws {
        let client = client()
        client.onEnd = { _ in #expect(Bool(false), "closed by ourselves") }
        device.manner = .silent
        let read = Task { @Loop in try await client.read(battery) }
        await settle { !device.requests.isEmpty }
        client.close()
        await #expect(throws: GATTError(.cancelled, "")) { try await read.value }
    }

    @Test func whatWantsSecurityIsAskedAgainOnceThereIsSome() async throws {
        device.attributes[battery]?.needs = .encrypted
        let client = client()
        await #expect(throws: GATTError(.refused(.insufficientEncryption), "")) { try await client.read(battery) }
        var asked: [ATTError] = []
        client.secure = { client, error throws(GATTError) in
            asked.append(error)
            try client.raise(to: .encrypted)
            await settle { client.security == .encrypted }
        }
        #expect(try await client.read(battery) == [87])
        #expect(asked == [.insufficientEncryption])
        device.attributes[echo]?.needs = .authenticated
        client.secure = { _, _ throws(GATTError) in throw GATTError(.needsPairing, "nobody has permitted it") }
        await #expect(throws: GATTError(.needsPairing, "")) { try await client.read(echo) }
    }

    @Test func databasesOfOtherVersionsAndDamagedOnesAreNone() async throws {
        let bytes = try await client().database().encoded
        for length in 0..<bytes.count { #expect(GATTDatabase(Array(bytes[..<length])) == nil) }
        #expect(GATTDatabase(bytes + [0]) == nil)
        #expect(GATTDatabase([2] + bytes.dropFirst()) == nil)
    }
}
