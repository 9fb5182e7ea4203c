import CBOR
import CoAP
import CoAPMessages
import NIOCore
import NIOPosix
import OCFModel
import TLS

/// The connections with one device: plain CoAP, and one over DTLS. While they are open the tool's own resources are served
/// on them too.
public actor DeviceLink {
    /// Where the device is; its encrypted port is learned when it is not known.
    public private(set) var address: DeviceAddress
    private let credentials: LinkCredentials
    private let handler: any RequestHandler
    private let speaksOCF: Bool
    private let eventLoop: any EventLoop
    private var plain: Connection?
    private var secure: Connection?

    /// Silence after which a request is given up. A board that writes its flash answers within a second; the repetitions
    /// of RFC 7252 at 2, 6 and 14 s get their chance.
    static let requestTimeout = TimeAmount.seconds(LinkTiming.requestSeconds)
    /// From the first message of a handshake to its end.
    static let handshakeTimeout = TimeAmount.seconds(LinkTiming.handshakeSeconds)

    /// A link that has sent nothing yet.
    ///
    /// - Parameters:
    ///   - handler: serves what the device asks of the tool.
    ///   - speaksOCF: false for a server of plain CoAP.
    public init(
        _ address: DeviceAddress, credentials: LinkCredentials, handler: any RequestHandler = NothingServed(),
        speaksOCF: Bool = true, eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    ) {
        self.address = address
        self.credentials = credentials
        self.handler = handler
        self.speaksOCF = speaksOCF
        self.eventLoop = eventLoop
    }

    /// Opens an encrypted connection, in place of the one before.
    ///
    /// - Returns: the secrets of an ownership connection, else nil.
    @discardableResult
    public func connect(_ handshake: Handshake) async throws(LinkFault) -> SessionSecrets? {
        await closeSecure()
        let port = try await securePort()
        let configuration = try credentials.configuration(handshake)
        var sessions = DTLSLimits.standard
        sessions.handshakeTimeout = Self.handshakeTimeout
        var limits = CoAP.Limits()
        limits.handshakeTimeout = Self.handshakeTimeout
        let opened: Connection
        do {
            opened = try await CoAPDTLS.connect(
                host: address.host, port: port, dtls: configuration, on: eventLoop, limits: limits, sessions: sessions,
                handler: handler
            ).get()
        } catch {
            throw LinkFault(error, "\(address.host) port \(port)")
        }
        if handshake == .manufacturerCertificate {
            do throws(LinkFault) {
                guard let peer = opened.peer else { throw LinkFault.untrusted("the device showed no certificate") }
                try credentials.checkManufacturer(peer.chain, now: ValidityClock.system.now())
            } catch {
                opened.close()
                throw error
            }
        }
        secure = opened
        guard configuration.exportsSecrets else { return nil }
        let found = try? await eventLoop.submit { () -> SessionSecrets? in
            guard let secrets = CoAPDTLS.takeSecrets(of: opened),
                let suite = CoAPDTLS.handshake(of: opened)?.cipherSuite
            else { return nil }
            return SessionSecrets(
                masterSecret: secrets.masterSecret, clientRandom: secrets.clientRandom,
                serverRandom: secrets.serverRandom, suite: suite.rawValue)
        }.get()
        return found ?? nil
    }

    /// Sends a request and gives its answer, whatever its code.
    public func send(_ request: DeviceRequest, _ channel: DeviceChannel) async throws -> DeviceAnswer {
        let connection = try await connection(channel)
        let response: Message
        do {
            let timeout = request.patience.map { TimeAmount.seconds(Int64($0)) } ?? Self.requestTimeout
            response = try await connection.send(request.message(speaksOCF: speaksOCF), timeout: timeout).get()
        } catch {
            throw LinkFault(error, "\(address.host)")
        }
        return try DeviceAnswer(response, speaksOCF: speaksOCF)
    }

    /// Observes a resource over the encrypted connection: the present value first, then each that follows, until the
    /// stream is dropped. Of values that are not taken in time the newest 256 are kept.
    public func observe(
        _ request: DeviceRequest, _ channel: DeviceChannel
    ) async throws -> AsyncThrowingStream<DeviceAnswer, any Error> {
        let connection = try await connection(channel)
        let (stream, continuation) = AsyncThrowingStream<DeviceAnswer, any Error>.makeStream(
            bufferingPolicy: .bufferingNewest(256))
        let observation: ClientObservation
        let isOCF = speaksOCF
        do {
            observation = try await connection.observe(
                request.message(speaksOCF: speaksOCF), timeout: Self.requestTimeout
            ) { notification in
                do {
                    continuation.yield(try DeviceAnswer(notification, speaksOCF: isOCF))
                } catch {
                    continuation.finish(throwing: error)
                }
            }.get()
        } catch {
            throw LinkFault(error, "\(address.host)")
        }
        continuation.yield(try DeviceAnswer(observation.first, speaksOCF: speaksOCF))
        guard observation.isAccepted else {
            continuation.finish()
            return stream
        }
        observation.ended.whenSuccess { end in
            switch end {
            case .cancelled, .refused: continuation.finish()
            case .byServer(let last):
                if let answer = try? DeviceAnswer(last) { continuation.yield(answer) }
                continuation.finish()
            case .failed(let error): continuation.finish(throwing: LinkFault(error, "the device"))
            }
        }
        continuation.onTermination = { _ in observation.cancel() }
        return stream
    }

    /// Ends the connections.
    public func close() async {
        await closeSecure()
        plain?.close()
        plain = nil
    }

    /// Ends the encrypted connection, and returns when the device has been told: one that is not would take us for still
    /// there.
    public func closeSecure() async {
        guard let connection = secure else { return }
        secure = nil
        connection.close()
        try? await connection.closeFuture.get()
    }

    // MARK: Parts

    private func connection(_ channel: DeviceChannel) async throws(LinkFault) -> Connection {
        switch channel {
        case .secure:
            guard let secure, secure.channel.isActive else {
                throw LinkFault.closed("the device ended the connection")
            }
            return secure
        case .plain:
            if let plain, plain.channel.isActive { return plain }
            guard let port = address.plainPort else {
                throw LinkFault.unreachable("the device has no plain endpoint that is known; give it as HOST:PORT")
            }
            do {
                let opened = try await CoAPUDP.connect(
                    host: address.host, port: port, on: eventLoop, handler: handler
                ).get()
                plain = opened
                return opened
            } catch {
                throw LinkFault(error, "\(address.host) port \(port)")
            }
        }
    }

    /// The encrypted port, which `/oic/res` tells when it is not known.
    private func securePort() async throws(LinkFault) -> Int {
        if let port = address.securePort { return port }
        let answer: DeviceAnswer
        do {
            answer = try await send(.retrieve("/oic/res", query: ["rt=\(SecurityResource.doxm.resourceType)"]), .plain)
        } catch let fault as LinkFault {
            throw fault
        } catch {
            throw LinkFault.unreachable("\(error)")
        }
        let links = answer.body.flatMap { try? Link.list($0) } ?? []
        let learned = DeviceAddress(
            host: address.host, endpoints: links.flatMap(\.endpoints), fallback: address.plainPort)
        guard let port = learned.securePort else {
            throw LinkFault.unreachable("the device at \(address) lists no encrypted endpoint")
        }
        address.securePort = port
        return port
    }
}

/// What waits on the network take, which the machines count with.
enum LinkTiming {
    /// Seconds without an answer to a request.
    static let requestSeconds: Int64 = 15
    /// Seconds without an end to a handshake: its flights are repeated after 1, 3, 7 and 15 s.
    static let handshakeSeconds: Int64 = 20
}
