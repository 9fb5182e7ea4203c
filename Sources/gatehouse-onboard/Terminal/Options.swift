import ArgumentParser
import Foundation
import Glibc
import OCFModel
import Onboarding

/// What every command takes.
struct ToolOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The state directory; its copy is a backup.",
            discussion: "By default $GATEHOUSE_ONBOARD_STATE, else ~/.local/state/gatehouse-onboard.", valueName: "dir")
    )
    var state: String?

    @Option(
        name: .customLong("interface"),
        help: ArgumentHelp("Search on this network interface alone; may be repeated.", valueName: "name"))
    var interfaces: [String] = []

    @Flag(help: "Print JSON, and no progress.") var json = false

    var toolState: ToolState {
        let environment = ProcessInfo.processInfo.environment
        if let path = state ?? environment["GATEHOUSE_ONBOARD_STATE"] { return ToolState(path) }
        let home = environment["XDG_STATE_HOME"] ?? NSHomeDirectory() + "/.local/state"
        return ToolState(home + "/gatehouse-onboard")
    }

    func household() throws -> Household {
        // Whatever is made on the way is its owner's alone.
        umask(0o077)
        signal(SIGPIPE, SIG_IGN)
        if json { Progress.shared.silence() }
        return Household(toolState, discovery: try Discovery(interfaces: interfaces)) { Progress.shared.tell($0) }
    }

    /// Runs `body` with a device of ours and a connection to it.
    func with<Result: Sendable>(
        _ device: String, _ proof: Household.Proof = .key,
        _ body: (Household, OwnedDevice, DeviceLink) async throws -> Result
    ) async throws -> Result {
        try await Failure.reported {
            let household = try household()
            let device = try household.state.device(device)
            return try await household.with(device, proof) { try await body(household, device, $0) }
        }
    }
}

/// As whom a device of ours is asked.
struct ProofOptions: ParsableArguments {
    @Flag(help: "Prove ourselves by the tool's identity certificate instead of the shared key.") var identity = false
    @Option(help: ArgumentHelp("Assert this role of the tool first; may be repeated.", valueName: "name"))
    var role: [String] = []

    var proof: Household.Proof {
        if !role.isEmpty { return .roles(role) }
        return identity ? .identity : .key
    }
}

extension Identifier: ExpressibleByArgument {
    /// The id of this text.
    public init?(argument: String) { self.init(argument) }
}
