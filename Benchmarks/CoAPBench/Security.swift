import Foundation
import TLS

/// How the compared servers and their clients know each other; keys and certificates in files, for programs that are not
/// ours.
enum Security {
    /// A key both have.
    case key
    /// OCF identities under one root, in this folder.
    case certificate(folder: String)

    private static let device = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
    private static let sharedKey = PreSharedKey(identity: Array("client".utf8), key: Array("sixteen bytes!!!".utf8))

    /// `key`, or `certificate FOLDER`.
    init?(_ arguments: some Collection<String>) {
        switch arguments.first {
        case "key": self = .key
        case "certificate":
            guard let folder = arguments.dropFirst().first else { return nil }
            self = .certificate(folder: folder)
        default: return nil
        }
    }

    /// Makes a root and two identities, and writes them: `root.pem`; `server.pem` and `client.pem`, each with its `-key`.
    static func write(to folder: String) throws {
        let root = try CertificateIssuer.root(commonName: "Bench Root", key: .generateP256(), validity: .days(2))
        try Data(root.certificate.pem.utf8).write(to: URL(filePath: "\(folder)/root.pem"))
        for name in ["server", "client"] {
            let key = try PrivateKey.generateP256()
            let leaf = try root.issue(.ocfIdentity(uuid: device, publicKey: key.publicKey(), validity: .days(2)))
            try Data(leaf.pem.utf8).write(to: URL(filePath: "\(folder)/\(name).pem"))
            try Data(key.pem().utf8).write(to: URL(filePath: "\(folder)/\(name)-key.pem"))
        }
    }

    private static func read(_ folder: String, _ name: String) throws -> (TrustAnchors, Identity) {
        func text(_ name: String) throws -> String {
            try String(contentsOf: URL(filePath: "\(folder)/\(name).pem"), encoding: .utf8)
        }
        return (
            try TrustAnchors(pem: text("root")),
            try Identity(chain: CertificateChain(pem: text(name)), key: PrivateKey(pem: text("\(name)-key")))
        )
    }

    func server() throws -> DTLSConfiguration {
        switch self {
        case .key:
            return try .server(
                preSharedKeys: PreSharedKeys { $0 == Self.sharedKey.identity ? Self.sharedKey.key : nil },
                identityHint: Array("bench".utf8))
        case .certificate(let folder):
            let (trust, identity) = try Self.read(folder, "server")
            return try .server(
                identity: identity, clientCertificate: .required, trust: trust, peerName: .ocf(uuid: nil))
        }
    }

    func client() throws -> DTLSConfiguration {
        switch self {
        case .key: return try .client(preSharedKey: Self.sharedKey)
        case .certificate(let folder):
            let (trust, identity) = try Self.read(folder, "client")
            return try .client(trust: trust, peerName: .ocf(uuid: nil), identity: identity)
        }
    }
}
