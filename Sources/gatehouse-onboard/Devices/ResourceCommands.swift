import ArgumentParser
import CBOR
import Foundation
import JSONText
import OCFCloud
import OCFModel
import Onboarding
import PrivateFiles

/// `gatehouse-onboard ls`
struct LsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List the resources of a device.")

    @Argument(help: "The device, or coaps://HOST:PORT with --key-file.") var device: String
    @Option(help: ArgumentHelp("Only those of this type, such as oic.r.temperature.", valueName: "rt")) var type:
        String?
    @OptionGroup var foreign: ForeignOptions
    @OptionGroup var proof: ProofOptions
    @OptionGroup var options: ToolOptions

    func run() async throws {
        let links = try await foreign.with(device, proof.proof, options) { household, link in
            try await household.links(type.map { [$0] } ?? [], on: link)
        }
        if options.json { return Output.json(.array(links.map { CBORText.json($0.value) })) }
        Output.table(
            ["HREF", "TYPE", "INTERFACES", "OBSERVABLE"],
            links.map { link in
                [
                    link.href, link.resourceTypes.joined(separator: " "),
                    link.interfaces.map(\.rawValue).joined(separator: " "),
                    link.policy?.contains(.observable) == true ? "yes" : "no",
                ]
            }, empty: "the device shows no resource")
    }
}

/// `gatehouse-onboard get`
struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Read a resource of a device.",
        discussion: "What may be read, the device's access control list says: see `acl`.")

    @Argument(help: "The device, or coaps://HOST:PORT with --key-file.") var device: String
    @Argument(help: "The resource, such as /ble/A4C1388D18B2/temperature.") var href: String
    @Option(help: ArgumentHelp("A query, such as if=oic.if.baseline.", valueName: "name=value")) var query: [String] =
        []
    @OptionGroup var foreign: ForeignOptions
    @OptionGroup var proof: ProofOptions
    @OptionGroup var options: ToolOptions

    func run() async throws {
        let answer = try await foreign.with(device, proof.proof, options) { household, link in
            try await household.read(.retrieve(href, query: query), on: link)
        }
        Output.answer(answer, json: options.json)
    }
}

/// `gatehouse-onboard set`
struct SetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change a resource of a device.",
        discussion: """
            A value is JSON where it can be read as such, else text: `value=true`, `dimmingSetting=40`, `n=Attic`.

              gatehouse-onboard set gateway /gpio/relay1/output value=true
            """)

    @Argument(help: "The device, or coaps://HOST:PORT with --key-file.") var device: String
    @Argument(help: "The resource.") var href: String
    @Argument(help: ArgumentHelp("Properties.", valueName: "name=value")) var properties: [String]
    @Option(help: ArgumentHelp("A query, such as if=oic.if.a.", valueName: "name=value")) var query: [String] = []
    @OptionGroup var foreign: ForeignOptions
    @OptionGroup var proof: ProofOptions
    @OptionGroup var options: ToolOptions

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
        let answer = try await foreign.with(device, proof.proof, options) { [map] household, link in
            try await household.read(.update(href, map, query: query), on: link)
        }
        Output.answer(answer, json: options.json)
    }
}

/// `gatehouse-onboard observe`
struct ObserveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "observe", abstract: "Print a resource's value, and each that follows.",
        discussion: "Goes on until interrupted, or the connection is lost.")

    @Argument(help: "The device, or coaps://HOST:PORT with --key-file.") var device: String
    @Argument(help: "The resource.") var href: String
    @Option(help: ArgumentHelp("A query, such as if=oic.if.baseline.", valueName: "name=value")) var query: [String] =
        []
    @Option(help: "End after so many values.") var count: Int?
    @OptionGroup var foreign: ForeignOptions
    @OptionGroup var proof: ProofOptions
    @OptionGroup var options: ToolOptions

    func run() async throws {
        try await foreign.with(device, proof.proof, options) { _, link in
            var seen = 0
            for try await answer in try await link.observe(.retrieve(href, query: query), .secure) {
                guard answer.code.isSuccess else {
                    throw OnboardingError(
                        .refused, "the device answers \(answer.code) to GET \(href) \(answer.diagnostic)")
                }
                Output.answer(answer, json: options.json, onOneLine: true)
                seen += 1
                if let count, seen >= count { return }
            }
            throw OnboardingError(
                .unreachable, "\(href) is observed no longer: the device ended it, or does not offer it")
        }
    }
}

/// A device that we do not own, reached by a key that we have of it.
struct ForeignOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The file of a key shared with a device that is not ours, 16 to 32 bytes as they are.",
            discussion: "Such a device is spoken to in plain CoAP, without OCF's options.", valueName: "file"))
    var keyFile: String?
    @Option(help: ArgumentHelp("The identity of that key, text; the tool's id by default.", valueName: "text"))
    var keyIdentity: String?

    func with<Result: Sendable>(
        _ device: String, _ proof: Household.Proof, _ options: ToolOptions,
        _ body: (Household, DeviceLink) async throws -> Result
    ) async throws -> Result {
        guard let keyFile else {
            return try await options.with(device, proof) { household, _, link in try await body(household, link) }
        }
        return try await Failure.reported {
            let household = try options.household()
            guard let address = DeviceAddress(device) else {
                throw OnboardingError(.malformed, "\(device) is no address, expected coaps://HOST:PORT")
            }
            // One line feed at the end is an editor's.
            var key = Array(try PrivateFile.read(keyFile).utf8)
            if key.last == 0x0A { key.removeLast() }
            let link = try household.link(address, speaksOCF: false)
            do {
                try await link.connect(.key(key, identity: keyIdentity.map { Array($0.utf8) }))
                let result = try await body(household, link)
                await link.close()
                return result
            } catch {
                await link.close()
                throw error
            }
        }
    }
}

extension Output {
    /// A device's answer: its representation, or its text where it has no format that is known.
    static func answer(_ answer: DeviceAnswer, json: Bool, onOneLine: Bool = false) {
        if let text = answer.text {
            return json ? Output.json(.string(text), onOneLine: onOneLine) : line(text)
        }
        representation(answer.body, json: json, onOneLine: onOneLine)
    }
}
