/// What is wrong at one place of a configuration file.
public struct ConfigurationProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of mistake it is; tests compare this.
    public enum Code: String, Sendable {
        /// The file cannot be read.
        case unreadable
        /// The text is no TOML.
        case syntax
        /// No key of that name.
        case unknownKey
        /// The key holds a value of another type, or one that cannot be.
        case badValue
        /// A key that must be given is missing.
        case missing
        /// Two settings contradict each other.
        case conflict
    }

    /// The kind.
    public let code: Code
    /// The file's path as the user gave it.
    public let file: String
    /// The line, from 1; 0 when the problem is with the whole file.
    public let line: Int
    /// What was found, what was expected, what to do.
    public let reason: String

    /// `file:line: reason`, the form editors jump to.
    public var description: String {
        line > 0 ? "\(file):\(line): \(reason)" : "\(file): \(reason)"
    }
}

/// All problems of a configuration, found in one go.
public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    /// The problems, by line.
    public let problems: [ConfigurationProblem]

    /// One problem a line.
    public var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}
