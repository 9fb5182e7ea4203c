import ArgumentParser
import JSONText
import OCFCloud
import OCFModel
import Onboarding

/// `gatehouse-onboard security-domain`
struct SecurityDomainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "security-domain", abstract: "The security domain of the household, and of its devices.",
        subcommands: [Show.self, Set.self])

    /// `gatehouse-onboard security-domain show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show what new devices join, or what a device is in.")

        @Argument(help: "A device.") var device: String?
        @OptionGroup var options: ToolOptions

        func run() async throws {
            if let device {
                let answer = try await options.with(device) { household, _, link in
                    try await household.read(.retrieve(SecurityResource.sdi), on: link)
                }
                return Output.representation(answer.body, json: options.json)
            }
            let tool = try await Failure.reported { try options.household().state.tool() }
            Output.representation(.map(tool.domain.representation), json: options.json)
        }
    }

    /// `gatehouse-onboard security-domain set`
    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Change name or privacy, for new devices or of one that we own.")

        @Argument(help: "A device.") var device: String?
        @Option(help: "The name.") var name: String?
        @Flag(inversion: .prefixedNo, help: "Whether devices keep the domain to themselves.") var `private`: Bool?
        @OptionGroup var options: ToolOptions

        func validate() throws {
            guard name != nil || `private` != nil else {
                throw ValidationError("expected --name, --private or --no-private")
            }
        }

        func run() async throws {
            guard let device else {
                return try await Failure.reported {
                    let state = try options.household().state
                    var tool = try state.tool()
                    if let name { tool.domain.name = name }
                    if let `private` { tool.domain.isPrivate = `private` }
                    try state.write(tool)
                }
            }
            try await options.with(device) { household, _, link in
                let answer = try await household.read(.retrieve(SecurityResource.sdi), on: link)
                guard let present = try? SecurityDomain(representation: answer.body) else {
                    throw OnboardingError(.peer, "the device's sdi cannot be read")
                }
                let update = SecurityDomain.Update(
                    name: name ?? present.name, isPrivate: `private` ?? present.isPrivate)
                _ = try await household.run(Provisioning([.update(.sdi, update.representation)]), on: link)
            }
        }
    }
}
