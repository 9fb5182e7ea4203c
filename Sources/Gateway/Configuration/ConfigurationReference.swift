import OneM2MDoor

/// The reference and the commented example, made from the schema so that they cannot differ from it.
public enum ConfigurationReference {
    /// `docs/configuration.md`.
    public static var markdown: String {
        var text = """
            # Configuration

            One TOML file, by default `/etc/gatehouse/gatehouse.toml`. `gatehouse check-config FILE` names every mistake in it at
            once: file, line, what was found and what was expected. Every key has a default unless it says *required*; an empty
            file is a valid configuration. Paths that do not begin with `/` are meant from the file's own folder. Changes take
            effect at the next start of the daemon.

            The tables `[board]`, `[button]` and `[led]` may also stand in the board file that `board.profile` names; what the
            main file says is stronger. This page is made by `gatehouse reference configuration`; a test holds that it is current.

            """
        for table in ConfigurationSchema.tables {
            text += "\n## \(heading(table.path))\n\n\(table.help)\n\n"
            let keys = ConfigurationSchema.keys(of: table.path)
            guard !keys.isEmpty else { continue }
            text += "| key | expected | default | |\n|---|---|---|---|\n"
            for key in keys {
                let fallback = key.fallback.map { "`\($0)`" } ?? "*required*"
                text +=
                    "| `\(key.name)` | \(key.expectation.replacingBars) | \(fallback) | \(key.help.replacingBars) |\n"
            }
        }
        return text
    }

    /// `board/gatehouse.example.toml`: every key with its default, all of them commented out.
    public static var example: String {
        var text = """
            # Gatehouse: every key with its default (docs/configuration.md). Take away the # of what you change.

            """
        for table in ConfigurationSchema.tables {
            let keys = ConfigurationSchema.keys(of: table.path)
            guard !keys.isEmpty else { continue }
            text += "\n# \(table.help)\n# \(header(table.path))\n"
            for key in keys {
                text += "\n# \(key.help)\n# Expected: \(key.expectation).\n"
                text += "# \(key.name) = \(key.fallback ?? "   # required in each of these tables")\n"
            }
        }
        return text
    }

    /// `docs/onem2m-resources.md`.
    public static var resourceTypes: String { ResourceReference.markdown }

    private static func heading(_ path: String) -> String { "`\(header(path))`" }

    private static func header(_ path: String) -> String {
        path.hasSuffix("[]") ? "[[\(path.dropLast(2))]]" : "[\(path)]"
    }
}

extension String {
    /// A bar would end the cell of a table.
    fileprivate var replacingBars: String { String(flatMap { $0 == "|" ? "\\|" : String($0) }) }
}
