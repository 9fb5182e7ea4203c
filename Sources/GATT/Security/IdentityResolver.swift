import Advertising

/// Finds who hides behind an address that changes, by the identity keys of the bonds.
///
/// Pure. Trying a key costs an encryption, and phones pass by in thousands; so the answers of late are kept, also that it is
/// nobody's.
struct IdentityResolver: Sendable {
    /// Answers that are kept, one a place: 512 of 24 bytes. In a busy street an address is heard some hundred times before
    /// it changes.
    static let places = 512

    private struct Answer: Sendable {
        var address: BluetoothAddress
        var identity: BluetoothAddress?
    }

    private let keys: [(identity: BluetoothAddress, key: [UInt8])]
    private var answers: [Answer?]
    /// How many keys have been tried.
    private(set) var tries: UInt64 = 0

    /// A resolver with the keys of bonds.
    init(_ bonds: some Sequence<Bond> = []) {
        keys = bonds.compactMap { bond in
            // All zero is the key of a device that has no privacy (Vol 3 Part H 3.6.4).
            guard let key = bond.identity, key.value.contains(where: { $0 != 0 }) else { return nil }
            return (key.peer.address, key.value.reversed())
        }
        answers = keys.isEmpty ? [] : Array(repeating: nil, count: IdentityResolver.places)
    }

    /// Whose address this is; nil when no key made it.
    mutating func identity(of address: BluetoothAddress) -> BluetoothAddress? {
        guard !keys.isEmpty, AddressKind(address, isRandom: true) == .resolvablePrivate else { return nil }
        // The low half is a hash already.
        let place = Int(address.rawValue) & (IdentityResolver.places - 1)
        if let answer = answers[place], answer.address == address { return answer.identity }
        var found: BluetoothAddress?
        for (identity, key) in keys where found == nil {
            tries += 1
            if address.isResolved(by: key) { found = identity }
        }
        answers[place] = Answer(address: address, identity: found)
        return found
    }
}
