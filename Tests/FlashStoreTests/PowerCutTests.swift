import PowerCuts
import Testing

@testable import FlashStore

/// The power goes at every byte and tears every write; what was acknowledged is there, and nothing else than was written.
@Suite struct PowerCutTests {
    @Test func cutAtEveryByte() async throws {
        let script = Script.mixed(70, seed: 1)
        let device = RecordingBlockFile(size: FlashStore.Options.tiny.deviceSize)
        try await script.run(on: device)
        var image = [UInt8](repeating: 0, count: device.size)
        var acknowledged = -1
        var issued = -1
        var cuts = 0
        for event in device.events {
            switch event {
            case .write(let offset, let bytes):
                for (index, byte) in bytes.enumerated() {
                    // A byte that is there already makes no other image.
                    guard image[offset + index] != byte else { continue }
                    image[offset + index] = byte
                    cuts += 1
                    let found = try recover(image).contents
                    #expect(script.allows(found, acknowledged: acknowledged, issued: issued))
                    if cuts % 9 == 0 { try expectSecondLife(image, found) }
                }
            case .issued(let number): issued = number
            case .acknowledged(let number): acknowledged = number
            case .flush: break
            }
        }
        let end = try recover(image)
        #expect(end.contents == script.contents(through: script.operations.count - 1))
        #expect(!end.report.isDamaged)
        #expect(cuts > 3000)
    }

    /// A store that was cut off takes new records, and keeps them and the old ones.
    private func expectSecondLife(_ image: [UInt8], _ found: [String: [UInt8]]) throws {
        let device = MemoryBlockFile(image)
        guard case .log(var log, let contents, _) = try SegmentLog.open(device, pageSize: 128) else { return }
        let change = Change.put(key: "z", value: [1, 2, 3])
        if log.fits(128) {
            try log.append([PendingRecord(first: change)])
        } else {
            var contents = contents
            contents.replay(change)
            try log.rewrite(contents)
        }
        var expected = found
        expected.make(change)
        #expect(try recover(device.image).contents == expected)
    }

    @Test(arguments: [2, 3, 4] as [UInt64])
    func tearEveryWrite(seed: UInt64) async throws {
        let script = Script.mixed(70, seed: seed)
        let device = RecordingBlockFile(size: FlashStore.Options.tiny.deviceSize)
        try await script.run(on: device)
        var disk = CutDisk([UInt8](repeating: 0, count: device.size), sector: 128)
        var random = Random(seed)
        var compactions = 0
        var flushes = 0
        for event in device.events {
            // The first flush ends the zeroing of a new device, which is done under another name on a file system.
            if case .flush = event { flushes += 1 }
            if case .flush = event, flushes > 1 {
                let pages = disk.unflushed.count
                if disk.unflushed.contains(where: { $0.offset % 2048 == 0 }) { compactions += 1 }
                // Every subset of a small group; of a large one each page alone, all but each page, and random ones.
                let masks: [UInt64] =
                    pages <= 4
                    ? Array(0..<(1 << UInt64(pages)))
                    : (0..<pages).flatMap { [1 << UInt64($0), ~(1 << UInt64($0))] }
                        + (0..<16).map { _ in random.next() }
                for mask in masks {
                    for torn in [nil, random.next(pages)] {
                        let image = disk.image(torn: torn, random: &random) { mask >> UInt64($0) & 1 == 1 }
                        let found = try recover(image).contents
                        #expect(script.allows(found, acknowledged: disk.acknowledged, issued: disk.issued))
                    }
                }
            }
            disk.take(event)
        }
        #expect(compactions > 3)
    }

    /// Every single write or flush of the script fails, alone or with the ones after it, and then the power goes.
    @Test(arguments: [1, 2, 5])
    func deviceFailsThenCut(failures: Int) async throws {
        let script = Script.mixed(40, seed: 5)
        let dry = RecordingBlockFile(size: FlashStore.Options.tiny.deviceSize)
        try await script.run(on: dry)
        var random = Random(6)
        // The first calls lay out the file; a failure there is an error of opening.
        let layingOut = 6
        for first in layingOut..<dry.calls {
            let device = RecordingBlockFile(size: FlashStore.Options.tiny.deviceSize)
            device.fail { $0.calls = first..<first + failures }
            try await script.run(on: device)
            var disk = CutDisk([UInt8](repeating: 0, count: device.size), sector: 128)
            for event in device.events {
                disk.take(event)
                guard case .flush = event, disk.issued >= 0, random.next(4) == 0 || !disk.doubtful.isEmpty else {
                    continue
                }
                let mask = random.next()
                let torn = disk.unflushed.isEmpty && disk.doubtful.isEmpty ? nil : random.next(8)
                let image = disk.image(torn: torn, random: &random) { mask >> UInt64($0 & 63) & 1 == 1 }
                let found = try recover(image).contents
                #expect(script.allows(found, acknowledged: disk.acknowledged, issued: disk.issued), "\(first)")
            }
            // Memory is the truth: once a later attempt succeeded, even what had failed is there.
            if device.calls > first + failures {
                #expect(try recover(device.image).contents == script.contents(through: script.operations.count - 1))
            }
        }
    }

    /// A damaged header copy is written again at opening, and that may be cut as well.
    @Test func cutWhileRepairing() async throws {
        let script = Script.mixed(20, seed: 7)
        let device = RecordingBlockFile(size: FlashStore.Options.tiny.deviceSize)
        try await script.run(on: device)
        let expected = script.contents(through: script.operations.count - 1)
        for offset in [0, 2048 - 64, 2048, 4096 - 64] {
            var damaged = device.image
            damaged[offset + 20] ^= 0x10
            let opened = RecordingBlockFile(damaged)
            guard case .log(_, _, let report) = try SegmentLog.open(opened, pageSize: 128) else {
                Issue.record("blank")
                continue
            }
            guard report.damagedHeaders > 0 else { continue }  // the other segment's header is nobody's loss
            #expect(opened.writes.count == 1)
            #expect(try recover(opened.image).report.damagedHeaders == 0)
            for write in opened.writes {
                for (index, byte) in write.bytes.enumerated() {
                    damaged[write.offset + index] = byte
                    #expect(try recover(damaged).contents == expected)
                }
            }
        }
    }
}
