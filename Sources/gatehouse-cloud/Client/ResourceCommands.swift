import ArgumentParser
import CBOR
import Foundation
import JSONText
import OCFCloud
import OCFModel

/// `gatehouse-cloud resources`
struct ResourcesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resources", abstract: "List the resources of your devices.")

    @Option(help: ArgumentHelp("Only those of this type, such as oic.r.temperature.", valueName: "rt")) var type:
        String?
    @Option(help: ArgumentHelp("Only those of this device.", valueName: "uuid")) var device: Identifier?
    @Flag(help: "Print JSON: the links as the cloud gives them.") var json = false
    @OptionGroup var options: ClientOptions

    func run() async throws {
        let resources = try await options.use { try await $0.resources(type: type, device: device) }
        if json { return Output.json(.array(resources.map { CBORText.json($0.link.value) })) }
        Output.table(
            ["HREF", "TYPE", "OBSERVABLE", "TITLE"],
            resources.map { resource in
                [
                    resource.href, resource.link.resourceTypes.joined(separator: " "),
                    resource.link.policy?.contains(.observable) == true ? "yes" : "no", resource.link.title ?? "",
                ]
            }, empty: "no device of yours has published a resource")
    }
}

/// `gatehouse-cloud get`
struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Read a resource of a device.",
        discussion: "The href is as `resources` lists it: /<device id>/…")

    @Argument(help: "The resource.") var href: String
    @Option(help: ArgumentHelp("A query, such as if=oic.if.baseline.", valueName: "name=value")) var query: [String] =
        []
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup var options: ClientOptions

    func run() async throws {
        let value = try await options.use { try await $0.get(href, query: query) }
        ValueOutput.print(value, json: json)
    }
}

/// `gatehouse-cloud set`
struct SetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change a resource of a device.",
        discussion: """
            A value is JSON where it can be read as such, else text: `value=true`, `dimmingSetting=40`, `n=Attic`.

              gatehouse-cloud set /<device id>/gpio/relay1/output value=true
            """)

    @Argument(help: "The resource.") var href: String
    @Argument(help: ArgumentHelp("Properties.", valueName: "name=value")) var properties: [String]
    @Option(help: ArgumentHelp("A query, such as if=oic.if.a.", valueName: "name=value")) var query: [String] = []
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup var options: ClientOptions

    func validate() throws {
        guard !properties.isEmpty else { throw ValidationError("no property is given, expected name=value") }
        for property in properties where property.first == "=" || !property.contains("=") {
            throw ValidationError("\(property) is no property, expected name=value")
        }
    }

    func run() async throws {
        var map: CBOR.Map = [:]
        for property in properties {
            let parts = property.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            map[String(parts[0])] = CBORText.typed(String(parts[1]))
        }
        let value = try await options.use { [map] in try await $0.post(href, .map(map), query: query) }
        ValueOutput.print(value, json: json)
    }
}

/// `gatehouse-cloud observe`
struct ObserveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "observe", abstract: "Print a resource's value, and each that follows.",
        discussion: "Goes on until interrupted. When the connection is lost it connects again.")

    @Argument(help: "The resource; /oic/res for the list of all.") var href: String
    @Option(help: ArgumentHelp("A query, such as if=oic.if.baseline.", valueName: "name=value")) var query: [String] =
        []
    @Option(help: "End after so many values.") var count: Int?
    @Flag(help: "Print one line of JSON for each value.") var json = false
    @OptionGroup var options: ClientOptions

    /// Waits between attempts to return, in seconds; the last goes on.
    private static let delays = [1, 2, 4, 8, 16, 30]

    func run() async throws {
        try await options.use { client in
            var seen = 0
            var failures = 0
            while true {
                do {
                    for try await value in try await client.observe(href, query: query) {
                        failures = 0
                        ValueOutput.print(value, json: json, onOneLine: true)
                        seen += 1
                        if let count, seen >= count { return }
                    }
                    return
                } catch let error as CloudError where seen > 0 && [.connection, .away, .timeout].contains(error.code) {
                    let delay = Self.delays[min(failures, Self.delays.count - 1)]
                    failures += 1
                    Output.complain("\(error.reason); again in \(delay) s")
                    try await Task.sleep(for: .seconds(delay))
                }
            }
        }
    }
}

/// Representations as people and scripts read them.
enum ValueOutput {
    static func print(_ value: CBOR.Value, json: Bool, onOneLine: Bool = false) {
        let text = CBORText.json(value)
        if json { return Output.line(text.serialized(pretty: !onOneLine)) }
        guard let object = text.object else {
            return Output.line(text.isNull ? "done" : text.serialized(pretty: !onOneLine))
        }
        // What every resource has says little about its state.
        let rows = object.filter { $0.name != "rt" && $0.name != "if" }.map { ($0.name, cell($0.value)) }
        if onOneLine { return Output.line(rows.map { "\($0)=\($1)" }.joined(separator: "  ")) }
        let width = rows.map(\.0.count).max() ?? 0
        for (name, text) in rows {
            Output.line(name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + text)
        }
    }

    private static func cell(_ value: JSON) -> String {
        value.string ?? value.serialized()
    }
}
