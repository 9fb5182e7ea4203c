/// The resistor inside the chip.
public enum Bias: String, Sendable, Hashable, CaseIterable {
    /// Whatever firmware or an earlier user left.
    case asIs = "as-is"
    /// None: the wiring has its own.
    case disabled
    /// Towards the supply: for a button to ground.
    case pullUp = "pull-up"
    /// Towards ground.
    case pullDown = "pull-down"
}

/// How an output holds its levels.
public enum Drive: String, Sendable, Hashable, CaseIterable {
    /// Both levels.
    case pushPull = "push-pull"
    /// Low only; high is left to a resistor.
    case openDrain = "open-drain"
    /// High only; low is left to a resistor.
    case openSource = "open-source"
}

/// What an output is left at when it is given back in good order.
///
/// Nothing is done when the process dies: the pin then keeps its level on most chips, and loads that must not stay on
/// need hardware that sees to it.
public enum SafeValue: String, Sendable, Hashable, CaseIterable {
    /// Inactive.
    case off
    /// Active.
    case on
    /// The last value.
    case keep
}

/// How an input is set up.
public struct InputConfiguration: Sendable, Hashable {
    /// The longest debounce, a second: beyond, a "state" is a matter of averaging and not of contacts.
    public static let longestDebounce: Duration = .seconds(1)

    /// The resistor.
    public var bias: Bias
    /// Whether the low level is the active one.
    public var activeLow: Bool
    /// How long a level must hold before it counts; zero for at once. The kernel waits with libgpiod 2, we do with 1.6.
    public var debounce: Duration

    /// An input; the debounce is held between zero and ``longestDebounce``.
    public init(bias: Bias = .asIs, activeLow: Bool = false, debounce: Duration = .zero) {
        self.bias = bias
        self.activeLow = activeLow
        self.debounce = min(max(debounce, .zero), InputConfiguration.longestDebounce)
    }
}

/// How an output is set up.
public struct OutputConfiguration: Sendable, Hashable {
    /// Whether the low level is the active one.
    public var activeLow: Bool
    /// How the levels are held.
    public var drive: Drive
    /// The resistor; for open drains and sources.
    public var bias: Bias
    /// The first value; set in the same step in which the line becomes an output, so that a relay does not twitch.
    public var initial: Bool
    /// The value it is left at.
    public var safe: SafeValue

    /// An output.
    public init(
        activeLow: Bool = false, drive: Drive = .pushPull, bias: Bias = .asIs, initial: Bool = false,
        safe: SafeValue = .off
    ) {
        self.activeLow = activeLow
        self.drive = drive
        self.bias = bias
        self.initial = initial
        self.safe = safe
    }
}
