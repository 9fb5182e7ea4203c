/// Which board this is, by its device tree.
public struct BoardIdentity: Sendable, Hashable {
    /// The model as the tree writes it: `Raspberry Pi 5 Model B Rev 1.0`; empty where there is no tree.
    public let model: String
    /// What it is compatible with, the most exact first: `raspberrypi,5-model-b`, `brcm,bcm2712`.
    public let compatible: [String]

    /// The board of a machine.
    public init(_ machine: Machine) {
        model = machine.text("/proc/device-tree/model") ?? ""
        compatible = machine.list("/proc/device-tree/compatible")
    }

    /// The profile that fits: the one that names the most exact of the board's own words; nil when none does.
    public func choose(among profiles: [BoardProfile]) -> BoardProfile? {
        for word in compatible {
            if let profile = profiles.first(where: { $0.compatible.contains(word) }) { return profile }
        }
        return nil
    }
}

/// What a file of `board/` says of itself.
public struct BoardProfile: Sendable, Hashable {
    /// The file's name without `.toml`.
    public let file: String
    /// The board's name for people.
    public let name: String
    /// The words of the device tree that it is for.
    public let compatible: [String]

    /// A profile.
    public init(file: String, name: String, compatible: [String]) {
        self.file = file
        self.name = name
        self.compatible = compatible
    }
}
