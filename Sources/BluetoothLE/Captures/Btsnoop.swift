import Advertising

/// Reads btsnoop files (RFC 1761 with Bluetooth link types), as `btmon -w`, Android and hcidump write them.
enum Btsnoop {
    static let magic = Array("btsnoop\0".utf8)

    /// How the packets of a file are wrapped.
    private enum Link: UInt32 {
        /// HCI packets as they are; the record's flags tell which kind.
        case unencapsulated = 1001
        /// The packet type first, as on a UART.
        case h4 = 1002
        /// btmon's own; the record's flags hold an operation.
        case monitor = 2001
    }

    private static let h4Event: UInt8 = 0x04
    private static let monitorEvent: UInt32 = 3

    static func parse(_ bytes: [UInt8]) throws(CaptureError) -> Capture {
        var walk = ByteWalk(bytes)
        guard walk.bytes(magic.count) == magic, let version = walk.big32(), let link = walk.big32() else {
            throw CaptureError(.unknownFormat, "the file ends inside btsnoop's header")
        }
        guard version == 1 else {
            throw CaptureError(.unknownFormat, "btsnoop version \(version), expected 1")
        }
        guard let link = Link(rawValue: link) else {
            throw CaptureError(
                .unknownFormat, "btsnoop link type \(link), expected 1001 (HCI), 1002 (H4) or 2001 (Linux monitor)")
        }
        var entries: [Capture.Entry] = []
        var assembler = ReportAssembler()
        var start: UInt64?
        // A file that was cut off ends inside a record: the records before it are whole.
        while let record = record(&walk) {
            guard let event = event(record, link) else { continue }
            let first = start ?? record.microseconds
            start = first
            let time = Duration.microseconds(record.microseconds >= first ? Int64(record.microseconds - first) : 0)
            for report in HCIEvent.reports(event) {
                guard let whole = assembler.add(report) else { continue }
                entries.append(
                    Capture.Entry(
                        time: time, address: whole.address, addressKind: whole.addressKind,
                        isConnectable: whole.isConnectable, isScanResponse: whole.isScanResponse, rssi: whole.rssi,
                        payload: whole.payload))
            }
        }
        return Capture(entries: entries)
    }

    private struct Record {
        var flags: UInt32
        var microseconds: UInt64
        var data: [UInt8]
    }

    /// `original length | included length | flags | drops | time in microseconds since the year 0 | data`. Only the
    /// difference of times is used.
    private static func record(_ walk: inout ByteWalk) -> Record? {
        guard walk.big32() != nil, let included = walk.big32(), let flags = walk.big32(), walk.big32() != nil,
            let microseconds = walk.big64(), microseconds <= UInt64(Int64.max), let data = walk.bytes(Int(included))
        else { return nil }
        return Record(flags: flags, microseconds: microseconds, data: data)
    }

    /// The HCI event in a record; nil when it holds something else.
    private static func event(_ record: Record, _ link: Link) -> [UInt8]? {
        switch link {
        case .unencapsulated:
            // Bit 0: from the controller; bit 1: a command or an event, not data.
            record.flags & 3 == 3 ? record.data : nil
        case .h4:
            record.data.first == h4Event ? Array(record.data.dropFirst()) : nil
        case .monitor:
            // Adapter in the high half, operation in the low one.
            record.flags & 0xFFFF == monitorEvent ? record.data : nil
        }
    }
}
