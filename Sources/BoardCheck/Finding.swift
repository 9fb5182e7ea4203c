/// What was found of one part, and what to do about it.
public struct Finding: Sendable, Hashable {
    /// How it stands.
    public enum Status: String, Sendable, Hashable {
        /// There, and usable.
        case ok
        /// The gateway runs with it, or without it, and yet somebody should know.
        case warning
        /// What the configuration asks for is not there.
        case missing
        /// Not asked for.
        case unused
    }

    /// The part: `board`, `gpio`, `button`, …
    public let part: String
    /// How it stands.
    public let status: Status
    /// What was found, and what was expected.
    public let found: String
    /// What to do; empty when there is nothing to do.
    public let advice: String

    /// A finding.
    public init(_ part: String, _ status: Status, _ found: String, advice: String = "") {
        self.part = part
        self.status = status
        self.found = found
        self.advice = advice
    }
}
