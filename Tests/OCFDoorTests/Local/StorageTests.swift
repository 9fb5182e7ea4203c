// swift-format-ignore-file: NeverForceUnwrap

import FlashStore
import OCFModel
import OneLoop
import Synchronization
import TLS
import Testing

@testable import OCFDoor

/// A device in memory whose power fails at a chosen write: what was being written is torn, and nothing after it arrives.
final class FailingDevice: BlockFile {
    private struct State {
        var bytes: [UInt8]
        var left: Int
        var writes = 0
    }

    private let state: Mutex<State>
    let size: Int

    init(bytes: [UInt8], writes: Int = .max) {
        size = bytes.count
        state = Mutex(State(bytes: bytes, left: writes))
    }

    var bytes: [UInt8] { state.withLock { $0.bytes } }
    var writes: Int { state.withLock { $0.writes } }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreError) {
        state.withLock { buffer.copyBytes(from: $0.bytes[offset..<offset + buffer.count]) }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreError) {
        let isDone = state.withLock { state in
            state.writes += 1
            guard state.left > 0 else { return false }
            state.left -= 1
            let count = state.left == 0 ? bytes.count / 2 : bytes.count
            state.bytes.replaceSubrange(offset..<offset + count, with: bytes.prefix(count))
            return state.left > 0
        }
        guard isDone else { throw StoreError(.io, "the power is off") }
    }

    func flush() throws(StoreError) {
        guard state.withLock({ $0.left > 0 }) else { throw StoreError(.io, "the power is off") }
    }

    func close() {}
}

/// The security state on flash.
@Loop
@Suite(.serialized) struct StorageTests {
    private nonisolated static let options = StoreOptions(segmentSize: 65_536 * 4)

    private func blank() -> [UInt8] { [UInt8](repeating: 0, count: Self.options.segmentSize * 2) }

    private func security(_ store: FlashStore) async throws -> DeviceSecurity {
        let clock: @Sendable () -> Int64 = { ValidityClock.system.now() }
        return try await DeviceSecurity.load(
            from: store, identity: try await DeviceIdentity.load(from: store),
            environment: .init(
                presets: FactoryPresets(methods: [.justWorks]), certificateTime: clock, time: { clock() }))
    }

    private let owner = Identifier.random()
    private let newID = Identifier.random()

    /// Owns the device, provisions it, and resets it; each step answered or not.
    private func life(_ security: DeviceSecurity) async -> [OnboardingState] {
        var reached: [OnboardingState] = []
        let session = SessionID(rawValue: 1)
        let owner = owner
        let newID = newID
        let context = SecurityContext(
            requester: Requester(.anonymous, isEncrypted: true), session: session,
            secrets: SessionSecrets(
                masterSecret: [UInt8](repeating: 1, count: 48), clientRandom: [UInt8](repeating: 2, count: 32),
                serverRandom: [UInt8](repeating: 3, count: 32), suite: 0xFF00))
        let byOwner = SecurityContext(
            requester: Requester(.device(owner), isEncrypted: true), session: SessionID(rawValue: 2))
        do {
            try await security.change { (state) throws(ResourceError) in
                let plain = SecurityContext(requester: .anonymous)
                return ((), try state.apply(OwnerTransferMethods.Update(selected: .justWorks), plain).effects)
            }
            try await security.openOwnershipConnection(session, secrets: context.secrets)
            try await security.change { (state) throws(ResourceError) in
                _ = try state.apply(
                    OwnerTransferMethods.Update(isOwned: true, deviceID: newID, deviceOwner: owner, owner: owner),
                    context)
                _ = try state.apply(AccessControlList.Change.update(.init(owner: owner)), context)
                _ = try state.apply(
                    CredentialList.Change.update(
                        .init(
                            entries: [
                                .certificateless(owner)
                            ], owner: owner)), context)
                return (
                    (),
                    try state.apply(ProvisioningStatus.Update(state: .rfpro, owner: owner), context).effects
                )
            }
            reached.append(.rfpro)
            try await security.change { (state) throws(ResourceError) in
                ((), try state.apply(ProvisioningStatus.Update(state: .rfnop), context).effects)
            }
            reached.append(.rfnop)
            let (_, later) = try await security.change { (state) throws(ResourceError) in
                ((), try state.apply(ProvisioningStatus.Update(state: .reset), byOwner).effects)
            }
            reached.append(.reset)
            for effect in later { await security.perform(effect) }
            if security.trouble == nil { reached.append(.rfotm) }
        } catch {}
        return reached
    }

    @Test("the power fails at every write: the device comes back as it was last answered, or one step on")
    func powerCuts() async throws {
        let whole = FailingDevice(bytes: blank())
        let first = try FlashStore.open(on: whole, options: Self.options)
        let reached = await life(try await security(first))
        #expect(reached == [.rfpro, .rfnop, .reset, .rfotm])
        await first.close()
        let total = whole.writes
        #expect(total > 6)
        var seen: Set<OnboardingState> = []
        for cut in 1...total {
            let device = FailingDevice(bytes: blank(), writes: cut)
            var answered: [OnboardingState] = []
            var id: Identifier?
            if let store = try? FlashStore.open(on: device, options: Self.options) {
                if let security = try? await security(store) {
                    answered = await life(security)
                    id = security.state.deviceID
                }
                await store.close()
            }
            let store = try FlashStore.open(on: FailingDevice(bytes: device.bytes), options: Self.options)
            let again = try await security(store)
            #expect(again.trouble == nil, "cut \(cut): \(again.trouble ?? "")")
            let state = again.state
            seen.insert(state.state)
            // In the order of a life; a reset goes on by itself.
            let order: [OnboardingState] = [.rfpro, .rfnop, .reset, .rfotm]
            let expected = Set([order[max(0, answered.count - 1)], answered.count < 4 ? order[answered.count] : .rfotm])
            if answered.isEmpty {
                #expect([.rfotm, .rfpro].contains(state.state), "cut \(cut)")
            } else {
                #expect(expected.contains(state.state), "cut \(cut): \(answered) then \(state.state)")
            }
            switch state.state {
            case .rfpro, .rfnop, .sreset:
                #expect(state.deviceID == newID && state.doxm.deviceOwner == owner && state.doxm.isOwned)
                #expect(state.cred.pairwiseKey(with: owner, at: nil)?.key.count == 16)
                #expect(state.entryFault(.rfpro) == nil)
                let identity = try await DeviceIdentity.load(from: store)
                #expect(identity.deviceID == newID, "cut \(cut): the identity goes with the state")
            case .rfotm:
                #expect(!state.doxm.isOwned && state.cred.entries.isEmpty && state.doxm.selected == .unselected)
            case .reset:
                await again.finishInterruptedReset()
                #expect(again.state.state == .rfotm && again.state.deviceID != newID && !again.state.doxm.isOwned)
            }
            _ = id
            await store.close()
        }
        #expect(seen.isSuperset(of: [.rfotm, .rfpro, .rfnop, .reset]))
    }

    @Test("a flash that fails: the change is refused, has not happened, and does not turn up later")
    func refused() async throws {
        let device = FailingDevice(bytes: blank(), writes: .max)
        let store = try FlashStore.open(on: device, options: Self.options)
        let security = try await security(store)
        await store.close()
        // A closed store takes nothing any more.
        let before = security.state
        await #expect(throws: ResourceError(.internalServerError, "")) { try await security.reset() }
        #expect(security.state == before)
    }

    @Test("a stored state that cannot be read serves nobody and says so; a factory reset mends it")
    func unreadable() async throws {
        let store = try FlashStore.inMemory()
        try await store.put("ocf/security/0", [0xFF, 0x00], .now)
        let security = try await security(store)
        #expect(security.state.state == .reset)
        #expect(security.trouble?.hasSuffix("hold the button for a factory reset") == true)
        await security.finishInterruptedReset()
        #expect(security.state.state == .reset)
        let identity = DeviceIdentity(deviceID: .random(), permanentID: .random(), platformID: .random())
        try await security.factoryReset(identity: identity)
        #expect(security.state.state == .rfotm && security.trouble == nil)
        #expect(try await self.security(store).state.deviceID == identity.deviceID)
    }

    @Test("nothing is written for a change that changes nothing, nor for a transfer that is not complete")
    func sparing() async throws {
        let store = try FlashStore.inMemory()
        let security = try await security(store)
        let before = store.statistics.bytesWritten
        try await security.change { (state) throws(ResourceError) in
            let plain = SecurityContext(requester: .anonymous)
            return ((), try state.apply(OwnerTransferMethods.Update(selected: .justWorks), plain).effects)
        }
        try await security.openOwnershipConnection(SessionID(rawValue: 1), secrets: nil)
        await security.connectionClosed(SessionID(rawValue: 1))
        #expect(store.statistics.bytesWritten == before)
        #expect(security.state.state == .rfotm)
    }

    @Test("a state of two parts, and one that is too large")
    func parts() async throws {
        let store = try FlashStore.inMemory()
        let security = try await security(store)
        _ = await life(security)
        var state = SecurityState(
            deviceID: .random(),
            presets: FactoryPresets(
                methods: [],
                credentials: (0..<9).map { _ in
                    .certificate(pem: String(repeating: "x", count: 3_000), .trustAnchor, subject: .anyone)
                }))
        _ = state.beginReset()
        let changes = try SecurityStorage.changes(keeping: state, over: store)
        try await store.apply(changes, .now)
        #expect(store.get("ocf/security/1") != nil)
        #expect(try SecurityStorage.state(in: store, presets: FactoryPresets(methods: []))?.cred == state.cred)
        let large = SecurityState(
            deviceID: .random(),
            presets: FactoryPresets(
                methods: [],
                credentials: (0..<30).map { _ in
                    .certificate(pem: String(repeating: "x", count: 3_000), .trustAnchor, subject: .anyone)
                }))
        #expect(throws: StoreError.self) { _ = try SecurityStorage.changes(keeping: large, over: store) }
        // And back to one part.
        try await store.apply(SecurityStorage.changes(keeping: security.state, over: store), .now)
        #expect(store.get("ocf/security/1") == nil)
    }
}

extension Credential {
    /// The entry that stands for the key that both ends derive.
    fileprivate static func certificateless(_ owner: Identifier) -> Credential {
        Credential(
            subject: .device(owner), type: .pairwiseKey, privateData: PrivateData(.bytes([]), encoding: .raw))
    }
}
