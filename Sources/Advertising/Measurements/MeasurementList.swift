/// What one advert said, in memory that is used again and again.
///
/// Keep one list and hand it to ``AdvertDecoder/decode(_:address:key:into:)`` as `inout` for each advert: after the first
/// few its arrays have their room, and decoding allocates nothing. It never grows past what one advert can hold: an AD
/// structure has 254 bytes of data and the shortest measurement takes two of them.
public struct MeasurementList: Sendable {
    /// The measurements, in the order they were sent.
    public private(set) var measurements: [Measurement] = []
    /// The bytes that texts and raw values refer to.
    public private(set) var bytes: [UInt8] = []
    /// What surrounds the measurements: encryption, counters, addresses.
    public internal(set) var envelope = Envelope()
    /// What the advert mentioned without a value: a button that was not pressed.
    var voids = MetricSet()
    /// Where a decrypted payload lies while it is read. A fixed 256 bytes: no service data is longer.
    private var plaintext: [UInt8] = []

    /// The most measurements of one advert: 254 bytes of two each.
    public static let capacity = 127

    /// An empty list with room for a usual advert.
    public init() {
        measurements.reserveCapacity(16)
    }

    /// Forgets the content and keeps the room.
    public mutating func removeAll() {
        measurements.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
        envelope = Envelope()
        voids = MetricSet()
    }

    /// Whether there is no measurement.
    public var isEmpty: Bool { measurements.isEmpty }

    @inline(__always)
    mutating func append(_ measurement: Measurement) {
        guard measurements.count < MeasurementList.capacity else { return }
        measurements.append(measurement)
    }

    @inline(__always)
    mutating func append(_ metric: Metric, _ mantissa: Int64, decimals: UInt8) {
        append(Measurement(metric, .number(mantissa: mantissa, decimals: decimals)))
    }

    /// Copies `source`'s bytes in `range` and answers where they are.
    mutating func store(_ source: Span<UInt8>, _ range: Range<Int>) -> ByteRange {
        let stored = ByteRange(offset: bytes.count, count: range.count)
        for index in range {
            bytes.append(source[index])
        }
        return stored
    }

    /// Copies `text` and answers where it is.
    mutating func store(_ text: StaticString) -> ByteRange {
        let stored = ByteRange(offset: bytes.count, count: text.utf8CodeUnitCount)
        for index in 0..<text.utf8CodeUnitCount {
            bytes.append(text.utf8Start[index])
        }
        return stored
    }

    /// Appends a byte's two lower-case digits.
    mutating func storeHex(_ byte: UInt8) {
        func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
        bytes.append(digit(byte >> 4))
        bytes.append(digit(byte & 15))
    }

    /// Copies `text`, made of what was read, and answers where it is. Allocates.
    mutating func store(_ text: String) -> ByteRange {
        let start = bytes.count
        bytes += text.utf8
        return ByteRange(offset: start, count: bytes.count - start)
    }

    /// Hands out the room for a decrypted payload; ``giveBack(_:)`` must follow.
    mutating func takePlaintext() -> [UInt8] {
        var room: [UInt8] = []
        swap(&room, &plaintext)
        if room.isEmpty { room = [UInt8](repeating: 0, count: 256) }
        return room
    }

    /// Takes the room back.
    mutating func giveBack(_ room: inout [UInt8]) {
        swap(&room, &plaintext)
    }

    /// Lets `change` rewrite each measurement, or drop it by answering nil.
    mutating func rewrite(_ change: (Measurement) -> Measurement?) {
        var kept = 0
        for index in measurements.indices {
            guard let changed = change(measurements[index]) else { continue }
            measurements[kept] = changed
            kept += 1
        }
        measurements.removeLast(measurements.count - kept)
    }

    /// The bytes of `range` as text.
    public func text(_ range: ByteRange) -> String {
        String(decoding: content(range), as: UTF8.self)
    }

    /// The bytes of `range` as lower-case hexadecimal.
    public func hex(_ range: ByteRange) -> String {
        Hex.text(content(range))
    }

    private func content(_ range: ByteRange) -> ArraySlice<UInt8> {
        let start = min(Int(range.offset), bytes.count)
        return bytes[start..<min(start + Int(range.count), bytes.count)]
    }

    /// Whether the advert has a measurement of `metric`, or a place for one that is empty now: a button that was not
    /// pressed is a button.
    public func mentions(_ metric: Metric) -> Bool {
        voids.contains(metric) || measurements.contains { $0.metric == metric }
    }

    /// The last measurement of `metric`, else nil.
    public func last(_ metric: Metric) -> Measurement? {
        measurements.last { $0.metric == metric }
    }
}

/// What surrounds the measurements of an advert.
public struct Envelope: Sendable, Hashable {
    /// The payload came encrypted, and its tag was right.
    public internal(set) var isEncrypted = false
    /// The message counter under the encryption; must not go back.
    public internal(set) var counter: UInt32?
    /// A number that changes with each new message and stays for repeats of one; wraps at 256.
    public internal(set) var packetID: UInt8?
    /// The device sends when something happens, and not at an interval: its silence means nothing.
    public internal(set) var isTriggerBased = false
    /// The device's address as the payload repeats it.
    public internal(set) var embeddedAddress: BluetoothAddress?
    /// Four parts of a firmware version, the most significant first; the last is nil where the device sends three.
    public internal(set) var firmware: FirmwareVersion?
    /// The maker's number for its kind of device.
    public internal(set) var deviceType: UInt16?
    /// The payload went on after the last object that was understood (an unknown object or one cut short).
    public internal(set) var isIncomplete = false

    init() {}
}

/// A firmware version of three or four numbers.
public struct FirmwareVersion: Sendable, Hashable, CustomStringConvertible {
    /// The numbers as one, the most significant in the highest byte used.
    public let rawValue: UInt32
    /// How many numbers there are: 3 or 4.
    public let parts: UInt8

    /// `4.2.1.0`
    public var description: String {
        (0..<UInt32(parts)).reversed().map { String(rawValue >> (8 * $0) & 0xFF) }.joined(separator: ".")
    }
}
