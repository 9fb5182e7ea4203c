import Foundation
import Testing

/// The floors of the house. A room imports only rooms on lower floors: never its own floor, never upward. Then a reader
/// who knows a room's floor knows what it can depend on, and no change travels in circles.
private let floors: [[String]] = [
    ["CMbedTLS", "CGPIOD", "CBluetooth", "CExpat", "CDatagrams", "CThreads"],
    ["CBOR", "CoAPMessages", "Advertising", "JSONText", "QRCode", "Threads"],
    [
        "OneLoop", "TLS", "FlashStore", "GPIO", "BluetoothLE", "Systemd", "LogOutput", "PrivateFiles",
        "OneM2MPrimitives",
    ],
    ["CoAP", "GATT", "JOSE", "XMPP", "BoardCheck"],
    ["Concentrator", "Access", "Pairing", "OCFModel", "ProvisioningModel", "CloudFile"],
    ["GPIONodes", "BLENodes", "OCFDoor", "XMPPDoor", "OneM2MDoor", "OCFCloud", "ProvisioningServer", "Onboarding"],
    ["Gateway"],
    ["gatehouse", "gatehouse-cloud", "gatehouse-onboard", "gatehouse-demo"],
]

/// Companions run elsewhere: they share codecs, machinery, transports and values with the gateway, but no driver, no
/// door and none of its domain.
private let companions: Set<String> = ["OCFCloud", "ProvisioningServer", "Onboarding"]
private let gatewayOnly: Set<String> = [
    "BoardCheck", "GPIONodes", "BLENodes", "OCFDoor", "XMPPDoor", "OneM2MDoor", "Concentrator", "Access", "Pairing",
    "Gateway",
]

private struct Manifest: Decodable {
    struct Dependency: Decodable {
        let name: String?

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            // {"byName": [NAME, …]} or {"target": [NAME, …]}; products of other packages are no rooms.
            for key in [Key.byName, .target] {
                if var list = try? container.nestedUnkeyedContainer(forKey: key) {
                    name = try list.decode(String.self)
                    return
                }
            }
            name = nil
        }

        enum Key: String, CodingKey { case byName, target }
    }

    struct Target: Decodable {
        let name: String
        let type: String
        let dependencies: [Dependency]
        let path: String?
    }

    let targets: [Target]
}

@Suite("The package's target graph")
struct FloorTests {
    private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func manifest() throws -> Manifest {
        // A folder of its own, since the build that runs this test holds the lock of the usual one.
        let scratch = FileManager.default.temporaryDirectory.appending(path: "graph-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: scratch) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "swift", "package", "--package-path", root.path, "--scratch-path", scratch.path, "dump-package",
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "swift package dump-package failed")
        return try JSONDecoder().decode(Manifest.self, from: data)
    }

    private func floor(of room: String) -> Int? { floors.firstIndex { $0.contains(room) } }

    @Test("No arrow points to its own floor or upward, and every room has a floor")
    func arrows() throws {
        let rooms = try manifest().targets.filter {
            $0.type != "test" && ($0.path ?? "").hasPrefix("Sources") || $0.path == nil && $0.type != "test"
        }
        #expect(rooms.count >= floors.flatMap(\.self).count)
        let names = Set(rooms.map(\.name))
        for room in rooms {
            let own = try #require(
                floor(of: room.name), "\(room.name) has no floor; give it one in this test and in the design")
            for dependency in room.dependencies.compactMap(\.name) where names.contains(dependency) {
                let other = try #require(floor(of: dependency), "\(dependency) has no floor")
                #expect(other < own, "\(room.name) (floor \(own + 1)) imports \(dependency) (floor \(other + 1))")
            }
            if companions.contains(room.name) {
                let strangers = room.dependencies.compactMap(\.name).filter(gatewayOnly.contains)
                #expect(strangers.isEmpty, "the companion \(room.name) imports \(strangers)")
            }
        }
    }

    @Test("No file imports a room that its target does not name")
    func imports() throws {
        let targets = try manifest().targets
        let rooms = Set(floors.flatMap(\.self))
        var seen = 0
        for target in targets where rooms.contains(target.name) {
            let allowed = Set(target.dependencies.compactMap(\.name))
            let folder = root.appending(path: "Sources/\(target.name)")
            let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
            for case let file as URL in files where file.pathExtension == "swift" {
                for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
                    let words = line.split(separator: " ")
                    guard let index = words.firstIndex(of: "import"), index <= 1, index + 1 < words.count else {
                        continue
                    }
                    let module = String(words[index + 1])
                    guard rooms.contains(module) else { continue }
                    seen += 1
                    #expect(allowed.contains(module), "\(file.lastPathComponent) imports \(module)")
                }
            }
        }
        #expect(seen > 20)
    }

    @Test("Nothing that the daemon links imports the whole of Foundation")
    func foundation() throws {
        let targets = try manifest().targets
        var linked: Set<String> = []
        func visit(_ name: String) {
            guard let target = targets.first(where: { $0.name == name }), linked.insert(name).inserted else { return }
            for dependency in target.dependencies.compactMap(\.name) { visit(dependency) }
        }
        visit("gatehouse")
        #expect(linked.count > 15)
        for name in linked {
            let folder = root.appending(path: "Sources/\(name)")
            let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
            for case let file as URL in files where file.pathExtension == "swift" {
                let text = try String(contentsOf: file, encoding: .utf8)
                #expect(
                    !text.split(separator: "\n").contains {
                        $0.hasPrefix("import Foundation") && !$0.contains("Essentials")
                    }, "\(file.path)")
            }
        }
    }
}
