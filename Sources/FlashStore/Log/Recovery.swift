/// Reads the log of a segment back: every valid record, whatever stands between them (`docs/flash-format.md` §2).
struct Recovery {
    /// The live set.
    private(set) var contents: Contents = [:]
    /// What was found.
    private(set) var report = RecoveryReport()
    /// Sequence number of the last valid record; 0 when there is none.
    private(set) var lastSequence: UInt32 = 0
    /// Where the next group goes: the page behind the last valid record, relative to the segment.
    private(set) var end: Int

    private let header: SegmentHeader
    private var reader: SegmentReader

    /// Recovers the segment with this header.
    init(device: any BlockFile, segment: Int, header: SegmentHeader) {
        self.header = header
        end = header.layout.dataArea.lowerBound
        reader = SegmentReader(device: device, layout: header.layout, segment: segment)
        scan()
        examineTail()
        report.unreadablePages = reader.unreadablePages
    }

    /// Bytes to the next record, and its changes, when a valid one stands at `offset`.
    private mutating func record(at offset: Int) -> (Record.Header, [Change])? {
        let expected = header.generation
        let last = lastSequence
        let limit = header.layout.dataArea.upperBound - offset
        // More records than this have no room before it. The bound grows with the place and not with the segment, so
        // that whatever was found last, a record appended behind it is within its own bound.
        let room = (offset - header.layout.dataArea.lowerBound) / Record.minimumLength
        let highest = UInt32(clamping: room + 1)
        let found: Record.Header? = reader.withBytes(at: offset, count: Record.headerLength) { bytes in
            guard let found = Record.decodeHeader(bytes), found.generation == expected, found.sequence > last,
                found.sequence <= highest, found.kind == Record.kindChanges,
                found.bodyLength <= Record.maximumLength - Record.headerLength,
                found.recordLength <= limit
            else { return nil }
            return found
        }
        guard let found else { return nil }
        let salt = header.salt
        let changes: [Change]? = reader.withBytes(at: offset + Record.headerLength, count: found.bodyLength) { body in
            guard CRC32C.checksum(body, salt: salt) == found.bodyChecksum else { return nil }
            return Record.decodeBody(body)
        }
        guard let changes else { return nil }
        return (found, changes)
    }

    private mutating func scan() {
        let layout = header.layout
        var offset = layout.dataArea.lowerBound
        // The page that the last valid record ends in, when its rest has still to be looked at for damage.
        var openPage: Int?
        while offset < layout.dataArea.upperBound {
            if let (found, changes) = record(at: offset) {
                report.records += 1
                report.lostRecords += Int(found.sequence - lastSequence) - 1
                lastSequence = found.sequence
                for change in changes { contents.replay(change) }
                let padding = found.recordLength - Record.headerLength - found.bodyLength
                let isClean = reader.withBytes(at: offset + found.recordLength - padding, count: padding) {
                    $0.isZero(0..<$0.count)
                }
                if !isClean { report.damagedPages += 1 }
                offset += found.recordLength
                end = layout.roundedToPage(offset)
                openPage = end
            } else {
                if let page = openPage, offset < page {
                    let isClean = reader.withBytes(at: offset, count: page - offset) { $0.isZero(0..<$0.count) }
                    if !isClean { report.damagedPages += 1 }
                    openPage = nil
                    // Nothing but zeros up to the page's end, so nothing can be found before it.
                    if isClean {
                        offset = page
                        continue
                    }
                }
                offset = isZeroPage(at: offset) ? offset + layout.pageSize : offset + Record.alignment
            }
        }
    }

    /// Whether a page of zeros begins at `offset`: the common case behind the end of a segment's first use.
    private mutating func isZeroPage(at offset: Int) -> Bool {
        guard offset % header.layout.pageSize == 0 else { return false }
        return reader.withBytes(at: offset, count: header.layout.pageSize) { $0.isZero(0..<$0.count) }
    }

    /// Decides whether the page behind the last valid record is an older generation's, or the remains of a group of ours.
    private mutating func examineTail() {
        guard end < header.layout.dataArea.upperBound else { return }
        let generation = header.generation
        let next = lastSequence &+ 1
        report.tornTail = reader.withBytes(at: end, count: Record.headerLength) { bytes in
            if let found = Record.decodeHeader(bytes) {
                // An intact header of an older generation is what a reused segment normally holds.
                return found.generation == generation
            }
            return Record.resemblesHeader(bytes, generation: generation, sequence: next)
        }
    }
}
