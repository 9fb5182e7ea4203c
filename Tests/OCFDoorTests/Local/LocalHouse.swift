// swift-format-ignore-file: NeverForceUnwrap

import CBOR
import CoAP
import CoAPMessages
import Concentrator
import FlashStore
import NIOCore
import OCFModel
import OneLoop
import TLS

@testable import OCFDoor

/// An authority with a manufacturer's certificate for the device.
struct TestAuthority {
    let root: CertificateIssuer

    init(_ name: String = "Root") throws {
        root = try .root(commonName: name, key: .generateP256(), validity: .days(30))
    }

    var trust: TrustAnchors { TrustAnchors([root.certificate]) }

    func identity(_ commonName: String, key: PrivateKey? = nil) throws -> Identity {
        let key = try key ?? PrivateKey.generateP256()
        return try Identity(chain: CertificateChain([leaf(commonName, try key.publicKey())]), key: key)
    }

    func leaf(_ commonName: String, _ key: PublicKey) throws -> Certificate {
        try root.issue(
            .init(
                commonName: commonName, publicKey: key, validity: .days(30), usage: [.server, .client, .ocfIdentity]))
    }
}

/// A device on the loopback interface, whose button is a closure.
@Loop
final class LocalHouse {
    let store: FlashStore
    let concentrator = Concentrator()
    let driver: RecordingDriver
    let security: DeviceSecurity
    let device: OCFDevice
    let door: LocalDoor
    let manufacturer: TestAuthority
    var attempts: [OwnershipAttempt] = []
    var answer: @Loop (OwnershipAttempt) async -> OwnershipPermission = { _ in .allowed }
    var wipes: [Bool] = []
    let discoveryPort: Int

    init(
        store: FlashStore? = nil, methods: [OwnerTransferMethod] = [.manufacturerCertificate, .randomPIN, .justWorks],
        times: TransferTimes = TransferTimes(), manufacturer: TestAuthority? = nil, discoveryPort: Int = 0
    ) async throws {
        self.discoveryPort = discoveryPort
        let store = try store ?? FlashStore.inMemory()
        self.store = store
        driver = RecordingDriver(concentrator)
        let manufacturer = try manufacturer ?? TestAuthority("Manufacturer")
        self.manufacturer = manufacturer
        let identity = try await DeviceIdentity.load(from: store)
        let clock: @Sendable () -> Int64 = { ValidityClock.system.now() }
        security = try await DeviceSecurity.load(
            from: store, identity: identity,
            environment: .init(
                presets: FactoryPresets(
                    methods: methods, supportedModes: [.serverDirectedMultiple, .serverDirectedSingle, .clientDirected]),
                certificateTime: clock, time: { clock() }))
        device = OCFDevice(
            identity: identity, settings: DeviceSettings(), concentrator: concentrator, store: store,
            security: security)
        var settings = LocalSettings()
        settings.port = 0
        settings.discoveryPort = discoveryPort
        settings.securePort = 0
        settings.includesLoopback = true
        settings.manufacturer = try manufacturer.identity("A gateway")
        weak var house: LocalHouse?
        door = LocalDoor(device: device, security: security, settings: settings, times: times) { attempt in
            house?.attempts.append(attempt)
            return await house?.answer(attempt) ?? .refused(reason: "no house", retryAfter: nil)
        }
        house = self
        security.onReset { [weak self] deregisters in self?.wipes.append(deregisters) }
        await security.finishInterruptedReset()
        try await door.start()
    }

    func close() async {
        await door.stop()
        device.close()
    }

    @discardableResult
    func add(_ name: String, fields: [Field] = [], parameters: [Parameter] = []) throws -> NodeID {
        let id = NodeID(parsing: name)!
        try concentrator.add(NodeDescription(id: id, parameters: parameters), driver: driver)
        if !fields.isEmpty { concentrator.update(id, fields: fields) }
        return id
    }

    /// Waits until something is so.
    func until(_ condition: @Loop () -> Bool) async throws {
        for _ in 0..<1_000 where !condition() { try await Task.sleep(for: .milliseconds(5)) }
    }

    // MARK: Clients

    func plain() async throws -> Connection {
        try await CoAPUDP.connect(host: "127.0.0.1", port: door.port!, on: Loop.eventLoop).get()
    }

    func secured(_ configuration: DTLSConfiguration) async throws -> Connection {
        try await CoAPDTLS.connect(host: "127.0.0.1", port: door.securePort!, dtls: configuration, on: Loop.eventLoop)
            .get()
    }

    func byCertificate() throws -> DTLSConfiguration {
        try .client(
            trust: manufacturer.trust, peerName: .any, cipherSuites: [.ecdsaAES128CCM8], exportsSecrets: true)
    }

    func byKey(_ id: Identifier, _ key: [UInt8]) throws -> DTLSConfiguration {
        try .client(preSharedKey: PreSharedKey(identity: id.octets, key: key))
    }
}

extension Connection {
    /// Asks, and waits for the answer.
    func ask(
        _ code: Code, _ path: String, query: [String] = [], _ body: CBOR.Value? = nil
    ) async throws -> Message {
        try await send(
            .ocfRequest(code, path: path, query: query, representation: body), timeout: .seconds(20)
        ).get()
    }

    /// Asks for a representation.
    func get(_ path: String, query: [String] = []) async throws -> CBOR.Value? {
        let answer = try await ask(.get, path, query: query)
        return answer.code == .content ? try answer.representation() : nil
    }
}

/// An onboarding tool as IoTivity-Lite's behaves: its messages, in their order.
@Loop
struct TestTool {
    let id = Identifier.random()

    /// The steps through the ownership connection, up to RFPRO.
    func own(_ connection: Connection, deviceID: Identifier) async throws -> [Code] {
        var codes: [Code] = []
        for (path, body) in steps(deviceID) { codes.append(try await connection.ask(.post, path, body).code) }
        return codes
    }

    func steps(_ deviceID: Identifier) -> [(String, CBOR.Value)] {
        let me = CBOR.Value.text(id.description)
        return [
            ("/oic/sec/pstat", ["om": 4]),
            ("/oic/sec/doxm", ["devowneruuid": me]),
            ("/oic/sec/doxm", ["deviceuuid": .text(deviceID.description)]),
            ("/oic/sec/doxm", ["rowneruuid": me]),
            ("/oic/sec/acl2", ["rowneruuid": me]),
            ("/oic/sec/pstat", ["rowneruuid": me]),
            (
                "/oic/sec/cred",
                [
                    "creds": [
                        [
                            "credtype": 1, "subjectuuid": me,
                            "privatedata": ["encoding": "oic.sec.encoding.raw", "data": .bytes([])],
                        ]
                    ], "rowneruuid": me,
                ]
            ),
            ("/oic/sec/sdi", ["uuid": .text(Identifier.random().description), "name": "Home", "priv": false]),
            ("/oic/sec/doxm", ["owned": true]),
            ("/oic/sec/pstat", ["dos": ["s": 2]]),
        ]
    }

    /// The steps from RFPRO to normal operation.
    func provision(_ connection: Connection) async throws -> [Code] {
        let me = CBOR.Value.text(id.description)
        var codes = [try await connection.ask(.delete, "/oic/sec/acl2").code]
        let entries: CBOR.Value = [
            "aclist2": [
                ["subject": ["uuid": me], "resources": [["href": "/oic/sec/sp"]], "permission": 14],
                ["subject": ["uuid": me], "resources": [["href": "/oic/sec/csr"]], "permission": 2],
                ["subject": ["uuid": me], "resources": [["href": "/CoapCloudConfResURI"]], "permission": 6],
                ["subject": ["uuid": me], "resources": [["wc": "*"]], "permission": 31],
                [
                    "subject": ["conntype": "anon-clear"],
                    "resources": [["href": "/oic/d"], ["href": "/oic/p"], ["href": "/oic/res"]], "permission": 2,
                ],
            ]
        ]
        codes.append(try await connection.ask(.post, "/oic/sec/acl2", entries).code)
        codes.append(try await connection.ask(.post, "/oic/sec/pstat", ["dos": ["s": 3]]).code)
        return codes
    }

    /// The key that both ends derive from the ownership connection; to be asked before anything else asks for it.
    func key(_ connection: Connection, _ method: OwnerTransferMethod, deviceID: Identifier) throws -> [UInt8] {
        let secrets = CoAPDTLS.takeSecrets(of: connection)!
        let all = SessionSecrets(
            masterSecret: secrets.masterSecret, clientRandom: secrets.clientRandom, serverRandom: secrets.serverRandom,
            suite: CoAPDTLS.handshake(of: connection)!.cipherSuite.rawValue)!
        return KeyDerivation.ownerKey(all, method: method, owner: id, deviceID: deviceID)!
    }

    /// The whole of it by the manufacturer's certificate; gives the owner's key.
    func takeOver(_ house: LocalHouse, deviceID: Identifier = .random()) async throws -> [UInt8] {
        let plain = try await house.plain()
        _ = try await plain.ask(.post, "/oic/sec/doxm", ["oxmsel": 2])
        let connection = try await house.secured(house.byCertificate())
        let key = try key(connection, .manufacturerCertificate, deviceID: deviceID)
        _ = try await own(connection, deviceID: deviceID)
        _ = try await provision(connection)
        connection.close()
        plain.close()
        return key
    }
}
