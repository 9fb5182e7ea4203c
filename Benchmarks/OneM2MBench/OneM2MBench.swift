import FlashStore
import Foundation
import Logging
import NIOHTTP1
import OneLoop
import OneM2MDoor
import OneM2MPrimitives

/// Creates and retrieves over HTTP with 1, 8 and 32 clients: of a CSE of ours in memory and on flash, in this process on a
/// thread of its own; with `--url`, of another one that runs already.
///
/// Then what a remembered token adds to a request, and a million creates against the limits.
///
///     OneM2MBench [--seconds 3] [--only load|tokens|million] [--url http://127.0.0.1:8080 --base cse-in --originator CAdmin --name ACME]
@main
enum OneM2MBench {
    static func main() async throws {
        let seconds = Double(argument("--seconds") ?? "3") ?? 3
        let only = argument("--only")
        if only == nil || only == "load" { try await load(seconds) }
        guard argument("--url") == nil else { return }
        if only == nil || only == "tokens" { try await Tokened.run(seconds, text) }
        if only == nil || only == "million" { try await Million.run() }
    }

    private static func load(_ seconds: Double) async throws {
        print("| CSE | | clients | a second | median ms | p99 ms | failed |")
        print("|---|---|---|---|---|---|---|")
        if let text = argument("--url"), let point = PointOfAccess(text) {
            try await measure(
                argument("--name") ?? text, point, base: argument("--base") ?? "cse-in",
                originator: argument("--originator") ?? "CAdmin", seconds)
            return
        }
        for isDurable in [false, true] {
            let folder = FileManager.default.temporaryDirectory.appending(path: "onem2m-bench-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: folder) }
            let (point, bindings) = try await serve(isDurable ? folder.path : nil)
            try await measure(
                isDurable ? "Gatehouse, durable" : "Gatehouse, in memory", point, base: "cse-gw", originator: "Cbench",
                seconds)
            await bindings.stop()
        }
    }

    private static func argument(_ name: String) -> String? {
        let arguments = CommandLine.arguments
        guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else { return nil }
        return arguments[index + 1]
    }

    @Loop
    private static func serve(_ folder: String?) async throws -> (PointOfAccess, OneM2MBindings) {
        var settings = CSESettings(identity: CSEIdentity(spID: "sp.example", cseID: "gw", baseName: "cse-gw"))
        settings.administrators = ["Cbench"]
        settings.isDurable = folder != nil
        let store = try folder.map { try FlashStore.open(directory: $0, options: StoreOptions()) }
        var log = Logger(label: "bench")
        log.logLevel = .error
        let cse = CSE(settings: settings, store: store, log: log)
        var wanted = OneM2MBindings.Settings()
        wanted.http = .init(address: "127.0.0.1", port: 0)
        let bindings = OneM2MBindings(cse, settings: wanted, log: log) {
            OneM2MTime(microseconds: Int64(Date.now.timeIntervalSince1970 * 1e6))
        }
        await bindings.start()
        cse.start()
        guard let point = PointOfAccess("http://127.0.0.1:\(bindings.ports.http)") else {
            throw ExitCode(reason: "no port")
        }
        return (point, bindings)
    }

    private static func measure(
        _ name: String, _ point: PointOfAccess, base: String, originator: String, _ seconds: Double
    ) async throws {
        func load(
            _ method: HTTPMethod, _ path: String, type: Int?, body: String, expected: HTTPResponseStatus
        ) -> Load {
            Load(
                method: method, path: path,
                headers: [
                    "X-M2M-Origin": originator, "X-M2M-RVI": "3", "Accept": "application/json",
                    "Content-Type": "application/json" + (type.map { ";ty=\($0)" } ?? ""),
                ], body: Array(body.utf8), expected: expected)
        }
        let container = "bench\(Int.random(in: 0..<1_000_000))"
        _ = try await LoadClient.run(
            load(
                .POST, "/\(base)", type: 3, body: #"{"m2m:cnt":{"rn":"\#(container)","mni":1000}}"#, expected: .created),
            host: point.host, port: point.port, clients: 1, for: .milliseconds(300))
        let create = load(
            .POST, "/\(base)/\(container)", type: 4, body: #"{"m2m:cin":{"con":"25.1"}}"#, expected: .created)
        let retrieve = load(.GET, "/\(base)/\(container)/la", type: nil, body: "", expected: .ok)
        for (what, load) in [("create", create), ("retrieve", retrieve)] {
            for clients in [1, 8, 32] {
                let result = try await LoadClient.run(
                    load, host: point.host, port: point.port, clients: clients, for: .seconds(seconds))
                print(
                    "| \(name) | \(what) | \(clients) | \(Int(result.perSecond)) | \(text(result.median)) | \(text(result.p99)) | \(result.failed) |"
                )
                fflush(nil)
            }
        }
    }

    private static func text(_ milliseconds: Double) -> String {
        milliseconds.isFinite ? String(format: "%.2f", milliseconds) : "–"
    }

    struct ExitCode: Error {
        let reason: String
    }
}
