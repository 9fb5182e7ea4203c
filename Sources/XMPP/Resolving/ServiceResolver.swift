import Dispatch
import Glibc
import NIOCore
import NIOPosix
import TLS

/// Finds a domain's servers by its service records (RFC 6120 3.2.1, XEP-0368): asks the system's name servers, on the loop.
///
/// Records say where to connect and nothing about whom to trust: the certificate has to name the domain in every case.
struct ServiceResolver: Sendable {
    /// What DNS says of a domain.
    enum Outcome: Sendable, Hashable {
        /// Servers, in the order they are to be tried in.
        case targets([ServerTarget])
        /// There are no records: the domain itself is the server (RFC 6120 3.2.2).
        case noRecords
        /// The domain says that it has no such service (RFC 2782: the target ".").
        case notOffered
    }

    /// Two rounds of 2 s through three servers end within the patience of a retry.
    static let attemptTimeout = TimeAmount.seconds(2)
    static let rounds = 2
    static let maximumServers = 3
    /// Of all records these many are tried; more only delay the next try.
    static let maximumTargets = 8

    /// The name servers; nil for those of `/etc/resolv.conf`, read each time since networks change.
    var servers: [SocketAddress]?

    /// Asks; the outcome comes on the loop.
    func resolve(_ domain: String, on eventLoop: any EventLoop) -> EventLoopFuture<Outcome> {
        let found = eventLoop.makePromise(of: [SocketAddress].self)
        if let servers {
            found.succeed(servers)
        } else {
            DispatchQueue.global().async { found.succeed(Self.systemServers()) }
        }
        return found.futureResult.flatMap { servers in
            let attempts = Array(repeating: servers.prefix(Self.maximumServers), count: Self.rounds).flatMap(\.self)
            return Self.ask(domain, attempts[...], on: eventLoop)
        }
    }

    private static func ask(
        _ domain: String, _ servers: ArraySlice<SocketAddress>, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Outcome> {
        guard let server = servers.first else { return eventLoop.makeSucceededFuture(.noRecords) }
        let names = ["_xmpps-client._tcp.\(domain)", "_xmpp-client._tcp.\(domain)"]
        let ids = Cryptography.random(4)
        let questions = zip(names, [UInt16(ids[0]) << 8 | UInt16(ids[1]), UInt16(ids[2]) << 8 | UInt16(ids[3])])
            .compactMap { name, id in
                DNSMessage.query(name, id: id).map { Question(name: name.lowercased(), id: id, bytes: $0) }
            }
        guard questions.count == names.count else { return eventLoop.makeSucceededFuture(.noRecords) }
        let promise = eventLoop.makePromise(of: [DNSMessage.Answer]?.self)
        let bind = DatagramBootstrap(group: eventLoop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(
                    QuestionHandler(questions: questions, server: server, promise: promise))
            }
        }.bind(host: server.protocol == .inet6 ? "::" : "0.0.0.0", port: 0)
        bind.whenFailure { _ in promise.succeed(nil) }
        return promise.futureResult.flatMap { answers in
            guard let answers else { return ask(domain, servers.dropFirst(), on: eventLoop) }
            return eventLoop.makeSucceededFuture(outcome(of: answers, names: names))
        }
    }

    static func outcome(of answers: [DNSMessage.Answer], names: [String]) -> Outcome {
        var generator = SystemRandomNumberGenerator()
        var targets: [(priority: UInt16, target: ServerTarget)] = []
        var isDenied = false
        for (name, security) in zip(names, [ServerTarget.Security.direct, .startTLS]) {
            let answer = answers.first { $0.question == name.lowercased() && $0.code == 0 }
            let services = answer?.services ?? []
            if services.count == 1, services[0].target.isEmpty {
                isDenied = isDenied || security == .startTLS
                continue
            }
            for service in services.ordered(using: &generator) where !service.target.isEmpty && service.port > 0 {
                targets.append(
                    (service.priority, ServerTarget(host: service.target, port: Int(service.port), security: security)))
            }
        }
        if targets.isEmpty { return isDenied ? .notOffered : .noRecords }
        // XEP-0368 5: records of both kinds are one list by priority; of the same, direct TLS first.
        let ordered = targets.enumerated().sorted {
            ($0.element.priority, $0.offset) < ($1.element.priority, $1.offset)
        }
        return .targets(ordered.prefix(maximumTargets).map(\.element.target))
    }

    struct Question: Sendable {
        let name: String
        let id: UInt16
        let bytes: [UInt8]
    }

    /// The name servers of the system's configuration; the local one when it names none (resolv.conf(5)).
    static func systemServers() -> [SocketAddress] {
        var text: [UInt8] = []
        let file = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC)
        if file >= 0 {
            // 64 kB: the file has a few lines.
            text = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
                count = max(0, Glibc.read(file, buffer.baseAddress, buffer.count))
            }
            close(file)
        }
        return servers(inConfiguration: text)
    }

    static func servers(inConfiguration text: [UInt8]) -> [SocketAddress] {
        var servers: [SocketAddress] = []
        for line in String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard words.count >= 2, words[0] == "nameserver",
                let address = try? SocketAddress(ipAddress: String(words[1]), port: 53)
            else { continue }
            servers.append(address)
        }
        if servers.isEmpty, let local = try? SocketAddress(ipAddress: "127.0.0.1", port: 53) { servers = [local] }
        return servers
    }
}

/// Sends questions to one server and collects its answers; nil when they did not all come in time.
private final class QuestionHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let questions: [ServiceResolver.Question]
    private let server: SocketAddress
    private let promise: EventLoopPromise<[DNSMessage.Answer]?>
    private var answers: [DNSMessage.Answer] = []
    private var timer: Scheduled<Void>?
    private var isDone = false

    init(
        questions: [ServiceResolver.Question], server: SocketAddress, promise: EventLoopPromise<[DNSMessage.Answer]?>
    ) {
        self.questions = questions
        self.server = server
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: ServiceResolver.attemptTimeout) {
            self.done(nil, context)
        }
        for question in questions {
            let data = context.channel.allocator.buffer(bytes: question.bytes)
            context.writeAndFlush(wrapOutboundOut(AddressedEnvelope(remoteAddress: server, data: data)), promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        // Whoever guesses port and id still has to speak with the server's address.
        guard envelope.remoteAddress == server, let answer = DNSMessage.answer(Array(envelope.data.readableBytesView)),
            questions.contains(where: { $0.id == answer.id && $0.name == answer.question }),
            !answers.contains(where: { $0.id == answer.id })
        else { return }
        // A server in trouble (SERVFAIL, REFUSED) is as good as none: the next one is asked.
        guard answer.code == 0 || answer.code == 3 else { return done(nil, context) }
        answers.append(answer)
        if answers.count == questions.count { done(answers, context) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { done(nil, context) }

    func channelInactive(context: ChannelHandlerContext) { done(nil, context) }

    private func done(_ answers: [DNSMessage.Answer]?, _ context: ChannelHandlerContext) {
        guard !isDone else { return }
        isDone = true
        timer?.cancel()
        promise.succeed(answers)
        context.close(promise: nil)
    }
}
