import Logging
import Measuring
import OneLoop
import OneM2MDoor
import OneM2MPrimitives

/// A million content instances against the limits of a CSE in memory, without a network: what comes beyond them drives out
/// the oldest, and the memory stays as it was.
enum Million {
    static let creates = 1_000_000
    private static let content = "0123456789012345678901234567890123456789"

    /// Prints a row for each kind of limit.
    ///
    /// - Throws: ``Failure`` when a limit does not hold.
    static func run() async throws {
        print("\n| \(creates) creates of 40 bytes | a second | instances | resident after a fifth | at the end |")
        print("|---|---|---|---|---|")
        try await row("a container with `mni` 1,000", #"{"mni":1000}"#, instances: 1_000, bytes: .max)
        try await row("a container with `mbs` 100,000", #"{"mbs":100000}"#, instances: .max, bytes: 100_000)
        try await row("a container without limits of its own", "{}", instances: 10_000, bytes: .max)
        try await row("twelve containers without limits", "{}", containers: 12, instances: 100_000, bytes: 16 << 20)
    }

    private static func megabytes(_ bytes: Int) -> String {
        let tenths = (bytes * 10 + 524_288) / 1_048_576
        return "\(tenths / 10).\(tenths % 10) MB"
    }

    struct Failure: Error {
        let reason: String
    }

    @Loop
    private static func row(
        _ name: String, _ attributes: String, containers: Int = 1, instances: Int, bytes: Int
    ) async throws {
        var settings = CSESettings(identity: CSEIdentity(spID: "sp.example", cseID: "gw", baseName: "cse-gw"))
        settings.administrators = ["Cbench"]
        let cse = CSE(settings: settings, store: nil, log: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        defer { cse.stop() }
        func ask(_ type: ResourceType, _ to: String, _ content: String) async throws {
            let answer = await cse.receive(
                RequestPrimitive(
                    .create, to: to, from: "Cbench", requestIdentifier: "1", resourceType: type,
                    content: try .parse(content)), from: RequestOrigin(transport: .http, address: "127.0.0.1"))
            guard answer.status == .created else { throw Failure(reason: "\(name): \(answer)") }
        }
        for number in 0..<containers {
            let members = attributes == "{}" ? "" : "," + attributes.dropFirst().dropLast()
            try await ask(.container, "cse-gw", "{\"m2m:cnt\":{\"rn\":\"c\(number)\"\(members)}}")
        }
        let begun = ContinuousClock.now
        var early = 0
        for number in 0..<creates {
            try await ask(
                .contentInstance, "cse-gw/c\(number % containers)", "{\"m2m:cin\":{\"con\":\"\(content)\"}}")
            if number == creates / 5 { early = Memory().resident }
        }
        let seconds = (ContinuousClock.now - begun) / .seconds(1)
        let held = (0..<containers).reduce(0) { sum, number in
            sum + (cse.resource("cse-gw/c\(number)")?.attributes["cbs"]?.int ?? .max)
        }
        guard cse.instanceCount <= instances, held <= bytes else {
            throw Failure(reason: "\(name): \(cse.instanceCount) instances of \(held) bytes are kept")
        }
        print(
            "| \(name) | \(Int(Double(creates) / seconds)) | \(cse.instanceCount) | \(megabytes(early)) | \(megabytes(Memory().resident)) |"
        )
    }
}
