import Foundation

/// Writes a line at once, also into a pipe: who waits for a step should see it end.
func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

/// The terminal, with keys as they are pressed; put back as it was at the end, also when a signal ends the program.
final class Terminal {
    private var before = termios()
    private var isRaw = false

    init() {
        guard tcgetattr(STDIN_FILENO, &before) == 0 else { return }
        var raw = before
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
        isRaw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0
        write("\u{1B}[?25l")
    }

    /// Puts the terminal back.
    func restore() {
        guard isRaw else { return }
        isRaw = false
        tcsetattr(STDIN_FILENO, TCSANOW, &before)
        write("\u{1B}[?25h")
    }

    /// The key pressed within `seconds`, if any; the end of input counts as q.
    func key(within seconds: Double) -> Character? {
        var poll = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard Foundation.poll(&poll, 1, Int32(seconds * 1_000)) > 0 else { return nil }
        var byte: UInt8 = 0
        return read(STDIN_FILENO, &byte, 1) == 1 ? Character(UnicodeScalar(byte)) : "q"
    }

    /// One line, drawn over the one before.
    func show(_ line: String) { write("\r\u{1B}[2K" + line) }

    /// Text as it is.
    func write(_ text: String) {
        var text = text
        _ = text.withUTF8 { Foundation.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    }

    /// Lines of the window; 24 where it does not tell.
    var height: Int { size.rows }

    /// Columns of the window; 80 where it does not tell.
    var width: Int { size.columns }

    private var size: (rows: Int, columns: Int) {
        var window = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &window) == 0, window.ws_row > 0 else { return (24, 80) }
        return (Int(window.ws_row), Int(window.ws_col))
    }
}
