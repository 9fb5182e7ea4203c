import CBOR
import CoAPMessages
import OCFModel

@testable import Onboarding

/// A device as a value: OCF's state machine behind requests without any network, with faults where a test wants them.
struct ModelDevice {
    /// What befalls a request or a handshake in place of being served.
    enum Mishap: Equatable {
        case answer(DeviceAnswer)
        case fault(LinkFault)
        /// It is served, and the answer is lost.
        case lost(LinkFault)
    }

    static let factoryID = id("11111111-2222-3333-4444-555555555555")
    static let tool = id("66dfb022-2b57-43e9-43b9-7a9859378998")
    static let newID = id("42691fcb-3048-4e8b-50b2-340cf6c23bad")
    static let address = DeviceAddress(host: "192.0.2.7", plainPort: 5683, securePort: 5684)
    static let secrets = SessionSecrets(
        masterSecret: [UInt8](repeating: 7, count: 48), clientRandom: [UInt8](repeating: 8, count: 32),
        serverRandom: [UInt8](repeating: 9, count: 32), suite: 0xC0AE)

    static func id(_ text: String) -> Identifier { Identifier(text) ?? .none }

    var state: SecurityState
    /// The PIN it shows.
    var pin = "12345678"
    /// What the person types, one after the other.
    var typed: [String] = []
    /// Whose encrypted connection is open.
    var session: SecurityContext?
    /// What was kept, in order.
    var kept: [OwnedDevice] = []
    /// Seconds waited in all.
    var waited = 0
    /// Whether a security domain is known to it.
    var hasDomain = true
    /// Whether it ends a connection on which it has answered 5.03.
    var endsRefused = false
    private var sessions: UInt64 = 0

    init(methods: [OwnerTransferMethod] = [.manufacturerCertificate, .randomPIN]) {
        state = SecurityState(deviceID: Self.factoryID, presets: FactoryPresets(methods: methods))
    }

    static func settings(
        method: OwnerTransferMethod? = nil, earlier: OwnedDevice? = nil,
        hosts: [SecurityService: ServiceHost]? = nil
    ) throws -> TransferSettings {
        TransferSettings(
            owner: tool, deviceID: newID, method: method,
            hosts: try hosts ?? ServiceHost.tool(tool, deviceTypes: ToolIdentity.deviceTypes),
            domain: SecurityDomain.Update(
                id: id("cdc07d9e-bb72-44f1-4429-92b30b023235"), name: "Home", isPrivate: true),
            name: "Gateway", address: address, earlier: earlier)
    }

    /// Runs a procedure against the device.
    ///
    /// - Parameter mishap: asked before each request and handshake, with its name and how often it came before.
    mutating func run<Plan: Procedure>(
        _ procedure: Plan, mishap: (String, Int) -> Mishap? = { _, _ in nil }
    ) throws -> Plan.Outcome {
        var procedure = procedure
        var event = ProcedureEvent.begin
        var counts: [String: Int] = [:]
        func count(_ name: String) -> Int {
            defer { counts[name, default: 0] += 1 }
            return counts[name, default: 0]
        }
        for _ in 0..<500 {
            switch procedure.next(event) {
            case .send(let request, let channel):
                let name = Self.name(request)
                switch mishap(name, count(name)) {
                case .answer(let answer)?:
                    if answer.code == .serviceUnavailable, endsRefused { connectionLost() }
                    event = .answered(answer)
                case .fault(let fault)?: event = .failed(fault)
                case .lost(let fault)?:
                    _ = answer(request, channel)
                    event = .failed(fault)
                case nil: event = .answered(answer(request, channel))
                }
            case .connect(let handshake):
                let name = "connect \(handshake)"
                switch mishap(name, count(name)) {
                case .fault(let fault)?: event = .failed(fault)
                default: event = connect(handshake)
                }
            case .askPIN: event = .typed(pin: typed.isEmpty ? nil : typed.removeFirst())
            case .keep(let device):
                kept.append(device)
                event = .kept
            case .wait(let seconds, _):
                waited += seconds
                event = .waited
            case .finish(let outcome): return outcome
            case .fail(let error): throw error
            }
        }
        throw OnboardingError(.peer, "the procedure does not end")
    }

    /// "POST doxm owned".
    static func name(_ request: DeviceRequest) -> String {
        let resource = request.href.split(separator: "/").last ?? ""
        let keys = request.body?.entries?.keys.compactMap(\.string).joined(separator: ",") ?? ""
        let state = request.body?["dos"]?["s"]?.int.map { " \($0)" } ?? ""
        return "\(request.methodName) \(resource)\(keys.isEmpty ? "" : " \(keys)")\(state)"
    }

    /// The connection is gone, as a device sees it that the tool left.
    mutating func connectionLost() {
        if let id = session?.session {
            let effects = state.connectionClosed(id)
            if effects.contains(where: { if case .reset = $0 { true } else { false } }) {
                _ = state.finishReset(
                    deviceID: Self.factoryID, presets: FactoryPresets(methods: state.doxm.supported))
            }
        }
        session = nil
    }

    private mutating func connect(_ handshake: Handshake) -> ProcedureEvent {
        sessions += 1
        let id = SessionID(rawValue: sessions)
        switch handshake {
        case .key(let key, _):
            guard let known = state.cred.pairwiseKey(with: Self.tool, at: 0), known.key == key else {
                return .failed(.handshakeRefused("bad record"))
            }
            session = SecurityContext(requester: Requester(.device(Self.tool), isEncrypted: true), session: id)
            return .connected(nil)
        case .pin(let typed, let device):
            guard
                KeyDerivation.pinKey(pin: typed, deviceID: device)
                    == KeyDerivation.pinKey(pin: pin, deviceID: state.deviceID)
            else { return .failed(.handshakeRefused("bad record")) }
        case .manufacturerCertificate, .anonymous, .identityCertificates: break
        }
        do {
            try state.openOwnershipConnection(id, isAllowed: true)
        } catch {
            return .failed(.handshakeRefused("\(error)"))
        }
        session = SecurityContext(
            requester: Requester(.anonymous, isEncrypted: true), session: id, secrets: Self.secrets)
        return .connected(Self.secrets)
    }

    private mutating func answer(_ request: DeviceRequest, _ channel: DeviceChannel) -> DeviceAnswer {
        if channel == .secure, session == nil { return DeviceAnswer(.unauthorized) }
        let context = channel == .secure ? session ?? Self.plain : Self.plain
        do throws(ResourceError) {
            let asked = try ResourceRequest(request.message())
            guard let resource = SecurityResource(href: request.href), resource != .sdi || hasDomain else {
                return DeviceAnswer(.notFound)
            }
            let facts = AccessFacts(href: request.href, configuresDevice: true)
            guard state.decide(asked.operation, on: facts, context).isPermitted else {
                return DeviceAnswer(.unauthorized)
            }
            let answer = try state.serve(asked, on: resource, context)
            return DeviceAnswer(answer.code, answer.representation)
        } catch {
            return DeviceAnswer(error.code, diagnostic: error.reason)
        }
    }

    private static let plain = SecurityContext(requester: .anonymous)
}

/// The code of what a body throws; nil when it throws nothing of ours.
func code(_ body: () throws -> Void) -> OnboardingError.Code? {
    do {
        try body()
        return nil
    } catch let error as OnboardingError {
        return error.code
    } catch {
        return nil
    }
}
