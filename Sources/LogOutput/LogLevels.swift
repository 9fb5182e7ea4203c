import Logging

/// The log levels of a program: one for all, and others for single parts.
public struct LogLevels: Sendable, Equatable {
    /// The level of parts that have none of their own.
    public let standard: Logger.Level
    /// Levels by part.
    public let parts: [String: Logger.Level]

    /// Levels from their names; a name that is no level is ignored, as the caller has checked them.
    public init(standard: String, parts: [String: String] = [:]) {
        self.standard = Logger.Level(rawValue: standard) ?? .info
        self.parts = parts.compactMapValues(Logger.Level.init(rawValue:))
    }

    /// The level of `part`.
    public func level(of part: String) -> Logger.Level { parts[part] ?? standard }

    /// A logger of `part`.
    public func logger(_ part: String, form: LineLogHandler.Form) -> Logger {
        Logger(label: part) { _ in LineLogHandler(label: part, level: level(of: part), form: form) }
    }
}
