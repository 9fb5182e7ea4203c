import Foundation
import JSONText

/// What the commands print.
enum Output {
    /// Rows in columns as wide as their widest cell; a sentence when there are none.
    static func table(_ header: [String], _ rows: [[String]], empty: String) {
        guard !rows.isEmpty else { return print(empty) }
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        for row in all {
            let line = zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
                .joined(separator: "  ")
            print(line.replacing(#/ +$/#, with: ""))
        }
    }

    /// One line at once, for whoever waits for it on a pipe.
    static func line(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    /// One line on standard error.
    static func complain(_ reason: String) {
        FileHandle.standardError.write(Data("gatehouse-cloud: \(reason)\n".utf8))
    }

    /// JSON for scripts.
    static func json(_ value: JSON) {
        print(value.serialized(pretty: true))
    }

    /// A time for people, in the local zone; "never" when there is none.
    static func time(_ seconds: Int64?) -> String {
        guard let seconds else { return "never" }
        let formatter = DateFormatter()
        formatter.dateFormat = "yyyy-MM-dd HH:mm:ss"
        return formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
    }
}
