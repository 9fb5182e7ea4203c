import ArgumentParser
import Foundation
import JSONText
import OCFCloud
import OCFModel

/// `gatehouse-cloud token`
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "One-time tokens by which devices join a user.",
        subcommands: [Create.self, Request.self])

    /// `gatehouse-cloud token create`
    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a one-time token for one device or client.",
            discussion: """
                Prints the token with what the gateway needs beside it. The token is shown once; the cloud keeps its hash \
                alone.
                """)

        @Option(help: "The user whose device it will be.") var user: String
        @Option(help: ArgumentHelp("How long it can be used: 30m, 1h, 7d, or seconds.", valueName: "time"))
        var validFor: Lifetime = Lifetime(seconds: 3_600)
        @OptionGroup var options: StateOptions
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            try Failure.reported {
                let uri = try options.cloudURI()
                let sid = try options.cloudID()
                let token = try options.database().createToken(user: user, lifetime: validFor.seconds).text
                if json {
                    return Output.json([
                        "token": .string(token), "cloud": .string(uri.description), "sid": .string(sid),
                        "validFor": .int(validFor.seconds),
                    ])
                }
                print(
                    """
                    token     \(token)
                    cloud     \(uri)
                    sid       \(sid)
                    valid for \(validFor.description), for one device

                    On the gateway:
                      echo \(token) | gatehouse cloud set \(uri) --id \(sid)

                    or in its configuration:
                    \(CloudSnippet.text(uri: uri, sid: sid, token: token))
                    """)
            }
        }
    }
}

extension TokenCommand {
    /// `gatehouse-cloud token request`
    struct Request: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask the cloud, as a client of a user, for a token for one device of the same user.",
            discussion: """
                Works from anywhere, by the client's directory. The token serves the device named alone. `gatehouse-onboard \
                cloud` does the same, and gives the token to the device.
                """)

        @Option(help: ArgumentHelp("The device's id.", valueName: "uuid")) var di: Identifier
        @Option(help: ArgumentHelp("How long it can be used: 30m, 1h, 7d, or seconds.", valueName: "time"))
        var validFor: Lifetime = Lifetime(seconds: 600)
        @OptionGroup var options: ClientOptions
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            let given = try await options.use { try await $0.invite(di, validFor: Int(validFor.seconds)) }
            if json {
                return Output.json([
                    "token": .string(given.token.text), "cloud": .string(given.cloud.description),
                    "sid": .string(given.cloudID.description), "validFor": .int(given.validFor),
                    "trust": .string(orNull: given.trust),
                ])
            }
            print(
                """
                token     \(given.token.text)
                cloud     \(given.cloud)
                sid       \(given.cloudID)
                valid for \(given.validFor) s, for \(di) alone
                """)
        }
    }
}

/// The part of the gateway's configuration that names a cloud.
enum CloudSnippet {
    static func text(uri: CloudURI, sid: String, token: String, trust: String? = nil) -> String {
        """
        [cloud]
        address = "\(uri)"
        id = "\(sid)"
        token = "\(token)"
        trust = "\(trust ?? "/etc/gatehouse/cloud-ca.pem")"  # what `gatehouse-cloud ca show` prints
        """
    }
}

/// A time span on the command line: a number with s, m, h or d.
struct Lifetime: ExpressibleByArgument, CustomStringConvertible {
    let seconds: Int64

    /// Longest span: a year. A token for longer is a password.
    private static let longest: Int64 = 31_536_000

    init(seconds: Int64) { self.seconds = seconds }

    init?(argument: String) {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        let unit = argument.last.flatMap { units[$0] }
        guard let number = Int64(unit == nil ? argument[...] : argument.dropLast()), number > 0,
            number <= Self.longest / (unit ?? 1)
        else { return nil }
        seconds = number * (unit ?? 1)
    }

    var description: String {
        switch seconds {
        case let s where s % 86_400 == 0: "\(s / 86_400)d"
        case let s where s % 3_600 == 0: "\(s / 3_600)h"
        case let s where s % 60 == 0: "\(s / 60)m"
        default: "\(seconds)s"
        }
    }

    var defaultValueDescription: String { description }
}
