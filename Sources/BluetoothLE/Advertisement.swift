import Advertising

/// One advertisement as a radio or a capture delivers it.
public struct Advertisement: Sendable, Hashable {
    /// Who sent it.
    public var address: BluetoothAddress
    /// How long the address will stay.
    public var addressKind: AddressKind
    /// Whether the sender takes connections; nil where the source does not say.
    public var isConnectable: Bool?
    /// Whether it answers an active scan.
    public var isScanResponse: Bool
    /// The strength it arrived with, in dBm; nil where the radio does not say.
    public var rssi: Int8?
    /// The AD structures: at most 31 bytes from legacy advertising, 1,650 from extended advertising (Core Specification
    /// Vol 4 Part E 7.8.56).
    public var payload: [UInt8]
    /// When it arrived, on the monotonic clock. For a replay: when it would have.
    public var receivedAt: ContinuousClock.Instant

    /// An advertisement.
    public init(
        address: BluetoothAddress, addressKind: AddressKind = .public, isConnectable: Bool? = nil,
        isScanResponse: Bool = false, rssi: Int8? = nil, payload: [UInt8], receivedAt: ContinuousClock.Instant
    ) {
        self.address = address
        self.addressKind = addressKind
        self.isConnectable = isConnectable
        self.isScanResponse = isScanResponse
        self.rssi = rssi
        self.payload = payload
        self.receivedAt = receivedAt
    }

    /// The longest payload a controller delivers.
    public static let longestPayload = 1650
}

/// Where advertisements come from: a radio, or a capture that is replayed.
public protocol AdvertisementSource: Sendable {
    /// What it is, for the log and the status: `capture adverts.jsonl`, `hci0`.
    var name: String { get }

    /// Delivers advertisements, one after the other, until the task is cancelled or the source has no more.
    ///
    /// `deliver` is awaited, so that a source that can wait (a capture) never runs ahead of its reader; a radio, which
    /// cannot, counts what it must drop.
    ///
    /// - Throws: when the source breaks; `CancellationError` when the task was cancelled.
    func run(_ deliver: @escaping @Sendable (Advertisement) async -> Void) async throws
}
