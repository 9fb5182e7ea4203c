import Advertising
import BluetoothLE
import FlashStore
import Logging
import OneLoop

/// Makes links secure: with the bond there is, or by pairing where a person has permitted that; and keeps the bonds.
///
/// A bond is on flash before it counts as made. The kernel gets all of them at the start and after each change.
@Loop
public final class BondKeeper {
    /// Where the store keeps the bonds.
    public nonisolated static let keyPrefix = "node/bond/"
    /// How long securing a link may take: the protocol's own limit is 30 s (Core Specification Vol 3 Part H 3.4).
    public nonisolated static let timeout = Duration.seconds(35)
    /// How often the link is looked at: the kernel tells no client when it has become secure.
    nonisolated static let lookInterval = Duration.milliseconds(50)
    /// As many bonds as are loaded into the kernel in one message.
    public nonisolated static let mostBonds = 48

    /// Sends a command to the kernel.
    public typealias Port = @Sendable (ManagementCommand) async throws(RadioError) -> [UInt8]
    /// Sees to it that a link ends.
    public typealias LinkEnding = @Sendable (AdapterIndex, BluetoothAddress) async throws(RadioError) -> Void

    private let store: FlashStore?
    private let port: Port
    private let hangUp: LinkEnding
    private let log: Logger
    private var agent = PairingAgent()
    private var adapters: Set<AdapterIndex> = []
    private var failures: [BluetoothAddress: ManagementStatus] = [:]
    private var asked: [BluetoothAddress: PairingAgent.Question] = [:]
    private var writing: [BluetoothAddress: Task<Void, Never>] = [:]

    private var resolver = IdentityResolver()

    /// The bonds, by identity address.
    public private(set) var bonds: [BluetoothAddress: Bond] = [:] {
        didSet { resolver = IdentityResolver(bonds.values) }
    }
    /// Why bonds are not kept or not loaded; nil when they are.
    public private(set) var trouble: String?

    /// A keeper with the bonds of the store; ``add(_:)`` gives them to the kernel.
    public init(
        store: FlashStore?, log: Logger = Logger(label: "ble"),
        hangUp: @escaping LinkEnding = { adapter, address async throws(RadioError) in
            try await LinkEnd.hangUp(adapter, address)
        },
        port: @escaping Port
    ) {
        self.store = store
        self.hangUp = hangUp
        self.log = log
        self.port = port
        for (key, value) in store?.scan(prefix: BondKeeper.keyPrefix) ?? [] {
            guard let address = BluetoothAddress(key.dropFirst(BondKeeper.keyPrefix.count)), let bond = Bond(value)
            else {
                log.warning("the store's record \(key) is not understood and is left alone")
                continue
            }
            bonds[address] = bond
        }
        // Observers are not called in here.
        resolver = IdentityResolver(bonds.values)
    }

    /// Who an address belongs to: the identity of a bonded device that hides behind a changing one, else the address itself.
    public func identity(of address: BluetoothAddress) -> BluetoothAddress {
        bonds[address] != nil ? address : resolver.identity(of: address) ?? address
    }

    /// The bonded device that hides behind an address, as it is connected to; nil when there is none.
    public func hidden(behind address: BluetoothAddress) -> ATTPeer? {
        let identity = identity(of: address)
        guard identity != address, let peer = bonds[identity]?.identity?.peer else { return nil }
        return ATTPeer(address: identity, isRandom: peer.kind != .lePublic)
    }

    // MARK: The kernel

    /// An adapter is there: it gets the keys, and learns that a person can type and read numbers.
    public func add(_ adapter: AdapterIndex) async {
        adapters.insert(adapter)
        await send(.setInputOutputCapability(adapter, .keyboardDisplay))
        await load(adapter)
    }

    /// An adapter went.
    public func remove(_ adapter: AdapterIndex) { adapters.remove(adapter) }

    /// Takes in what the kernel says.
    public func handle(_ event: ManagementEvent) {
        for action in agent.handle(event, at: .now) {
            switch action {
            case .answer(let command): Task { await self.send(command) }
            case .ask(let address, let question): asked[identity(of: address)] = question
            case .keepKey(let key): keep(key)
            case .keepIdentity(let key): keep(key)
            case .failed(let address, let status):
                failures[identity(of: address)] = status
                asked[identity(of: address)] = nil
            }
        }
    }

    private func load(_ adapter: AdapterIndex) async {
        let all = bonds.sorted { $0.key < $1.key }.map(\.value)
        await send(.loadLongTermKeys(adapter, all.flatMap(\.keys)))
        await send(.loadIdentityKeys(adapter, all.compactMap(\.identity)))
    }

    /// Tells the kernel; what it answers to say that there is nothing to be done is no trouble.
    private func send(_ command: ManagementCommand, unless idle: Set<ManagementStatus> = []) async {
        do throws(RadioError) {
            _ = try await port(command)
        } catch {
            if let status = error.status, idle.contains(status) {
                log.debug("\(command.opcode) on \(command.adapter): \(status.text)")
                return
            }
            trouble = "\(command.opcode): \(error)"
            log.warning("the kernel refused \(command.opcode) on \(command.adapter): \(error)")
        }
    }

    // MARK: Keeping

    private func keep(_ key: LongTermKey) {
        let address = key.peer.address
        var bond = bonds[address] ?? Bond()
        bond.keys.removeAll { $0.isCentral == key.isCentral }
        bond.keys.append(key)
        keep(bond, address)
    }

    private func keep(_ key: IdentityKey) {
        var bond = bonds[key.peer.address] ?? Bond()
        bond.identity = key
        keep(bond, key.peer.address)
    }

    private func keep(_ bond: Bond, _ address: BluetoothAddress) {
        guard bonds[address] != nil || bonds.count < BondKeeper.mostBonds else {
            trouble = "there are \(BondKeeper.mostBonds) bonds, as many as may be; forget one"
            return
        }
        bonds[address] = bond
        let before = writing[address]
        writing[address] = Task {
            await before?.value
            do throws(StoreError) {
                try await self.store?.put(BondKeeper.keyPrefix + address.hex, bond.encoded, .now)
                self.trouble = nil
            } catch {
                self.trouble = "a bond could not be stored, it holds until the next start only: \(error.reason)"
                self.log.error("the bond with \(address) could not be stored: \(error.reason)")
            }
        }
    }

    /// Forgets a bond, here and in the kernel, and ends the link that it secures.
    ///
    /// - Throws: `StoreError`: it is forgotten until the next start only.
    public func forget(_ address: BluetoothAddress) async throws(StoreError) {
        agent.revoke(address)
        guard let bond = bonds.removeValue(forKey: address) else { return }
        await writing.removeValue(forKey: address)?.value
        // Before the link is ended, which takes a while: a bond that is made meanwhile is another one, and stays.
        var failure: StoreError?
        do throws(StoreError) { try await store?.remove(BondKeeper.keyPrefix + address.hex, .now) } catch {
            failure = error
        }
        for adapter in adapters {
            guard let peer = bond.keys.first?.peer ?? bond.identity?.peer else { continue }
            // A kernel that was given no key of it has nothing to forget, and then ends no link.
            await send(.unpair(adapter, peer, disconnect: true), unless: [.notPaired])
            // A link that stands would keep its encryption, and be as good as bonded.
            do throws(RadioError) { try await hangUp(adapter, peer.address) } catch {
                log.warning("\(error.reason); it stays secure until it ends")
            }
        }
        if let failure { throw failure }
    }

    /// Forgets all bonds.
    public func forgetAll() async throws(StoreError) {
        for address in Array(bonds.keys) { try await forget(address) }
    }

    // MARK: Securing

    /// Makes a link secure enough after a refusal: with the bond, or by a pairing that is permitted.
    ///
    /// - Throws: ``GATTError`` `needsPairing` when a person is needed, `pairingFailed` with the reason.
    public func secure(_ peer: ATTPeer, _ client: GATTClient, _ error: ATTError) async throws(GATTError) {
        let identity = identity(of: peer.address)
        let isPermitted = agent.permits(identity, at: .now)
        let bond = bonds[identity]
        guard bond != nil || isPermitted else {
            throw GATTError(
                .needsPairing, "it wants a bond (\(error)): `gatehouse pair` permits one, beside the device")
        }
        // What refuses an encrypted link wants a person to have authenticated it.
        let wantsMore = client.security >= .encrypted
        if wantsMore, !isPermitted, bond?.isAuthenticated == false {
            throw GATTError(
                .needsPairing, "its bond was made without a number, and it wants one (\(error)): pair it anew")
        }
        try await raise(peer, client, to: wantsMore || bond?.isAuthenticated == true ? .authenticated : .encrypted)
    }

    private func raise(_ peer: ATTPeer, _ client: GATTClient, to level: LinkSecurity) async throws(GATTError) {
        guard client.security < level else {
            throw GATTError(.pairingFailed, "the link is secure, and it refuses all the same")
        }
        // Before the first pairing it is known by the address that it has now, afterwards by its identity.
        let address = identity(of: peer.address)
        failures[address] = nil
        try client.raise(to: level)
        let end = ContinuousClock.now + BondKeeper.timeout
        while client.security < level {
            if let status = failures.removeValue(forKey: address) ?? failures.removeValue(forKey: identity(of: address))
            {
                throw GATTError(.pairingFailed, "pairing failed: \(status)")
            }
            if let reason = client.end { throw GATTError(.pairingFailed, "pairing failed: \(reason.reason)") }
            guard .now < end else {
                throw GATTError(
                    .pairingFailed, "the link did not become secure within \(BondKeeper.timeout.components.seconds) s")
            }
            try? await Task.sleep(for: BondKeeper.lookInterval)
        }
        // The key comes with the encryption; it counts once it is on flash.
        await writing[identity(of: address)]?.value
    }

    // MARK: A person's word

    /// Lets a device pair for a short time.
    ///
    /// - Throws: ``GATTError`` `busy` when too many are being paired.
    public func permit(_ address: BluetoothAddress, passkey: UInt32?) throws(GATTError) {
        let address = identity(of: address)
        guard agent.permit(address, passkey: passkey, at: .now) else {
            throw GATTError(.busy, "\(PairingAgent.mostPermissions) devices are being paired already; wait a minute")
        }
        asked[address] = nil
    }

    /// Pairs over a link: until it is secure.
    public func pair(_ peer: ATTPeer, _ client: GATTClient) async throws(GATTError) {
        let level: LinkSecurity =
            bonds[identity(of: peer.address)]?.isAuthenticated == true ? .authenticated : .encrypted
        guard client.security < level else { return }
        try await raise(peer, client, to: level)
    }

    /// What a person must say before the pairing of a device goes on.
    public func question(of address: BluetoothAddress) -> PairingAgent.Question? { asked[identity(of: address)] }

    /// A person says the number, or whether both numbers are the same; nil and false decline.
    public func say(_ address: BluetoothAddress, passkey: UInt32?, isSame: Bool) async {
        let address = identity(of: address)
        asked[address] = nil
        if let command = agent.say(address, passkey: passkey, isSame: isSame) { await send(command) }
    }

    /// A pairing is over: no other may follow without a word.
    public func finish(_ address: BluetoothAddress) {
        for address in [address, identity(of: address)] {
            agent.revoke(address)
            asked[address] = nil
        }
    }
}
