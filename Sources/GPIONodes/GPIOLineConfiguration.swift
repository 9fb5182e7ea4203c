import GPIO

/// A line that is a node.
public struct GPIOLineConfiguration: Sendable, Hashable {
    /// What the line does.
    public enum Direction: Sendable, Hashable {
        /// It is read: the node has the fields `State` and `Edges`.
        case input(InputConfiguration)
        /// It is set: the node has the parameter `Output`.
        case output(OutputConfiguration)
    }

    /// The node's id, unique among the lines: letters, digits and `- . _ ~`, 64 at most.
    public var name: String
    /// Which line.
    public var line: LineSelector
    /// Which chip; nil for the board's.
    public var chip: ChipSelector?
    /// What it does.
    public var direction: Direction
    /// What hangs on it, in words that doors know: `contact`, `motion`, `button`, `switch`, `relay`, …; `generic` or
    /// empty for anything.
    public var kind: String
    /// What people call it; empty for the name.
    public var title: String

    /// A line.
    public init(
        name: String, line: LineSelector, chip: ChipSelector? = nil, direction: Direction, kind: String = "generic",
        title: String = ""
    ) {
        self.name = name
        self.line = line
        self.chip = chip
        self.direction = direction
        self.kind = kind
        self.title = title
    }

    var isOutput: Bool {
        if case .output = direction { true } else { false }
    }
}
