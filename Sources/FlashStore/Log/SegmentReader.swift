/// A window that moves over a segment's data area, so that recovery needs no buffer of the segment's size.
struct SegmentReader {
    /// Bytes read at once beyond what was asked for: one large sequential read for a card.
    private static let readAhead = 65_536

    private let device: any BlockFile
    private let layout: Layout
    /// Where the segment starts in the file.
    private let base: Int
    private var buffer: [UInt8] = []
    /// Offset in the segment of the buffer's first byte.
    private var start = 0

    /// Pages that could not be read; their bytes appear as zeros.
    private(set) var unreadablePages = 0

    init(device: any BlockFile, layout: Layout, segment: Int) {
        self.device = device
        self.layout = layout
        base = segment * layout.segmentSize
    }

    /// Calls `body` with up to `count` bytes at `offset` of the segment; fewer only at the data area's end.
    mutating func withBytes<Result>(at offset: Int, count: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let end = min(offset + count, layout.dataArea.upperBound)
        if offset < start || end > start + buffer.count {
            load(offset, until: min(end + Self.readAhead, layout.dataArea.upperBound))
        }
        let range = offset - start..<end - start
        return buffer.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// Fills the window; what the device cannot read is tried page by page, so that a bad page costs only itself.
    private mutating func load(_ offset: Int, until end: Int) {
        // Whole pages, so that a bad page is counted once, whatever the window's position.
        start = offset / layout.pageSize * layout.pageSize
        let stop = min(layout.roundedToPage(end), layout.dataArea.upperBound)
        do {
            buffer = try device.bytes(at: base + start, count: stop - start)
        } catch {
            buffer = []
            buffer.reserveCapacity(stop - start)
            while start + buffer.count < stop {
                do {
                    buffer += try device.bytes(at: base + start + buffer.count, count: layout.pageSize)
                } catch {
                    buffer.append(zeros: layout.pageSize)
                    unreadablePages += 1
                }
            }
        }
    }
}
