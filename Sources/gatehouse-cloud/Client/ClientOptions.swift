import ArgumentParser
import Foundation
import OCFCloud

/// Which client of a cloud we are.
struct ClientOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The client's directory.",
            discussion: "By default $GATEHOUSE_CLOUD_CLIENT, else ~/.config/gatehouse-cloud/client.", valueName: "dir"))
    var client: String?

    var directory: ClientDirectory {
        let environment = ProcessInfo.processInfo.environment
        if let path = client ?? environment["GATEHOUSE_CLOUD_CLIENT"] { return ClientDirectory(path) }
        let home = environment["XDG_CONFIG_HOME"] ?? NSHomeDirectory() + "/.config"
        return ClientDirectory(home + "/gatehouse-cloud/client")
    }

    /// Runs `body` with the client, signed up, and hangs up.
    func use<Result: Sendable>(_ body: (CloudClient) async throws -> Result) async throws -> Result {
        try await Failure.reported {
            let directory = directory
            let client = try CloudClient(directory: directory)
            if await client.account == nil {
                guard let token = try directory.token() else {
                    throw CloudError(
                        .unauthorized, "the client is not registered; log in again by `gatehouse-cloud login --token …`"
                    )
                }
                try await client.signUp(token: token)
            }
            do {
                let result = try await body(client)
                await client.close()
                return result
            } catch {
                await client.close()
                throw error
            }
        }
    }
}
