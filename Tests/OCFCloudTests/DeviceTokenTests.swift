import CBOR
import CoAPMessages
import OCFModel
import TLS
import Testing

@testable import OCFCloud

/// What mediators ask of the cloud (device to cloud, 8.1.2.3).
@Suite struct DeviceTokenTests {
    private func code(_ body: () async throws -> Void) async -> CloudError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? CloudError)?.code
        }
    }

    private func request(of device: Identifier) throws -> String {
        try CertificateRequest(subject: "CN=uuid:\(device)", key: .generateP256()).pem
    }

    @Test func aClientGetsWhatADeviceNeedsAndTheDeviceRegistersWithIt() async throws {
        let cloud = try await TestCloud.start()
        let client = try await cloud.client("anna")
        let profile = try cloud.profile()
        let given = try await client.invite(profile.id)
        #expect(given.cloudID == cloud.server.id)
        #expect(given.cloud.port == cloud.uri.port)
        #expect(given.trust == cloud.trust)
        #expect(given.validFor == 600)
        #expect(given.certificate == nil)
        let device = try await FakeDevice(profile: profile)
        #expect(try await device.signUp(token: given.token.text).code == .changed)
        #expect(try await device.signIn().code == .changed)
        #expect(try cloud.database.devices().count { $0.id == profile.id.description } == 1)
        await cloud.server.stop()
    }

    @Test func theDevicesRequestIsSignedAndItsKeyStaysWithIt() async throws {
        let cloud = try await TestCloud.start()
        let client = try await cloud.client("anna")
        let id = Identifier.random()
        let key = try PrivateKey.generateP256()
        let csr = try CertificateRequest(subject: "CN=uuid:\(id)", key: key)
        let given = try await client.invite(id, request: csr.pem)
        let facts = try CertificateRules.read(pem: given.certificate)
        #expect(try CertificateRules.identity(facts[0], at: nil) == id)
        #expect(facts[0].publicKey.der == (try key.publicKey().der))
        // With it the cloud takes the device.
        var profile = try cloud.profile(id)
        profile.certificate = given.certificate
        profile.key = try key.pem()
        let device = try await FakeDevice(profile: profile)
        #expect(try await device.signUp(token: given.token.text).code == .changed)
        await cloud.server.stop()
    }

    @Test func aTokenServesTheDeviceItIsForAndNoOther() async throws {
        let cloud = try await TestCloud.start()
        let client = try await cloud.client("anna")
        let given = try await client.invite(.random())
        let thief = try await FakeDevice(profile: cloud.profile())
        #expect(try await thief.signUp(token: given.token.text).code == .unauthorized)
        await cloud.server.stop()
    }

    @Test func aLaterTokenTakesTheEarlierOnesPlace() async throws {
        let cloud = try await TestCloud.start()
        let client = try await cloud.client("anna")
        let profile = try cloud.profile()
        let first = try await client.invite(profile.id)
        let second = try await client.invite(profile.id)
        let device = try await FakeDevice(profile: profile)
        #expect(try await device.signUp(token: first.token.text).code == .unauthorized)
        let again = try await FakeDevice(profile: profile)
        #expect(try await again.signUp(token: second.token.text).code == .changed)
        await cloud.server.stop()
    }

    @Test func aTokenEnds() async throws {
        let cloud = try await TestCloud.start()
        let client = try await cloud.client("anna")
        let profile = try cloud.profile()
        let given = try await client.invite(profile.id, validFor: 5)
        cloud.now.add(6, ordering: .relaxed)
        let device = try await FakeDevice(profile: profile)
        #expect(try await device.signUp(token: given.token.text).code == .unauthorized)
        await cloud.server.stop()
    }

    @Test func devicesStrangersAndOtherUsersGetNone() async throws {
        let cloud = try await TestCloud.start()
        // A device asks for no other device.
        let device = try await cloud.device("anna")
        let asked = Message.ocfRequest(
            .post, path: DeviceToken.path, representation: ["di": .text(Identifier.random().description)])
        #expect(try await device.send(asked).code == .forbidden)
        // Nobody asks before sign-in, and the connection ends.
        let stranger = try await FakeDevice(profile: cloud.profile())
        #expect(try await stranger.send(asked).code == .unauthorized)
        try await stranger.connection.closeFuture.get()
        // A device of another user stays that user's.
        let bert = try await cloud.client("bert")
        #expect(await code { _ = try await bert.invite(device.id) } == .forbidden)
        await cloud.server.stop()
    }

    @Test func whatIsAskedWronglyIsRefusedByName() async throws {
        let cloud = try await TestCloud.start()
        let client = try await cloud.client("anna")
        let id = Identifier.random()
        let other = try request(of: .random())
        let good = try request(of: id)
        let bodies: [CBOR.Value] = [
            [:], ["di": 7], ["di": "no uuid"], ["di": .text(Identifier.none.description)],
            ["di": .text(cloud.server.id.description)], ["di": .text(id.description), "validfor": 0],
            ["di": .text(id.description), "validfor": 604_801], ["di": .text(id.description), "validfor": "long"],
            ["di": .text(id.description), "csr": "no PEM"], ["di": .text(id.description), "csr": 1],
            ["di": .text(id.description), "csr": .text(other)],
            ["di": .text(id.description), "csr": .text(good + String(repeating: "x", count: 3072))],
        ]
        for body in bodies {
            let answer = try await client.request(
                .ocfRequest(.post, path: DeviceToken.path, representation: body))
            #expect(answer.code == .badRequest, "\(body)")
        }
        #expect(try await client.request(.ocfRequest(.get, path: DeviceToken.path)).code == .methodNotAllowed)
        // A client that errs stays connected.
        #expect(try await client.invite(id, request: good).certificate != nil)
        await cloud.server.stop()
    }

    @Test func aClientGoneWildLeavesTheOperatorRoom() async throws {
        let cloud = try await TestCloud.start()
        let client = try await cloud.client("anna")
        for _ in 0..<CloudDatabase.mostMediatedTokens { _ = try await client.invite(.random()) }
        #expect(await code { _ = try await client.invite(.random()) } == .forbidden)
        _ = try cloud.token("anna")
        await cloud.server.stop()
    }
}
