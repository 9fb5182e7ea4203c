import Foundation
import NIOCore
import NIOPosix
import TLS
import Testing

@testable import XMPP

/// A server that does what a script says, right or wrong: what no good server would do to us.
final class FakeServer: Sendable {
    struct Script: Sendable {
        var usesStartTLS = false
        var mechanisms = ["SCRAM-SHA-256"]
        /// The kinds of channel binding it says it knows; nil says nothing.
        var bindings: [String]?
        var password = "pencil"
        var iterations = 4_096
        /// Sent in the clear in one piece with `proceed`.
        var behindProceed = ""
        /// Sent in place of everything as soon as the client is there.
        var greeting: String?
        /// Sent when the session has begun.
        var afterOpen = ""
        var offersManagement = false
        /// Whether it goes on reading when the session has begun.
        var readsOn = true
        /// Accepts and says nothing at all.
        var isMute = false
        /// The hash that the client's binding is compared with; nil for the certificate's.
        var bindingHash: [UInt8]?
    }

    /// What it has seen.
    final class Seen {
        var connections = 0
        var elements: [XMLElement] = []
        var gs2: [String] = []
        var faults: [XMLFault] = []
    }

    let authority: Authority
    let port: Int
    let seen: NIOLoopBound<Seen>
    private let loop: any EventLoop
    private let channel: any Channel

    init(_ script: Script) async throws {
        authority = try Authority()
        let identity = try authority.identity(["localhost"])
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        self.loop = loop
        let seen = try await loop.submit { NIOLoopBound(Seen(), eventLoop: loop) }.get()
        self.seen = seen
        channel = try await ServerBootstrap(group: loop).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                seen.value.connections += 1
                if !script.usesStartTLS, !script.isMute {
                    let tls = try TLSConfiguration.server(identity: identity)
                    try channel.pipeline.syncOperations.addHandler(TLSHandler(configuration: tls))
                }
                try channel.pipeline.syncOperations.addHandler(
                    FakeConnection(script, seen.value, identity))
            }
        }.bind(host: "127.0.0.1", port: 0).get()
        port = try #require(channel.localAddress?.port)
    }

    deinit { channel.close(promise: nil) }

    func configuration(_ change: (inout XMPPConfiguration) -> Void = { _ in }) throws -> XMPPConfiguration {
        var configuration = XMPPConfiguration(
            jid: try #require(JID("gateway@localhost")), credentials: .password(Array("pencil".utf8)),
            target: ServerTarget(host: "127.0.0.1", port: port, security: .direct), trust: authority.trust)
        configuration.limits.pace = 0.05
        change(&configuration)
        return configuration
    }

    func on<Result: Sendable>(_ body: @escaping @Sendable (Seen) -> Result) async throws -> Result {
        let seen = seen
        return try await loop.submit { body(seen.value) }.get()
    }
}

/// One connection of it.
private final class FakeConnection: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let script: FakeServer.Script
    private let seen: FakeServer.Seen
    private let identity: Identity
    private let reader = XMLStreamReader()
    private var isSecure: Bool
    private var isAuthenticated = false
    private var isOpen = false
    private var scram: (hash: HashFunction, bare: String, serverFirst: String, salted: [UInt8], gs2: String)?

    init(_ script: FakeServer.Script, _ seen: FakeServer.Seen, _ identity: Identity) {
        self.script = script
        self.seen = seen
        self.identity = identity
        isSecure = !script.usesStartTLS
    }

    func read(context: ChannelHandlerContext) {
        if !isOpen || script.readsOn { context.read() }
    }

    private func send(_ text: String, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(string: text)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !script.isMute else { return }
        let (events, fault) = unwrapInboundIn(data).withUnsafeReadableBytes { reader.read($0) }
        for event in events {
            switch event {
            case .opened: opened(context)
            case .element(let element):
                seen.elements.append(element)
                take(element, context)
            case .closed:
                send("</stream:stream>", context)
                context.close(promise: nil)
            }
        }
        if let fault { seen.faults.append(fault) }
    }

    private func opened(_ context: ChannelHandlerContext) {
        if let greeting = script.greeting { return send(greeting, context) }
        var features = ""
        if !isSecure {
            features = "<starttls xmlns='\(Namespace.tls)'/>"
        } else if !isAuthenticated {
            features =
                "<mechanisms xmlns='\(Namespace.sasl)'>"
                + script.mechanisms.map { "<mechanism>\($0)</mechanism>" }.joined() + "</mechanisms>"
            if let bindings = script.bindings {
                features +=
                    "<sasl-channel-binding xmlns='\(Namespace.channelBindings)'>"
                    + bindings.map { "<channel-binding type='\($0)'/>" }.joined() + "</sasl-channel-binding>"
            }
        } else {
            features = "<bind xmlns='\(Namespace.bind)'/>"
            if script.offersManagement { features += "<sm xmlns='\(Namespace.streamManagement)'/>" }
        }
        send(XMLStreamReaderTests.header + "<stream:features>\(features)</stream:features>", context)
    }

    private func take(_ element: XMLElement, _ context: ChannelHandlerContext) {
        switch (element.name, element.namespace) {
        case ("starttls", _):
            send("<proceed xmlns='\(Namespace.tls)'/>" + script.behindProceed, context)
            isSecure = true
            reader.reset()
            guard let tls = try? TLSConfiguration.server(identity: identity) else { return }
            try? context.pipeline.syncOperations.addHandler(TLSHandler(configuration: tls), position: .before(self))
        case ("auth", _): challenge(element, context)
        case ("response", _): finish(element, context)
        case ("iq", _) where element.child("bind", Namespace.bind) != nil:
            send(
                "<iq type='result' id='bind'><bind xmlns='\(Namespace.bind)'><jid>gateway@localhost/f</jid></bind></iq>",
                context)
            if !script.offersManagement { open(context) }
        case ("enable", _):
            send("<enabled xmlns='\(Namespace.streamManagement)' id='fake' resume='true'/>", context)
            open(context)
        default: break
        }
    }

    private func open(_ context: ChannelHandlerContext) {
        isOpen = true
        if !script.afterOpen.isEmpty { send(script.afterOpen, context) }
    }

    // MARK: The server's half of SCRAM (RFC 5802)

    private func challenge(_ element: XMLElement, _ context: ChannelHandlerContext) {
        guard let mechanism = element["mechanism"].flatMap({ SASLMechanism(rawValue: $0) }), let hash = mechanism.hash,
            let bytes = Base64.decode(element.text.utf8)
        else { return send("<failure xmlns='\(Namespace.sasl)'><invalid-mechanism/></failure>", context) }
        let parts = String(decoding: bytes, as: UTF8.self).split(
            separator: ",", maxSplits: 2, omittingEmptySubsequences: false)
        let gs2 = String(parts[0])
        seen.gs2.append(gs2)
        // RFC 5802 6: a client that thinks we cannot bind, where we have said that we can, was lied to.
        let offersBinding = script.mechanisms.contains { $0.hasSuffix("-PLUS") }
        let isHonest = mechanism.isBound ? gs2 == "p=tls-server-end-point" : gs2 == "n" || gs2 == "y" && !offersBinding
        guard isHonest else {
            return send("<failure xmlns='\(Namespace.sasl)'><malformed-request/></failure>", context)
        }
        let bare = String(parts[2])
        let nonce = bare.split(separator: ",").last.map { String($0.dropFirst(2)) } ?? ""
        let salt: [UInt8] = [9, 8, 7, 6]
        let serverFirst = "r=\(nonce)fake,s=\(Base64.text(salt)),i=\(script.iterations)"
        let salted = Cryptography.pbkdf2(
            hash, password: Array(script.password.utf8), salt: salt, iterations: UInt32(min(script.iterations, 4_096)))
        scram = (hash, bare, serverFirst, salted, gs2)
        send("<challenge xmlns='\(Namespace.sasl)'>\(Base64.text(Array(serverFirst.utf8)))</challenge>", context)
    }

    private func finish(_ element: XMLElement, _ context: ChannelHandlerContext) {
        guard let scram, let bytes = Base64.decode(element.text.utf8) else { return }
        let final = String(decoding: bytes, as: UTF8.self)
        let withoutProof = final.components(separatedBy: ",p=")[0]
        let message = Array("\(scram.bare),\(scram.serverFirst),\(withoutProof)".utf8)
        let clientKey = Cryptography.hmac(scram.hash, key: scram.salted, Array("Client Key".utf8))
        let signature = Cryptography.hmac(scram.hash, key: Cryptography.hash(scram.hash, clientKey), message)
        let proof = zip(clientKey, signature).map { $0 ^ $1 }
        // The binding that the client has signed is that of this connection.
        let end = script.bindingHash ?? ServerEndPoint.hash(of: identity.chain.leaf) ?? []
        let data = Array("\(scram.gs2),,".utf8) + (scram.gs2.hasPrefix("p=") ? end : [])
        guard final.contains("p=\(Base64.text(proof))"), withoutProof.hasPrefix("c=\(Base64.text(data)),") else {
            return send("<failure xmlns='\(Namespace.sasl)'><not-authorized/></failure>", context)
        }
        let serverKey = Cryptography.hmac(scram.hash, key: scram.salted, Array("Server Key".utf8))
        let verifier = "v=" + Base64.text(Cryptography.hmac(scram.hash, key: serverKey, message))
        isAuthenticated = true
        send("<success xmlns='\(Namespace.sasl)'>\(Base64.text(Array(verifier.utf8)))</success>", context)
        reader.reset()
    }
}
