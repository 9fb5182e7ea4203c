/// Gathers bytes and writes them in whole pages, a piece at a time.
struct PageWriter {
    /// Bytes written at once: 64 KiB, so that a group is normally one write and compaction needs no large buffer.
    private static let pieceSize = 65_536

    private let device: any BlockFile
    private let pageSize: Int
    private var buffer: [UInt8] = []
    /// Offset in the file of the buffer's first byte; a multiple of the page size.
    private(set) var offset: Int

    init(device: any BlockFile, pageSize: Int, offset: Int) {
        self.device = device
        self.pageSize = pageSize
        self.offset = offset
    }

    /// Adds what `body` appends, and writes whole pages when a piece is full.
    mutating func append(_ body: (inout [UInt8]) -> Void) throws(StoreError) {
        body(&buffer)
        guard buffer.count >= Self.pieceSize else { return }
        let whole = buffer.count / pageSize * pageSize
        try device.write(whole == buffer.count ? buffer : Array(buffer[..<whole]), at: offset)
        buffer.removeFirst(whole)
        offset += whole
    }

    /// Fills the last page with zeros and writes the rest; afterwards ``offset`` is the page behind it.
    mutating func finish() throws(StoreError) {
        guard !buffer.isEmpty else { return }
        let whole = (buffer.count + pageSize - 1) / pageSize * pageSize
        buffer.append(zeros: whole - buffer.count)
        try device.write(buffer, at: offset)
        offset += whole
        buffer = []
    }
}
