import Logging
import Synchronization
import Testing

@testable import LogOutput

@Suite("Log lines")
struct LineLogHandlerTests {
    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    private func lines(form: LineLogHandler.Form, level: Logger.Level = .info, _ body: (Logger) -> Void) -> [String] {
        let lines = Lines()
        body(
            Logger(label: "cloud") { label in
                LineLogHandler(label: label, level: level, form: form) { line in lines.all.withLock { $0.append(line) }
                }
            })
        return lines.all.withLock { $0 }
    }

    @Test("The journal gets the level as a prefix and no time")
    func journal() {
        let lines = lines(form: .journal) { $0.warning("lost", metadata: ["host": "a", "code": "2"]) }
        #expect(lines == ["<4>cloud: lost (code=2, host=a)\n"])
    }

    @Test("A person gets time and level")
    func text() throws {
        let line = try #require(lines(form: .text) { $0.error("lost") }.first)
        #expect(line.dropFirst(8) == " error cloud: lost\n")
    }

    @Test("A message cannot forge another line")
    func oneLine() {
        let lines = lines(form: .journal) { $0.info("a\n<0>kernel: b") }
        #expect(lines == ["<6>cloud: a <0>kernel: b\n"])
    }

    @Test("What is less severe than the level is not written")
    func levels() {
        #expect(lines(form: .text, level: .error) { $0.warning("x") }.isEmpty)
    }

    @Test("A part's own level is stronger than the common one")
    func parts() {
        let levels = LogLevels(standard: "warning", parts: ["cloud": "debug", "bad": "loud"])
        #expect(levels.level(of: "cloud") == .debug)
        #expect(levels.level(of: "gpio") == .warning)
        #expect(levels.level(of: "bad") == .warning)
    }
}
