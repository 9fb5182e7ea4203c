import Foundation
import OneLoop
import Testing

@testable import Pairing

/// Against files that stand for `/sys/class/leds`.
@Loop @Suite struct LEDClassTests {
    let directory: String

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("leds-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: "\(directory)/pair", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: "\(directory)/ACT", withIntermediateDirectories: true)
        for (file, text) in [("max_brightness", "255\n"), ("brightness", "255\n"), ("trigger", "none [mmc0] timer\n")] {
            try text.write(toFile: "\(directory)/pair/\(file)", atomically: false, encoding: .utf8)
        }
    }

    /// What was written last; a file of sysfs is not truncated by being opened, so only the first line counts.
    func text(_ file: String) -> String? {
        try? String(contentsOfFile: "\(directory)/pair/\(file)", encoding: .utf8).split(separator: "\n").first.map(
            String.init)
    }

    func addTimer() throws {
        for file in ["delay_on", "delay_off"] {
            try "".write(toFile: "\(directory)/pair/\(file)", atomically: false, encoding: .utf8)
        }
    }

    @Test func takesTheLampFromItsTrigger() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let lamp = try LEDClassIndicator(name: "pair", directory: directory)
        #expect(text("trigger") == "none")
        #expect(text("brightness") == "0")
        lamp.set(true)
        #expect(text("brightness")?.hasPrefix("255") == true)
        lamp.close()
        #expect(text("brightness")?.hasPrefix("0") == true)
    }

    @Test func theKernelBlinks() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let lamp = try LEDClassIndicator(name: "pair", directory: directory)
        try addTimer()
        #expect(lamp.blink(on: .milliseconds(250), off: .milliseconds(50)))
        #expect(text("trigger") == "timer")
        #expect(text("delay_on") == "250")
        #expect(text("delay_off") == "50")
        lamp.close()
        #expect(text("trigger")?.hasPrefix("none") == true)
        #expect(text("brightness")?.hasPrefix("0") == true)
    }

    @Test func withoutTheTimerWeBlink() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let lamp = try LEDClassIndicator(name: "pair", directory: directory)
        #expect(!lamp.blink(on: .milliseconds(250), off: .milliseconds(250)))
        #expect(text("trigger")?.hasPrefix("none") == true)
        let clock = ManualClock()
        let player = PatternPlayer(indicator: lamp, clock: clock)
        player.show(.knocking)
        #expect(text("brightness")?.hasPrefix("255") == true)
        clock.advance(.milliseconds(250))
        #expect(text("brightness")?.hasPrefix("0") == true)
        player.close()
    }

    @Test(arguments: ["PWR", "", "..", "a/b", String(repeating: "x", count: 64)])
    func noSuchLamp(_ name: String) throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        #expect { _ = try LEDClassIndicator(name: name, directory: directory) } throws: { error in
            let error = error as? PairingError
            return error?.code == .indicator && (name != "PWR" || error?.reason.contains("ACT, pair") == true)
        }
    }

    /// On an LED of the kernel; it is named by the environment, since a test must not take a machine's lamp unasked.
    @Test(
        .enabled(if: ProcessInfo.processInfo.environment["GATEHOUSE_TEST_LED"] != nil, "GATEHOUSE_TEST_LED names none"))
    func aLampOfTheKernel() throws {
        let name = try #require(ProcessInfo.processInfo.environment["GATEHOUSE_TEST_LED"])
        let files = "/sys/class/leds/\(name)"
        func read(_ file: String) throws -> String {
            try String(contentsOfFile: "\(files)/\(file)", encoding: .utf8).trimmingCharacters(
                in: .whitespacesAndNewlines)
        }
        let lamp = try LEDClassIndicator(name: name)
        #expect(try read("brightness") == "0")
        lamp.set(true)
        #expect(try read("brightness") != "0")
        #expect(lamp.blink(on: .milliseconds(250), off: .milliseconds(50)))
        #expect(try read("trigger").contains("[timer]"))
        #expect(try read("delay_on") == "250")
        #expect(try read("delay_off") == "50")
        #expect(lamp.blink(on: .milliseconds(50), off: .milliseconds(50)))
        #expect(try read("delay_on") == "50")
        lamp.close()
        #expect(lamp.trouble == nil)
        #expect(try read("trigger").contains("[none]"))
        #expect(try read("brightness") == "0")
    }

    @Test func aLampThatVanishesIsTrouble() throws {
        let lamp = try LEDClassIndicator(name: "pair", directory: directory)
        try FileManager.default.removeItem(atPath: directory)
        lamp.set(true)
        #expect(lamp.trouble?.contains("No such file") == true)
    }
}
