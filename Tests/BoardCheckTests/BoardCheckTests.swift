import Foundation
import GPIO
import Testing

@testable import BoardCheck

/// A tree of files that looks like a machine's.
private final class Tree {
    let root = FileManager.default.temporaryDirectory.appending(path: "machine-\(UUID().uuidString)")
    var machine: Machine { Machine(root: root.path) }

    func put(_ path: String, _ content: String = "") throws {
        let file = root.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(content.utf8).write(to: file)
    }

    deinit { try? FileManager.default.removeItem(at: root) }
}

@Suite struct BoardIdentityTests {
    private static let profiles = [
        BoardProfile(file: "generic", name: "Generic", compatible: []),
        BoardProfile(file: "pi-4", name: "Raspberry Pi 4", compatible: ["raspberrypi,4-model-b", "raspberrypi,400"]),
        BoardProfile(file: "pi-5", name: "Raspberry Pi 5", compatible: ["raspberrypi,5-model-b"]),
        BoardProfile(file: "soc", name: "Any BCM2711", compatible: ["brcm,bcm2711"]),
    ]

    @Test(
        arguments: [
            ("Raspberry Pi 5 Model B Rev 1.0\0", "raspberrypi,5-model-b\0brcm,bcm2712\0", "pi-5"),
            // The most exact word counts, whatever the order of the profiles.
            ("Raspberry Pi 4 Model B Rev 1.4\0", "raspberrypi,4-model-b\0brcm,bcm2711\0", "pi-4"),
            ("Some board\0", "acme,board\0brcm,bcm2711\0", "soc"), ("Other\0", "acme,other\0", nil), ("", "", nil),
        ] as [(String, String, String?)])
    func boardsAreKnownByTheirTree(model: String, compatible: String, file: String?) throws {
        let tree = Tree()
        try tree.put("proc/device-tree/model", model)
        try tree.put("proc/device-tree/compatible", compatible)
        let board = BoardIdentity(tree.machine)
        #expect(board.model == model.replacing("\0", with: ""))
        #expect(board.choose(among: Self.profiles)?.file == file)
    }

    @Test func aMachineWithoutATreeHasNoModel() {
        let board = BoardIdentity(Tree().machine)
        #expect(board.model.isEmpty)
        #expect(board.choose(among: Self.profiles) == nil)
    }
}

@Suite struct HardwareCheckTests {
    private static func chip() -> SimulatedChip {
        SimulatedChip(lineCount: 54, names: [17: "GPIO17", 27: "GPIO27", 22: "GPIO22", 23: "GPIO23"])
    }

    private static func findings(
        _ tree: Tree, _ wish: HardwareWish, chip: SimulatedChip? = nil, error: GPIOError? = nil
    ) -> [String: Finding] {
        let shared = chip ?? self.chip()
        let check = HardwareCheck(tree.machine, wish) { _ throws(GPIOError) in
            if let error { throw error }
            return shared
        }
        return Dictionary(check.findings().map { ($0.part, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private static func wish(
        button: String = "GPIO27", lamp: String = "gpio:GPIO17", lines: [HardwareWish.Line] = [], radio: Bool = false
    ) -> HardwareWish {
        HardwareWish(chips: ["pinctrl-rp1"], button: button, lamp: lamp, lines: lines, radio: radio)
    }

    @Test func whatIsThereIsFound() {
        let found = Self.findings(Tree(), Self.wish(lines: [.init(name: "relay1", line: "GPIO22")]))
        for part in ["gpio", "button", "led", "line relay1"] { #expect(found[part]?.status == .ok, "\(part)") }
        #expect(found["bluetooth"]?.status == .unused)
        #expect(found["button"]?.found.contains("line 27") == true)
    }

    @Test func aLineThatAnotherProgramHoldsIsNamedWithItsHolder() throws {
        let chip = Self.chip()
        let other = try chip.input(.name("GPIO27"), InputConfiguration(), consumer: "fan control") { _ in }
        let ours = try chip.output(.name("GPIO17"), OutputConfiguration(), consumer: "gatehouse led") { _ in }
        let found = Self.findings(Tree(), Self.wish(), chip: chip)
        #expect(found["button"]?.status == .missing)
        #expect(found["button"]?.found.contains("fan control") == true)
        #expect(found["led"]?.status == .ok)
        other.close()
        ours.close()
        #expect(Self.findings(Tree(), Self.wish(), chip: chip)["button"]?.status == .ok)
    }

    @Test(arguments: [
        (GPIOError.Code.permission, "usermod"), (.chipNotFound, "board.profile"), (.chipLost, "journalctl"),
    ])
    func aChipThatCannotBeHadSaysWhatToDo(code: GPIOError.Code, part: String) {
        let found = Self.findings(Tree(), Self.wish(), error: GPIOError(code, "why"))
        for name in ["gpio", "button", "led"] {
            #expect(found[name]?.status == .missing)
            #expect(found[name]?.found == "why")
            #expect(found[name]?.advice.contains(part) == true)
        }
        // Without lines nobody misses a chip.
        let idle = Self.findings(Tree(), Self.wish(button: "", lamp: "none"), error: GPIOError(code, "why"))
        #expect(idle["gpio"]?.status == .unused)
        #expect(idle["button"]?.status == .warning)
        #expect(idle["led"]?.status == .warning)
    }

    @Test func aLineThatIsNotThereIsMissing() {
        let found = Self.findings(Tree(), Self.wish(button: "99"))
        #expect(found["button"]?.status == .missing)
        #expect(found["button"]?.advice.isEmpty == false)
    }

    @Test func aLampOfTheKernelIsLookedForInItsFolder() throws {
        let tree = Tree()
        try tree.put("sys/class/leds/ACT/brightness", "0")
        let missing = Self.findings(tree, Self.wish(lamp: "led:pair"))["led"]
        #expect(missing?.status == .missing)
        #expect(missing?.found.contains("ACT") == true)
        try tree.put("sys/class/leds/pair/brightness", "0")
        try tree.put("sys/class/leds/pair/trigger", "[none] timer")
        #expect(Self.findings(tree, Self.wish(lamp: "led:pair"))["led"]?.status == .ok)
    }

    @Test func theRadioIsLookedForWithItsSwitchesAndRights() throws {
        let tree = Tree()
        #expect(Self.findings(tree, Self.wish(radio: true))["bluetooth"]?.status == .missing)
        try tree.put("sys/class/bluetooth/hci0/type", "")
        try tree.put("sys/class/bluetooth/hci0:11/type", "")  // a connection
        try tree.put("sys/class/rfkill/rfkill0/type", "wlan\n")
        try tree.put("sys/class/rfkill/rfkill0/soft", "1\n")
        try tree.put("sys/class/rfkill/rfkill1/type", "bluetooth\n")
        try tree.put("sys/class/rfkill/rfkill1/name", "hci0\n")
        try tree.put("sys/class/rfkill/rfkill1/soft", "1\n")
        try tree.put("sys/class/rfkill/rfkill1/hard", "0\n")
        try tree.put("proc/self/status", "Name:\tx\nCapEff:\t0000000000002000\nSeccomp:\t0\n")
        var found = Self.findings(tree, Self.wish(radio: true))
        #expect(found["bluetooth"]?.status == .ok)
        #expect(found["bluetooth"]?.found == "hci0")
        #expect(found["rfkill"]?.status == .missing)
        #expect(found["rfkill"]?.advice == "rfkill unblock bluetooth")
        #expect(found["capabilities"]?.status == .warning)
        #expect(found["capabilities"]?.found.contains("CAP_NET_ADMIN") == true)
        #expect(found["capabilities"]?.found.contains("CAP_NET_RAW") == false)
        try tree.put("sys/class/rfkill/rfkill1/soft", "0\n")
        try tree.put("proc/self/status", "CapEff:\t0000000000003000\n")
        found = Self.findings(tree, Self.wish(radio: true))
        #expect(found["rfkill"] == nil)
        #expect(found["capabilities"]?.status == .ok)
        try tree.put("sys/class/rfkill/rfkill1/hard", "1\n")
        #expect(Self.findings(tree, Self.wish(radio: true))["rfkill"]?.found.contains("switch") == true)
    }
}

@Suite struct SystemCheckTests {
    private static func findings(_ tree: Tree, now: Int64 = 2000) -> [Finding] {
        SystemCheck(tree.machine, state: "/state", now: now, floor: 1000).findings()
    }

    @Test func theClockIsJudged() throws {
        let tree = Tree()
        #expect(Self.findings(tree)[0].status == .ok)
        try tree.put("run/systemd/timesync/clock", "")
        #expect(Self.findings(tree)[0].status == .warning)
        try tree.put("run/systemd/timesync/synchronized", "")
        #expect(Self.findings(tree)[0].status == .ok)
        #expect(Self.findings(tree, now: 999)[0].status == .warning)
        #expect(Self.findings(tree)[0].found.contains("no clock with a battery"))
        try tree.put("sys/class/rtc/rtc0/name", "x")
        #expect(!Self.findings(tree)[0].found.contains("no clock"))
    }

    @Test func theStoreNeedsAFolder() throws {
        let tree = Tree()
        #expect(Self.findings(tree)[1].status == .missing)
        try tree.put("state/x")
        #expect(Self.findings(tree)[1].status == .ok)
    }
}
