import OneLoop

/// What a button tells, after debouncing.
public enum ButtonChange: Sendable, Hashable {
    /// It was seen going down.
    case pressed
    /// It was let go.
    case released
    /// It was found down without having been seen going down.
    case stuck
    /// It stopped working.
    case lost
}

/// The button on the box.
@Loop
public protocol Button: AnyObject, Sendable {
    /// Whether it is down now; nil when that cannot be known.
    var isPressed: Bool? { get }
    /// Called at each change.
    var onChange: (@Loop (ButtonChange) -> Void)? { get set }
    /// Why it does not work; nil when it does.
    var trouble: String? { get }
    /// Gives the line back.
    func close()
}

/// The button of a simulated board, pressed by a command or a key.
@Loop
public final class MemoryButton: Button {
    private var isDown = false
    /// Called at each change.
    public var onChange: (@Loop (ButtonChange) -> Void)?

    /// A button that is up.
    public init() {}

    /// Whether it is down.
    public var isPressed: Bool? { isDown }
    /// Always works.
    public var trouble: String? { nil }

    /// Puts it down or lets it go.
    public func set(pressed: Bool) {
        guard pressed != isDown else { return }
        isDown = pressed
        onChange?(pressed ? .pressed : .released)
    }

    /// Lets it go.
    public func close() { set(pressed: false) }
}

/// The button of a board that has none: every knock is refused at once instead of waiting for nobody.
@Loop
public final class AbsentButton: Button {
    /// Never called.
    public var onChange: (@Loop (ButtonChange) -> Void)?

    /// No button.
    public init() {}

    /// Not known.
    public var isPressed: Bool? { nil }
    /// That there is none.
    public var trouble: String? { "no button is configured" }
    /// Nothing to give back.
    public func close() {}
}
