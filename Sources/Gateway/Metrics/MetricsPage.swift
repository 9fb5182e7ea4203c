import Logging
import NIOCore
import NIOHTTP1
import OneLoop
import OneM2MDoor
import ProvisioningModel
import TLS
import XMPPDoor

/// The page of metrics: one of the gateway's own services (XEP-0324 3.6), over HTTP in the clear.
///
/// Who comes from the gateway itself reads it, and who shows the secret. Whoever else comes is a user of a service: the
/// trusted provisioning servers are shown the address (`canAccess`), and asked for the privilege `Gateway.Metrics`
/// (`hasPrivilege`).
@Loop
final class MetricsPage {
    /// Asks the provisioning servers.
    typealias Judge = @Loop (ServiceUser, String) async -> PrivilegeVerdict

    /// Seconds for which a verdict about an address counts: some scrapes. `clearCache` ends it at once.
    static let verdictLife: Duration = .seconds(60)
    /// Addresses whose verdict is kept; the oldest goes.
    static let verdicts = 64
    /// Questions to provisioning servers that are open: more addresses at once are told to come again.
    static let openQuestions = 8
    /// The shortest secret: 16 letters and digits are 80 bits and more.
    static let shortestSecret = 16

    private let secret: [UInt8]?
    private let text: @Loop () -> String
    private let judge: Judge
    private let clock: @Loop () -> ContinuousClock.Instant
    private var server: HTTPServer?
    private var known: [(address: String, verdict: PrivilegeVerdict, at: ContinuousClock.Instant)] = []
    private var open = 0
    private var generation = 0
    /// Answers that were refused.
    private(set) var refused: UInt64 = 0
    /// Answers with the page.
    private(set) var served: UInt64 = 0

    init(
        secret: [UInt8]?, clock: @escaping @Loop () -> ContinuousClock.Instant = { .now },
        text: @escaping @Loop () -> String, judge: @escaping Judge
    ) {
        self.secret = secret
        self.text = text
        self.judge = judge
        self.clock = clock
    }

    /// The port; nil while nothing is listened for.
    var port: Int? { server?.port }

    /// Begins to listen.
    ///
    /// - Throws: what the system says.
    func start(address: String, port: Int, log: Logger) async throws {
        var limits = HTTPLimits()
        // A scraper has one connection and sends a head of some hundred bytes, without a body.
        limits.headerBytes = 4_096
        limits.headerFieldBytes = 2_048
        limits.targetBytes = 256
        limits.bodyBytes = 0
        limits.connections = 16
        limits.connectionsPerAddress = 4
        limits.pipelinedRequests = 2
        limits.pipelinedRequestsHeld = 8
        let server = HTTPServer(tls: nil, limits: limits, log: log) { [weak self] request, peer in
            await self?.answer(request, peer) ?? HTTPAnswer(.serviceUnavailable)
        }
        try await server.start(host: address, port: port)
        self.server = server
    }

    func stop() async { await server?.stop() }

    /// What provisioning servers have said is out of date.
    func forget() {
        generation += 1
        known = []
    }

    // MARK: A request

    func answer(_ request: HTTPRequest, _ peer: HTTPPeer) async -> HTTPAnswer {
        guard request.method == .GET || request.method == .HEAD else {
            return refusal(.methodNotAllowed, "expected GET", ["Allow": "GET, HEAD"])
        }
        let path = request.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).first
        guard path == "/metrics" else { return refusal(.notFound, "the metrics are at /metrics") }
        if let obstacle = await obstacle(request, peer) { return obstacle }
        served += 1
        return HTTPAnswer(.ok, headers: ["Content-Type": MetricsText.mediaType], body: Array(text().utf8))
    }

    /// Why this one does not get the page; nil when it does.
    private func obstacle(_ request: HTTPRequest, _ peer: HTTPPeer) async -> HTTPAnswer? {
        if let shown = request.headers.first(name: "authorization") {
            guard let secret, let token = Self.bearer(shown), Cryptography.constantTimeEquals(token, secret) else {
                return refusal(
                    .unauthorized, "this is not the secret of metrics.secret_file", ["WWW-Authenticate": "Bearer"])
            }
            return nil
        }
        guard let address = peer.address else { return refusal(.forbidden, "whoever comes from nowhere gets nothing") }
        if Self.isLoopback(address) {
            // What comes from this machine may be a browser that a page has led here by a name of its own.
            guard HTTPBinding.namesThisMachine(request.headers.first(name: "host")) else {
                return refusal(.forbidden, "from this machine the Host is an address or localhost")
            }
            return nil
        }
        switch await verdict(address) {
        case .given: return nil
        case .refused(let reason): return refusal(.forbidden, reason)
        case .unanswered(let reason):
            return refusal(
                .forbidden, "\(reason); or show the secret of metrics.secret_file as a bearer token",
                secret == nil ? [:] : ["WWW-Authenticate": "Bearer"])
        }
    }

    private func verdict(_ address: String) async -> PrivilegeVerdict {
        let now = clock()
        known.removeAll { now - $0.at > Self.verdictLife }
        if let verdict = known.first(where: { $0.address == address })?.verdict { return verdict }
        guard open < Self.openQuestions else { return .unanswered("too many are asked about; come again later") }
        open += 1
        defer { open -= 1 }
        let asked = generation
        let user = ServiceUser([Self.credential(address), .connection(.http)])
        let verdict = await judge(user, address)
        // What nobody could say is asked for anew, and so is what was taken back meanwhile.
        if case .unanswered = verdict { return verdict }
        guard asked == generation else { return .unanswered("the provisioning servers have changed their minds") }
        if known.count >= Self.verdicts { known.removeFirst() }
        known.removeAll { $0.address == address }
        known.append((address, verdict, now))
        return verdict
    }

    private func refusal(_ status: HTTPResponseStatus, _ reason: String, _ headers: HTTPHeaders = [:]) -> HTTPAnswer {
        refused += 1
        var headers = headers
        headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
        return HTTPAnswer(status, headers: headers, body: Array((reason + "\n").utf8))
    }

    // MARK: Parts of it

    /// The token after `Bearer` (RFC 6750 2.1), in any case.
    static func bearer(_ field: String) -> [UInt8]? {
        let parts = field.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return Array(parts[1].utf8).filter { $0 != UInt8(ascii: " ") }
    }

    /// The address as a user shows it: one of IPv4 also where a socket of IPv6 has taken it.
    static func credential(_ address: String) -> UserCredential {
        let mapped = "::ffff:"
        if address.hasPrefix(mapped), address.utf8.contains(UInt8(ascii: ".")) {
            return .ip4(String(address.dropFirst(mapped.utf8.count)))
        }
        return address.utf8.contains(UInt8(ascii: ":")) ? .ip6(address) : .ip4(address)
    }

    /// Whether an address, in numbers as the system writes it, is this machine's own.
    static func isLoopback(_ address: String) -> Bool {
        address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
    }
}
