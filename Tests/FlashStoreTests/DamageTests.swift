// swift-format-ignore-file: NeverForceUnwrap

import PowerCuts
import Testing

@testable import FlashStore

/// A flipped bit anywhere is detected, and costs its own record and no other.
@Suite struct DamageTests {
    static let layout = Layout(segmentSize: 512, pageSize: 64)!

    /// An image in its third generation (so that stale records stand behind the end), and where its records are.
    static func image(groups: [[Change]]) throws -> (bytes: [UInt8], records: [(range: Range<Int>, change: Change)]) {
        let device = RecordingBlockFile(size: layout.fileSize)
        var log = try SegmentLog.format(device, layout: layout)
        for number in 0..<3 {
            try log.append([PendingRecord(first: .put(key: "old", value: [UInt8](repeating: UInt8(number), count: 40)))]
            )
            try log.append([PendingRecord(first: .put(key: "stale", value: [UInt8](repeating: 7, count: 40)))])
            try log.append([PendingRecord(first: .removeAll(prefix: ""))])
            try log.rewrite([Key("kept"): Entry(value: [9, 9, UInt8(number)], revision: 0)])
        }
        var records: [(range: Range<Int>, change: Change)] = []
        // The third rewrite went to segment 1; its first page holds the compacted record.
        var page = layout.segmentSize + layout.dataArea.lowerBound
        for group in [[Change.put(key: "kept", value: [9, 9, 2])]] + groups {
            if page > layout.segmentSize + layout.dataArea.lowerBound {
                try log.append(group.map { PendingRecord(first: $0) })
            }
            var offset = page
            for change in group {
                let length = PendingRecord(first: change).length
                records.append((offset..<offset + length, change))
                offset += length
            }
            page = layout.roundedToPage(offset)
        }
        return (device.image, records)
    }

    @Test(arguments: [
        [
            [Change.put(key: "a", value: [1, 2, 3]), .put(key: "b", value: []), .put(key: "a", value: [4])],
            [.put(key: "last", value: [5])],
        ],
        [[.put(key: "a", value: [1]), .remove(key: "kept"), .put(key: "b", value: [UInt8](repeating: 1, count: 50))]],
    ])
    func everyBit(groups: [[Change]]) throws {
        let (bytes, records) = try Self.image(groups: groups)
        let contents = { (missing: Int?) -> [String: [UInt8]] in
            var contents: [String: [UInt8]] = [:]
            for (index, record) in records.enumerated() where index != missing { contents.make(record.change) }
            return contents
        }
        let whole = contents(nil)
        let clean = try recover(bytes, pageSize: 64)
        #expect(clean.contents == whole)
        #expect(!clean.report.isDamaged)
        let used = records[0].range.lowerBound..<Self.layout.roundedToPage(records[records.count - 1].range.upperBound)
        let headers = Self.layout.headerOffsets(segment: 1).map { $0..<$0 + SegmentHeader.length }
        for bit in 0..<bytes.count * 8 {
            let offset = bit / 8
            var flipped = bytes
            flipped[offset] ^= 1 << UInt8(bit % 8)
            let found = try recover(flipped, pageSize: 64)
            let place: Comment = "bit \(bit % 8) of byte \(offset)"
            if let index = records.firstIndex(where: { $0.range.contains(offset) }) {
                #expect(found.contents == contents(index) || found.contents == whole, place)
            } else {
                #expect(found.contents == whole, place)
            }
            #expect(
                found.report.isDamaged == (used.contains(offset) || headers.contains { $0.contains(offset) }), place)
        }
    }

    /// Each aligned run of bytes is wiped in turn: a bad sector costs the records it touches.
    @Test(arguments: [0x00, 0xFF] as [UInt8])
    func wipedRuns(filler: UInt8) throws {
        let groups = (0..<2).map { group in
            (0..<2).map { Change.put(key: "\(group)\($0)", value: [UInt8](repeating: UInt8($0), count: 3)) }
        }
        let (bytes, records) = try Self.image(groups: groups)
        for start in stride(from: 512 + 64, to: 1024 - 64, by: 8) {
            let hole = start..<start + 32
            var wiped = bytes
            wiped.replaceSubrange(hole, with: [UInt8](repeating: filler, count: 32))
            let found = try recover(wiped, pageSize: 64)
            for record in records where !record.range.overlaps(hole) {
                guard case .put(let key, let value) = record.change else { continue }
                #expect(found.contents[key] == value, "hole at \(start)")
            }
        }
    }

    @Test func bothHeadersGoneIsCorruptAndTouchesNothing() throws {
        var bytes = try Self.image(groups: [[.put(key: "a", value: [1])]]).bytes
        for segment in 0..<2 {
            for offset in Self.layout.headerOffsets(segment: segment) { bytes[offset + 30] ^= 1 }
        }
        let device = RecordingBlockFile(bytes)
        #expect(throws: StoreError(.corrupt, "")) { try SegmentLog.open(device, pageSize: 64) }
        #expect(throws: StoreError(.corrupt, "")) { try FlashStore.open(on: device) }
        #expect(device.events.isEmpty)
    }

    @Test func cutOffFileIsCorrupt() throws {
        let bytes = try Self.image(groups: []).bytes
        for length in [512, 700, 1023] {
            #expect(throws: StoreError(.corrupt, "")) { try recover(Array(bytes[..<length]), pageSize: 64) }
        }
        #expect(throws: StoreError(.corrupt, "")) {
            try recover(bytes + [UInt8](repeating: 0, count: 1024), pageSize: 64)
        }
    }

    @Test func laterVersionIsRefused() throws {
        var bytes = try Self.image(groups: []).bytes
        bytes[512 + 8] = 2
        let checksum = bytes[512..<512 + 60].withUnsafeBytes { CRC32C.checksum($0) }
        bytes.set(little: checksum, at: 512 + 60)
        #expect(throws: StoreError(.unsupportedVersion, "")) { try recover(bytes, pageSize: 64) }
    }

    @Test func badPageCostsItsRecords() throws {
        let (bytes, records) = try Self.image(groups: [[.put(key: "a", value: [1])], [.put(key: "b", value: [2])]])
        let device = RecordingBlockFile(bytes)
        let page = records[1].range.lowerBound
        device.fail { $0.unreadable = page..<page + 64 }
        guard case .log(_, let contents, let report) = try SegmentLog.open(device, pageSize: 64) else {
            Issue.record("blank")
            return
        }
        #expect(Set(contents.keys.map(\.text)) == ["kept", "b"])
        #expect(report.unreadablePages == 1)
        #expect(report.lostRecords == 1)
    }

    /// A value that looks like a record does not come alive when the record around it is damaged.
    @Test func smuggledRecordStaysAValue() throws {
        let device = RecordingBlockFile(size: 4096)
        var log = try SegmentLog.format(device, layout: try #require(Layout(segmentSize: 2048, pageSize: 64)))
        // The stranger knows generation and sequence, but not the salt.
        var forged: [UInt8] = [0, 0, 0]
        Record.append([.put(key: "trust", value: [1])], generation: 1, sequence: 2, salt: 0, to: &forged)
        try log.append([PendingRecord(first: .put(key: "a", value: forged))])
        let honest = try recover(device.image, pageSize: 64).contents
        #expect(honest == ["a": forged])
        var damaged = device.image
        damaged[64] ^= 1
        #expect(try recover(damaged, pageSize: 64).contents.isEmpty)
    }

    /// Records count only in the segment's own generation and only in rising sequence with room for those
    /// before, whatever their checksums say.
    @Test(arguments: [
        (1, 5, false), (3, 5, false), (2, 1, false), (2, 0, false), (2, 5, true), (2, 7, true), (2, 8, false),
        (2, 4_000_000_000, false),
    ])
    func strangeRecords(generation: UInt32, sequence: UInt32, isTaken: Bool) throws {
        let layout = try #require(Layout(segmentSize: 2048, pageSize: 64))
        let device = RecordingBlockFile(size: layout.fileSize)
        var log = try SegmentLog.format(device, layout: layout)
        try log.rewrite([Key("kept"): Entry(value: [1], revision: 0)])
        var image = device.image
        guard case .valid(let header) = image[2048...].withUnsafeBytes({ SegmentHeader.decode($0) }) else {
            Issue.record("no header")
            return
        }
        #expect(header.generation == 2)
        var record: [UInt8] = []
        Record.append(
            [.put(key: "strange", value: [2])], generation: generation, sequence: sequence, salt: header.salt,
            to: &record)
        // Six records of 32 bytes have room before it.
        image.replaceSubrange(2048 + 256..<2048 + 256 + record.count, with: record)
        let found = try recover(image, pageSize: 64)
        #expect(found.contents["strange"] == (isTaken ? [2] : nil))
        #expect(found.contents["kept"] == [1])
        #expect(found.report.lostRecords == (isTaken ? Int(sequence) - 2 : 0))
    }
}
