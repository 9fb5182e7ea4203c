import Advertising

/// One report inside an LE Advertising Report or LE Extended Advertising Report event (Core Specification Vol 4 Part E
/// 7.7.65.2 and 7.7.65.13).
public struct AdvertisingReport: Sendable, Hashable {
    /// Whether the report is the whole payload.
    public enum Completeness: Sendable, Hashable {
        /// All of it, or the last part.
        case complete
        /// More parts follow.
        case moreToCome
        /// The controller gave up on the rest.
        case truncated
    }

    /// The sender.
    public var address: BluetoothAddress
    /// The sender's address kind.
    public var addressKind: AddressKind
    /// Whether it takes connections.
    public var isConnectable: Bool
    /// Whether it answers a scan.
    public var isScanResponse: Bool
    /// Strength in dBm; nil for the "not available" of 127.
    public var rssi: Int8?
    /// Which of the sender's advertising sets; nil for legacy advertising.
    public var setID: UInt8?
    /// Whether there is more.
    public var completeness: Completeness
    /// The payload, or this part of it.
    public var payload: [UInt8]
}

/// Reads HCI events for what scanning delivers.
public enum HCIEvent {
    private static let leMeta: UInt8 = 0x3E
    private static let advertisingReport: UInt8 = 0x02
    private static let extendedAdvertisingReport: UInt8 = 0x0D

    /// The reports in `event`: event code, length, parameters; no H4 packet type before them.
    ///
    /// Anything but the two report events has none, and a report that is cut short ends the event: what came before it
    /// stays, for that is well formed.
    public static func reports(_ event: [UInt8]) -> [AdvertisingReport] {
        var bytes = ByteWalk(event)
        guard bytes.byte() == leMeta, let length = bytes.byte(), bytes.limit(to: Int(length)) else { return [] }
        let subevent = bytes.byte()
        guard let count = bytes.byte() else { return [] }
        var reports: [AdvertisingReport] = []
        // The length of the event, 255 at most, bounds how many there can really be.
        for _ in 0..<count {
            let report: AdvertisingReport? =
                switch subevent {
                case advertisingReport: legacy(&bytes)
                case extendedAdvertisingReport: extended(&bytes)
                default: nil
                }
            guard let report else { break }
            reports.append(report)
        }
        return reports
    }

    /// `event type | address type | address | length | data | RSSI`. The specification lists the fields of several
    /// reports field by field; controllers and kernels put them report by report, which is the same for one.
    private static func legacy(_ bytes: inout ByteWalk) -> AdvertisingReport? {
        guard let type = bytes.byte(), let addressType = bytes.byte(), let address = bytes.address(),
            let length = bytes.byte(), let payload = bytes.bytes(Int(length)), let rssi = bytes.byte()
        else { return nil }
        return AdvertisingReport(
            address: address, addressKind: AddressKind(address, isRandom: addressType & 1 == 1),
            isConnectable: type == 0 || type == 1, isScanResponse: type == 4, rssi: strength(rssi), setID: nil,
            completeness: .complete, payload: payload)
    }

    /// `event type u16 | address type | address | PHYs 2 | set | TX power | RSSI | interval u16 | direct address 7 |
    /// length | data`.
    private static func extended(_ bytes: inout ByteWalk) -> AdvertisingReport? {
        guard let type = bytes.byte(), bytes.byte() != nil, let addressType = bytes.byte(),
            let address = bytes.address(), bytes.bytes(2) != nil, let set = bytes.byte(), bytes.byte() != nil,
            let rssi = bytes.byte(), bytes.bytes(9) != nil, let length = bytes.byte(),
            let payload = bytes.bytes(Int(length))
        else { return nil }
        let completeness: AdvertisingReport.Completeness =
            switch type >> 5 & 3 {
            case 0: .complete
            case 1: .moreToCome
            default: .truncated
            }
        // Bit 4: a legacy PDU, whose set number is 0xFF and whose parts never need joining.
        return AdvertisingReport(
            address: address, addressKind: AddressKind(address, isRandom: addressType & 1 == 1),
            isConnectable: type & 0x01 != 0, isScanResponse: type & 0x08 != 0, rssi: strength(rssi),
            setID: type & 0x10 != 0 ? nil : set, completeness: completeness, payload: payload)
    }

    private static func strength(_ byte: UInt8) -> Int8? {
        byte == 127 ? nil : Int8(bitPattern: byte)
    }
}

/// A walk over bytes that answers nil past the end.
struct ByteWalk {
    private let bytes: [UInt8]
    private var position: Int
    private var end: Int

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        position = 0
        end = bytes.count
    }

    /// How many bytes are left.
    var remaining: Int { end - position }

    /// Ends the walk after `count` more bytes; false when there are fewer.
    mutating func limit(to count: Int) -> Bool {
        guard count <= remaining else { return false }
        end = position + count
        return true
    }

    mutating func byte() -> UInt8? {
        guard remaining > 0 else { return nil }
        position += 1
        return bytes[position - 1]
    }

    mutating func bytes(_ count: Int) -> [UInt8]? {
        guard count >= 0, count <= remaining else { return nil }
        position += count
        return Array(bytes[position - count..<position])
    }

    /// Six bytes, the least significant first.
    mutating func address() -> BluetoothAddress? {
        guard let bytes = bytes(6) else { return nil }
        return BluetoothAddress(rawValue: bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// Four bytes, the most significant first.
    mutating func big32() -> UInt32? {
        bytes(4)?.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Eight bytes, the most significant first.
    mutating func big64() -> UInt64? {
        bytes(8)?.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
