import CBOR
import CoAP
import CoAPMessages
import Foundation
import OCFModel
import Synchronization
import Testing

@testable import OCFCloud

@Suite struct ObservationTests {
    /// Collects what a stream gives.
    final class Collector: Sendable {
        private struct State {
            var values: [CBOR.Value] = []
            var end: CloudError?
        }
        private let state = Mutex(State())
        private let task = Mutex<Task<Void, Never>?>(nil)

        init(_ stream: AsyncThrowingStream<CBOR.Value, any Error>) {
            let task = Task { [self] in
                do {
                    for try await value in stream { state.withLock { $0.values.append(value) } }
                } catch {
                    state.withLock { $0.end = error as? CloudError }
                }
            }
            self.task.withLock { $0 = task }
        }

        var values: [CBOR.Value] { state.withLock { $0.values } }
        var end: CloudError? { state.withLock { $0.end } }
        func stop() { task.withLock { $0?.cancel() } }
    }

    @Test func changesReachEveryObserverAndTheDeviceIsAskedOnce() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        let one = try await cloud.client("anna")
        let two = try await cloud.client("anna")
        let first = Collector(try await one.observe("/\(device.id)/lamp"))
        try await eventually("the first value") { first.values == [["value": false]] }
        device.set("/lamp", ["value": 1])
        try await eventually("the second value") { first.values.last == ["value": 1] }
        let second = Collector(try await two.observe("/\(device.id)/lamp"))
        // The newcomer has the state at once.
        try await eventually("the newcomer's value") { second.values == [["value": 1]] }
        #expect(device.observers(of: "/lamp") == 1)
        device.set("/lamp", ["value": 2])
        try await eventually("both") { first.values.last == ["value": 2] && second.values.last == ["value": 2] }
        // The device is let go of when the last has gone.
        first.stop()
        try await eventually("one left") { cloud.server.core.routes.route(to: device.id)?.relay.observerCount == 1 }
        #expect(device.observers(of: "/lamp") == 1)
        second.stop()
        try await eventually("none left") { device.observers(of: "/lamp") == 0 }
        await cloud.server.stop()
    }

    @Test func differentQueriesAreDifferentObservations() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        let client = try await cloud.client("anna")
        let plain = Collector(try await client.observe("/\(device.id)/lamp"))
        let baseline = Collector(try await client.observe("/\(device.id)/lamp", query: ["if=oic.if.baseline"]))
        try await eventually("both") { !plain.values.isEmpty && !baseline.values.isEmpty }
        #expect(device.observers(of: "/lamp") == 2)
        await cloud.server.stop()
    }

    @Test func observersAreServedAgainWhenTheDeviceReturns() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna", hrefs: ["/lamp", "/door"])
        let client = try await cloud.client("anna")
        let lamp = Collector(try await client.observe("/\(device.id)/lamp"))
        let door = Collector(try await client.observe("/\(device.id)/door"))
        try await eventually("first values") { lamp.values.count == 1 && door.values.count == 1 }
        device.connection.close()
        try await eventually("away") { cloud.server.core.routes.route(to: device.id)?.connection == nil }
        device.set("/lamp", ["value": "while away"])
        try await device.connect()
        try await device.signIn()
        try await eventually("what happened meanwhile") { lamp.values.last == ["value": "while away"] }
        device.set("/door", ["value": "open"])
        try await eventually("and goes on") { door.values.last == ["value": "open"] }
        #expect(lamp.end == nil && door.end == nil)
        await cloud.server.stop()
    }

    @Test func manyObservationsReturnAFewAtATime() async throws {
        let cloud = try await TestCloud.start()
        let hrefs = (0..<100).map { "/n\($0)" }
        let device = try await cloud.device("anna", hrefs: hrefs)
        let client = try await cloud.client("anna")
        var all: [Collector] = []
        for href in hrefs { all.append(Collector(try await client.observe("/\(device.id)\(href)"))) }
        device.connection.close()
        try await eventually("away") { cloud.server.core.routes.route(to: device.id)?.connection == nil }
        for href in hrefs { device.set(href, ["value": .text(href)]) }
        // Silent at first: what is asked then is all that is asked.
        device.state.withLock { state in
            state.isSilent = true
            state.requests = []
        }
        try await device.connect()
        try await device.signIn()
        try await eventually("some are asked for") { device.requests.count == ObservationRelay.mostAtOnce }
        #expect(device.requests.count == ObservationRelay.mostAtOnce)
        device.connection.close()
        try await eventually("away again") { cloud.server.core.routes.route(to: device.id)?.connection == nil }
        device.state.withLock { $0.isSilent = false }
        try await device.connect()
        try await device.signIn()
        try await eventually("all have what happened") {
            zip(all, hrefs).allSatisfy { $0.values.last == ["value": .text($1)] }
        }
        await cloud.server.stop()
    }

    @Test func aRefusalRightAfterTheReturnIsTriedAgain() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        let client = try await cloud.client("anna")
        let lamp = Collector(try await client.observe("/\(device.id)/lamp"))
        try await eventually("a value") { lamp.values.count == 1 }
        device.connection.close()
        // It comes back and has not found its lamp yet.
        device.state.withLock { $0.refuses = .notFound }
        try await device.connect()
        try await device.signIn()
        try await eventually("asked again") { device.requests.filter { $0.observe == 0 }.count >= 2 }
        #expect(lamp.end == nil)
        device.state.withLock { $0.refuses = nil }
        device.set("/lamp", ["value": "found"])
        try await eventually("found") { lamp.values.last == ["value": "found"] }
        await cloud.server.stop()
    }

    @Test func unpublishingAndDeregistrationEndObservations() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna", hrefs: ["/lamp", "/door"])
        let client = try await cloud.client("anna")
        let lamp = Collector(try await client.observe("/\(device.id)/lamp"))
        let door = Collector(try await client.observe("/\(device.id)/door"))
        try await eventually("first values") { lamp.values.count == 1 && door.values.count == 1 }
        let ins = try #require(
            try await client.resources().first { $0.href.hasSuffix("/lamp") }?.link.instance)
        _ = try await device.send(.ocfRequest(.delete, path: "/oic/rd", query: ["di=\(device.id)", "ins=\(ins)"]))
        try await eventually("the lamp's end") { lamp.end?.code == .notFound }
        #expect(door.end == nil)
        _ = try await device.send(.ocfRequest(.delete, path: "/oic/sec/account"))
        try await eventually("the door's end") { door.end?.code == .notFound }
        await cloud.server.stop()
    }

    @Test func theDeviceEndsAnObservation() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        let client = try await cloud.client("anna")
        let lamp = Collector(try await client.observe("/\(device.id)/lamp"))
        try await eventually("a value") { lamp.values.count == 1 }
        for observer in device.state.withLock({ $0.observers["/lamp"] ?? [] }) {
            observer.notify(Message(code: .forbidden))
        }
        try await eventually("the end") { lamp.end?.code == .forbidden }
        #expect(cloud.server.core.routes.route(to: device.id)?.relay.observerCount == 0)
        await cloud.server.stop()
    }

    @Test func whatCannotBeObservedIsAnsweredPlainly() async throws {
        let cloud = try await TestCloud.start()
        let device = try await cloud.device("anna")
        let client = try await cloud.client("anna")
        await #expect(throws: CloudError.self) { try await client.observe("/\(device.id)/nothing") }
        device.connection.close()
        try await eventually("away") { cloud.server.core.routes.route(to: device.id)?.connection == nil }
        do {
            _ = try await client.observe("/\(device.id)/lamp")
            Issue.record("it was observed")
        } catch let error as CloudError {
            #expect(error.code == .away)
        }
        await cloud.server.stop()
    }

    @Test func theDirectoryIsObserved() async throws {
        let cloud = try await TestCloud.start()
        let client = try await cloud.client("anna")
        let list = Collector(try await client.observe("/oic/res"))
        try await eventually("empty") { list.values == [[]] }
        let device = try await cloud.device("anna", hrefs: ["/a", "/b"])
        try await eventually("two") { list.values.last?.items?.count == 2 }
        let stranger = try await cloud.device("bert")
        _ = stranger
        _ = try await device.send(.ocfRequest(.delete, path: "/oic/rd", query: ["di=\(device.id)"]))
        try await eventually("none") { list.values.last == [] }
        #expect(list.values.count == 3)
        await cloud.server.stop()
    }

    @Test func observationsAreLimited() async throws {
        let cloud = try await TestCloud.start { $0.limits.observationsPerConnection = 2 }
        let device = try await cloud.device("anna", hrefs: ["/a", "/b", "/c"])
        let client = try await cloud.client("anna")
        let a = Collector(try await client.observe("/\(device.id)/a"))
        _ = Collector(try await client.observe("/\(device.id)/b"))
        // One more gets a plain answer, which the client calls by name.
        await #expect(throws: CloudError(.peer, "/\(device.id)/c cannot be observed")) {
            try await client.observe("/\(device.id)/c")
        }
        a.stop()
        try await eventually("a place is free") { device.observers(of: "/a") == 0 }
        try await eventually("c is let go of") { device.observers(of: "/c") == 0 }
        _ = Collector(try await client.observe("/\(device.id)/c"))
        await cloud.server.stop()
    }
}
