/// A size of QR codes at level M (ISO/IEC 18004 table 9), and how bytes become its codewords.
struct QRVersion {
    let number: Int
    /// Error correction codewords of each block.
    private let correction: Int
    /// Blocks, and data codewords of each; the second kind is one longer.
    private let short: (count: Int, data: Int)
    private let long: (count: Int, data: Int)

    var size: Int { 17 + 4 * number }

    private init(_ number: Int, _ correction: Int, _ short: (Int, Int), _ longCount: Int = 0) {
        self.number = number
        self.correction = correction
        self.short = short
        long = (longCount, short.1 + 1)
    }

    private static let all = [
        QRVersion(1, 10, (1, 16)), QRVersion(2, 16, (1, 28)), QRVersion(3, 26, (1, 44)), QRVersion(4, 18, (2, 32)),
        QRVersion(5, 24, (2, 43)), QRVersion(6, 16, (4, 27)), QRVersion(7, 18, (4, 31)), QRVersion(8, 22, (2, 38), 2),
        QRVersion(9, 22, (3, 36), 2), QRVersion(10, 26, (4, 43), 1), QRVersion(11, 30, (1, 50), 4),
        QRVersion(12, 22, (6, 36), 2), QRVersion(13, 22, (8, 37), 1), QRVersion(14, 24, (4, 40), 5),
        QRVersion(15, 24, (5, 41), 5),
    ]

    static func smallest(for count: Int) -> QRVersion? { all.first { count <= $0.capacity } }

    private var dataCodewords: Int { short.count * short.data + long.count * long.data }
    private var countBits: Int { number < 10 ? 8 : 16 }
    /// 4 bits say the mode, 8 or 16 the length.
    private var capacity: Int { (dataCodewords * 8 - 4 - countBits) / 8 }

    /// Centres of the alignment patterns, in columns and rows (annex E).
    var alignments: [Int] {
        let places = [
            [], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50],
            [6, 30, 54], [6, 32, 58], [6, 34, 62], [6, 26, 46, 66], [6, 26, 48, 70],
        ]
        return places[number - 1]
    }

    /// Bytes as data with their error correction, the blocks interleaved (7.4 to 7.6).
    func codewords(of bytes: [UInt8]) -> [UInt8] {
        var bits: [Bool] = []
        func append(_ value: Int, _ count: Int) {
            for index in (0..<count).reversed() { bits.append(value >> index & 1 == 1) }
        }
        append(0b0100, 4)
        append(bytes.count, countBits)
        for byte in bytes { append(Int(byte), 8) }
        append(0, min(4, dataCodewords * 8 - bits.count))
        append(0, (8 - bits.count % 8) % 8)
        var data = stride(from: 0, to: bits.count, by: 8).map { start in
            bits[start..<start + 8].reduce(UInt8(0)) { $0 << 1 | ($1 ? 1 : 0) }
        }
        var pad: UInt8 = 0xEC
        while data.count < dataCodewords {
            data.append(pad)
            pad ^= 0xEC ^ 0x11
        }
        var blocks: [[UInt8]] = []
        var rest = data[...]
        for (count, length) in [short, long] {
            for _ in 0..<count {
                blocks.append(Array(rest.prefix(length)))
                rest = rest.dropFirst(length)
            }
        }
        let corrections = blocks.map { ReedSolomon.remainder(of: $0, count: correction) }
        var interleaved: [UInt8] = []
        for index in 0..<(blocks.map(\.count).max() ?? 0) {
            for block in blocks where index < block.count { interleaved.append(block[index]) }
        }
        for index in 0..<correction { for block in corrections { interleaved.append(block[index]) } }
        return interleaved
    }
}

/// Reed-Solomon codes over GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1 (annex A).
enum ReedSolomon {
    static func multiply(_ left: UInt8, _ right: UInt8) -> UInt8 {
        var product: UInt16 = 0
        for index in (0..<8).reversed() {
            product = product << 1 ^ (product >> 7 & 1 == 1 ? 0x11D : 0)
            if right >> index & 1 == 1 { product ^= UInt16(left) }
        }
        return UInt8(truncatingIfNeeded: product)
    }

    /// The error correction codewords of a block.
    static func remainder(of data: [UInt8], count: Int) -> [UInt8] {
        // The generator: (x - 1)(x - 2)(x - 4)…, highest power first, the leading 1 left out.
        var generator = [UInt8](repeating: 0, count: count - 1) + [1]
        var root: UInt8 = 1
        for _ in 0..<count {
            for index in 0..<count {
                generator[index] = multiply(generator[index], root)
                if index + 1 < count { generator[index] ^= generator[index + 1] }
            }
            root = multiply(root, 2)
        }
        var remainder = [UInt8](repeating: 0, count: count)
        for byte in data {
            let factor = byte ^ remainder.removeFirst()
            remainder.append(0)
            for index in 0..<count { remainder[index] ^= multiply(generator[index], factor) }
        }
        return remainder
    }
}
