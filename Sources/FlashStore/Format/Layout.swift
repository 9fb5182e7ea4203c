/// Where things stand in the file: two segments, each with a header page, a data area and a last page for the header's
/// second copy (`docs/flash-format.md` §3.1).
struct Layout: Sendable, Hashable {
    /// Smallest page: a segment header fits in it.
    static let minimumPageSize = SegmentHeader.length
    /// Largest page: one record's window.
    static let maximumPageSize = 65_536

    /// Length of a segment in bytes; half of the file.
    let segmentSize: Int
    /// Groups begin at multiples of this; bytes.
    let pageSize: Int

    /// - Returns: nil when the numbers make no usable layout: page no power of two or out of bounds, segment no multiple
    ///   of it or without two pages of data.
    init?(segmentSize: Int, pageSize: Int) {
        guard (Self.minimumPageSize...Self.maximumPageSize).contains(pageSize), pageSize & (pageSize - 1) == 0,
            segmentSize % pageSize == 0, segmentSize >= 4 * pageSize, segmentSize <= 1 << 40
        else { return nil }
        self.segmentSize = segmentSize
        self.pageSize = pageSize
    }

    /// Length of the file.
    var fileSize: Int { 2 * segmentSize }
    /// The data area, relative to the segment's start.
    var dataArea: Range<Int> { pageSize..<segmentSize - pageSize }
    /// Bytes for records in a segment.
    var capacity: Int { dataArea.count }

    /// Bytes that the live set may take when written as a compacted segment. Half of the capacity: a fuller segment is
    /// compacted more and more often; at one half each record is written at most twice.
    var liveLimit: Int { capacity / 2 }

    /// Longest record, header and padding included: what the recovery window holds, and a quarter of a small segment.
    var recordLimit: Int { min(Record.maximumLength, capacity / 4 / Record.alignment * Record.alignment) }

    /// Offsets in the file of the two copies of a segment's header.
    func headerOffsets(segment: Int) -> [Int] {
        let start = segment * segmentSize
        return [start, start + segmentSize - SegmentHeader.length]
    }

    /// The next multiple of the page size.
    func roundedToPage(_ offset: Int) -> Int {
        (offset + pageSize - 1) / pageSize * pageSize
    }
}
