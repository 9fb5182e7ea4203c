import OneLoop

/// A lamp that the ceremony speaks through: a GPIO line, an LED of the kernel, or one drawn on a terminal.
@Loop
public protocol Indicator: AnyObject, Sendable {
    /// Switches the lamp. A lamp that fails keeps its failure for ``trouble``; the ceremony goes on without light.
    func set(_ on: Bool)

    /// Lets the lamp blink by itself until the next call; false when it cannot, and nothing has changed.
    func blink(on: Duration, off: Duration) -> Bool

    /// Leaves the lamp dark and as it was found; call once, at the end.
    func close()

    /// Why the lamp does not work; nil when it does.
    var trouble: String? { get }
}

extension Indicator {
    /// Cannot blink by itself.
    public func blink(on: Duration, off: Duration) -> Bool { false }
    /// Nothing to leave.
    public func close() { set(false) }
    /// Works.
    public var trouble: String? { nil }
}

/// A lamp in memory: the simulated board's, and the tests'.
@Loop
public final class MemoryIndicator: Indicator {
    /// Whether the lamp is on.
    public private(set) var isOn = false
    private let onChange: @Loop (Bool) -> Void

    /// A dark lamp.
    ///
    /// - Parameter onChange: called with the new light at each change, so that a terminal can draw it.
    public init(onChange: @escaping @Loop (Bool) -> Void = { _ in }) {
        self.onChange = onChange
    }

    /// Switches the lamp.
    public func set(_ on: Bool) {
        guard on != isOn else { return }
        isOn = on
        onChange(on)
    }
}
