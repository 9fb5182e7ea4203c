/// Which chip is meant.
///
/// Numbers of chips change between kernels (the header of one board has been `gpiochip4`, `0` and `15`), so the label is
/// the right way to name one; a path or a name is for the case that two chips share a label.
public enum ChipSelector: Sendable, Hashable, CustomStringConvertible {
    /// The driver's label: `pinctrl-rp1`.
    case label(String)
    /// The kernel's name: `gpiochip0`.
    case name(String)
    /// A device node, or a link to one: `/dev/gpiochip0`.
    case path(String)
    /// The first of these that is there.
    case first([ChipSelector])

    /// The header of every Raspberry Pi: RP1 on 5, BCM2711 on 4, BCM2835 on all before.
    public static let raspberryPi = ChipSelector.first([
        .label("pinctrl-rp1"), .label("pinctrl-bcm2711"), .label("pinctrl-bcm2835"),
    ])

    /// Reads `/dev/gpiochip0` as a path, `gpiochip0` as a name and anything else as a label.
    public init(_ text: String) {
        let number = text.hasPrefix("gpiochip") ? text.dropFirst("gpiochip".count) : ""
        if text.hasPrefix("/") {
            self = .path(text)
        } else if !number.isEmpty, number.allSatisfy({ ("0"..."9").contains($0) }) {
            self = .name(text)
        } else {
            self = .label(text)
        }
    }

    /// Reads a list of them; the first that is there is taken.
    public init(_ texts: [String]) {
        let selectors = texts.map { ChipSelector($0) }
        self = selectors.count == 1 ? selectors[0] : .first(selectors)
    }

    /// As people would say it.
    public var description: String {
        switch self {
        case .label(let label): "labelled \(label)"
        case .name(let name): "named \(name)"
        case .path(let path): "at \(path)"
        case .first(let selectors): selectors.map(\.description).joined(separator: " or ")
        }
    }

    /// The chip meant among those that are there, sorted by number.
    ///
    /// - Throws: ``GPIOError`` with `chipNotFound` listing the chips, or `chipAmbiguous`.
    func choose(among chips: [ChipInfo]) throws(GPIOError) -> ChipInfo {
        for selector in flattened {
            let matching = chips.filter { selector.matches($0) }
            guard matching.count <= 1 else {
                throw GPIOError(
                    .chipAmbiguous,
                    "\(matching.count) chips are \(selector): \(matching.map(\.path).joined(separator: ", ")); "
                        + "name one by its path")
            }
            if let chip = matching.first { return chip }
        }
        let there =
            chips.isEmpty ? "there is no chip at all" : "there are \(chips.map(\.description).joined(separator: ", "))"
        throw GPIOError(.chipNotFound, "no GPIO chip \(self); \(there)")
    }

    private var flattened: [ChipSelector] {
        if case .first(let selectors) = self { selectors.flatMap(\.flattened) } else { [self] }
    }

    private func matches(_ chip: ChipInfo) -> Bool {
        switch self {
        case .label(let label): chip.label == label
        case .name(let name): chip.name == name
        case .path(let path): chip.path == path
        case .first: false
        }
    }
}

/// A chip that is there.
public struct ChipInfo: Sendable, Hashable, CustomStringConvertible {
    /// The device node, or a name of the simulation.
    public let path: String
    /// The kernel's name: `gpiochip0`.
    public let name: String
    /// The driver's label.
    public let label: String
    /// How many lines it has.
    public let lineCount: UInt32

    /// A chip.
    public init(path: String, name: String, label: String, lineCount: UInt32) {
        self.path = path
        self.name = name
        self.label = label
        self.lineCount = lineCount
    }

    /// `gpiochip0 "pinctrl-rp1"`.
    public var description: String { "\(name) \"\(label)\"" }
}
