import ArgumentParser
import Gateway
import JSONText

/// `gatehouse press`
struct PressCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "press", abstract: "Press the button of a simulated board.")

    @Option(name: .customLong("for"), help: "How long: 12s, 300ms.") var time = HoldTime(milliseconds: 200)
    @OptionGroup var control: ControlOptions

    func run() throws {
        try control.ask(.press(milliseconds: time.milliseconds)) { answer in StatusText.text(answer["outcome"]) }
    }
}

/// `gatehouse drive`
struct DriveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drive", abstract: "Set the level of an input line of a simulated board.")

    @Argument(help: "The line as the configuration names it, such as GPIO22.") var line: String
    @Argument(help: "high or low.") var level: Level
    @OptionGroup var control: ControlOptions

    /// What a line can be driven to.
    enum Level: String, ExpressibleByArgument, CaseIterable { case high, low }

    func run() throws {
        try control.ask(.drive(line: line, level: level == .high)) { _ in "\(line) is \(level.rawValue)" }
    }
}

/// `gatehouse reset`
struct ResetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset", abstract: "Forget all trust, tokens and nodes, as the button held for 10 s does.")

    @Flag(help: "Needed: there is no lesser reset, and no way back.") var factory = false
    @OptionGroup var control: ControlOptions

    func run() throws {
        guard factory else { throw ValidationError("say --factory to forget everything") }
        try control.ask(.factoryReset) { _ in "Everything is forgotten." }
    }
}

/// How long something is held.
struct HoldTime: ExpressibleByArgument {
    let milliseconds: Int

    init(milliseconds: Int) { self.milliseconds = milliseconds }

    init?(argument: String) {
        let (digits, factor) =
            argument.hasSuffix("ms")
            ? (argument.dropLast(2), 1.0) : (argument.hasSuffix("s") ? argument.dropLast() : argument[...], 1_000.0)
        guard let number = Double(digits), number > 0, number * factor <= 300_000 else { return nil }
        milliseconds = max(1, Int(number * factor))
    }

    var defaultValueDescription: String { "\(milliseconds)ms" }
}
