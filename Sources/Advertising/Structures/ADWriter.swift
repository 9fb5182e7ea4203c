/// Puts an advertising payload together.
public struct ADWriter: Sendable {
    /// The payload so far.
    public private(set) var payload: [UInt8] = []

    /// An empty payload.
    public init() {}

    /// Appends a structure; false, with nothing appended, when `data` is longer than the 254 bytes a structure holds.
    @discardableResult
    public mutating func append(_ type: ADType, _ data: [UInt8]) -> Bool {
        guard data.count <= 254 else { return false }
        payload.append(UInt8(data.count + 1))
        payload.append(type.rawValue)
        payload += data
        return true
    }

    /// Appends data behind the 16-bit number of its service or company, which goes low byte first.
    @discardableResult
    public mutating func append(_ type: ADType, number: UInt16, _ data: [UInt8]) -> Bool {
        append(type, [UInt8(truncatingIfNeeded: number), UInt8(number >> 8)] + data)
    }
}
