import Foundation
import GPIO
import Testing

/// A chip of the kernel's own simulator (`gpio-sim`), made through configfs; for machines that have it and for root.
final class SimBoard: Sendable {
    static let configuration = "/sys/kernel/config/gpio-sim"
    static var isPossible: Bool { access(configuration, W_OK) == 0 && geteuid() == 0 }

    let label: String
    private let folder: String
    private let pins: String

    init(_ label: String, names: [Int: String]) throws {
        self.label = label
        folder = "\(SimBoard.configuration)/\(label)"
        let bank = "\(folder)/bank0"
        try FileManager.default.createDirectory(atPath: bank, withIntermediateDirectories: true)
        try SimBoard.write("\(bank)/num_lines", "32")
        try SimBoard.write("\(bank)/label", label)
        for (line, name) in names {
            try FileManager.default.createDirectory(atPath: "\(bank)/line\(line)", withIntermediateDirectories: false)
            try SimBoard.write("\(bank)/line\(line)/name", name)
        }
        try SimBoard.write("\(folder)/live", "1")
        let device = try SimBoard.read("\(folder)/dev_name")
        let chip = try SimBoard.read("\(bank)/chip_name")
        pins = "/sys/devices/platform/\(device)/\(chip)"
    }

    func pull(_ line: Int, up: Bool) throws {
        try SimBoard.write("\(pins)/sim_gpio\(line)/pull", up ? "pull-up" : "pull-down")
    }
    func isHigh(_ line: Int) throws -> Bool { try SimBoard.read("\(pins)/sim_gpio\(line)/value") == "1" }
    func unplug() throws { try SimBoard.write("\(folder)/live", "0") }

    static func write(_ path: String, _ text: String) throws {
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
    }

    static func read(_ path: String) throws -> String {
        try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// Against a real kernel. Times are bounds against hanging, not measurements.
@Suite(.serialized, .enabled(if: SimBoard.isPossible, "needs root and the kernel's gpio-sim"))
struct GPIOSimTests {
    static let names = [17: "GPIO17", 22: "BUTTON", 5: "RELAY1"]

    static func board(_ name: String = #function) throws -> SimBoard {
        try SimBoard("gh-\(name.prefix { $0.isLetter })".prefix(31).description, names: names)
    }

    func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
        for _ in 0..<500 {
            if try condition() { return true }
            usleep(10_000)
        }
        return false
    }

    @Test func findsChipAndLines() throws {
        let board = try Self.board()
        let chip = try KernelChip.open(.first([.label("pinctrl-rp1"), .label(board.label)]))
        #expect(chip.info.label == board.label)
        #expect(try chip.lines()[22].name == "BUTTON")
        #expect(KernelChip.list().contains(chip.info))
        #expect(try KernelChip.open(.path(chip.info.path)).info == chip.info)
        #expect(try KernelChip.open(.name(chip.info.name)).info == chip.info)
        let link = "/dev/gpiochip4000"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: chip.info.path)
        defer { unlink(link) }
        #expect(KernelChip.list().filter { $0.label == board.label } == [chip.info])
        #expect(try KernelChip.open(ChipSelector(link)).info.label == board.label)
    }

    @Test(arguments: [false, true]) func outputs(activeLow: Bool) throws {
        let board = try Self.board("outputs\(activeLow ? "low" : "high")")
        let chip = try KernelChip.open(.label(board.label))
        let relay = try chip.output(
            .name("RELAY1"), OutputConfiguration(activeLow: activeLow, initial: true), consumer: "gatehouse relay"
        ) { _ in }
        #expect(try board.isHigh(5) == !activeLow)
        #expect(try relay.value())
        try relay.set(false)
        #expect(try board.isHigh(5) == activeLow)
        #expect(try chip.lines()[5].consumer == "gatehouse relay")
        #expect { _ = try chip.output(.offset(5), OutputConfiguration(), consumer: "second") { _ in } } throws: {
            ($0 as? GPIOError)?.code == .lineBusy && ($0 as? GPIOError)?.reason.contains("gatehouse relay") == true
        }
        relay.close()
        #expect { try relay.set(true) } throws: { ($0 as? GPIOError)?.code == .closed }
        #expect(try chip.lines()[5].isUsed == false)
        #expect { _ = try chip.input(.offset(32), InputConfiguration(), consumer: "x") { _ in } } throws: {
            ($0 as? GPIOError)?.code == .lineNotFound
        }
    }

    @Test func inputsTellBothEdges() throws {
        let board = try Self.board()
        let chip = try KernelChip.open(.label(board.label))
        let heard = Heard()
        let button = try chip.input(
            .name("BUTTON"), InputConfiguration(bias: .pullUp, activeLow: true), consumer: "b", onEvent: heard.add)
        #expect(try button.value() == false)
        for up in [false, true, false, true] {
            try board.pull(22, up: up)
            #expect(eventually { heard.levels.last == !up })
        }
        #expect(heard.levels == [true, false, true, false])
        let edges = heard.all.compactMap { if case .edge(let edge) = $0 { edge } else { nil } }
        #expect(edges.allSatisfy { $0.missed == 0 && $0.age < .seconds(60) && $0.age > .zero })
        #expect(edges.map(\.timestamp) == edges.map(\.timestamp).sorted())
        button.close()
        try board.pull(22, up: false)
        usleep(50_000)
        #expect(heard.all.count == 4)
        // Given back at once, even though the thread waits on it.
        try chip.input(.name("BUTTON"), InputConfiguration(), consumer: "again") { _ in }.close()
    }

    @Test func bouncesAreOneEdge() throws {
        let board = try Self.board()
        let chip = try KernelChip.open(.label(board.label))
        let heard = Heard()
        try board.pull(22, up: false)
        let button = try chip.input(
            .name("BUTTON"), InputConfiguration(debounce: .milliseconds(300)), consumer: "b", onEvent: heard.add)
        for _ in 0..<10 {
            try board.pull(22, up: true)
            try board.pull(22, up: false)
        }
        try board.pull(22, up: true)
        #expect(heard.levels.isEmpty)
        #expect(eventually { !heard.levels.isEmpty })
        try board.pull(22, up: false)
        try board.pull(22, up: true)
        usleep(600_000)
        #expect(heard.levels == [true])
        button.close()
    }

    @Test func chatterEndsWithTheRightLevel() throws {
        let board = try Self.board()
        let chip = try KernelChip.open(.label(board.label))
        let heard = Heard()
        let button = try chip.input(.name("BUTTON"), InputConfiguration(), consumer: "b", onEvent: heard.add)
        for number in 0..<3001 { try board.pull(22, up: number % 2 == 0) }
        #expect(eventually { heard.levels.last == true })
        usleep(100_000)
        #expect(heard.levels.last == true)
        #expect(try button.value())
        #expect(heard.levels.count > 100)
        #expect(heard.levels.count <= 3001)
        button.close()
    }

    @Test func closingTheChipGivesEverythingBack() throws {
        let board = try Self.board()
        let chip = try KernelChip.open(.label(board.label))
        let relay = try chip.output(.offset(5), OutputConfiguration(safe: .on), consumer: "r") { _ in }
        let button = try chip.input(.offset(22), InputConfiguration(), consumer: "b") { _ in }
        chip.close()
        for attempt in [{ try relay.set(true) }, { _ = try button.value() }, { _ = try chip.lines() }] {
            #expect { try attempt() } throws: { ($0 as? GPIOError)?.code == .closed }
        }
        let other = try KernelChip.open(.label(board.label))
        #expect(try other.lines().allSatisfy { !$0.isUsed })
        other.close()
        // The threads are gone, too.
        #expect(
            eventually {
                let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
                return !tasks.contains { task in
                    (try? SimBoard.read("/proc/self/task/\(task)/comm")) == "gpio-edges"
                }
            })
    }

    @Test func aChipThatVanishesIsTold() throws {
        let board = try Self.board()
        let chip = try KernelChip.open(.label(board.label))
        let heard = Heard()
        let button = try chip.input(.offset(22), InputConfiguration(), consumer: "b", onEvent: heard.add)
        let relay = try chip.output(.offset(5), OutputConfiguration(), consumer: "r") { heard.add(.lost($0.reason)) }
        #expect(!chip.isLost)
        // In the background: kernels of today wait here until the lines are given back.
        let thread = Thread { try? board.unplug() }
        thread.start()
        #expect(eventually { heard.all.count == 2 })
        #expect(heard.levels.isEmpty)
        #expect(chip.isLost)
        #expect { try relay.set(true) } throws: { ($0 as? GPIOError)?.code == .chipLost }
        #expect { _ = try button.value() } throws: { ($0 as? GPIOError)?.code == .chipLost }
        button.close()
        relay.close()
        chip.close()
        #expect(heard.all.count == 2)
    }
}
