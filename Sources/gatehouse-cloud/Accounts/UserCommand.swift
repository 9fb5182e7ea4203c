import ArgumentParser
import JSONText
import OCFCloud

/// `gatehouse-cloud user`
struct UserCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "The people or households whose devices the cloud serves.",
        subcommands: [Add.self, List.self, Remove.self])

    /// `gatehouse-cloud user add`
    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a user.")

        @Argument(help: "The user's name.") var name: String
        @OptionGroup var options: StateOptions

        func run() throws {
            try Failure.reported {
                let user = try options.database().addUser(name)
                print("added \(user.name), uid \(user.id)")
            }
        }
    }

    /// `gatehouse-cloud user list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the users.")

        @OptionGroup var options: StateOptions
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            try Failure.reported {
                let users = try options.database().users()
                if json {
                    Output.json(
                        .array(
                            users.map {
                                [
                                    "name": .string($0.name), "uid": .string($0.id), "devices": .int($0.devices),
                                    "createdAt": .int($0.createdAt),
                                ]
                            }))
                } else {
                    Output.table(
                        ["NAME", "UID", "DEVICES", "SINCE"],
                        users.map { [$0.name, $0.id, "\($0.devices)", Output.time($0.createdAt)] },
                        empty: "there is no user; add one by `gatehouse-cloud user add NAME`")
                }
            }
        }
    }

    /// `gatehouse-cloud user remove`
    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a user with all devices, tokens and links.",
            discussion: "A running server closes their connections within a second.")

        @Argument(help: "The user's name.") var name: String
        @OptionGroup var options: StateOptions

        func run() throws {
            try Failure.reported { try options.database().removeUser(name) }
        }
    }
}
