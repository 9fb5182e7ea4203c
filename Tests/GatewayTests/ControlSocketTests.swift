import Glibc
import JSONText
import Logging
import OneLoop
import Testing

@testable import Gateway

@Suite("Control socket", .serialized)
struct ControlSocketTests {
    private static let path = "/tmp/gatehouse-control-\(getpid()).sock"

    @Loop
    private func withServer(
        _ handler: @escaping ControlServer.Handler, _ body: @Sendable @escaping () throws -> Void
    ) async throws {
        let server = ControlServer(path: Self.path, log: Logger(label: "test"), handler: handler)
        try await server.start(group: "")
        // The client blocks, so it gets a thread of its own beside the loop.
        let result = await withCheckedContinuation { continuation in
            Task.detached { continuation.resume(returning: Result { try body() }) }
        }
        await server.stop()
        try result.get()
    }

    @Test(
        "Every request survives the way over the socket",
        arguments: [
            ControlRequest.status, .nodes, .read(node: "ble/A", field: nil), .read(node: "a", field: "Temperature"),
            .set(node: "relay1", parameter: "Output", value: "true"), .trustList, .trustRemove(identifier: "x"),
            .cloudSet(address: "coaps+tcp://a:1", id: "i", token: "t", provider: "", trust: "PEM"), .cloudClear,
            .press(milliseconds: 12_000), .drive(line: "door", level: true), .factoryReset, .watch,
        ])
    func roundTrip(request: ControlRequest) throws {
        #expect(try ControlRequest(JSON.parse(request.json.serialized())) == request)
    }

    @Test(
        "A request that makes no sense is refused with what was expected",
        arguments: [
            "{}", "[]", "{\"command\":\"dance\"}", "{\"command\":\"read\"}",
            "{\"command\":\"press\",\"milliseconds\":0}",
        ])
    func badRequests(text: String) throws {
        let error = #expect(throws: ControlError.self) { try ControlRequest(JSON.parse(text)) }
        #expect(error?.code == .badRequest)
    }

    @Test("An answer and an error come back to the caller; others may not open the socket")
    func answers() async throws {
        try await withServer { request, caller in
            if case .read(let node, _) = request {
                caller.fail(ControlError(.notFound, "no node \(node)"))
            } else {
                caller.succeed(["name": "x"])
            }
        } _: {
            let client = try ControlClient(path: Self.path)
            #expect(try client.ask(.status)["name"]?.string == "x")
            let error = #expect(throws: ControlError.self) { try client.ask(.read(node: "n", field: nil)) }
            #expect(error == ControlError(.notFound, "no node n"))
            var information = stat()
            #expect(stat(Self.path, &information) == 0)
            #expect(information.st_mode & 0o777 == 0o600)
        }
        #expect(access(Self.path, F_OK) != 0)
    }

    @Test("A second daemon on the socket is refused, a dead one's socket is replaced")
    func twoDaemons() async throws {
        try await withServer { _, caller in
            caller.succeed(nil)
        } _: {
            let done = Result { try ControlClient(path: Self.path).ask(.status) }
            #expect(throws: Never.self) { try done.get() }
        }
        try await withServer { _, _ in
        } _: {
        }
        let first = await ControlServer(path: Self.path, log: Logger(label: "test")) { _, _ in }
        try await first.start(group: "")
        let second = await ControlServer(path: Self.path, log: Logger(label: "test")) { _, _ in }
        let error = await #expect(throws: ControlError.self) { try await second.start(group: "") }
        #expect(error?.code == .refused)
        await first.stop()
    }

    @Test("Events reach a watcher until it leaves")
    func watch() async throws {
        try await withServer { _, caller in
            for number in 0..<3 { _ = caller.event(["n": .int(number)]) }
        } _: {
            var seen: [Int] = []
            try ControlClient(path: Self.path).watch { event in
                seen.append(event["n"]?.int ?? -1)
                return seen.count < 3
            }
            #expect(seen == [0, 1, 2])
        }
    }

    @Test("A line too long ends the connection with a reason")
    func tooLong() async throws {
        try await withServer { _, caller in
            caller.succeed(nil)
        } _: {
            let client = try ControlClient(path: Self.path)
            let error = #expect(throws: ControlError.self) {
                try client.ask(.set(node: String(repeating: "x", count: 40_000), parameter: "p", value: "v"))
            }
            #expect(error?.code == .badRequest)
        }
    }

    @Test("Without a daemon the caller learns what to do")
    func nobody() {
        let error = #expect(throws: ControlError.self) { try ControlClient(path: "/tmp/gatehouse-nobody.sock") }
        #expect(error?.code == .unreachable)
        #expect(error?.reason.contains("gatehouse run") == true)
    }
}
