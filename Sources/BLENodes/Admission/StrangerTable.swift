import Advertising

/// An advertiser that is no node.
public struct Stranger: Sendable, Hashable {
    /// Its address.
    public let address: BluetoothAddress
    /// The address kind.
    public internal(set) var addressKind: AddressKind
    /// The format it was heard with; nil when it is none that decodes.
    public internal(set) var format: AdvertFormat?
    /// Its last message was refused for want of a key.
    public internal(set) var needsKey: Bool
    /// Its strength, as last heard.
    public internal(set) var rssi: Int8?
    /// How often it was heard since it came into the table.
    public internal(set) var count: UInt32
    /// When it was last heard.
    public internal(set) var lastHeard: ContinuousClock.Instant
}

/// The strangers heard of late, in memory that never grows.
///
/// Phones change their addresses every quarter of an hour: a busy street gives 100,000 of them a day. The table has sets
/// of four places each; an address belongs to one set, and the one of the four that was silent longest makes room. One
/// that sends a known format stays before one that does not, for a person may want to admit it.
struct StrangerTable: Sendable {
    /// Sets of the table. 256 × 4 places of 64 bytes are 64 KB.
    static let sets = 256
    /// Places in a set.
    static let ways = 4

    private var places: [Stranger?]
    /// How many had to make room.
    private(set) var evictions: UInt64 = 0
    /// How many different ones came; one that returns after it had to make room counts again.
    private(set) var arrivals: UInt64 = 0

    init() {
        places = Array(repeating: nil, count: StrangerTable.sets * StrangerTable.ways)
    }

    /// Notes that a stranger was heard.
    mutating func note(_ stranger: Stranger) {
        let first = StrangerTable.set(of: stranger.address) * StrangerTable.ways
        var victim = first
        for index in first..<first + StrangerTable.ways {
            guard let resident = places[index] else {
                // An empty place is taken only when no later one of the set is its own.
                if places[victim] != nil { victim = index }
                continue
            }
            if resident.address == stranger.address {
                var changed = stranger
                changed.count = resident.count &+ 1
                changed.format = stranger.format ?? resident.format
                places[index] = changed
                return
            }
            if let candidate = places[victim], StrangerTable.goesBefore(resident, candidate) { victim = index }
        }
        arrivals += 1
        if places[victim] != nil { evictions += 1 }
        places[victim] = stranger
    }

    /// Takes one out, for it became a node.
    mutating func remove(_ address: BluetoothAddress) {
        let first = StrangerTable.set(of: address) * StrangerTable.ways
        for index in first..<first + StrangerTable.ways where places[index]?.address == address { places[index] = nil }
    }

    /// All in the table, those with a known format first, then the strongest.
    var strangers: [Stranger] {
        places.compactMap { $0 }.sorted {
            ($0.format == nil ? 1 : 0, -Int($0.rssi ?? -128), $0.address)
                < ($1.format == nil ? 1 : 0, -Int($1.rssi ?? -128), $1.address)
        }
    }

    private static func goesBefore(_ left: Stranger, _ right: Stranger) -> Bool {
        if (left.format == nil) != (right.format == nil) { return left.format == nil }
        return left.lastHeard < right.lastHeard
    }

    /// Fibonacci hashing: makers number their devices in a row, and the top bits of the product spread them.
    private static func set(of address: BluetoothAddress) -> Int {
        Int(truncatingIfNeeded: (address.rawValue &* 0x9E37_79B9_7F4A_7C15) >> 56) & (sets - 1)
    }
}
