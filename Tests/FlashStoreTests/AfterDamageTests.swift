// swift-format-ignore-file: NeverForceUnwrap

import PowerCuts
import Testing

@testable import FlashStore

/// What is acknowledged after damage was found is there at the next start, and nothing else has changed since.
@Suite struct AfterDamageTests {
    static let pageSize = 64
    static let layout = Layout(segmentSize: 512, pageSize: pageSize)!
    /// The last group takes three pages, so that its end can be lost while its beginning is found.
    static let groups: [[Change]] = [
        [.put(key: "a", value: [1])],
        [
            .put(key: "b", value: [2]), .put(key: "c", value: [3, 3]),
            .put(key: "a", value: [4]), .remove(key: "c"), .put(key: "b", value: [5]),
        ],
    ]

    static func image() throws -> [UInt8] { try DamageTests.image(groups: groups).bytes }

    /// One life on a damaged device: what was found, then with a new key and another value for an old one.
    private func live(on device: RecordingBlockFile) async throws -> [String: [UInt8]] {
        let store = try FlashStore.open(on: device)
        try await store.put("new", [7, 7], .now)
        try await store.put("b", [8], .now)
        await store.close()
        #expect(store.statistics.lastError == nil)
        return Dictionary(uniqueKeysWithValues: store.scan(prefix: "").map { ($0.key, $0.value) })
    }

    private func expectKept(_ damaged: [UInt8], _ place: Comment) async throws {
        var expected = try recover(damaged, pageSize: Self.pageSize).contents
        let device = RecordingBlockFile(damaged)
        let memory = try await live(on: device)
        expected["new"] = [7, 7]
        expected["b"] = [8]
        #expect(memory == expected, place)
        let found = try recover(device.image, pageSize: Self.pageSize)
        #expect(found.contents == expected, place)
        #expect(!found.report.isDamaged, place)
    }

    @Test func everyBit() async throws {
        let image = try Self.image()
        // Of the segment that is not active only the headers are ever read.
        for bit in 0..<image.count * 8 where bit / 8 < 64 || bit / 8 >= 448 {
            var damaged = image
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            try await expectKept(damaged, "bit \(bit % 8) of byte \(bit / 8)")
        }
    }

    /// Each page in turn holds zeros, ones, noise, or what it held before its last write; in the data area also what
    /// another page holds.
    @Test func everyPage() async throws {
        let image = try Self.image()
        var random = Random(11)
        for start in stride(from: 0, to: image.count, by: Self.pageSize) {
            var fillings: [[UInt8]] = [0x00, 0xFF].map { [UInt8](repeating: $0, count: Self.pageSize) }
            for _ in 0..<4 { fillings.append((0..<Self.pageSize).map { _ in UInt8(random.next(256)) }) }
            if Self.layout.dataArea.contains(start % 512) {
                for other in Array(stride(from: 64, to: 448, by: 64)) + Array(stride(from: 576, to: 960, by: 64)) {
                    fillings.append(Array(image[other..<other + Self.pageSize]))
                }
            }
            for (index, filling) in fillings.enumerated() {
                var damaged = image
                damaged.replaceSubrange(start..<start + Self.pageSize, with: filling)
                try await expectKept(damaged, "filling \(index) of the page at \(start)")
            }
        }
    }

    /// Runs of pages that cannot be read at one start and can at the next: what they hold must not come back to life
    /// behind, or beside, what was acknowledged in between.
    @Test func pagesThatComeBack() async throws {
        let image = try Self.image()
        for first in stride(from: 576, to: 960, by: 64) {
            for end in stride(from: first + 64, through: 960, by: 64) {
                let device = RecordingBlockFile(image)
                device.fail { $0.unreadable = first..<end }
                let expected = try await live(on: device)
                device.fail { $0.unreadable = 0..<0 }
                let found = try recover(device.image, pageSize: Self.pageSize).contents
                #expect(found == expected, "\(first)..<\(end)")
            }
        }
    }

    /// A value that is there already is not durable merely because it was found once.
    @Test func equalValuesAreConfirmed() async throws {
        let image = try Self.image()
        let device = RecordingBlockFile(image)
        device.fail { $0.unreadable = 704..<960 }
        let store = try FlashStore.open(on: device)
        #expect(store.get("a") == [1] && store.get("b") == nil)
        #expect(store.statistics.recovery.unreadablePages == 4)
        let calls = device.calls
        #expect(store.statistics.compactions == 0)
        try await store.put("a", [1], .now)
        try await store.remove("nothing", .now)
        #expect(store.statistics.compactions == 1)
        #expect(device.calls > calls)
        device.fail { $0.unreadable = 0..<0 }
        #expect(try recover(device.image, pageSize: Self.pageSize).contents["a"] == [1])
        // Once confirmed, nothing is written again.
        let confirmed = device.calls
        try await store.put("a", [1], .now)
        try await store.flush()
        await store.close()
        #expect(device.calls == confirmed)
    }

    /// Who only reads leaves a damaged device as it is.
    @Test func readingWritesNothing() async throws {
        var damaged = try Self.image()
        damaged[640] ^= 1
        let device = RecordingBlockFile(damaged)
        let store = try FlashStore.open(on: device)
        #expect(store.statistics.recovery.lostRecords == 1)
        #expect(store.get("kept") != nil)
        await store.close()
        #expect(device.calls == 0)
    }

    /// A sequence number is taken only where so many records have room before it: else the record after the one with
    /// the highest would be refused, wherever it is.
    @Test(arguments: 3...61)
    func appendingBehindAnyNumber(sequence: UInt32) throws {
        let layout = try #require(Layout(segmentSize: 2048, pageSize: 64))
        for page in stride(from: 192, to: 1984 - 64, by: 64) {
            let image = try Self.image(layout, sequence: sequence, at: page)
            let again = RecordingBlockFile(image)
            guard case .log(var log, var contents, _) = try SegmentLog.open(again, pageSize: 64) else {
                Issue.record("blank")
                return
            }
            #expect((contents[Key("far")] != nil) == (Int(sequence) <= (page - 64) / 32 + 1))
            let change = Change.put(key: "next", value: [3])
            contents.replay(change)
            try log.append([PendingRecord(first: change)])
            let found = try recover(again.image, pageSize: 64)
            #expect(found.contents == contents.mapValues(\.value).reduce(into: [:]) { $0[$1.key.text] = $1.value })
        }
    }

    /// What the fuzzer found: records 1, 2 and 60, where 60 is the highest number that the segment has room for.
    @Test(arguments: [192, 1024, 1856])
    func writingBehindTheHighestNumber(page: Int) async throws {
        let layout = try #require(Layout(segmentSize: 2048, pageSize: 64))
        let device = RecordingBlockFile(try Self.image(layout, sequence: 60, at: page))
        let store = try FlashStore.open(on: device)
        #expect(store.putBatched("fuzz/key", [1, 2, 3]))
        await store.close()
        let found = try recover(device.image, pageSize: 64)
        #expect(found.contents["fuzz/key"] == [1, 2, 3])
        #expect(!found.report.isDamaged)
    }

    /// Records 1 and 2, and one of any number on a page behind them.
    private static func image(_ layout: Layout, sequence: UInt32, at page: Int) throws -> [UInt8] {
        let device = RecordingBlockFile(size: layout.fileSize)
        var log = try SegmentLog.format(device, layout: layout)
        for key in ["a", "b"] { try log.append([PendingRecord(first: .put(key: key, value: [1]))]) }
        var image = device.image
        let copy = image.withUnsafeBytes { SegmentHeader.decode($0) }
        guard case .valid(let header) = copy else { throw StoreError(.corrupt, "no header") }
        var record: [UInt8] = []
        Record.append([.put(key: "far", value: [2])], generation: 1, sequence: sequence, salt: header.salt, to: &record)
        image.replaceSubrange(page..<page + record.count, with: record)
        return image
    }
}
