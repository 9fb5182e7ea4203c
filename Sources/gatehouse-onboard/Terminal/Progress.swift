import Foundation
import Glibc
import OCFModel
import Onboarding
import Synchronization

/// What a command is doing, on standard error: one line that changes on a terminal; elsewhere a line for each wait, since
/// a script's log has no use for more.
final class Progress: Sendable {
    static let shared = Progress()

    private let isTerminal = isatty(STDERR_FILENO) == 1
    private struct State {
        var isShown = false
        var last = ""
        var isQuiet = false
    }
    private let state = Mutex(State())

    /// Says nothing from now on.
    func silence() { state.withLock { $0.isQuiet = true } }

    /// Shows what a procedure tells.
    func tell(_ progress: ProcedureProgress) {
        switch progress {
        case .step(let text): if isTerminal { show(text) }
        case .waiting(.pressButton, let seconds):
            show("press the button on the device (waiting up to \(seconds) s)")
        case .waiting(.registering(let status), _): show("the device is \(status.rawValue)")
        }
    }

    /// Shows a line.
    func show(_ text: String) {
        state.withLock { state in
            guard !state.isQuiet, state.last != text else { return }
            state.last = text
            if isTerminal {
                write("\r\u{1B}[K\(text)… ")
                state.isShown = true
            } else {
                write("\(text)\n")
            }
        }
    }

    /// Takes the line away.
    func end() {
        state.withLock { state in
            if state.isShown { write("\r\u{1B}[K") }
            state.isShown = false
            state.last = ""
        }
    }

    private func write(_ text: String) {
        Output.write(text, to: STDERR_FILENO)
    }
}

/// Asks the person at the keyboard.
enum Prompt {
    /// A line from the terminal; nil when there is none to ask at.
    static func line(_ question: String) async -> String? {
        guard isatty(STDIN_FILENO) == 1 else { return readLine() }
        Progress.shared.end()
        Output.write(question, to: STDERR_FILENO)
        // A thread of its own, since the loops must not wait for a person.
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: readLine()) }
        }
    }
}
