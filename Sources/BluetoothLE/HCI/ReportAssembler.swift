import Advertising

/// Joins the parts in which a controller reports a long extended advertisement.
public struct ReportAssembler: Sendable {
    private struct Key: Hashable, Sendable {
        var address: BluetoothAddress
        var set: UInt8?
        var isScanResponse: Bool
    }

    /// How many advertisements may be in parts at a time. A controller interleaves the few sets it receives at once; the
    /// sum stays under 8 × 1,650 bytes.
    public static let capacity = 8

    private var parts: [(key: Key, payload: [UInt8])] = []
    /// How many advertisements were given up: their rest never came, or there were too many at a time, or too long.
    public private(set) var abandoned = 0

    /// An assembler with nothing begun.
    public init() {}

    /// Takes a report.
    ///
    /// - Returns: the whole report, once its last part is there. One that the controller truncated is given as far as it
    ///   goes: what its structures say is still true.
    public mutating func add(_ report: AdvertisingReport) -> AdvertisingReport? {
        let key = Key(address: report.address, set: report.setID, isScanResponse: report.isScanResponse)
        let index = parts.firstIndex { $0.key == key }
        let before = index.map { parts.remove(at: $0).payload } ?? []
        guard before.count + report.payload.count <= Advertisement.longestPayload else {
            abandoned += 1
            return nil
        }
        if report.completeness == .moreToCome {
            if parts.count == ReportAssembler.capacity {
                parts.removeFirst()
                abandoned += 1
            }
            parts.append((key, before + report.payload))
            return nil
        }
        var whole = report
        whole.payload = before + report.payload
        return whole
    }
}
