/// A QR code (ISO/IEC 18004): bytes, at the error correction level M, of the smallest size that holds them.
///
/// Level M restores 15 % of the code: a label that is scratched still scans. Versions 1 to 15, that is up to 412 bytes, are
/// made; a label needs 150.
public struct QRCode: Sendable, Hashable {
    /// The most bytes that fit.
    public static let maximumBytes = 412

    /// Modules a side.
    public let size: Int
    /// Whether each module is dark, row by row.
    private var dark: [Bool]
    /// Whether a module belongs to the patterns and is no data.
    private var isFunction: [Bool]

    /// Whether the module in this column and row is dark; those around the code are light.
    public subscript(column: Int, row: Int) -> Bool {
        (0..<size).contains(column) && (0..<size).contains(row) && dark[row * size + column]
    }

    /// The code of these bytes; nil when they do not fit.
    public init?(_ bytes: [UInt8]) {
        guard let version = QRVersion.smallest(for: bytes.count) else { return nil }
        size = version.size
        dark = Array(repeating: false, count: size * size)
        isFunction = dark
        drawPatterns(version)
        drawData(version.codewords(of: bytes))
        // The mask of the least penalty (7.8.3): the picture that a camera reads best.
        let masks = (0..<8).map { masked($0) }
        dark = (masks.min { $0.penalty < $1.penalty } ?? masks[0]).dark
    }

    /// The code of a text in UTF-8.
    public init?(_ text: String) { self.init(Array(text.utf8)) }

    // MARK: Patterns (6.3, 7.9, 7.10)

    private mutating func set(_ column: Int, _ row: Int, _ isDark: Bool) {
        dark[row * size + column] = isDark
        isFunction[row * size + column] = true
    }

    private mutating func drawPatterns(_ version: QRVersion) {
        for index in 0..<size {
            set(6, index, index % 2 == 0)
            set(index, 6, index % 2 == 0)
        }
        for (column, row) in [(3, 3), (size - 4, 3), (3, size - 4)] { drawFinder(column, row) }
        let places = version.alignments
        for row in places {
            for column in places {
                // Three corners have finders.
                let last = size - 7
                if (column == 6 && (row == 6 || row == last)) || (column == last && row == 6) { continue }
                for y in -2...2 { for x in -2...2 { set(column + x, row + y, max(abs(x), abs(y)) != 1) } }
            }
        }
        drawFormat(mask: 0)
        if version.number >= 7 { drawVersion(version.number) }
    }

    private mutating func drawFinder(_ column: Int, _ row: Int) {
        for y in -4...4 {
            for x in -4...4 where (0..<size).contains(column + x) && (0..<size).contains(row + y) {
                let distance = max(abs(x), abs(y))
                set(column + x, row + y, distance != 2 && distance != 4)
            }
        }
    }

    /// The level and the mask, twice, protected by a BCH code.
    private mutating func drawFormat(mask: Int) {
        // Level M is 00.
        var remainder = mask
        for _ in 0..<10 { remainder = (remainder << 1) ^ ((remainder >> 9) * 0x537) }
        let bits = (mask << 10 | remainder) ^ 0x5412
        func bit(_ index: Int) -> Bool { bits >> index & 1 == 1 }
        for index in 0...5 { set(8, index, bit(index)) }
        set(8, 7, bit(6))
        set(8, 8, bit(7))
        set(7, 8, bit(8))
        for index in 9..<15 { set(14 - index, 8, bit(index)) }
        for index in 0..<8 { set(size - 1 - index, 8, bit(index)) }
        for index in 8..<15 { set(8, size - 15 + index, bit(index)) }
        set(8, size - 8, true)
    }

    private mutating func drawVersion(_ number: Int) {
        var remainder = number
        for _ in 0..<12 { remainder = (remainder << 1) ^ ((remainder >> 11) * 0x1F25) }
        let bits = number << 12 | remainder
        for index in 0..<18 {
            let isDark = bits >> index & 1 == 1
            set(size - 11 + index % 3, index / 3, isDark)
            set(index / 3, size - 11 + index % 3, isDark)
        }
    }

    // MARK: Data (7.7.3)

    private mutating func drawData(_ codewords: [UInt8]) {
        var index = 0
        var right = size - 1
        while right >= 1 {
            // The column of the timing pattern is left out.
            if right == 6 { right = 5 }
            for step in 0..<size {
                let isUpward = (right + 1) & 2 == 0
                let row = isUpward ? size - 1 - step : step
                for column in [right, right - 1] where !isFunction[row * size + column] && index < codewords.count * 8 {
                    dark[row * size + column] = codewords[index / 8] >> (7 - index % 8) & 1 == 1
                    index += 1
                }
            }
            right -= 2
        }
    }

    private func masked(_ mask: Int) -> QRCode {
        var code = self
        code.drawFormat(mask: mask)
        for row in 0..<size {
            for column in 0..<size where !isFunction[row * size + column] {
                let isInverted =
                    switch mask {
                    case 0: (row + column) % 2 == 0
                    case 1: row % 2 == 0
                    case 2: column % 3 == 0
                    case 3: (row + column) % 3 == 0
                    case 4: (row / 2 + column / 3) % 2 == 0
                    case 5: row * column % 2 + row * column % 3 == 0
                    case 6: (row * column % 2 + row * column % 3) % 2 == 0
                    default: ((row + column) % 2 + row * column % 3) % 2 == 0
                    }
                if isInverted { code.dark[row * size + column].toggle() }
            }
        }
        return code
    }

    /// How badly the picture reads (7.8.3.1).
    private var penalty: Int {
        var sum = 0
        for line in 0..<size {
            sum += QRCode.penalty(of: (0..<size).map { self[$0, line] })
            sum += QRCode.penalty(of: (0..<size).map { self[line, $0] })
        }
        for row in 0..<size - 1 {
            for column in 0..<size - 1 {
                let first = self[column, row]
                if self[column + 1, row] == first, self[column, row + 1] == first, self[column + 1, row + 1] == first {
                    sum += 3
                }
            }
        }
        let percent = dark.count { $0 } * 100 / dark.count
        return sum + abs(percent - 50) / 5 * 10
    }

    private static let finderLike: [[Bool]] = [
        [true, false, true, true, true, false, true, false, false, false, false],
        [false, false, false, false, true, false, true, true, true, false, true],
    ]

    private static func penalty(of line: [Bool]) -> Int {
        var sum = 0
        var run = 0
        for (index, isDark) in line.enumerated() {
            run = index > 0 && line[index - 1] == isDark ? run + 1 : 1
            if run == 5 { sum += 3 } else if run > 5 { sum += 1 }
            if index + 11 <= line.count {
                let part = Array(line[index..<index + 11])
                if finderLike.contains(part) { sum += 40 }
            }
        }
        return sum
    }
}
