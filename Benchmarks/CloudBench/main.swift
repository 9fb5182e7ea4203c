// Requests and notifications a second through the cloud, with cloud, device and client in this one process.
//
//     swift run -c release CloudBench [SECONDS-A-ROW]
//
// Everything is as in use: two TLS connections on loopback, GCM, routing, limits (the rate's is lifted), CBOR bodies of a
// temperature. The three share the machine's cores, so a server of its own does better; the row without a cloud between
// tells what of a figure is the protocol's.

import CBOR
import CoAP
import CoAPMessages
import Foundation
import Logging
import NIOCore
import NIOPosix
import OCFCloud
import OCFModel
import Synchronization
import TLS

let seconds = CommandLine.arguments.dropFirst().first.flatMap(Double.init) ?? 5

/// A device with one resource, which answers at once.
final class BenchDevice: RequestHandler {
    private let answer = Message.ocfResponse(.content, ["temperature": 21.5, "units": "C"])
    private let observations = Mutex<[ServerObservation]>([])

    func handle(_ request: Message, _ exchange: Exchange) {
        if let observation = exchange.acceptObservation({}) { observations.withLock { $0.append(observation) } }
        exchange.respond(answer)
    }

    func notify() {
        for observation in observations.withLock({ $0 }) { observation.notify(answer) }
    }
}

/// Counts and times.
final class Meter: Sendable {
    let count = Atomic(0)
    let latencies = Mutex<[UInt64]>([])
}

func percentile(_ sorted: [UInt64], _ part: Double) -> Double {
    guard !sorted.isEmpty else { return .nan }
    return Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]) / 1_000
}

/// Keeps `inFlight` requests under way on one connection for the time of a row.
func measure(_ name: String, _ connection: Connection, _ request: Message, inFlight: Int) async throws {
    let meter = Meter()
    let end = NIODeadline.now() + .nanoseconds(Int64(seconds * 1e9))
    @Sendable func next(_ promise: EventLoopPromise<Void>) {
        let begun = NIODeadline.now()
        guard begun < end else { return promise.succeed() }
        connection.send(request, timeout: .seconds(10)).whenComplete { result in
            switch result {
            case .success(let response) where response.code == .content:
                meter.count.add(1, ordering: .relaxed)
                let taken = (NIODeadline.now() - begun).nanoseconds
                meter.latencies.withLock { $0.append(UInt64(taken)) }
                next(promise)
            case .success(let response): promise.fail(CloudError(.peer, "\(response.code)"))
            case .failure(let error): promise.fail(error)
            }
        }
    }
    let started = ContinuousClock.now
    let lanes = (0..<inFlight).map { _ in
        let promise = connection.eventLoop.makePromise(of: Void.self)
        connection.eventLoop.execute { next(promise) }
        return promise.futureResult
    }
    for lane in lanes { try await lane.get() }
    report(name, meter, ContinuousClock.now - started)
}

func report(_ name: String, _ meter: Meter, _ time: Duration) {
    let total = meter.count.load(ordering: .relaxed)
    let rate = Double(total) / (Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18)
    let sorted = meter.latencies.withLock { $0.sorted() }
    let row =
        name.padding(toLength: 44, withPad: " ", startingAt: 0)
        + String(format: "%10.0f /s", rate)
    print(
        sorted.isEmpty
            ? row
            : row
                + String(
                    format: "   median %6.0f µs   99 %% %6.0f µs", percentile(sorted, 0.5), percentile(sorted, 0.99)))
}

// A cloud in a directory of its own.
let state = NSTemporaryDirectory() + "gatehouse-cloud-bench-\(getpid())"
defer { try? FileManager.default.removeItem(atPath: state) }
let store = CertificateStore(state: state)
try store.create(id: .random(), hostNames: [])
var configuration = ServerConfiguration()
configuration.address = "127.0.0.1"
configuration.port = 0
configuration.limits.requestsPerSecond = 10_000_000
var logger = Logger(label: "cloud")
logger.logLevel = .error
let server = try CloudServer(configuration: configuration, state: state, logger: logger)
try server.database.addUser("bench")
try await server.start()

func profile() throws -> (profile: ClientProfile, tls: TLSConfiguration) {
    let id = Identifier.random()
    let authority = try store.authority()
    let issued = try authority.issueIdentity(id)
    let profile = ClientProfile(
        cloud: server.uri, cloudID: server.id, id: id, trust: try authority.certificatePEM(),
        certificate: issued.certificate, key: issued.key)
    let identity = try Identity(
        chain: CertificateChain(pem: issued.certificate), key: PrivateKey(pem: issued.key ?? ""))
    return (
        profile,
        try TLSConfiguration.client(
            trust: TrustAnchors(pem: profile.trust), peerName: .ocf(uuid: server.id.description), identity: identity)
    )
}

let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
var limits = CoAP.Limits.default
limits.message.messageSize = 262_144

/// Signs up and in over a connection of its own.
func member(_ handler: any RequestHandler, kind: String) async throws -> (connection: Connection, id: Identifier) {
    let (profile, tls) = try profile()
    let connection = try await CoAPTCP.connect(
        host: "127.0.0.1", port: server.uri.port, tls: tls, on: group.next(), limits: limits, handler: handler
    ).get()
    func ask(_ message: Message) async throws -> CBOR.Value {
        let response = try await connection.send(message, timeout: .seconds(10)).get()
        guard response.code.isSuccess else { throw CloudError(.peer, "\(response.code)") }
        return try response.representation() ?? .null
    }
    let token = try server.database.createToken(user: "bench", lifetime: 600)
    let di = CBOR.Value.text(profile.id.description)
    let account = try await ask(
        .ocfRequest(
            .post, path: "/oic/sec/account",
            representation: ["di": di, "accesstoken": .text(token.text), "devicetype": .text(kind)]))
    _ = try await ask(
        .ocfRequest(
            .post, path: "/oic/sec/session",
            representation: [
                "di": di, "uid": account["uid"] ?? .null, "accesstoken": account["accesstoken"] ?? .null, "login": true,
            ]))
    return (connection, profile.id)
}

let device = BenchDevice()
let (deviceConnection, id) = try await member(device, kind: "device")
let (client, _) = try await member(NothingServed(), kind: "client")
let through = Message.ocfRequest(.get, path: "/\(id)/temperature")

try await measure("through the cloud, 1 in flight", client, through, inFlight: 1)
try await measure("through the cloud, 64 in flight", client, through, inFlight: 64)
try await measure(
    "answered by the cloud (/oic/d), 64 in flight", client, .ocfRequest(.get, path: "/oic/d"), inFlight: 64)

// The same two parties with nobody between.
let (_, serverTLS) = try profile()
let listener = try await CoAPTCP.listen(
    host: "127.0.0.1", port: 0,
    tls: TLSConfiguration.server(
        identity: Identity(certificateFile: store.cloudPath, keyFile: store.cloudKeyPath), clientCertificate: .required,
        trust: TrustAnchors(file: store.authorityPath)),
    group: group, limits: limits
) { _ in device }.get()
let direct = try await CoAPTCP.connect(
    host: "127.0.0.1", port: listener.localAddress?.port ?? 0, tls: serverTLS, on: group.next(), limits: limits
).get()
try await measure("without a cloud, 1 in flight", direct, .ocfRequest(.get, path: "/temperature"), inFlight: 1)
try await measure("without a cloud, 64 in flight", direct, .ocfRequest(.get, path: "/temperature"), inFlight: 64)

// Notifications: one in, as many out as observe.
var observers: [Connection] = []
let seen = Meter()
for _ in 0..<8 {
    let (connection, _) = try await member(NothingServed(), kind: "client")
    observers.append(connection)
    _ = try await connection.observe(through, timeout: .seconds(10)) { _ in
        seen.count.add(1, ordering: .relaxed)
    }.get()
}
let begun = ContinuousClock.now
var sent = 0
while ContinuousClock.now - begun < .seconds(seconds) {
    device.notify()
    sent += 1
    // Not more than is taken, for what is too much is dropped in favour of the newest; what was dropped is not waited for.
    let patience = ContinuousClock.now + .milliseconds(5)
    while seen.count.load(ordering: .relaxed) < (sent - 16) * observers.count, ContinuousClock.now < patience {
        await Task.yield()
    }
}
report("notifications out, 1 in and 8 observers", seen, ContinuousClock.now - begun)

// What a connected device costs in memory. Both ends are in this process, so a server of its own takes about half.
func residentBytes() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * sysconf(Int32(_SC_PAGESIZE))
}
let before = residentBytes()
var idle: [Connection] = []
let joining = ContinuousClock.now
for _ in 0..<500 { idle.append(try await member(NothingServed(), kind: "device").connection) }
let joined = ContinuousClock.now - joining
print(
    "signed up and in, one after the other".padding(toLength: 44, withPad: " ", startingAt: 0)
        + String(
            format: "%10.0f /s",
            500 / (Double(joined.components.seconds) + Double(joined.components.attoseconds) / 1e18)))
print(
    "memory of a connected device, both ends".padding(toLength: 44, withPad: " ", startingAt: 0)
        + String(format: "%10.0f kB", Double(residentBytes() - before) / 500 / 1_000))

await server.stop()
