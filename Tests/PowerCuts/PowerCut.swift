import FlashStore

/// One way in which the power went.
public struct PowerCut: Sendable {
    /// What the device holds.
    public let image: [UInt8]
    /// The last operation of the test that was acknowledged; -1 for none.
    public let acknowledged: Int
    /// The last that was begun.
    public let issued: Int

    /// Every cut in what a device has recorded, from the first operation on: after each byte of each write, in the order of
    /// the writes; and before each flush with every set of the sectors that it was to make durable (of many: each alone, all
    /// but each, and random ones), whole and with one of them torn or full of garbage.
    ///
    /// - Parameter sector: bytes that a device writes in one piece: 512 on cards.
    public static func all(of device: RecordingBlockFile, sector: Int = 512, seed: UInt64 = 1) -> [PowerCut] {
        var cuts: [PowerCut] = []
        var image = [UInt8](repeating: 0, count: device.size)
        var disk = CutDisk(image, sector: sector)
        var random = Random(seed)
        for event in device.events {
            if disk.issued >= 0, case .flush = event { cuts += disk.beforeFlush(&random) }
            if case .write(let offset, let bytes) = event {
                for (index, byte) in bytes.enumerated() where image[offset + index] != byte {
                    // A byte that is there already makes no other image.
                    image[offset + index] = byte
                    guard disk.issued >= 0 else { continue }
                    cuts.append(PowerCut(image: image, acknowledged: disk.acknowledged, issued: disk.issued))
                }
            }
            disk.take(event)
        }
        return cuts
    }
}

extension PowerCut {
    /// One cut of each kind: of those that leave a device from which the same is recovered, in the same operation, the first.
    /// What stands on a store then has to be judged by a few instead of thousands.
    ///
    /// - Parameter contents: what is recovered from an image.
    public static func distinct(
        of device: RecordingBlockFile, sector: Int = 512, contents: ([UInt8]) throws -> [String: [UInt8]]
    ) rethrows -> (distinct: [PowerCut], count: Int) {
        struct Kind: Hashable {
            let contents: [String: [UInt8]]
            let acknowledged: Int
            let issued: Int
        }
        let cuts = all(of: device, sector: sector)
        var seen: Set<Kind> = []
        let distinct = try cuts.filter { cut in
            let kind = Kind(
                contents: try contents(cut.image), acknowledged: cut.acknowledged, issued: cut.issued)
            return seen.insert(kind).inserted
        }
        return (distinct, cuts.count)
    }
}

extension CutDisk {
    fileprivate func beforeFlush(_ random: inout Random) -> [PowerCut] {
        let count = unflushed.count
        let masks: [UInt64] =
            count <= 4
            ? Array(0..<(1 << UInt64(count)))
            : (0..<count).flatMap { [1 << UInt64($0 & 63), ~(1 << UInt64($0 & 63))] }
                + (0..<16).map { _ in random.next() }
        var cuts: [PowerCut] = []
        for mask in masks {
            for torn in [nil] + (0..<min(count, 4)).map({ _ in random.next(count) }) {
                let image = image(torn: torn, random: &random) { mask >> UInt64($0 & 63) & 1 == 1 }
                cuts.append(PowerCut(image: image, acknowledged: acknowledged, issued: issued))
            }
        }
        return cuts
    }
}
