/// Which line of a chip is meant.
public enum LineSelector: Sendable, Hashable, CustomStringConvertible {
    /// The name in the board's device tree: `GPIO17`.
    case name(String)
    /// The number on the chip, from 0.
    case offset(UInt32)

    /// Reads digits as an offset and anything else as a name.
    public init(_ text: String) {
        self = UInt32(text).map { .offset($0) } ?? .name(text)
    }

    /// The name, or the number.
    public var description: String {
        switch self {
        case .name(let name): name
        case .offset(let offset): "\(offset)"
        }
    }

    /// The offset of the line meant.
    ///
    /// A name of the form `GPIOn` that the chip does not know means offset n: trees of older boards give lines 4, 7 or
    /// 14 the name of their second function instead.
    ///
    /// - Throws: ``GPIOError`` with `lineNotFound` or `lineAmbiguous`.
    func choose(among lines: [LineInfo], of chip: ChipInfo) throws(GPIOError) -> LineInfo {
        switch self {
        case .offset(let offset):
            guard let line = lines.first(where: { $0.offset == offset }) else {
                throw GPIOError(
                    .lineNotFound, "\(chip) has no line \(offset); it has lines 0 to \(Int(chip.lineCount) - 1)")
            }
            return line
        case .name(let name):
            // Many lines have no name; an empty one must not find them.
            let matching = name.isEmpty ? [] : lines.filter { $0.name == name }
            if matching.count > 1 {
                let offsets = matching.map { "\($0.offset)" }.joined(separator: ", ")
                throw GPIOError(.lineAmbiguous, "lines \(offsets) of \(chip) are all named \(name); give the offset")
            }
            if let line = matching.first { return line }
            if name.hasPrefix("GPIO"), let offset = UInt32(name.dropFirst(4)),
                let line = lines.first(where: { $0.offset == offset })
            {
                return line
            }
            throw GPIOError(
                .lineNotFound, "\(chip) has no line named \(name); \(LineSelector.named(lines)); an offset works, too")
        }
    }

    /// The line meant of a chip, with its present user; takes nothing.
    ///
    /// - Throws: ``GPIOError`` with `lineNotFound`, `lineAmbiguous`, or what the chip says.
    public func find(in chip: any GPIOChip) throws(GPIOError) -> LineInfo {
        try choose(among: chip.lines(), of: chip.info)
    }

    /// A header has some 28 names; more would hide the message.
    private static let namesShown = 32

    private static func named(_ lines: [LineInfo]) -> String {
        let names = lines.compactMap { $0.name.isEmpty ? nil : $0.name }
        guard !names.isEmpty else { return "none of its \(lines.count) lines has a name" }
        let more = names.count > namesShown ? " and \(names.count - namesShown) more" : ""
        return "its lines are \(names.prefix(namesShown).joined(separator: ", "))\(more)"
    }
}

/// A line of a chip.
public struct LineInfo: Sendable, Hashable {
    /// The number on the chip.
    public let offset: UInt32
    /// The name; empty when it has none.
    public let name: String
    /// Whether somebody holds it.
    public let isUsed: Bool
    /// Who holds it; empty when nobody does, or it is not known.
    public let consumer: String
    /// Whether it is an output.
    public let isOutput: Bool

    /// A line.
    public init(offset: UInt32, name: String, isUsed: Bool = false, consumer: String = "", isOutput: Bool = false) {
        self.offset = offset
        self.name = name
        self.isUsed = isUsed
        self.consumer = consumer
        self.isOutput = isOutput
    }
}
