import ArgumentParser
import JSONText
import OCFCloud
import OCFModel
import Onboarding

/// `gatehouse-onboard acl`
struct ACLCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "acl", abstract: "Who may do what with which resources of a device.",
        subcommands: [Show.self, Add.self, Rm.self])

    /// `gatehouse-onboard acl show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "show", abstract: "List the entries.")

        @Argument(help: "The device.") var device: String
        @OptionGroup var options: ToolOptions

        func run() async throws {
            let list = try await options.with(device) { household, _, link in
                try await household.accessControl(on: link)
            }
            if options.json { return Output.json(CBORText.json(.map(list.representation()))) }
            Output.table(
                ["ACEID", "SUBJECT", "RESOURCES", "PERMISSIONS", "WHEN"],
                list.entries.map { entry in
                    [
                        "\(entry.id)", SubjectArgument(entry.subject).description,
                        entry.resources.map(\.text).joined(separator: " "), entry.permissions.letters,
                        entry.validity.map(\.period).joined(separator: " "),
                    ]
                }, empty: "there is no entry: nobody may do anything")
        }
    }

    /// `gatehouse-onboard acl add`
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add", abstract: "Let somebody do something.",
            discussion: """
                SUBJECT is `self` (this tool), a device's name or UUID, `role:NAME` or `role:NAME@AUTHORITY`, `encrypted` \
                (everybody on an encrypted connection) or `everybody`. RESOURCE is an href, or `*` (every resource of \
                applications), `+` (those with encrypted endpoints only) or `-` (those with a plain one). Permissions are \
                letters: c create, r read, u update, d delete, n notify.

                  gatehouse-onboard acl add gateway --subject self --resource '*' --allow rn
                """)

        @Argument(help: "The device.") var device: String
        @Option(help: "Whom.") var subject: String
        @Option(name: .customLong("resource"), help: ArgumentHelp("Which; may be repeated.", valueName: "href"))
        var resources: [String]
        @Option(help: ArgumentHelp("What, by letters.", valueName: "crudn")) var allow: PermissionsArgument
        @Option(
            name: .customLong("valid"),
            help: ArgumentHelp(
                "When: START/END in UTC such as 20270101T000000Z/20270201T000000Z; may be repeated.",
                valueName: "period"))
        var periods: [String] = []
        @Option(help: "Replace the entry of this number.") var aceid: Int?
        @OptionGroup var options: ToolOptions

        func validate() throws {
            for resource in resources where ResourceArgument(resource) == nil {
                throw ValidationError("\(resource) is no resource, expected an href, *, + or -")
            }
        }

        func run() async throws {
            try await options.with(device) { household, _, link in
                let entry = AccessControlEntry(
                    id: aceid ?? 0, subject: try SubjectArgument.read(subject, household).subject,
                    resources: resources.compactMap { ResourceArgument($0)?.selector }, permissions: allow.permissions,
                    validity: periods.map { ValidityPeriod(period: $0, recurrence: []) })
                _ = try await household.run(
                    Provisioning([
                        .update(.acl2, AccessControlList.Update(entries: [entry]).representation)
                    ]), on: link)
            }
            if options.json { Output.json(["added": true]) }
        }
    }

    /// `gatehouse-onboard acl rm`
    struct Rm: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Remove entries, by number or of a subject.")

        @Argument(help: "The device.") var device: String
        @Argument(help: ArgumentHelp("Numbers, as `show` lists them.", valueName: "aceid")) var ids: [Int] = []
        @Option(help: "Remove every entry of this subject.") var subject: String?
        @OptionGroup var options: ToolOptions

        func validate() throws {
            guard ids.isEmpty != (subject == nil) else {
                throw ValidationError("expected numbers of entries, or --subject")
            }
        }

        func run() async throws {
            let removed = try await options.with(device) { household, _, link in
                var ids = ids
                if let subject {
                    let wanted = try SubjectArgument.read(subject, household).subject
                    ids = try await household.accessControl(on: link).entries.filter { $0.subject == wanted }.map(\.id)
                    guard !ids.isEmpty else {
                        throw OnboardingError(.notFound, "no entry is for \(subject); `acl show` lists them")
                    }
                }
                _ = try await household.run(
                    Provisioning(ids.map { .delete(.acl2, query: ["aceid=\($0)"]) }), on: link)
                return ids
            }
            if options.json { Output.json(["removed": .array(removed.map { .int($0) })]) }
        }
    }
}
