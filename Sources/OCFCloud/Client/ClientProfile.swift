import Foundation
import Glibc
import OCFModel
import PrivateFiles
import TLS

/// Everything a client of a cloud needs: where it is, whom to trust, and who we are.
public struct ClientProfile: Sendable {
    /// Where the cloud is.
    public var cloud: CloudURI
    /// Its id, which its certificate has to name; nil trusts any cloud of the authority.
    public var cloudID: Identifier?
    /// Our own id (`di`).
    public var id: Identifier
    /// The authority's certificate, PEM.
    public var trust: String
    /// Our certificate, PEM; nil when the cloud asks for none.
    public var certificate: String?
    /// Its key, PEM.
    public var key: String?

    /// A profile of these parts.
    public init(
        cloud: CloudURI, cloudID: Identifier?, id: Identifier, trust: String, certificate: String? = nil,
        key: String? = nil
    ) {
        self.cloud = cloud
        self.cloudID = cloudID
        self.id = id
        self.trust = trust
        self.certificate = certificate
        self.key = key
    }

    /// The TLS configuration of a connection to the cloud; nil for `coap+tcp`.
    ///
    /// - Throws: ``CloudError`` `.configuration` when a certificate or key is not what it should be.
    func tls() throws -> TLSConfiguration? {
        guard cloud.isSecure else { return nil }
        do throws(TLSError) {
            var identity: Identity?
            if let certificate, let key {
                identity = try Identity(
                    chain: CertificateChain(pem: certificate, origin: "client certificate"),
                    key: PrivateKey(pem: key, origin: "client key"))
            }
            return try TLSConfiguration.client(
                trust: TrustAnchors(pem: trust, origin: "cloud authority"),
                peerName: .ocf(uuid: cloudID?.description), identity: identity)
        } catch {
            throw CloudError(.configuration, error.reason)
        }
    }
}

/// What the cloud has given a client at sign-up and refresh.
public struct ClientAccount: Sendable, Codable, Hashable {
    /// The user's id.
    public var user: String
    /// Shown at sign-in.
    public var accessToken: String
    /// Shown at refresh.
    public var refreshToken: String
    /// When the access token ends, in seconds since 1970; nil for never.
    public var expiresAt: WallSeconds?
}

/// A client's profile and account on disk: `client.json`, `ca.pem`, `client.pem`, `client-key.pem`, `account.json`, each
/// readable by its owner alone.
public struct ClientDirectory: Sendable {
    private struct File: Codable {
        var cloud: String
        var sid: String?
        var di: String
        /// The one-time token to sign up with, until that is done.
        var token: String?
    }

    private let path: String

    /// The directory at `path`; nothing is read or made yet.
    public init(_ path: String) {
        self.path = path
    }

    /// Whether a client is there.
    public var exists: Bool { access(path + "/client.json", F_OK) == 0 }

    /// Writes a new client, over an older one.
    ///
    /// - Parameter token: the one-time token it will sign up with.
    public func create(_ profile: ClientProfile, token: String) throws {
        try PrivateFile.makeDirectory(path)
        unlink(path + "/account.json")
        try PrivateFile.write(profile.trust, to: path + "/ca.pem")
        if let certificate = profile.certificate, let key = profile.key {
            try PrivateFile.write(key, to: path + "/client-key.pem")
            try PrivateFile.write(certificate, to: path + "/client.pem")
        } else {
            unlink(path + "/client.pem")
            unlink(path + "/client-key.pem")
        }
        try write(
            File(
                cloud: profile.cloud.description, sid: profile.cloudID?.description, di: profile.id.description,
                token: token),
            to: "client.json")
    }

    /// Reads the client.
    ///
    /// - Throws: ``CloudError`` `.configuration` saying how to make one when there is none.
    public func profile() throws -> ClientProfile {
        let file = try file()
        guard let id = Identifier(file.di) else {
            throw CloudError(.configuration, "\(path)/client.json: di is \(file.di), expected a UUID")
        }
        let hasCertificate = access(path + "/client.pem", F_OK) == 0
        return ClientProfile(
            cloud: try CloudURI(file.cloud), cloudID: file.sid.flatMap { Identifier($0) }, id: id,
            trust: try PrivateFile.read(path + "/ca.pem"),
            certificate: hasCertificate ? try PrivateFile.read(path + "/client.pem") : nil,
            key: hasCertificate ? try PrivateFile.read(path + "/client-key.pem") : nil)
    }

    /// The one-time token, while the client has not signed up.
    public func token() throws -> String? { try file().token }

    /// The account; nil before sign-up.
    public func account() throws -> ClientAccount? {
        guard access(path + "/account.json", F_OK) == 0 else { return nil }
        return try read(ClientAccount.self, from: "account.json")
    }

    /// Keeps an account, before its tokens are used.
    public func save(_ account: ClientAccount) throws {
        try write(account, to: "account.json")
        var file = try file()
        guard file.token != nil else { return }
        file.token = nil
        try write(file, to: "client.json")
    }

    /// Forgets the account, as after deregistration.
    public func forget() {
        unlink(path + "/account.json")
    }

    /// Keeps other processes from refreshing meanwhile.
    ///
    /// - Throws: `.storage` when another holds the directory for longer than a refresh can take.
    func lock() async throws -> FileLock {
        // A refresh takes a second at most, or fifteen when the cloud does not answer.
        for _ in 0..<400 {
            if let lock = try FileLock("\(path)/lock") { return lock }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw CloudError(.storage, "another process holds \(path)/lock")
    }

    private func file() throws -> File {
        guard exists else {
            throw CloudError(
                .configuration,
                "there is no client in \(path); make one by `gatehouse-cloud client add` on the cloud's machine, or by "
                    + "`gatehouse-cloud login`")
        }
        return try read(File.self, from: "client.json")
    }

    private func read<Content: Decodable>(_ type: Content.Type, from name: String) throws -> Content {
        let text = try PrivateFile.read("\(path)/\(name)")
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw CloudError(.configuration, "\(path)/\(name) is not what gatehouse-cloud wrote: \(error)")
        }
    }

    private func write(_ content: some Encodable, to name: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(content) else {
            throw CloudError(.storage, "cannot encode \(name)")
        }
        try PrivateFile.write(String(decoding: data, as: UTF8.self) + "\n", to: "\(path)/\(name)")
    }
}
