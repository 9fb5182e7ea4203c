import Advertising
import BluetoothLE

/// Who answers when the kernel asks about a pairing: only what a person has permitted, and nothing by itself.
///
/// Pure. A permission is for one device and a short time; within it the agent confirms a pairing without numbers (Just
/// Works), gives a passkey that is known, and asks the person for one that is not, or to compare.
public struct PairingAgent: Sendable {
    /// How long a permission holds: the kernel gives a pairing 30 s, and connecting comes before.
    public static let permission = Duration.seconds(90)
    /// Permissions at a time; a person pairs one device after the other.
    public static let mostPermissions = 8

    /// What the person must say.
    public enum Question: Sendable, Hashable {
        /// The number that the device shows.
        case passkey
        /// Whether the device shows this number.
        case compare(UInt32)
        /// This number is to be typed at the device.
        case show(UInt32)
    }

    /// What is to be done.
    public enum Action: Sendable, Hashable {
        /// Tell the kernel.
        case answer(ManagementCommand)
        /// Ask the person.
        case ask(BluetoothAddress, Question)
        /// A key came that was permitted: keep it.
        case keepKey(LongTermKey)
        /// See ``keepKey(_:)``.
        case keepIdentity(IdentityKey)
        /// The pairing failed, as the kernel says.
        case failed(BluetoothAddress, ManagementStatus)
    }

    private struct Permission: Sendable {
        var until: ContinuousClock.Instant
        var passkey: UInt32?
        var open: (adapter: AdapterIndex, peer: ManagementAddress, question: Question)?
    }

    private var permissions: [BluetoothAddress: Permission] = [:]

    /// An agent without permissions.
    public init() {}

    /// Whether a device may pair now.
    public func permits(_ address: BluetoothAddress, at now: ContinuousClock.Instant) -> Bool {
        permissions[address].map { now < $0.until } ?? false
    }

    /// A person lets a device pair.
    ///
    /// - Parameter passkey: the number that it will show, where it is known.
    /// - Returns: whether there is room.
    public mutating func permit(
        _ address: BluetoothAddress, passkey: UInt32?, at now: ContinuousClock.Instant
    ) -> Bool {
        permissions = permissions.filter { now < $0.value.until }
        guard permissions[address] != nil || permissions.count < PairingAgent.mostPermissions else { return false }
        permissions[address] = Permission(
            until: now + PairingAgent.permission, passkey: passkey, open: permissions[address]?.open)
        return true
    }

    /// Takes a permission back.
    public mutating func revoke(_ address: BluetoothAddress) { permissions[address] = nil }

    /// What the person must say of a device before its pairing goes on.
    public func question(of address: BluetoothAddress) -> Question? { permissions[address]?.open?.question }

    /// The person says the number, or whether the numbers are the same; nil declines.
    public mutating func say(
        _ address: BluetoothAddress, passkey: UInt32?, isSame: Bool
    ) -> ManagementCommand? {
        guard let open = permissions[address]?.open else { return nil }
        permissions[address]?.open = nil
        return switch open.question {
        case .passkey: .passkey(open.adapter, open.peer, passkey)
        case .compare: .userConfirmation(open.adapter, open.peer, isSame)
        case .show: nil
        }
    }

    /// Takes in what the kernel says.
    public mutating func handle(_ event: ManagementEvent, at now: ContinuousClock.Instant) -> [Action] {
        switch event.kind {
        case .userConfirmationRequest(let peer, let hint, let value):
            guard permits(peer.address, at: now) else {
                return [.answer(.userConfirmation(event.adapter, peer, false))]
            }
            // With the hint there is nothing to compare: the person's permission is all there can be.
            if hint { return [.answer(.userConfirmation(event.adapter, peer, true))] }
            return ask(event.adapter, peer, .compare(value))
        case .passkeyRequest(let peer):
            guard permits(peer.address, at: now) else { return [.answer(.passkey(event.adapter, peer, nil))] }
            if let passkey = permissions[peer.address]?.passkey {
                return [.answer(.passkey(event.adapter, peer, passkey))]
            }
            return ask(event.adapter, peer, .passkey)
        case .passkeyNotify(let peer, let passkey, let entered):
            guard permits(peer.address, at: now), entered == 0 else { return [] }
            return ask(event.adapter, peer, .show(passkey))
        case .newLongTermKey(let key, let store):
            guard store else { return [] }
            // Keys that nobody permitted are not kept, and the kernel is told to drop them.
            guard permits(key.peer.address, at: now) else {
                return [.answer(.unpair(event.adapter, key.peer, disconnect: true))]
            }
            return [.keepKey(key)]
        case .newIdentityKey(let key, let random, let store):
            guard store else { return [] }
            // A device that hid behind a changing address: the permission was for that one.
            if let permission = permissions[random] { permissions[key.peer.address] = permission }
            return permits(key.peer.address, at: now) ? [.keepIdentity(key)] : []
        case .authenticationFailed(let peer, let status):
            permissions[peer.address]?.open = nil
            return [.failed(peer.address, status)]
        case .disconnected(let peer, _):
            permissions[peer.address]?.open = nil
            return []
        default: return []
        }
    }

    private mutating func ask(
        _ adapter: AdapterIndex, _ peer: ManagementAddress, _ question: Question
    ) -> [Action] {
        permissions[peer.address]?.open = (adapter, peer, question)
        return [.ask(peer.address, question)]
    }
}
