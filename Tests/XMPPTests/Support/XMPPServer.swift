import Foundation
import Synchronization
import TLS
import Testing

@testable import XMPP

/// Prosody or ejabberd on loopback, with accounts and a component, in a folder of its own.
final class XMPPServer: Sendable {
    enum Kind: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case prosody
        case ejabberd

        var testDescription: String { rawValue }
    }

    struct Options: Sendable {
        /// SHA-256 or SHA-1 for stored passwords.
        var isSHA256 = true
        /// The server's certificate; nil for one of its authority for "localhost".
        var identity: Identity?
        /// Modules of the tests that Prosody loads too, from `Peers/prosody`.
        var prosodyModules: [String] = []
        /// Whether ejabberd takes certificates of its authority for accounts (EXTERNAL).
        var takesCertificates = false
    }

    static let accounts = ["gateway", "reader", "peer"]
    static let password = "päss,word=1"
    static let component = "things.localhost"
    static let secret = "component secret"

    let kind: Kind
    let authority: Authority
    let folder: String
    private let ports = Mutex<[Int]>([])
    private let process = Mutex<ServerProcess?>(nil)

    init(_ kind: Kind, options: Options = Options()) async throws {
        self.kind = kind
        authority = try Authority()
        folder = NSTemporaryDirectory() + "xmpp-tests-" + UUID().uuidString
        for part in ["data", "logs"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(part)", withIntermediateDirectories: true)
        }
        let identity = try options.identity ?? authority.identity(["localhost"])
        try write("server.crt", identity.chain.pem)
        try write("server.key", try identity.key.pem())
        try write("server.pem", identity.chain.pem + identity.key.pem())
        try write("ca.pem", authority.trust.pem)
        // A port that was free may be somebody else's when the server comes to it: then others are tried.
        for attempt in 1...3 {
            let free = try freePorts(3)
            ports.withLock { $0 = free }
            switch kind {
            case .prosody: try await prepareProsody(options, isFirst: attempt == 1)
            case .ejabberd: try write("ejabberd.yml", ejabberdConfiguration(options))
            }
            do {
                try await start()
                return
            } catch  where attempt < 3 {
                try await kill()
            }
        }
    }

    var startTLSPort: Int { ports.withLock { $0[0] } }
    var directPort: Int { ports.withLock { $0[1] } }
    var componentPort: Int { ports.withLock { $0[2] } }

    deinit {
        process.withLock { $0?.signal(SIGKILL) }
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func write(_ name: String, _ text: String) throws {
        try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
    }

    var log: String { (try? String(contentsOfFile: "\(folder)/output.log", encoding: .utf8)) ?? "" }

    // MARK: Life

    func start() async throws {
        let words: [String]
        var environment: [String: String] = ["HOME": folder]
        switch kind {
        case .prosody: words = ["/usr/bin/prosody"] + root + ["--config", "\(folder)/prosody.cfg.lua", "-F"]
        case .ejabberd:
            // Erlang without distribution: no epmd, no cookie, no name that another could have.
            let accounts = Self.accounts.map {
                "ejabberd_auth:try_register(<<\"\($0)\">>, <<\"localhost\">>, <<\"\(Self.password)\"/utf8>>)"
            }
            words = [
                "erl", "-noinput", "-mnesia", "dir", "\"\(folder)/data\"", "-s", "ejabberd", "-eval",
                accounts.joined(separator: ", ") + ", file:write_file(\"\(folder)/ready\", <<>>).",
            ]
            try? FileManager.default.removeItem(atPath: "\(folder)/ready")
            environment["EJABBERD_CONFIG_PATH"] = "\(folder)/ejabberd.yml"
            environment["EJABBERD_LOG_PATH"] = "\(folder)/logs/ejabberd.log"
            environment["ERL_CRASH_DUMP"] = "\(folder)/crash"
            environment["ERL_LIBS"] = "/usr/lib/\(Self.architecture)-linux-gnu"
        }
        let started = try ServerProcess(words, environment: environment, folder: folder, log: "\(folder)/output.log")
        process.withLock { $0 = started }
        // 90 s: a second on a machine with nothing else to do; 30 were not enough beside a guest and two builds.
        let deadline = ContinuousClock.now + .seconds(90)
        while !isReady {
            guard started.exitStatus == nil, ContinuousClock.now < deadline else { throw NotListening(log: log) }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private struct NotListening: Error {
        let log: String
    }

    private var isReady: Bool {
        (kind == .prosody || FileManager.default.fileExists(atPath: "\(folder)/ready"))
            && [startTLSPort, directPort, componentPort].allSatisfy(isListening)
    }

    func kill(_ signal: Int32 = SIGKILL) async throws {
        let running = process.withLock { process in
            defer { process = nil }
            return process
        }
        try await running?.end(signal)
    }

    /// Stops it without ending it, or lets it go on: a server that hangs.
    func freeze(_ isFrozen: Bool) { process.withLock { $0?.signal(isFrozen ? SIGSTOP : SIGCONT) } }

    private static var architecture: String {
        #if arch(arm64)
            "aarch64"
        #else
            "x86_64"
        #endif
    }

    // MARK: Prosody

    private var root: [String] { getuid() == 0 ? ["--root"] : [] }

    private static let plugins = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Peers/prosody").path

    private func prepareProsody(_ options: Options, isFirst: Bool) async throws {
        let modules =
            (["roster", "saslauth", "tls", "disco", "ping", "smacks", "blocklist"] + options.prosodyModules)
            .map { "\"\($0)\"" }.joined(separator: ", ")
        try write(
            "prosody.cfg.lua",
            """
            run_as_root = \(getuid() == 0)
            pidfile = "\(folder)/prosody.pid"
            data_path = "\(folder)/data"
            certificates = "\(folder)"
            log = { { levels = { min = "info" }, to = "console" } }
            interfaces = { "127.0.0.1" }
            component_interfaces = { "127.0.0.1" }
            c2s_ports = { \(startTLSPort) }
            c2s_direct_tls_ports = { \(directPort) }
            component_ports = { \(componentPort) }
            s2s_ports = {}
            modules_disabled = { "s2s" }
            plugin_paths = { "\(Self.plugins)" }
            modules_enabled = { \(modules) }
            authentication = "internal_hashed"
            password_hash = "\(options.isSHA256 ? "SHA-256" : "SHA-1")"
            c2s_require_encryption = true
            smacks_hibernation_time = 300
            ssl = { certificate = "\(folder)/server.crt"; key = "\(folder)/server.key" }
            c2s_direct_tls_ssl = { certificate = "\(folder)/server.crt"; key = "\(folder)/server.key" }
            VirtualHost "localhost"
            Component "\(Self.component)"
              component_secret = "\(Self.secret)"
            """)
        for account in Self.accounts where isFirst {
            try await ServerProcess.run(
                ["/usr/bin/prosodyctl"] + root
                    + ["--config", "\(folder)/prosody.cfg.lua", "register", account, "localhost", Self.password],
                folder: folder)
        }
    }

    // MARK: ejabberd

    private func ejabberdConfiguration(_ options: Options) -> String {
        """
        hosts: [localhost]
        loglevel: info
        log_rotate_count: 0
        ca_file: "\(folder)/ca.pem"
        certfiles: ["\(folder)/server.pem"]
        listen:
          - {port: \(startTLSPort), ip: "127.0.0.1", module: ejabberd_c2s, starttls: true, starttls_required: true, tls_verify: \(options.takesCertificates), cafile: "\(folder)/ca.pem"}
          - {port: \(directPort), ip: "127.0.0.1", module: ejabberd_c2s, tls: true, tls_verify: \(options.takesCertificates), cafile: "\(folder)/ca.pem"}
          - {port: \(componentPort), ip: "127.0.0.1", module: ejabberd_service, hosts: {"\(Self.component)": {password: "\(Self.secret)"}}}
        auth_method: [internal]
        auth_password_format: scram
        auth_scram_hash: \(options.isSHA256 ? "sha256" : "sha")
        access_rules: {c2s: {allow: all}, local: {allow: all}}
        modules:
          mod_disco: {}
          mod_ping: {}
          mod_roster: {versioning: true}
          mod_stream_mgmt: {resume_timeout: 300}
        """
    }

    // MARK: Clients

    /// What a client of this server needs to know.
    func configuration(
        _ account: String, resource: String? = nil, security: ServerTarget.Security = .startTLS, port: Int? = nil
    ) throws -> XMPPConfiguration {
        let usual = security == .direct ? directPort : startTLSPort
        return XMPPConfiguration(
            jid: try #require(JID("\(account)@localhost")), role: .client(resource: resource),
            credentials: .password(Array(Self.password.utf8)),
            target: ServerTarget(host: "127.0.0.1", port: port ?? usual, security: security), trust: authority.trust)
    }

    /// What a component of this server needs to know.
    func componentConfiguration() throws -> XMPPConfiguration {
        XMPPConfiguration(
            jid: try #require(JID(Self.component)), role: .component, credentials: .password(Array(Self.secret.utf8)),
            target: ServerTarget(host: "127.0.0.1", port: componentPort, security: .none), trust: TrustAnchors([]))
    }
}
