import Logging
import OneLoop
import PrivateFiles
import TLS
import XMPP

/// Where a provisioning server lives: a component of an XMPP server, or an account.
public struct ServerAddress: Sendable, Hashable {
    /// The component's domain, or the account.
    public var jid: String
    /// Whether it is a component (XEP-0114).
    public var isComponent: Bool
    /// `host`, `host:port`, `[address]:port`; nil finds an account's server by its domain.
    public var server: String?
    /// How TLS begins; a component has none.
    public var security: ServerTarget.Security
    /// The file with the component's secret or the account's password.
    public var secretFile: String
    /// PEM file of the authorities that the server's certificate may come from.
    public var trust: String

    /// An address.
    public init(
        jid: String, isComponent: Bool, server: String?, security: ServerTarget.Security = .startTLS,
        secretFile: String, trust: String
    ) {
        self.jid = jid
        self.isComponent = isComponent
        self.server = server
        self.security = security
        self.secretFile = secretFile
        self.trust = trust
    }

    /// What a connection needs to know.
    ///
    /// - Throws: ``ProvisioningError`` `.configuration` naming what is wrong, or `FileError` for a file that cannot be read.
    func connection() throws -> XMPPConfiguration {
        guard let jid = JID(jid) else { throw Self.wrong("\"\(jid)\" is no address") }
        let security: ServerTarget.Security = isComponent ? .none : security
        let target = try server.map { text in
            guard let target = Self.target(text, security, port: isComponent ? 5347 : nil) else {
                throw Self.wrong("the XMPP server is \"\(text)\", expected host or host:port")
            }
            return target
        }
        let secret = try PrivateFile.read(secretFile).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        guard !secret.isEmpty else {
            throw Self.wrong("\(secretFile) is empty, expected the password in its first line")
        }
        let anchors: TrustAnchors
        do throws(TLSError) {
            anchors = isComponent ? TrustAnchors([]) : try TrustAnchors(file: trust)
        } catch {
            throw Self.wrong(error.reason)
        }
        let configuration = XMPPConfiguration(
            jid: jid, role: isComponent ? .component : .client(resource: "provisioning"),
            credentials: .password(Array(secret.utf8)), target: target, trust: anchors)
        if let problem = configuration.problem { throw Self.wrong(problem) }
        return configuration
    }

    private static func wrong(_ reason: String) -> ProvisioningError { ProvisioningError(.configuration, reason) }

    private static func target(_ text: String, _ security: ServerTarget.Security, port: Int?) -> ServerTarget? {
        var host = text[...]
        var number = port
        if host.first == "[", let end = host.firstIndex(of: "]") {
            let rest = host[host.index(after: end)...]
            host = host[host.index(after: host.startIndex)..<end]
            if !rest.isEmpty {
                guard rest.first == ":", let given = Int(rest.dropFirst()) else { return nil }
                number = given
            }
        } else if let colon = host.firstIndex(of: ":") {
            guard let given = Int(host[host.index(after: colon)...]) else { return nil }
            number = given
            host = host[..<colon]
        }
        guard !host.isEmpty, number.map((1...65_535).contains) ?? true else { return nil }
        return ServerTarget(host: String(host), port: number, security: security)
    }
}

/// A provisioning server with its connection: start, serve, stop.
@Loop
public final class ProvisioningService {
    private let database: ProvisioningDatabase
    private let server: ProvisioningServer
    private let connection: XMPPConnection
    private let log: Logger
    private var state: String?
    private var isWritingState = false

    /// Reads the files and opens the database; connects to nothing yet.
    ///
    /// - Parameter directory: the state directory, with the database.
    /// - Throws: ``ProvisioningError`` or `FileError`.
    public init(at address: ServerAddress, settings: ServerSettings, state directory: String, log: Logger) throws {
        let configuration = try address.connection()
        database = try ProvisioningDatabase(directory: directory)
        self.log = log
        let session = XMPPSession(
            account: configuration.jid, isComponent: configuration.isComponent,
            info: DiscoInfo(
                identities: [.init(category: "component", type: "generic", name: settings.name)],
                features: ProvisioningServer.features),
            software: "https://gatehouse.invalid/provisioning/\(settings.version)", on: Loop.eventLoop)
        server = ProvisioningServer(session: session, database: database, settings: settings, log: log)
        connection = XMPPConnection(configuration, session: session, log: log)
        if configuration.isComponent, let host = configuration.target?.host, !Self.isHere(host) {
            log.warning(
                "the component's stream is not encrypted, and its server is on another machine",
                metadata: ["server": "\(host)"])
        }
        connection.onStatus { [weak self] status in self?.note(status) }
    }

    private static func isHere(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }

    /// Reads what is known and begins to connect; goes on by itself.
    public func start() async throws {
        note(connection.status)
        try await server.load()
        connection.start()
    }

    /// Says goodbye, writes down what is to be written, and closes.
    public func stop() async {
        await withCheckedContinuation { continuation in connection.stop { continuation.resume() } }
        await server.close()
        while isWritingState { await Task.yield() }
        try? await database.changing(by: "server") { try $0.setState("stopped") }
        database.close()
    }

    /// Whether the database answers, for a watchdog.
    public func isAlive() async -> Bool { (try? await database.reading { try $0.version() }) != nil }

    /// What has happened since the start.
    public var counters: ProvisioningServer.Counters { server.counters }

    private func note(_ status: XMPPConnection.Status) {
        let text: String
        if status.isOnline {
            text = "online as \(status.address?.description ?? "")"
        } else {
            text = "\(status.state)\(status.trouble.map { ": \($0)" } ?? "")"
        }
        state = text
        guard !isWritingState else { return }
        isWritingState = true
        Task {
            // One after another: the last word is the state as it is.
            var written: String?
            while let text = state, text != written {
                try? await database.changing(by: "server") { try $0.setState(text) }
                written = text
            }
            isWritingState = false
        }
    }
}
