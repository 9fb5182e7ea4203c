import CBOR
import CoAP
import CoAPMessages
import NIOCore
import NIOPosix
import OCFModel
import Synchronization
import TLS

@testable import Onboarding

/// A device on loopback, made of OCF's state machine and the two endpoints and nothing else: what the tool meets on the
/// wire, without a gateway around it.
final class WireDevice: Sendable {
    struct State {
        var security: SecurityState
        var pin = ""
        var sessions: UInt64 = 0
        /// Whether a person allows an owner; nil while nobody has come.
        var button: Bool? = true
        /// Requests that wait for the button.
        var waiting: [@Sendable () -> Void] = []
        var cloud = CloudConfiguration()
        var cloudReads = 0
        var securePort = 0
        /// Why the device fell silent, so to say: it answers nothing more.
        var isSilent = false
    }

    let state: Mutex<State>
    let methods: [OwnerTransferMethod]
    let key: PrivateKey
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let endpoints = Mutex<(plain: UDPEndpoint, secure: SecureUDPEndpoint)?>(nil)

    /// A device with this manufacturer's certificate.
    init(
        manufacturer: CertifiedKey, methods: [OwnerTransferMethod] = [.manufacturerCertificate, .randomPIN]
    ) async throws {
        self.methods = methods
        key = try .generateP256()
        state = Mutex(
            State(security: SecurityState(deviceID: .random(), presets: FactoryPresets(methods: methods))))
        let identity = try Identity(
            chain: CertificateChain(pem: manufacturer.certificate), key: PrivateKey(pem: manufacturer.key))
        let keys = PreSharedKeys { [weak self] identity in self?.sharedKey(identity) }
        let secure = try await CoAPDTLS.bind(
            host: "127.0.0.1", port: 0,
            server: .server(identity: identity, preSharedKeys: keys, exportsSecrets: true), group: group
        ) { [weak self] connection in Handler(device: self, connection: connection, isSecure: true) }.get()
        let plain = try await CoAPUDP.bind(host: "127.0.0.1", port: 0, group: group) { [weak self] connection in
            Handler(device: self, connection: connection, isSecure: false)
        }.get()
        state.withLock { $0.securePort = secure.port }
        endpoints.withLock { $0 = (plain, secure) }
    }

    /// Where it is found.
    var address: DeviceAddress {
        DeviceAddress(host: "127.0.0.1", plainPort: endpoints.withLock { $0?.plain.port })
    }

    func stop() async {
        let open = endpoints.withLock { $0 }
        try? await open?.secure.close().get()
        try? await open?.plain.close().get()
        try? await group.shutdownGracefully()
    }

    /// Presses the button, or refuses.
    func answer(_ isAllowed: Bool) {
        let waiting = state.withLock { state in
            state.button = isAllowed
            defer { state.waiting = [] }
            return state.waiting
        }
        for body in waiting { body() }
    }

    private func sharedKey(_ identity: [UInt8]) -> [UInt8]? {
        state.withLock { state in
            if identity == OwnerTransferMethod.pinIdentity {
                return KeyDerivation.pinKey(pin: state.pin, deviceID: state.security.deviceID)
            }
            return Identifier(octets: identity).flatMap { state.security.cred.pairwiseKey(with: $0, at: nil)?.key }
        }
    }

    /// One peer.
    final class Handler: RequestHandler {
        private let device: WireDevice?
        private let context: SecurityContext
        private let isTransfer: Bool

        init(device: WireDevice?, connection: Connection, isSecure: Bool) {
            self.device = device
            var context = SecurityContext(requester: .anonymous)
            var isTransfer = false
            if isSecure, let device, let handshake = CoAPDTLS.handshake(of: connection) {
                let secrets = CoAPDTLS.takeSecrets(of: connection)
                context = device.state.withLock { state in
                    state.sessions += 1
                    let id = SessionID(rawValue: state.sessions)
                    if let peer = handshake.preSharedIdentity.flatMap({ Identifier(octets: $0) }),
                        handshake.preSharedIdentity != OwnerTransferMethod.pinIdentity
                    {
                        return SecurityContext(requester: Requester(.device(peer), isEncrypted: true), session: id)
                    }
                    isTransfer = (try? state.security.openOwnershipConnection(id, isAllowed: true)) != nil
                    return SecurityContext(
                        requester: Requester(.anonymous, isEncrypted: true), session: id,
                        secrets: secrets.flatMap {
                            SessionSecrets(
                                masterSecret: $0.masterSecret, clientRandom: $0.clientRandom,
                                serverRandom: $0.serverRandom, suite: handshake.cipherSuite.rawValue)
                        })
                }
            }
            self.context = context
            self.isTransfer = isTransfer
        }

        func handle(_ request: Message, _ exchange: Exchange) {
            guard let device else { return }
            let mustWait = device.state.withLock { state in
                guard isTransfer, state.button == nil else { return false }
                state.waiting.append { self.serve(request, exchange) }
                return true
            }
            if !mustWait { serve(request, exchange) }
        }

        private func serve(_ request: Message, _ exchange: Exchange) {
            guard let device else { return }
            if device.state.withLock({ isTransfer && $0.button == false }) {
                return exchange.respond(.forbidden, diagnostic: "a person has refused it")
            }
            do throws(ResourceError) {
                exchange.respond(try device.answer(ResourceRequest(request), context))
            } catch {
                exchange.respond(.ocfResponse(error))
            }
        }

        func connectionClosed(_ connection: Connection) {
            guard let session = context.session, let device else { return }
            device.state.withLock { state in
                device.perform(state.security.connectionClosed(session), &state)
            }
        }
    }

    private func perform(_ effects: [SecurityEffect], _ state: inout State) {
        for effect in effects {
            switch effect {
            case .reset:
                _ = state.security.finishReset(deviceID: .random(), presets: FactoryPresets(methods: methods))
            case .showPIN: state.pin = "24681357"
            default: break
            }
        }
    }

    private func answer(_ request: ResourceRequest, _ context: SecurityContext) throws(ResourceError) -> Message {
        let path = "/" + request.path.joined(separator: "/")
        var context = context
        context.devicePublicKey = try? key.publicKey()
        context.now = ValidityClock.system.now()
        let facts = AccessFacts(
            href: path, configuresDevice: path.hasPrefix("/oic") || path == "/CoapCloudConfResURI",
            hasPlainEndpoint: path == "/oic/d")
        let result = state.withLock { state -> Result<Message, ResourceError> in
            do throws(ResourceError) {
                guard state.security.decide(request.operation, on: facts, context).isPermitted else {
                    throw ResourceError(.unauthorized, "no access control entry permits this")
                }
                if let resource = SecurityResource(href: path) {
                    let answer = try state.security.serve(
                        request, on: resource, context,
                        signingRequest: SigningRequest(deviceID: state.security.deviceID, key: key))
                    perform(answer.effects, &state)
                    return .success(.ocfResponse(answer.code, answer.representation))
                }
                return .success(try self.plainResource(path, request, &state))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func plainResource(
        _ path: String, _ request: ResourceRequest, _ state: inout State
    ) throws(ResourceError) -> Message {
        switch path {
        case "/oic/res":
            let secure = Endpoint("coaps://127.0.0.1:\(state.securePort)")
            let links = [
                Link(
                    href: SecurityResource.doxm.href, resourceTypes: ["oic.r.doxm"], interfaces: [.readWrite],
                    anchor: "ocf://\(state.security.deviceID)", endpoints: [secure]),
                Link(
                    href: "/CoapCloudConfResURI", resourceTypes: ["oic.r.coapcloudconf"], interfaces: [.readWrite],
                    anchor: "ocf://\(state.security.deviceID)", endpoints: [secure]),
            ]
            let filter = LinkFilter(resourceTypes: request.resourceTypes)
            return .ocfResponse(.content, .array(links.filter(filter.passes).map(\.value)))
        case "/oic/d":
            return .ocfResponse(
                .content,
                [
                    "n": "Wire device", "di": .text(state.security.deviceID.description),
                    "rt": ["oic.wk.d", "oic.d.sensor"],
                ])
        case "/CoapCloudConfResURI":
            if request.operation == .update {
                guard let body = request.body?.entries else { throw ResourceError(.badRequest, "no body") }
                if case .connect(let address, let id, _, let provider) = try CloudConfigurationUpdate(body) {
                    state.cloud = CloudConfiguration(
                        address: address, cloudID: id, provider: provider, status: .registering)
                }
                return .ocfResponse(.changed, .map(state.cloud.representation))
            }
            state.cloudReads += 1
            if state.cloudReads > 1 { state.cloud.status = .registered }
            return .ocfResponse(.content, .map(state.cloud.representation))
        case "/temperature": return .ocfResponse(.content, ["temperature": 21.5, "units": "C"])
        default: throw ResourceError(.notFound, "nothing is at \(path)")
        }
    }
}
