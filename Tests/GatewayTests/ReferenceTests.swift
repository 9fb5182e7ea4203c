import Foundation
import Testing

@testable import Gateway

/// The repository as its readers find it.
private enum Repository {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    static func has(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path)
    }

    static func pages() throws -> [String] {
        let docs = try FileManager.default.contentsOfDirectory(atPath: root.appending(path: "docs").path)
        return ["README.md"] + docs.filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }
    }

    static func makeTargets() throws -> Set<String> {
        Set(try text("Makefile").matches(of: /(?m)^([a-z][a-z-]*):/).map { String($0.1) })
    }

    /// The value of a unit's key, the first time that it stands there.
    static func unit(_ unit: String, _ key: String) throws -> String? {
        try text("systemd/\(unit).service").split(separator: "\n").first { $0.hasPrefix("\(key)=") }
            .map { String($0.dropFirst(key.count + 1)) }
    }
}

@Suite("What is written about Gatehouse")
struct ReferenceTests {
    @Test("The configuration's reference and example are what the schema says; `make docs` makes them")
    func madeFromTheSchema() throws {
        let reference = try Repository.text("docs/configuration.md") == ConfigurationReference.markdown
        #expect(reference, "docs/configuration.md is not current: run `make docs`")
        let example = try Repository.text("board/gatehouse.example.toml") == ConfigurationReference.example
        #expect(example, "board/gatehouse.example.toml is not current: run `make docs`")
        let types = try Repository.text("docs/onem2m-resources.md") == ConfigurationReference.resourceTypes
        #expect(types, "docs/onem2m-resources.md is not current: run `make docs`")
    }

    @Test("The example is a configuration without mistakes, as it is and with every default switched on")
    func exampleIsGood() throws {
        let board = Repository.root.appending(path: "board").path
        let uncommented = ConfigurationReference.example.split(separator: "\n", omittingEmptySubsequences: false)
            .compactMap { line -> Substring? in
                let code = line.hasPrefix("# ") ? line.dropFirst(2) : line
                // Repeated tables ask for names, and a clean example has none.
                return code.contains("=") && !code.contains("required") || code.hasPrefix("[") ? code : nil
            }
        var tables: [Substring] = []
        var isRepeated = false
        for line in uncommented {
            if line.hasPrefix("[") { isRepeated = line.hasPrefix("[[") }
            if !isRepeated { tables.append(line) }
        }
        let everything = tables.joined(separator: "\n")
            .replacing("\"/usr/share/gatehouse/board\"", with: "\"\(board)\"")
        #expect(everything.contains("window = 30"))
        #expect(
            try Configuration.load(text: everything, file: "example.toml")
                == Configuration.load(text: "[board]\ndirectory = \"\(board)\"\n", file: "example.toml"))
    }

    @Test("Every link between the pages leads somewhere", arguments: try Repository.pages())
    func links(page: String) throws {
        let folder = page.contains("/") ? "docs/" : ""
        for link in try Repository.text(page).matches(of: /\]\(([^)#\s]+)(#[^)]*)?\)/) {
            let target = String(link.1)
            guard !target.contains("://") else { continue }
            #expect(Repository.has(folder + target), "\(page) points to \(target)")
        }
    }

    @Test("README lists every page of docs")
    func readmeIsComplete() throws {
        let readme = try Repository.text("README.md")
        for page in try Repository.pages() where page != "README.md" {
            #expect(readme.contains("(\(page))"), "README.md does not mention \(page)")
        }
    }

    @Test("Every `make` target that is written about exists", arguments: try Repository.pages())
    func makeTargets(page: String) throws {
        let targets = try Repository.makeTargets()
        #expect(targets.isSuperset(of: ["run", "test", "install", "uninstall"]))
        // Every other piece between fences is code to be typed; elsewhere commands stand in backquotes.
        for (index, piece) in try Repository.text(page).split(separator: "```", omittingEmptySubsequences: false)
            .enumerated()
        {
            let mentions = piece.matches(
                of: index % 2 == 1 ? /(?m)(?:^|&& |sudo )make ([a-z][a-z-]*)/ : /`make ([a-z-]+)/)
            for mention in mentions {
                #expect(targets.contains(String(mention.1)), "\(page) speaks of `make \(mention.1)`")
            }
        }
    }

    @Test("What the units start is built and installed", arguments: ["gatehouse", "gatehouse-cloud"])
    func units(name: String) throws {
        let command = try #require(try Repository.unit(name, "ExecStart")).split(separator: " ").map(String.init)
        #expect(command.first == "/usr/bin/\(name)")
        #expect(try Repository.text("Makefile").contains("$(dist)/\(name)"))
        #expect(try Repository.text("Package.swift").contains(".executable(name: \"\(name)\""))
        #expect(try Repository.text("Makefile").contains("systemd/$$unit.service"))
        let page = try #require(try Repository.unit(name, "Documentation"))
        #expect(Repository.has(page.replacing("file:///usr/share/doc/gatehouse/", with: "")), "\(page)")
        #expect(try Repository.unit(name, "RestartPreventExitStatus") == "78")
    }

    @Test("The gateway's unit, its users and its files fit the configuration's defaults")
    func unitFitsDefaults() throws {
        func fallback(_ path: String) -> String { ConfigurationSchema.fallback(of: path).textValue }
        let state = try #require(try Repository.unit("gatehouse", "StateDirectory"))
        #expect(fallback("gateway.state") == "/var/lib/\(state)")
        let runtime = try #require(try Repository.unit("gatehouse", "RuntimeDirectory"))
        #expect(fallback("gateway.control").hasPrefix("/run/\(runtime)/"))
        #expect(try Repository.unit("gatehouse", "Group") == fallback("gateway.control_group"))

        let users = try Repository.text("systemd/gatehouse.sysusers")
        for unit in ["gatehouse", "gatehouse-cloud"] {
            let user = try #require(try Repository.unit(unit, "User"))
            #expect(users.contains("u \(user) "))
        }
        let makefile = try Repository.text("Makefile")
        #expect(makefile.contains("/gatehouse/board"))
        for file in ["gatehouse.sysusers", "gatehouse.tmpfiles", "60-gatehouse.rules"] {
            #expect(Repository.has("systemd/\(file)"))
            #expect(makefile.contains("systemd/\(file)"))
        }
    }

    @Test("The exit codes that operations.md lists are those of the command line")
    func exitCodes() throws {
        let page = try Repository.text("docs/operations.md")
        let source = try Repository.text("Sources/gatehouse/ControlOptions.swift")
        let codes = source.matches(of: /ExitCode\((\d+)\)/).map { String($0.1) }
        #expect(codes.count >= 6)
        for code in codes + ["78"] { #expect(page.contains("\n| \(code) | `EX_"), "exit code \(code)") }
    }

    @Test("operations.md names every command of the control socket, every log part and every trouble of the cloud")
    func operations() throws {
        let page = try Repository.text("docs/operations.md")
        let requests: [ControlRequest] = [
            .status, .nodes, .read(node: "", field: nil), .set(node: "", parameter: "", value: ""), .trustList,
            .trustRemove(identifier: ""), .cloudSet(address: "", id: "", token: "", provider: "", trust: ""),
            .cloudClear, .press(milliseconds: 1), .drive(line: "", level: true), .factoryReset, .watch,
        ]
        for request in requests {
            let name = try #require(request.json["command"]?.string)
            #expect(page.contains("| `\(name)` |"), "\(name)")
        }
        for part in ConfigurationSchema.logParts { #expect(page.contains("`\(part)`"), "\(part)") }
        let session = try Repository.text("Sources/OCFDoor/Cloud/CloudSession.swift")
        let troubles = session.matches(of: /case [a-zA-Z]+ = "([a-z-]+)"/).map { String($0.1) }
        #expect(troubles.count >= 6)
        for trouble in troubles { #expect(page.contains("`\(trouble)`"), "\(trouble)") }
    }
}
