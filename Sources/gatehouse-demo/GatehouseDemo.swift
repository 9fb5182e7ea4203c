import ArgumentParser
import Foundation

/// The demonstration: the first whole way, from a sensor to the cloud and back, on one machine.
@main
struct GatehouseDemo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gatehouse-demo",
        abstract: "Run a cloud, a gateway with a simulated board, and a client of the cloud, on this machine.",
        discussion: """
            The lamp flashes; Enter presses the button. Then the table shows the nodes as the cloud's client sees them, r \
            toggles the relay through the cloud, d opens and closes the door at the pin, and q ends it. Nothing listens \
            beyond the loopback, and nothing is left behind.
            """,
        subcommands: [Show.self, Torture.self], defaultSubcommand: Show.self)

    /// The demonstration for people, or for scripts.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show the whole way (the default).")

        @Flag(help: "Press the button, check each step, print a line each, end with 0 or name the step that failed.")
        var unattended = false

        @Flag(help: "Keep the folder with configuration, state and logs, and say where it is.")
        var keep = false

        func run() async throws {
            guard unattended || isatty(STDIN_FILENO) == 1 else {
                throw ValidationError("the demonstration needs a terminal; without one use --unattended")
            }
            let world = try World()
            defer {
                if keep { say("kept in \(world.folder.path)") } else { world.end() }
            }
            let steps = Steps(world: world) { name, time in
                let seconds = String(
                    format: "%6.2f", Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18)
                say("  ok \(seconds) s  \(name)")
            }
            do {
                if unattended {
                    try await steps.begin(window: 30)
                    try await steps.press()
                    let (client, resources) = try await steps.join()
                    try await steps.use(client, resources)
                    try await steps.finish(client)
                    say("the whole way works")
                } else {
                    try await Screen(world: world).run(steps)
                }
            } catch {
                say("FAILED  \(error)")
                throw ExitCode(1)
            }
        }
    }
}
