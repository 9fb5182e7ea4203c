import FlashStore

/// What a device holds after a cut: what was flushed, and any part of what was not.
public struct CutDisk {
    /// A part of a device as it was written at once, or not at all.
    public typealias Sector = (offset: Int, bytes: [UInt8])

    /// What was flushed.
    public private(set) var durable: [UInt8]
    /// Sectors written since the last flush, in order.
    public private(set) var unflushed: [Sector] = []
    /// Sectors whose flush failed: they may be there, and no later flush promises them.
    public private(set) var doubtful: [Sector] = []
    /// The last operation of the test that was acknowledged, and the last that was begun; -1 for none.
    public private(set) var acknowledged = -1
    /// See ``acknowledged``.
    public private(set) var issued = -1
    private let sector: Int

    /// A device with these bytes.
    ///
    /// - Parameter sector: bytes that a device writes in one piece, or tears.
    public init(_ durable: [UInt8], sector: Int) {
        self.durable = durable
        self.sector = sector
    }

    /// Goes on by one event.
    public mutating func take(_ event: RecordingBlockFile.Event) {
        switch event {
        case .write(let offset, let bytes):
            var start = 0
            while start < bytes.count {
                let end = min(start + sector, bytes.count)
                unflushed.append((offset + start, Array(bytes[start..<end])))
                start = end
            }
        case .flush(isDone: true):
            doubtful.removeAll { old in unflushed.contains { $0.offset == old.offset } }
            for sector in unflushed { durable.place(sector) }
            unflushed = []
        case .flush(isDone: false):
            doubtful += unflushed
            unflushed = []
        case .issued(let number): issued = number
        case .acknowledged(let number): acknowledged = number
        }
    }

    /// An image with the sectors that `isThere` picks, and one of them torn or full of garbage.
    public func image(torn: Int?, random: inout Random, isThere: (Int) -> Bool) -> [UInt8] {
        var image = durable
        for (index, sector) in (doubtful + unflushed).enumerated() {
            if index == torn {
                image.place(tear(sector, over: image, random: &random))
            } else if isThere(index) {
                image.place(sector)
            }
        }
        return image
    }

    private func tear(_ sector: Sector, over image: [UInt8], random: inout Random) -> Sector {
        let old = Array(image[sector.offset..<sector.offset + sector.bytes.count])
        let at = random.next(sector.bytes.count)
        let bytes: [UInt8] =
            switch random.next(4) {
            case 0: Array(sector.bytes[..<at] + old[at...])
            case 1: Array(old[..<at] + sector.bytes[at...])
            case 2: [UInt8](repeating: 0xFF, count: old.count)
            default: old.indices.map { _ in UInt8(random.next(256)) }
            }
        return (sector.offset, bytes)
    }
}

extension [UInt8] {
    /// Puts bytes where they belong.
    mutating func place(_ sector: CutDisk.Sector) {
        replaceSubrange(sector.offset..<sector.offset + sector.bytes.count, with: sector.bytes)
    }
}
