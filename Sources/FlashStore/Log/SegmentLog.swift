/// The log on a device: appends groups to the active segment and compacts into the other one.
///
/// Every method may block on the device; the store's writer thread owns it. After a method has thrown, only ``rewrite(_:)``
/// and ``scrub(_:)`` may follow: what the device holds behind the last flush is not known any more.
struct SegmentLog {
    /// Where things stand.
    let layout: Layout
    /// Bytes written, in whole pages.
    private(set) var bytesWritten = 0
    /// Flushes asked for.
    private(set) var flushes = 0
    /// Times the live set was written into the other segment.
    private(set) var compactions = 0
    /// Records written, compactions included.
    private(set) var recordsWritten = 0

    private let device: any BlockFile
    /// The segment that is appended to: 0 or 1.
    private var active: Int
    private var generation: UInt32
    private var salt: UInt32
    private var sequence: UInt32
    /// Where the next group goes, relative to the segment.
    private var end: Int
    /// The highest generation ever tried, so that the remains of a failed attempt are of another generation.
    private var highestGeneration: UInt32
    /// A header with a higher generation than the active one's may stand in the other segment.
    private var isOtherHeaderSuspect = false

    // MARK: Opening

    /// What a device holds.
    enum Opened {
        case log(SegmentLog, Contents, RecoveryReport)
        /// Nothing was ever stored on it.
        case blank
    }

    /// Reads the device; writes only to repair a damaged header copy.
    ///
    /// - Parameter pageSize: of a new file; decides which bytes may differ from zero in one whose making was interrupted.
    static func open(_ device: any BlockFile, pageSize: Int) throws(StoreError) -> Opened {
        var best: (segment: Int, header: SegmentHeader)?
        var copies: [[Bool]] = [[], []]
        let half = device.size / 2
        for segment in 0..<2 where half >= 4 * Layout.minimumPageSize {
            for offset in [segment * half, (segment + 1) * half - SegmentHeader.length] {
                let bytes = (try? device.bytes(at: offset, count: SegmentHeader.length)) ?? []
                switch bytes.withUnsafeBytes({ SegmentHeader.decode($0) }) {
                case .valid(let header):
                    guard header.layout.fileSize == device.size else {
                        throw StoreError(
                            .corrupt,
                            "the file has \(device.size) bytes and its header says \(header.layout.fileSize); it was cut "
                                + "off or extended. Restore it, or move it away to begin anew")
                    }
                    if header.generation > best?.header.generation ?? 0 {
                        best = (segment, header)
                        copies[segment] = copies[segment].map { _ in false }
                    }
                    copies[segment].append(best?.segment == segment && best?.header == header)
                case .otherVersion(let version):
                    throw StoreError(
                        .unsupportedVersion,
                        "the file is of format version \(version), this Gatehouse reads \(SegmentHeader.version)")
                case .invalid:
                    copies[segment].append(false)
                }
            }
        }
        guard let (segment, header) = best else {
            guard try isBlank(device, pageSize: pageSize) else {
                throw StoreError(
                    .corrupt,
                    "none of the four segment headers is valid, but there is data. Restore the file, or move it away to "
                        + "begin anew")
            }
            return .blank
        }
        let recovery = Recovery(device: device, segment: segment, header: header)
        var log = SegmentLog(device: device, segment: segment, header: header)
        log.sequence = recovery.lastSequence
        log.end = recovery.end
        var report = recovery.report
        report.damagedHeaders = copies[segment].count { !$0 }
        log.repairHeaders(copies[segment], header)
        return .log(log, recovery.contents, report)
    }

    /// Lays out a blank device: zeros everywhere, then the first generation's header.
    static func format(_ device: any BlockFile, layout: Layout) throws(StoreError) -> SegmentLog {
        guard device.size == layout.fileSize else {
            throw StoreError(.io, "the device has \(device.size) bytes, the layout needs \(layout.fileSize)")
        }
        let header = SegmentHeader(layout: layout, generation: 1, salt: .random(in: .min ... .max))
        var log = SegmentLog(device: device, segment: 0, header: header)
        // Written, not only allocated: the first write to an allocated but unwritten block changes the file system's
        // metadata, and each flush would go through its journal.
        try device.zero(0..<layout.fileSize)
        try device.flush()
        try log.writeHeader(header, segment: 0)
        log.bytesWritten += layout.fileSize
        log.flushes += 1
        return log
    }

    private init(device: any BlockFile, segment: Int, header: SegmentHeader) {
        self.device = device
        layout = header.layout
        active = segment
        generation = header.generation
        highestGeneration = header.generation
        salt = header.salt
        sequence = 0
        end = header.layout.dataArea.lowerBound
    }

    /// Whether there are zeros everywhere but where a torn first header may stand.
    private static func isBlank(_ device: any BlockFile, pageSize: Int) throws(StoreError) -> Bool {
        let half = device.size / 2
        let layout = Layout(segmentSize: half, pageSize: pageSize)
        let allowed = layout?.fileSize == device.size ? layout.map { $0.dataArea } : nil
        var offset = 0
        while offset < device.size {
            let count = min(65_536, device.size - offset)
            let bytes = try device.bytes(at: offset, count: count)
            if !bytes.withUnsafeBytes({ $0.isZero(0..<count) }) {
                for index in 0..<count where bytes[index] != 0 {
                    guard let allowed, !allowed.contains((offset + index) % half) else { return false }
                }
            }
            offset += count
        }
        return true
    }

    /// Writes damaged copies of the active header again. A device that refuses is no reason not to open: the other copy is
    /// good, and the damage is found again next time.
    private mutating func repairHeaders(_ copies: [Bool], _ header: SegmentHeader) {
        guard copies.contains(false) else { return }
        let pages = headerPages(header, segment: active)
        do {
            for (page, isValid) in zip(pages, copies) where !isValid {
                try device.write(page.bytes, at: page.offset)
                bytesWritten += page.bytes.count
            }
            flushes += 1
            try device.flush()
        } catch {}
    }

    // MARK: Writing

    /// Whether a group of so many bytes fits into the active segment.
    func fits(_ bytes: Int) -> Bool {
        end + layout.roundedToPage(bytes) <= layout.dataArea.upperBound
    }

    /// Appends records as one group and flushes it.
    mutating func append(_ records: [PendingRecord]) throws(StoreError) {
        guard fits(records.reduce(0) { $0 + $1.length }) else {
            throw StoreError(.full, "the group does not fit into the segment; it must be rewritten instead")
        }
        let base = active * layout.segmentSize
        var writer = PageWriter(device: device, pageSize: layout.pageSize, offset: base + end)
        for record in records {
            sequence += 1
            try writer.append { bytes in
                Record.append(record.changes, generation: generation, sequence: sequence, salt: salt, to: &bytes)
            }
        }
        try writer.finish()
        bytesWritten += writer.offset - base - end
        flushes += 1
        try device.flush()
        end = writer.offset - base
        recordsWritten += records.count
    }

    /// Writes the live set into the other segment and makes that the active one.
    mutating func rewrite(_ contents: Contents) throws(StoreError) {
        guard contents.compactedLength <= layout.capacity else {
            // The limits of the store keep the live set under half of this, so only a forged file gets here.
            throw StoreError(.full, "the live set does not fit into a segment of \(layout.segmentSize) bytes")
        }
        let target = 1 - active
        let base = target * layout.segmentSize
        if isOtherHeaderSuspect {
            // Else a cut during what follows would leave a valid header over half-written data.
            try eraseHeader(segment: target)
            isOtherHeaderSuspect = false
        }
        guard highestGeneration < .max else { throw StoreError(.full, "the last generation number is used up") }
        highestGeneration += 1
        let header = SegmentHeader(layout: layout, generation: highestGeneration, salt: .random(in: .min ... .max))
        var writer = PageWriter(device: device, pageSize: layout.pageSize, offset: base + layout.dataArea.lowerBound)
        var written: UInt32 = 0
        for (key, entry) in contents {
            written += 1
            try writer.append { bytes in
                Record.append(
                    CollectionOfOne(.put(key: key.text, value: entry.value)), generation: header.generation,
                    sequence: written, salt: header.salt, to: &bytes)
            }
        }
        try writer.finish()
        bytesWritten += writer.offset - base - layout.dataArea.lowerBound
        if written > 0 {
            flushes += 1
            try device.flush()
        }
        isOtherHeaderSuspect = true
        try writeHeader(header, segment: target)
        isOtherHeaderSuspect = false
        active = target
        generation = header.generation
        salt = header.salt
        sequence = written
        end = writer.offset - base
        recordsWritten += Int(written)
        compactions += 1
    }

    /// Compacts, then overwrites everything that is not the live set with zeros.
    mutating func scrub(_ contents: Contents) throws(StoreError) {
        try rewrite(contents)
        let base = active * layout.segmentSize
        let other = (1 - active) * layout.segmentSize
        try device.zero(base + end..<base + layout.dataArea.upperBound)
        try device.zero(other..<other + layout.segmentSize)
        bytesWritten += layout.dataArea.upperBound - end + layout.segmentSize
        flushes += 1
        try device.flush()
    }

    /// Gives the device up; nothing may follow.
    func close() {
        device.close()
    }

    // MARK: Headers

    /// The first and the last page of a segment, each with a copy of the header and zeros.
    private func headerPages(_ header: SegmentHeader, segment: Int) -> [(bytes: [UInt8], offset: Int)] {
        let copy = header.encoded()
        let zeros = [UInt8](repeating: 0, count: layout.pageSize - copy.count)
        let start = segment * layout.segmentSize
        return [(copy + zeros, start), (zeros + copy, start + layout.dataArea.upperBound)]
    }

    private mutating func writeHeader(_ header: SegmentHeader, segment: Int) throws(StoreError) {
        for page in headerPages(header, segment: segment) {
            try device.write(page.bytes, at: page.offset)
            bytesWritten += page.bytes.count
        }
        flushes += 1
        try device.flush()
    }

    private mutating func eraseHeader(segment: Int) throws(StoreError) {
        let start = segment * layout.segmentSize
        try device.zero(start..<start + layout.pageSize)
        try device.zero(start + layout.dataArea.upperBound..<start + layout.segmentSize)
        bytesWritten += 2 * layout.pageSize
        flushes += 1
        try device.flush()
    }
}

/// A record that waits to be written: the changes that are made as one.
struct PendingRecord: Sendable {
    var first: Change
    /// Empty for nearly all, and then without an allocation.
    var rest: [Change] = []

    var changes: some Sequence<Change> { [first] + rest }

    /// Bytes with header and padding.
    var length: Int {
        Record.aligned(
            Record.headerLength + rest.reduce(Record.encodedLength(first)) { $0 + Record.encodedLength($1) })
    }
}
