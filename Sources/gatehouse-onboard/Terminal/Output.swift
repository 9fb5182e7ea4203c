import CBOR
import Foundation
import Glibc
import JSONText
import OCFCloud

/// What the commands print.
enum Output {
    /// Rows in columns as wide as their widest cell; a sentence when there are none.
    static func table(_ header: [String], _ rows: [[String]], empty: String) {
        guard !rows.isEmpty else { return line(empty) }
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        for row in all {
            let text = zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
                .joined(separator: "  ")
            line(text.replacing(#/ +$/#, with: ""))
        }
    }

    /// One line at once, for whoever waits for it on a pipe.
    static func line(_ text: String) {
        write(text + "\n", to: STDOUT_FILENO)
    }

    /// One line on standard error.
    static func complain(_ reason: String) {
        write("gatehouse-onboard: \(reason)\n", to: STDERR_FILENO)
    }

    /// Writes text at once. Where nobody reads any more, as behind `head`, there is nothing left to do but to end.
    static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { exit(0) }
            rest = rest.dropFirst(count)
        }
    }

    /// JSON for scripts.
    static func json(_ value: JSON, onOneLine: Bool = false) {
        line(value.serialized(pretty: !onOneLine))
    }

    /// A representation, for people or scripts.
    static func representation(_ value: CBOR.Value?, json: Bool, onOneLine: Bool = false) {
        let text = CBORText.json(value ?? .null)
        if json { return Self.json(text, onOneLine: onOneLine) }
        guard let object = text.object else {
            return line(text.isNull ? "done" : text.serialized(pretty: !onOneLine))
        }
        // What every resource has says little about its state.
        let rows = object.filter { $0.name != "rt" && $0.name != "if" }
            .map { ($0.name, $0.value.string ?? $0.value.serialized()) }
        if onOneLine { return line(rows.map { "\($0)=\($1)" }.joined(separator: "  ")) }
        let width = rows.map(\.0.count).max() ?? 0
        for (name, text) in rows { line(name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + text) }
    }
}
