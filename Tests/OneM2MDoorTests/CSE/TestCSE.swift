import FlashStore
import JSONText
import Logging
import OneLoop
import OneM2MDoor
import OneM2MPrimitives
import Testing

/// A CSE `/gw1` with a clock of its own, and short ways to ask it things.
@Loop
final class TestCSE {
    static let identity = CSEIdentity(spID: "sp.example.com", cseID: "gw1", baseName: "cse-gw1")

    let cse: CSE
    let clock: TestClock
    var origin = RequestOrigin(transport: .http, address: "192.0.2.7")
    private var number = 0

    init(
        store: FlashStore? = nil, clock: TestClock = TestClock(), change: (inout CSESettings) -> Void = { _ in }
    ) {
        var settings = CSESettings(identity: Self.identity)
        settings.administrators = ["Cadmin"]
        settings.readers = ["Creader"]
        settings.controllers = ["Ccontroller"]
        change(&settings)
        self.clock = clock
        cse = CSE(settings: settings, store: store, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) {
            clock.now
        }
    }

    static let administrator = RequestOrigin(transport: .http, address: "127.0.0.1")

    func request(
        _ operation: OneM2MPrimitives.Operation, _ to: String, _ from: String?, _ type: ResourceType?, _ text: String?
    )
        throws -> RequestPrimitive
    {
        number += 1
        return RequestPrimitive(
            operation, to: to, from: from, requestIdentifier: "r\(number)", resourceType: type,
            content: try text.map { try JSON.parse($0) })
    }

    @discardableResult
    func create(
        _ type: ResourceType, _ to: String, from: String? = "Capp", _ text: String,
        change: (inout RequestPrimitive) -> Void = { _ in }
    ) async throws -> ResponsePrimitive {
        var request = try request(.create, to, from, type, text)
        change(&request)
        return await cse.receive(request, from: from == "Cadmin" ? Self.administrator : origin)
    }

    @discardableResult
    func ask(
        _ operation: OneM2MPrimitives.Operation, _ to: String, from: String? = "Capp", _ text: String? = nil,
        change: (inout RequestPrimitive) -> Void = { _ in }
    ) async throws -> ResponsePrimitive {
        var request = try request(operation, to, from, nil, text)
        change(&request)
        return await cse.receive(request, from: from == "Cadmin" ? Self.administrator : origin)
    }

    func get(_ to: String, from: String? = "Capp") async throws -> JSON? {
        let answer = try await ask(.retrieve, to, from: from)
        return answer.content?.object?.members.first?.value
    }

    /// Registers an AE; its name is its AE-ID-Stem.
    @discardableResult
    func register(_ stem: String, _ more: String = "") async throws -> ResponsePrimitive {
        try await create(.ae, "cse-gw1", from: stem, #"{"m2m:ae":{"api":"Ntest","rr":true,"srv":["3"]\#(more)}}"#)
    }
}

/// A wall clock that stands until it is moved.
@Loop
final class TestClock {
    var now = OneM2MTime(microseconds: 1_800_000_000_000_000)
    nonisolated init() {}
    func pass(milliseconds: Int64) { now = now.adding(milliseconds: milliseconds) }
}

/// The rest of the world: writes down what it is sent and answers as told.
@Loop
final class TestRemote: RemoteEntities {
    var sent: [(request: RequestPrimitive, target: RemoteTarget)] = []
    var answer: @Loop (RequestPrimitive) -> ResponsePrimitive = {
        ResponsePrimitive(.ok, requestIdentifier: $0.requestIdentifier)
    }
    /// What happens here while a request is on its way.
    var meanwhile: (@Loop (RequestPrimitive) async throws -> Void)?

    nonisolated init() {}

    func send(_ request: RequestPrimitive, to target: RemoteTarget) async -> ResponsePrimitive {
        sent.append((request, target))
        let response = answer(request)
        try? await meanwhile?(request)
        return response
    }

    /// Notifications that were sent, without those that only verify.
    var events: [JSON] {
        sent.compactMap { item in
            guard item.request.operation == .notify, let content = item.request.content,
                content["m2m:sgn"]?["vrq"] == nil
            else { return nil }
            return content
        }
    }
}

/// Waits until something holds, two seconds at most.
@Loop
func eventually(_ condition: @Loop () -> Bool) async -> Bool {
    for _ in 0..<400 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return condition()
}
