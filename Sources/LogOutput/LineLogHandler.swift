import Glibc
import Logging

/// Writes log messages to standard error, one line each, for a person or for the journal.
///
/// For a person: `08:15:02 warning cloud: lost the connection (host=127.0.0.1)`. For the journal: the level as the
/// `<4>` prefix of `sd-daemon(3)` and no time, which the journal adds itself.
public struct LineLogHandler: LogHandler {
    /// How lines look.
    public enum Form: Sendable {
        /// Time and level in words.
        case text
        /// Level as a syslog prefix.
        case journal

        /// `journal` when systemd says that standard error is its stream, else `text`.
        public static var automatic: Form { getenv("JOURNAL_STREAM") == nil ? .text : .journal }
    }

    /// The least severe level that is written.
    public var logLevel: Logger.Level
    /// What every message of this logger carries.
    public var metadata: Logger.Metadata = [:]
    private let label: String
    private let form: Form
    private let write: @Sendable (String) -> Void

    /// A handler for the part `label`.
    public init(
        label: String, level: Logger.Level, form: Form, write: @escaping @Sendable (String) -> Void = standardError
    ) {
        self.label = label
        self.logLevel = level
        self.form = form
        self.write = write
    }

    /// Reads and writes what every message of this logger carries.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one line. A line break inside the message would forge another line, so it is shown as a blank.
    public func log(event: LogEvent) {
        var line = ""
        switch form {
        case .text: line = "\(Self.clock()) \(event.level.rawValue) \(label): \(event.message)"
        case .journal: line = "<\(event.level.priority)>\(label): \(event.message)"
        }
        let all = event.metadata.map { metadata.merging($0) { $1 } } ?? metadata
        if !all.isEmpty {
            let pairs = all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            line += " (" + pairs.joined(separator: ", ") + ")"
        }
        write(String(line.map { $0.isNewline ? " " : $0 }) + "\n")
    }

    /// Hours, minutes and seconds of the local clock.
    private static func clock() -> String {
        var now = time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
    }

    /// One `write(2)` a line, so lines of several threads do not mix.
    public static let standardError: @Sendable (String) -> Void = { line in
        var line = line
        _ = line.withUTF8 { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

extension Logger.Level {
    /// The syslog priority of `sd-daemon(3)`.
    var priority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
