import Advertising
import BluetoothLE
import FakePeripherals
import FlashStore
import Logging
import OneLoop
import Synchronization
import Testing

@testable import GATT

private let start = ContinuousClock.now
private func at(_ second: Double) -> ContinuousClock.Instant { start + .seconds(second) }
private let adapter = AdapterIndex(rawValue: 0)
private let device = BluetoothAddress(rawValue: 0xF0F1_F2F3_F403)
private let peer = ManagementAddress(device, .leRandom)
private let key = LongTermKey(
    peer: peer, kind: 2, isCentral: true, size: 16, diversifier: 0x1234, random: 0x0102_0304_0506_0708,
    value: Array(1...16))
private let identity = IdentityKey(peer: peer, value: Array(17...32))

/// What the kernel asks and what is answered, as a table.
@Suite struct PairingAgentTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        var permittedAt: Double?
        var passkey: UInt32?
        let event: ManagementEvent.Kind
        let at: Double
        let actions: [PairingAgent.Action]
        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row(
            name: "nobody pairs without permission", event: .userConfirmationRequest(peer, hint: true, value: 0), at: 1,
            actions: [.answer(.userConfirmation(adapter, peer, false))]),
        Row(
            name: "nor by number", event: .passkeyRequest(peer), at: 1, actions: [.answer(.passkey(adapter, peer, nil))]
        ),
        Row(
            name: "just works, when permitted", permittedAt: 0,
            event: .userConfirmationRequest(peer, hint: true, value: 0), at: 89,
            actions: [.answer(.userConfirmation(adapter, peer, true))]),
        Row(
            name: "not after the permission's time", permittedAt: 0,
            event: .userConfirmationRequest(peer, hint: true, value: 0), at: 90,
            actions: [.answer(.userConfirmation(adapter, peer, false))]),
        Row(
            name: "numbers are compared by a person", permittedAt: 0,
            event: .userConfirmationRequest(peer, hint: false, value: 123_456), at: 1,
            actions: [.ask(device, .compare(123_456))]),
        Row(
            name: "a passkey that is known is given", permittedAt: 0, passkey: 42, event: .passkeyRequest(peer), at: 1,
            actions: [.answer(.passkey(adapter, peer, 42))]),
        Row(
            name: "one that is not is asked for", permittedAt: 0, event: .passkeyRequest(peer), at: 1,
            actions: [.ask(device, .passkey)]),
        Row(
            name: "a number to be typed at the device is shown", permittedAt: 0,
            event: .passkeyNotify(peer, passkey: 7, entered: 0), at: 1, actions: [.ask(device, .show(7))]),
        Row(
            name: "once", permittedAt: 0, event: .passkeyNotify(peer, passkey: 7, entered: 3), at: 1, actions: []),
        Row(
            name: "a permitted key is kept", permittedAt: 0, event: .newLongTermKey(key, store: true), at: 1,
            actions: [.keepKey(key)]),
        Row(
            name: "one that is not to be kept is not", permittedAt: 0, event: .newLongTermKey(key, store: false), at: 1,
            actions: []),
        Row(
            name: "a key that nobody permitted is dropped", event: .newLongTermKey(key, store: true), at: 1,
            actions: [.answer(.unpair(adapter, peer, disconnect: true))]),
        Row(
            name: "an identity key, permitted", permittedAt: 0,
            event: .newIdentityKey(identity, randomAddress: device, store: true), at: 1,
            actions: [.keepIdentity(identity)]),
        Row(
            name: "and not", event: .newIdentityKey(identity, randomAddress: device, store: true), at: 1, actions: []),
        Row(
            name: "a failure is told", event: .authenticationFailed(peer, .authenticationFailed), at: 1,
            actions: [.failed(device, .authenticationFailed)]),
        Row(name: "the rest is nobody's", permittedAt: 0, event: .connected(peer), at: 1, actions: []),
    ]

    @Test(arguments: rows) func row(_ row: Row) {
        var agent = PairingAgent()
        if let moment = row.permittedAt {
            let fits = agent.permit(device, passkey: row.passkey, at: at(moment))
            #expect(fits)
        }
        #expect(agent.handle(ManagementEvent(adapter, row.event), at: at(row.at)) == row.actions)
    }

    @Test func whatThePersonSaysIsTheAnswer() {
        var agent = PairingAgent()
        _ = agent.permit(device, passkey: nil, at: start)
        _ = agent.handle(ManagementEvent(adapter, .passkeyRequest(peer)), at: start)
        #expect(agent.question(of: device) == .passkey)
        #expect(agent.say(device, passkey: 123, isSame: false) == .passkey(adapter, peer, 123))
        #expect(agent.say(device, passkey: 123, isSame: false) == nil)
        _ = agent.handle(
            ManagementEvent(adapter, .userConfirmationRequest(peer, hint: false, value: 5)), at: start)
        #expect(agent.say(device, passkey: nil, isSame: false) == .userConfirmation(adapter, peer, false))
        // A permission of one is none of another's, and there is an end to them.
        #expect(!agent.permits(BluetoothAddress(rawValue: 1), at: start))
        for number in 1..<UInt64(PairingAgent.mostPermissions) {
            let fits = agent.permit(BluetoothAddress(rawValue: number), passkey: nil, at: start)
            #expect(fits)
        }
        let fits = agent.permit(BluetoothAddress(rawValue: 99), passkey: nil, at: start)
        #expect(!fits)
    }

    @Test func aPermissionFollowsTheDeviceBehindItsChangingAddress() {
        var agent = PairingAgent()
        let random = BluetoothAddress(rawValue: 0x4000_0000_0001)
        _ = agent.permit(random, passkey: nil, at: start)
        #expect(
            agent.handle(
                ManagementEvent(adapter, .newIdentityKey(identity, randomAddress: random, store: true)), at: start)
                == [.keepIdentity(identity)])
        #expect(
            agent.handle(ManagementEvent(adapter, .newLongTermKey(key, store: true)), at: start) == [.keepKey(key)])
    }
}

@Suite struct BondTests {
    @Test func bondsComeBackTheSame() {
        var bond = Bond()
        #expect(Bond(bond.encoded) == bond)
        bond.keys = [key]
        #expect(Bond(bond.encoded) == bond)
        bond.identity = identity
        #expect(Bond(bond.encoded) == bond)
        #expect(!bond.isAuthenticated)
        bond.keys[0].kind = 3
        #expect(bond.isAuthenticated)
    }

    @Test func damagedOnesAreNone() {
        var bond = Bond()
        bond.keys = [key]
        bond.identity = identity
        let bytes = bond.encoded
        for length in 0..<bytes.count { #expect(Bond(Array(bytes[..<length])) == nil) }
        #expect(Bond(bytes + [0]) == nil)
        #expect(Bond([2] + bytes.dropFirst()) == nil)
    }
}

/// The key of the specification's sample data, and an address made with it (Vol 3 Part H Appendix D.7).
private let specificationKey: [UInt8] = [
    0xEC, 0x02, 0x34, 0xA3, 0x57, 0xC8, 0xAD, 0x05, 0x34, 0x10, 0x10, 0xA6, 0x0A, 0x39, 0x7D, 0x9B,
]
private let hidden = BluetoothAddress(rawValue: 0x7081_940D_FBAA)

@Suite struct IdentityResolverTests {
    private func bond(_ key: [UInt8]) -> Bond {
        var bond = Bond()
        bond.identity = IdentityKey(peer: peer, value: key.reversed())
        return bond
    }

    @Test func anAddressIsFoundByItsKeyAlone() {
        #expect(hidden.isResolved(by: specificationKey))
        #expect(!BluetoothAddress(rawValue: hidden.rawValue ^ 1).isResolved(by: specificationKey))
        #expect(!hidden.isResolved(by: Array(specificationKey.dropLast())))
        // 11 in front: a static address is nobody else's, whatever its lower half.
        #expect(!BluetoothAddress(rawValue: hidden.rawValue | 0xC000_0000_0000).isResolved(by: specificationKey))
        var resolver = IdentityResolver([bond(Array(repeating: 0, count: 16)), bond(specificationKey)])
        #expect(resolver.identity(of: hidden) == device)
        #expect(resolver.identity(of: BluetoothAddress(rawValue: 0x4000_0000_0001)) == nil)
        var none = IdentityResolver()
        #expect(none.identity(of: hidden) == nil)
    }

    @Test func whoPassesByIsTriedOnce() {
        var resolver = IdentityResolver((0..<48).map { bond([UInt8($0 + 1)] + specificationKey.dropFirst()) })
        for _ in 0..<100 {
            for number in UInt64(0)..<64 {
                _ = resolver.identity(of: BluetoothAddress(rawValue: 0x4000_0000_0000 + number))
            }
        }
        #expect(resolver.tries == 64 * 48)
    }
}

@Loop
@Suite struct BondKeeperTests {
    private final class Kernel: Sendable {
        let commands = Mutex<[ManagementCommand]>([])
        /// Whose links were ended in the controller.
        let ended = Mutex<[BluetoothAddress]>([])
        var opcodes: [ManagementCommand.Opcode] { commands.withLock { $0.map(\.opcode) } }
    }

    private let kernel = Kernel()
    private let fake = FakePeripheral()
    private let called = ATTPeer(address: device, isRandom: true)
    private let value: AttributeHandle

    init() {
        fake.service(0x180F)
        value = fake.characteristic(0x2A19, .read, [87], needs: .encrypted)
    }

    private func keeper(_ store: FlashStore) -> BondKeeper {
        var log = Logger(label: "test")
        log.logLevel = .critical
        return BondKeeper(
            store: store, log: log, hangUp: { [kernel] _, address in kernel.ended.withLock { $0.append(address) } }
        ) { [kernel] command in
            kernel.commands.withLock { $0.append(command) }
            return []
        }
    }

    private func client(_ keeper: BondKeeper) -> GATTClient {
        let client = GATTClient(fake.connect())
        client.secure = { client, error throws(GATTError) in
            try await keeper.secure(ATTPeer(address: device, isRandom: true), client, error)
        }
        return client
    }

    @Test func withoutAPersonsWordNothingIsPaired() async throws {
        let keeper = keeper(try FlashStore.inMemory())
        await #expect(throws: GATTError(.needsPairing, "")) { try await client(keeper).read(value) }
    }

    @Test func aPermittedPairingIsKeptAndUsedAfterARestart() async throws {
        let store = try FlashStore.inMemory()
        let first = keeper(store)
        await first.add(adapter)
        #expect(kernel.opcodes == [.setInputOutputCapability, .loadLongTermKeys, .loadIdentityKeys])
        try first.permit(device, passkey: nil)
        let client = client(first)
        try await first.pair(called, client)
        first.handle(ManagementEvent(adapter, .newLongTermKey(key, store: true)))
        #expect(try await client.read(value) == [87])
        first.finish(device)
        await settle { store.get("node/bond/\(device.hex)") != nil }
        let again = keeper(store)
        #expect(again.bonds[device]?.keys == [key])
        await again.add(adapter)
        #expect(
            kernel.commands.withLock { $0.contains(.loadLongTermKeys(adapter, [key])) })
        // The link is secured without anybody's word.
        #expect(try await self.client(again).read(value) == [87])
        try await again.forget(device)
        #expect(again.bonds.isEmpty)
        #expect(store.scan(prefix: "node/bond/").isEmpty)
        #expect(kernel.commands.withLock { $0.last == .unpair(adapter, peer, disconnect: true) })
        #expect(kernel.ended.withLock { $0 == [device] })
        await #expect(throws: GATTError(.needsPairing, "")) { try await self.client(again).read(value) }
    }

    @Test func aPairingThatFailsSaysWhy() async throws {
        let keeper = keeper(try FlashStore.inMemory())
        fake.pairs = nil
        try keeper.permit(device, passkey: nil)
        let client = client(keeper)
        await #expect(throws: GATTError(.pairingFailed, "")) { try await keeper.pair(called, client) }
        // One that the kernel gives up on.
        fake.pairs = LinkSecurity.none
        let pairing = Task { @Loop in try await keeper.pair(called, client) }
        try await Task.sleep(for: .milliseconds(20))
        keeper.handle(ManagementEvent(adapter, .authenticationFailed(peer, .authenticationFailed)))
        await #expect(throws: GATTError(.pairingFailed, "")) { try await pairing.value }
    }

    @Test func aKernelThatHasNothingToForgetIsNoTrouble() async throws {
        let store = try FlashStore.inMemory()
        var bond = Bond()
        bond.keys = [key]
        try await store.put("node/bond/\(device.hex)", bond.encoded, .now)
        let keeper = BondKeeper(store: store, hangUp: { _, _ in }) { command throws(RadioError) in
            guard command.opcode == .unpairDevice else { return [] }
            throw RadioError(.refused, "not paired", status: .notPaired)
        }
        await keeper.add(adapter)
        try await keeper.forget(device)
        #expect(keeper.trouble == nil)
        #expect(keeper.bonds.isEmpty)
    }

    @Test func aDeviceBehindAChangingAddressIsSecuredByItsBond() async throws {
        let store = try FlashStore.inMemory()
        var bond = Bond()
        bond.keys = [key]
        bond.identity = IdentityKey(peer: peer, value: specificationKey.reversed())
        try await store.put("node/bond/\(device.hex)", bond.encoded, .now)
        let keeper = keeper(store)
        await keeper.add(adapter)
        #expect(kernel.commands.withLock { $0.contains(.loadIdentityKeys(adapter, [bond.identity!])) })
        #expect(keeper.identity(of: hidden) == device)
        #expect(keeper.identity(of: device) == device)
        // With the key its link is secured without a person's word, though it is called under the other address.
        let client = GATTClient(fake.connect())
        client.secure = { client, error throws(GATTError) in
            try await keeper.secure(ATTPeer(address: hidden, isRandom: true), client, error)
        }
        #expect(try await client.read(value) == [87])
        // What a person permits is permitted under both.
        try keeper.permit(hidden, passkey: nil)
        keeper.handle(ManagementEvent(adapter, .passkeyRequest(peer)))
        #expect(keeper.question(of: hidden) == .passkey)
        keeper.finish(hidden)
        #expect(keeper.question(of: device) == nil)
        try await keeper.forget(device)
        #expect(keeper.identity(of: hidden) == hidden)
    }

    @Test func questionsAreThePersons() async throws {
        let keeper = keeper(try FlashStore.inMemory())
        try keeper.permit(device, passkey: nil)
        keeper.handle(ManagementEvent(adapter, .passkeyRequest(peer)))
        #expect(keeper.question(of: device) == .passkey)
        await keeper.say(device, passkey: 123_456, isSame: false)
        #expect(kernel.commands.withLock { $0.last == .passkey(adapter, peer, 123_456) })
        #expect(keeper.question(of: device) == nil)
    }
}
