import CBOR
import CoAPMessages
import FlashStore
import Logging
import OCFModel
import OneLoop
import TLS

/// The device's security: ``SecurityState`` with its store, its key pair and its clock.
///
/// Changes are made one after another. Each is made on a copy, which takes the state's place once the flash has it, and
/// only then is anybody answered: who has been told of a change will find it after a power cut. A change that the flash
/// refuses has not happened.
@Loop
public final class DeviceSecurity {
    /// What the security needs of the house.
    public struct Environment: Sendable {
        /// What the factory, here the configuration, gives.
        public var presets: FactoryPresets
        /// Seconds since 1970, to judge certificates by: never nil, and never before the last good time.
        public var certificateTime: @Sendable () -> Int64
        /// Seconds since 1970, to judge periods by; nil while the clock cannot be trusted.
        public var time: @Sendable () -> Int64?
        /// The `di` after a reset.
        public var newDeviceID: @Sendable () -> Identifier

        /// The house.
        public init(
            presets: FactoryPresets, certificateTime: @escaping @Sendable () -> Int64,
            time: @escaping @Sendable () -> Int64?,
            newDeviceID: @escaping @Sendable () -> Identifier = { Identifier.random() }
        ) {
            self.presets = presets
            self.certificateTime = certificateTime
            self.time = time
            self.newDeviceID = newDeviceID
        }
    }

    /// The resources and the onboarding state.
    public internal(set) var state: SecurityState
    /// Why nobody can be served until a factory reset; nil when all is well.
    public internal(set) var trouble: String?

    let store: FlashStore
    let environment: Environment
    let log: Logger
    var identity: DeviceIdentity
    /// The device's own key pair, which its identity certificate is for.
    var key: PrivateKey
    var publicKey: PublicKey?
    /// What `csr` shows, as long as id and key are what they were.
    var signingRequest: SigningRequest?
    /// Who has opened the ownership connection, and what its keys come from.
    var transferSecrets: (session: SessionID, secrets: SessionSecrets)?

    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var observers: [@Loop (SecurityEffect) -> Void] = []
    /// Called after every change.
    var onChange: (@Loop () -> Void)?
    var resetHooks: [@Loop (_ deregistersFromCloud: Bool) async throws -> Void] = []

    /// Takes up what the store has, or begins as the factory made the device. What a power cut left of a reset is finished
    /// by ``finishInterruptedReset()``.
    ///
    /// - Throws: what the store throws when the device's new key cannot be kept.
    public static func load(
        from store: FlashStore, identity: DeviceIdentity, environment: Environment,
        log: Logger = Logger(label: "security")
    ) async throws(StoreError) -> DeviceSecurity {
        let key: PrivateKey
        do {
            if let kept = store.get(SecurityStorage.keyName) {
                key = try PrivateKey(der: kept, origin: "the store")
            } else {
                key = try PrivateKey.generateP256()
                try await store.put(SecurityStorage.keyName, try key.der(), .now)
            }
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError(.io, "the device's key pair can be neither read nor made: \(error)")
        }
        return DeviceSecurity(store, identity, key, environment, log)
    }

    private init(
        _ store: FlashStore, _ identity: DeviceIdentity, _ key: PrivateKey, _ environment: Environment, _ log: Logger
    ) {
        self.store = store
        self.identity = identity
        self.key = key
        self.environment = environment
        self.log = log
        publicKey = try? key.publicKey()
        do throws(ResourceError) {
            state =
                try SecurityStorage.state(in: store, presets: environment.presets)
                ?? SecurityState(deviceID: identity.deviceID, presets: environment.presets)
        } catch {
            // Fail closed: in RESET nobody is served, and nothing is written before a person resets the device.
            state = SecurityState(deviceID: identity.deviceID, presets: environment.presets)
            _ = state.beginReset()
            trouble = "\(error.reason); hold the button for a factory reset"
        }
        self.identity.deviceID = state.deviceID
    }

    // MARK: What others ask

    /// Whether somebody owns the device.
    public var isOwned: Bool { state.doxm.isOwned && state.state != .rfotm }

    /// The owner; nil while there is none.
    public var owner: Identifier? { isOwned && state.doxm.deviceOwner != .none ? state.doxm.deviceOwner : nil }

    /// Lets the cloud that a person has admitted at the device do what clouds do: entries of the access control list like
    /// any other, which the owner's service can see and take away. For a device without an owner nothing; see
    /// ``OCFDevice/trustedCloud``.
    public func grant(cloud: Identifier) async throws(ResourceError) {
        guard isOwned else { return }
        try await change { (next) throws(ResourceError) in ((), try next.grant(OCFDevice.cloudEntries(cloud))) }
    }

    /// Whether the access control list has anything for a cloud.
    public func hasEntry(for cloud: Identifier) -> Bool {
        state.acl2.entries.contains { $0.subject == .device(cloud) || $0.subject == .encrypted }
    }

    /// Has `observer` called for everything that a change means: after the change is durable and before it is answered,
    /// a reset after it is answered.
    public func observe(_ observer: @escaping @Loop (SecurityEffect) -> Void) { observers.append(observer) }

    /// Adds what a reset does besides; called while nobody is served. It may be called again after a power cut.
    public func onReset(_ hook: @escaping @Loop (_ deregistersFromCloud: Bool) async throws -> Void) {
        resetHooks.append(hook)
    }

    /// Whether an operation is permitted.
    func permits(_ operation: ResourceRequest.Operation, on facts: AccessFacts, _ caller: Caller) -> Bool {
        state.decide(operation, on: facts, context(of: caller), credentialID: caller.credentialID).isPermitted
    }

    func context(of caller: Caller) -> SecurityContext {
        var secrets: SessionSecrets?
        if let transferSecrets, transferSecrets.session == caller.session { secrets = transferSecrets.secrets }
        return SecurityContext(
            requester: caller.requester, session: caller.session,
            hasIdentityCertificate: caller.hasIdentityCertificate, secrets: secrets, now: environment.time(),
            devicePublicKey: publicKey)
    }

    /// What an observer of a resource is shown; nothing private is in it.
    func publicRepresentation(of resource: SecurityResource) throws(ResourceError) -> CBOR.Map {
        switch resource {
        case .doxm: return state.doxm.representation
        case .pstat: return state.pstat.representation
        case .cred: return state.cred.representation()
        case .acl2: return state.acl2.representation()
        case .sp: return state.sp.representation
        case .sdi: return state.sdi.representation
        case .csr: return try currentSigningRequest().representation
        // They are of a connection, and a representation for everybody has none.
        case .roles: return RoleAssertions().representation()
        }
    }

    func currentSigningRequest() throws(ResourceError) -> SigningRequest {
        if let signingRequest { return signingRequest }
        let made = try SigningRequest(deviceID: state.deviceID, key: key)
        signingRequest = made
        return made
    }

    // MARK: Changing

    /// Makes a change after those before it; returns when it is durable.
    ///
    /// - Parameter body: changes a copy, and says what there is to do.
    /// - Returns: what is to be done after the answer.
    /// - Throws: what `body` throws, or 5.00 when the flash did not take the change; then nothing has changed.
    @discardableResult
    func change<Result: Sendable>(
        _ body: (inout SecurityState) throws(ResourceError) -> (Result, [SecurityEffect])
    ) async throws(ResourceError) -> (result: Result, later: [SecurityEffect]) {
        await enter()
        defer { leave() }
        var next = state
        let (result, effects) = try body(&next)
        if effects.contains(.store) { try await keep(next) }
        state = next
        var later: [SecurityEffect] = []
        for effect in effects {
            if case .reset = effect { later.append(effect) } else { tell(effect) }
        }
        onChange?()
        return (result, later)
    }

    /// Writes a state, with the identity that it gives the device.
    func keep(
        _ next: SecurityState, after before: [Change] = [], _ others: [Change] = []
    ) async throws(ResourceError) {
        do throws(StoreError) {
            var changes = try SecurityStorage.changes(keeping: next, over: store)
            var identity = identity
            identity.deviceID = next.deviceID
            changes.append(identity.change)
            try await store.apply(before + changes + others, .now)
        } catch {
            log.error("the security state cannot be stored", metadata: ["reason": "\(error.reason)"])
            // What the store holds in memory must not turn up later.
            if let undo = try? SecurityStorage.changes(keeping: state, over: store), let key = try? key.der() {
                store.applyBatched(undo + [identity.change, .put(key: SecurityStorage.keyName, value: key)])
            }
            throw ResourceError(.internalServerError, "the change cannot be stored: \(error.reason)")
        }
    }

    func tell(_ effect: SecurityEffect) {
        switch effect {
        case .deviceIDChanged(let id):
            identity.deviceID = id
            signingRequest = nil
        case .stateChanged(let state):
            log.notice("onboarding state", metadata: ["state": "\(state)"])
        default: break
        }
        for observer in observers { observer(effect) }
    }

    /// Changes wait for each other in the order they came. Who waits is bounded by the requests that peers may have open.
    func enter() async {
        guard isBusy else {
            isBusy = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func leave() {
        guard !waiting.isEmpty else {
            isBusy = false
            return
        }
        waiting.removeFirst().resume()
    }
}
