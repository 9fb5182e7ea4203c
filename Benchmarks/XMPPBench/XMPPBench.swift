// What XMPP costs: stanzas read and written, requests through a session, and a connection that does nothing.
//
//     swift run -c release XMPPBench [SECONDS-A-ROW]
//     swift run -c release XMPPBench idle HOST PORT JID PASSWORD CA-FILE
//
// The second form logs in by STARTTLS and tells what the process holds before and after, idle and connected: it runs
// beside a libstrophe client (`Benchmarks/xmpp-idle.sh` does both against Prosody).

import AllocationCount
import Glibc
import Logging
import Measuring
import NIOCore
import NIOEmbedded
import NIOPosix
import TLS
import XMPP

@main
enum XMPPBench {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == "idle", arguments.count == 6 { return try idle(Array(arguments.dropFirst())) }
        let seconds = arguments.first.flatMap { Double($0) } ?? 2
        codec(seconds)
        try session(seconds)
    }

    // MARK: Stanzas

    private static let header =
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"

    /// A request of XEP-0323, and the answer with five fields of one node.
    private static let request = IQ(
        .get(
            XMLElement(
                "req", "urn:xmpp:iot:sensordata", ["seqnr": "17", "momentary": "true"],
                children: [XMLElement("node", "urn:xmpp:iot:sensordata", ["nodeId": "A4C1388D18B2"])])),
        id: "q17", from: JID("reader@example.org/house"), to: JID("gateway@example.org/g"))

    private static let fields = Message(
        [
            XMLElement(
                "fields", "urn:xmpp:iot:sensordata", ["seqnr": "17", "done": "true"],
                children: [
                    XMLElement(
                        "node", "urn:xmpp:iot:sensordata", ["nodeId": "A4C1388D18B2"],
                        children: [
                            XMLElement(
                                "timestamp", "urn:xmpp:iot:sensordata", ["value": "2026-11-26T12:00:00Z"],
                                children: (0..<5).map { index in
                                    XMLElement(
                                        "numeric", "urn:xmpp:iot:sensordata",
                                        [
                                            "name": "Temperature \(index)", "value": "23.4", "unit": "°C",
                                            "momentary": "true", "automaticReadout": "true",
                                        ])
                                })
                        ])
                ])
        ], to: JID("reader@example.org/house"))

    private static func codec(_ seconds: Double) {
        print("stanzas, one core                     per second  allocations    bytes")
        for (name, stanza) in [("request", Stanza.iq(request)), ("fields, 5 values", .message(fields))] {
            let bytes = stanza.element.bytes()
            row("\(name): write", seconds, bytes.count) { _ = stanza.element.bytes() }
            let reader = XMLStreamReader()
            _ = reader.read(Array(header.utf8))
            row("\(name): read", seconds, bytes.count) {
                let (events, fault) = reader.read(bytes)
                guard fault == nil, case .element(let element)? = events.first, (try? Stanza(element)) != nil else {
                    fatalError("a stanza of the benchmark cannot be read")
                }
            }
        }
    }

    /// Counts how often `body` runs in a time, and what it allocates.
    private static func row(_ name: String, _ seconds: Double, _ bytes: Int, _ body: () -> Void) {
        for _ in 0..<100 { body() }
        let clock = ContinuousClock()
        let allocations = allocation_count()
        let start = clock.now
        var count = 0
        while clock.now - start < .milliseconds(Int(seconds * 1_000)) {
            for _ in 0..<100 { body() }
            count += 100
        }
        let time =
            Double((clock.now - start).components.attoseconds) / 1e18 + Double((clock.now - start).components.seconds)
        let each = Double(allocation_count() - allocations) / Double(count)
        print(
            "\(padded(name, 36))  \(padded(Int(Double(count) / time), 10))  \(padded(Int(each.rounded()), 11))  \(padded(bytes, 7))"
        )
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let text = "\(number)"
        return String(repeating: " ", count: max(0, width - text.count)) + text
    }

    // MARK: A session

    /// A link that reads what it is given and counts what it is asked to send.
    private final class Sink: SessionLink {
        var bytes = 0
        var isCongested: Bool { false }
        func send(_ stanza: Stanza) -> Bool {
            bytes += stanza.element.bytes().count
            return true
        }
    }

    private static func session(_ seconds: Double) throws {
        let loop = EmbeddedEventLoop()
        guard let account = JID("gateway@example.org"), let address = JID("gateway@example.org/g") else { return }
        let session = XMPPSession(
            account: account, info: DiscoInfo(identities: []), software: "urn:bench", on: loop)
        session.onRequest(.get, "req", "urn:xmpp:iot:sensordata") { request in
            request.result(XMLElement("accepted", "urn:xmpp:iot:sensordata", ["seqnr": request.payload["seqnr"]]))
        }
        let sink = Sink()
        session.attach(sink)
        session.began(as: address)
        let reader = XMLStreamReader()
        _ = reader.read(Array(header.utf8))
        let bytes = request.element.bytes()
        row("request: read, handled, answered", seconds, bytes.count) {
            for case .element(let element) in reader.read(bytes).events { session.receive(element) }
        }
    }

    // MARK: A connection that does nothing

    private static func idle(_ arguments: [String]) throws {
        guard let port = Int(arguments[1]), let jid = JID(arguments[2]) else {
            fatalError("HOST PORT JID PASSWORD CA-FILE")
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        // The loop has run: what it costs is no part of the room.
        try loop.submit {}.wait()
        let trust = try TrustAnchors(file: arguments[4])
        let before = Memory()
        let online = loop.makePromise(of: Void.self)
        let host = arguments[0]
        let password = arguments[3]
        let connection = try loop.submit {
            var configuration = XMPPConfiguration(
                jid: jid, credentials: .password(Array(password.utf8)), target: ServerTarget(host: host, port: port),
                trust: trust)
            configuration.limits.pace = 1
            let session = XMPPSession(
                account: jid, info: DiscoInfo(identities: [.init(category: "client", type: "bot")]),
                software: "urn:bench", on: loop)
            let connection = XMPPConnection(configuration, session: session)
            connection.onStatus { status in
                if status.isOnline { online.succeed(()) }
                if let trouble = status.trouble { online.fail(trouble) }
            }
            connection.start()
            return NIOLoopBound(connection, eventLoop: loop)
        }.wait()
        try online.futureResult.wait()
        sleep(3)
        let after = withExtendedLifetime(connection) { Memory() }
        print("before: resident \(before.resident / 1024) kB, anonymous \(before.anonymous / 1024) kB")
        print("connected: resident \(after.resident / 1024) kB, anonymous \(after.anonymous / 1024) kB")
        print(
            "added: resident \((after.resident - before.resident) / 1024) kB, anonymous \((after.anonymous - before.anonymous) / 1024) kB"
        )
    }
}
