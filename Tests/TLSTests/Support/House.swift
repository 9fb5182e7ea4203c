import Synchronization

@testable import TLS

/// The certificates a test needs: an authority, and what it issues. Keys are made once; each costs some milliseconds.
struct House: Sendable {
    let root: CertificateIssuer
    let intermediate: CertificateIssuer
    let otherRoot: CertificateIssuer
    let serverKey: PrivateKey
    let clientKey: PrivateKey
    let otherKey: PrivateKey

    static let cloudID = "11111111-2222-3333-4444-555555555555"
    static let deviceID = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
    static let validity = CertificateIssuer.Validity.days(30)

    static let shared = House()

    private init() {
        do {
            root = try .root(commonName: "Test Root", key: .generateP256(), validity: Self.validity)
            let middleKey = try PrivateKey.generateP256()
            intermediate = try root.subordinate(
                .init(
                    commonName: "Test Intermediate", publicKey: try middleKey.publicKey(), validity: Self.validity,
                    usage: nil),
                key: middleKey)
            otherRoot = try .root(commonName: "Other Root", key: .generateP256(), validity: Self.validity)
            serverKey = try .generateP256()
            clientKey = try .generateP256()
            otherKey = try .generateP256()
        } catch {
            fatalError("no certificates: \(error)")
        }
    }

    var trust: TrustAnchors { TrustAnchors([root.certificate]) }

    /// A server known by name, directly under the root.
    func server(
        names: [String] = ["localhost", "127.0.0.1", "::1"], validity: CertificateIssuer.Validity = House.validity,
        usage: ExtendedKeyUsage? = [.server], issuer: CertificateIssuer? = nil
    ) throws -> Identity {
        let leaf = try (issuer ?? root).issue(
            .init(
                commonName: "the server", publicKey: try serverKey.publicKey(), validity: validity, usage: usage,
                names: names))
        return try Identity(chain: CertificateChain([leaf]), key: serverKey)
    }

    /// An OCF cloud or device.
    func ocf(
        _ uuid: String, key: PrivateKey? = nil, usage: ExtendedKeyUsage = [.server, .client, .ocfIdentity],
        validity: CertificateIssuer.Validity = House.validity, issuer: CertificateIssuer? = nil,
        commonName: String? = nil
    ) throws -> Identity {
        let key = key ?? serverKey
        let leaf = try (issuer ?? root).issue(
            .init(
                commonName: commonName ?? "uuid:\(uuid)", publicKey: try key.publicKey(), validity: validity,
                usage: usage))
        return try Identity(chain: CertificateChain([leaf]), key: key)
    }

    func device(issuer: CertificateIssuer? = nil, validity: CertificateIssuer.Validity = House.validity) throws
        -> Identity
    {
        try ocf(Self.deviceID, key: clientKey, validity: validity, issuer: issuer)
    }

    /// The server's certificate, with a key that is not its own.
    func serverWithWrongKey() throws -> Identity {
        Identity(unchecked: try server().chain, key: otherKey)
    }

    func clientWithWrongKey() throws -> Identity {
        Identity(unchecked: try device().chain, key: otherKey)
    }
}

/// A clock that a test sets.
final class TestClock: Sendable {
    private let seconds: Mutex<Int64>

    init(_ seconds: Int64 = ValidityClock.system.now()) { self.seconds = Mutex(seconds) }

    func set(_ value: Int64) { seconds.withLock { $0 = value } }

    var clock: ValidityClock { ValidityClock { [self] in seconds.withLock { $0 } } }
}

/// Something that happened, told by a closure.
final class Flag: Sendable {
    private let value = Mutex(false)
    func set() { value.withLock { $0 = true } }
    var isSet: Bool { value.withLock { $0 } }
}
