import Crypto
import Foundation
import NIOCore
import OneLoop
import ProvisioningModel
import Synchronization
import Testing
import X509
import XMPP
import _CryptoExtras

@testable import ProvisioningServer

/// A folder that goes with its owner.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "provisioning-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A wall clock that tests set.
final class TestClock: Sendable {
    private let value: Mutex<Int64>
    init(_ start: Int64 = systemClock()) { value = Mutex(start) }
    func advance(_ seconds: Int64) { value.withLock { $0 += seconds } }
    var now: @Sendable () -> Int64 { { self.value.withLock { $0 } } }
}

/// A server on an XMPP server in memory, and those who talk to it.
@Loop
final class TestHouse {
    static let component = "provisioning.home.example"

    let scratch: Scratch
    let database: ProvisioningDatabase
    let clock = TestClock()
    let router: MemoryServer
    let session: XMPPSession
    let server: ProvisioningServer
    let address: JID

    init(isComponent: Bool = true, _ change: (inout ServerSettings) -> Void = { _ in }) async throws {
        scratch = try Scratch()
        database = try ProvisioningDatabase(directory: scratch.path)
        router = MemoryServer(on: Loop.eventLoop)
        let account = try #require(JID(isComponent ? Self.component : "authority@home.example"))
        session = XMPPSession(
            account: account, isComponent: isComponent,
            info: DiscoInfo(identities: [.init(category: "component", type: "generic")]), software: "urn:test",
            on: Loop.eventLoop)
        var settings = ServerSettings()
        settings.challengeTimeout = 1
        settings.clearTimeout = 1
        settings.firstRetry = 1
        change(&settings)
        server = ProvisioningServer(session: session, database: database, settings: settings, wallClock: clock.now)
        address = isComponent ? account : try #require(account.with(resource: "provisioning"))
        try await server.load()
        router.connect(session, as: address)
    }

    func device(_ jid: String = "gateway@home.example/gatehouse") throws -> TestDevice {
        try TestDevice(jid, self)
    }

    /// What the command line does.
    func change(_ body: (Ledger) throws -> Void) async throws {
        try database.change(by: "anna", body)
        await turn()
    }

    /// Waits until the house was kept once more: what was seen is written, what has changed is known and told.
    func turn() async {
        // The server's own timer may be at it.
        while server.isKeeping { try? await Task.sleep(for: .milliseconds(2)) }
        await server.keepHouse()
        await pause()
    }

    /// Lets what is on its way arrive.
    func pause() async {
        for _ in 0..<20 { try? await Loop.eventLoop.submit {}.get() }
        try? await Task.sleep(for: .milliseconds(30))
    }

    /// Waits for something that comes by itself, at most 10 s.
    func until(_ condition: () throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while try !condition() {
            guard ContinuousClock.now < deadline else { throw TestFailure("it did not come") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    func pending() throws -> [PendingRequest] { try database.read { try $0.pending() } }
}

/// A party that asks: its own stanzas, and what it was told.
@Loop
final class TestDevice {
    let jid: JID
    let house: TestHouse
    let session: XMPPSession
    var clears = 0
    var answersClears = true
    var messages: [XMLElement] = []
    var subscriptions: [JID] = []
    var key: _RSA.Encryption.PrivateKey?
    /// What becomes of a challenge: nil answers it with the key.
    var challenged: ((IQRequest) -> Void)?
    var challenges = 0

    init(_ text: String, _ house: TestHouse) throws {
        jid = try #require(JID(text))
        self.house = house
        session = XMPPSession(
            account: jid.bare, info: DiscoInfo(identities: [.init(category: "client", type: "bot")]),
            software: "urn:test", on: Loop.eventLoop)
        session.onRequest(.set, "clearCache", Provisioning.namespace) { [weak self] request in
            guard let self else { return }
            self.clears += 1
            if self.answersClears {
                request.result(ProvisioningPayload.clearCacheResponse.element)
            } else {
                request.error(StanzaError(.serviceUnavailable))
            }
        }
        session.onRequest(.get, "tokenChallenge", Provisioning.namespace) { [weak self] request in
            guard let self else { return }
            self.challenges += 1
            if let challenged = self.challenged { return challenged(request) }
            guard let challenge = try? TokenChallenge(request.payload),
                let plain = try? self.key?.decrypt(challenge.encrypted, padding: .PKCS1_OAEP)
            else { return request.error(StanzaError(.forbidden, kind: .cancel)) }
            request.result(TokenChallengeAnswer(decrypted: Array(plain)).element)
        }
        session.onMessage(nil, Provisioning.namespace) { [weak self] _, payload in self?.messages.append(payload) }
        session.onSubscriptionRequest { [weak self] from, _ in
            self?.subscriptions.append(from)
            self?.session.acceptSubscription(of: from)
        }
        house.router.connect(session, as: jid)
    }

    func leave() { house.router.disconnect(jid) }

    /// Asks, and gives what came: the payload, or the error.
    func ask(_ payload: XMLElement, set: Bool = false) async -> Result<XMLElement?, IQFailure> {
        await withCheckedContinuation { continuation in
            let handler = { (result: Result<XMLElement?, IQFailure>) in continuation.resume(returning: result) }
            if set {
                session.set(payload, to: house.address, timeout: .seconds(10), handler: handler)
            } else {
                session.get(payload, to: house.address, timeout: .seconds(10), handler: handler)
            }
        }
    }

    func answer(_ payload: XMLElement) async throws -> XMLElement {
        try #require(try await ask(payload).get())
    }

    func refused(_ payload: XMLElement, set: Bool = false) async throws -> StanzaError {
        guard case .failure(.refused(let error, _)) = await ask(payload, set: set) else {
            throw TestFailure("an error was expected")
        }
        return error
    }

    func isFriend(_ who: String) async throws -> FriendAnswer {
        try FriendAnswer(try await answer(FriendQuestion(jid: try #require(JID(who))).element))
    }

    func mayRead(
        _ who: String, _ nodes: [ProvisioningNode] = [], _ fields: [String] = [],
        tokens: ProvisioningTokens = ProvisioningTokens()
    ) async throws -> ReadAnswer {
        let question = ReadQuestion(
            jid: try #require(JID(who)), types: .momentary, tokens: tokens, nodes: nodes, fields: fields)
        return try ReadAnswer(try await answer(question.element))
    }

    func mayControl(
        _ who: String, _ nodes: [ProvisioningNode] = [], _ parameters: [String] = [],
        tokens: ProvisioningTokens = ProvisioningTokens()
    ) async throws -> ControlAnswer {
        let question = ControlQuestion(
            jid: try #require(JID(who)), tokens: tokens, nodes: nodes, parameters: parameters)
        return try ControlAnswer(try await answer(question.element))
    }

    /// The whole way to a token.
    func token(_ identity: TestIdentity, padding: _RSA.Encryption.Padding = .PKCS1_OAEP) async throws -> String {
        key = identity.key
        let challenge = try TokenRequestChallenge(try await answer(TokenRequest(certificate: identity.der).element))
        let plain = try identity.key.decrypt(challenge.encrypted, padding: padding)
        let answer = TokenRequestAnswer(sequence: challenge.sequence, decrypted: Array(plain))
        return try TokenGrant(try await self.answer(answer.element)).token
    }
}

/// A certificate with its key.
struct TestIdentity {
    let der: [UInt8]
    let fingerprint: String
    let key: _RSA.Encryption.PrivateKey

    /// - Parameter seconds: the certificate's time, from now on.
    init(_ name: String = "a device", lasts seconds: Double = 86_400, begins: Double = -60) throws {
        let signing = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        key = try _RSA.Encryption.PrivateKey(derRepresentation: signing.derRepresentation)
        let subject = try DistinguishedName { CommonName(name) }
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(signing.publicKey), notValidBefore: Date() + begins,
            notValidAfter: Date() + seconds, issuer: subject, subject: subject,
            signatureAlgorithm: .sha256WithRSAEncryption, extensions: Certificate.Extensions(),
            issuerPrivateKey: Certificate.PrivateKey(signing))
        der = try Self.bytes(certificate)
        fingerprint = AccessEntry.hex(SHA256.hash(data: der))
    }

    static func bytes(_ certificate: Certificate) throws -> [UInt8] {
        Array(
            Data(
                base64Encoded: try certificate.serializeAsPEM().pemString
                    .split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()) ?? Data())
    }

    /// A certificate with a key on an elliptic curve.
    static func elliptic() throws -> [UInt8] {
        let key = P256.Signing.PrivateKey()
        let subject = try DistinguishedName { CommonName("elliptic") }
        return try bytes(
            Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: Certificate.PublicKey(key.publicKey),
                notValidBefore: Date() - 60, notValidAfter: Date() + 86_400, issuer: subject, subject: subject,
                signatureAlgorithm: .ecdsaWithSHA256, extensions: Certificate.Extensions(),
                issuerPrivateKey: Certificate.PrivateKey(key)))
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

func node(_ id: String, _ cache: String? = nil) -> ProvisioningNode { ProvisioningNode(nodeID: id, cacheType: cache) }
