/// A chip with lines: the kernel's, or a simulated one.
public protocol GPIOChip: AnyObject, Sendable {
    /// What it is.
    var info: ChipInfo { get }

    /// Whether it has gone away; a chip of the kernel does not come back as the same object, a simulated one may.
    var isLost: Bool { get }

    /// Its lines, by offset, with their present users.
    func lines() throws(GPIOError) -> [LineInfo]

    /// Takes a line as an input.
    ///
    /// - Parameters:
    ///   - consumer: who holds it, as other programs see; cut at 31 bytes.
    ///   - onEvent: each edge in order, then at most one loss; on a thread of the chip, or for a simulated chip on the
    ///     thread that drives it. Must return soon. One more call may come while ``GPIOLine/close()`` runs.
    /// - Throws: ``GPIOError``.
    func input(
        _ line: LineSelector, _ configuration: InputConfiguration, consumer: String,
        onEvent: @escaping @Sendable (LineEvent) -> Void
    ) throws(GPIOError) -> any InputLine

    /// Takes a line as an output.
    ///
    /// - Parameter onLost: called once when the chip goes away.
    /// - Throws: ``GPIOError``.
    func output(
        _ line: LineSelector, _ configuration: OutputConfiguration, consumer: String,
        onLost: @escaping @Sendable (GPIOError) -> Void
    ) throws(GPIOError) -> any OutputLine

    /// Gives every line back, outputs at their safe values.
    func close()
}

/// A line that is held.
public protocol GPIOLine: AnyObject, Sendable {
    /// Which line it is.
    var info: LineInfo { get }
    /// The logical value: true when active.
    func value() throws(GPIOError) -> Bool
    /// Gives the line back; an output takes its safe value first. Doing so twice does nothing.
    func close()
}

/// A line that is read.
public protocol InputLine: GPIOLine {}

/// A line that is set.
public protocol OutputLine: GPIOLine {
    /// Sets the logical value.
    func set(_ value: Bool) throws(GPIOError)
}

/// What an input tells.
public enum LineEvent: Sendable, Hashable {
    /// The level changed.
    case edge(Edge)
    /// The chip went away; nothing more will come.
    case lost(String)
}

/// A change of level.
public struct Edge: Sendable, Hashable {
    /// Whether the line is active from here on.
    public let active: Bool
    /// When, in nanoseconds of the monotonic clock.
    public let timestamp: UInt64
    /// How many edges before this one are known to have been missed; never more than really were.
    public let missed: UInt32

    /// An edge.
    public init(active: Bool, timestamp: UInt64, missed: UInt32 = 0) {
        self.active = active
        self.timestamp = timestamp
        self.missed = missed
    }

    /// How long ago it was; zero for one from the future.
    public var age: Duration {
        let now = monotonicNanoseconds()
        return .nanoseconds(now > timestamp ? Int64(clamping: now - timestamp) : 0)
    }
}
