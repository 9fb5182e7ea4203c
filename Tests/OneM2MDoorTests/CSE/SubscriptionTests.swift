import FlashStore
import JSONText
import OneLoop
import OneM2MPrimitives
import Testing

@testable import OneM2MDoor

@Suite("Subscriptions and notifications (TS-0001 9.6.8, TS-0004 7.4.8, 7.5.1)")
@Loop
struct SubscriptionTests {
    private func bench(
        store: FlashStore? = nil, clock: TestClock = TestClock(), change: (inout CSESettings) -> Void = { _ in }
    ) async throws -> (TestCSE, TestRemote) {
        let bench = TestCSE(store: store, clock: clock, change: change)
        let remote = TestRemote()
        bench.cse.remote = remote
        bench.cse.start()
        try await bench.register("Capp", #","poa":["http://192.0.2.7/n"]"#)
        try await bench.create(.container, "Capp", #"{"m2m:cnt":{"rn":"box"}}"#)
        return (bench, remote)
    }

    private func subscribe(_ bench: TestCSE, _ more: String, to: String = "Capp/box") async throws -> ResponsePrimitive
    {
        try await bench.create(.subscription, to, "{\"m2m:sub\":{\"rn\":\"s\",\(more)}}")
    }

    /// Subscriptions of so many targets to what is put into the box, then a target that is away.
    private func subscribeAway(_ bench: TestCSE, _ remote: TestRemote, targets: Int) async throws {
        for number in 1...targets {
            let made = try await bench.create(
                .subscription, "Capp/box",
                #"{"m2m:sub":{"nu":["http://192.0.2.\#(number)/n"],"enc":{"net":[3],"chty":[4]}}}"#)
            #expect(made.status == .created)
        }
        remote.answer = { ResponsePrimitive(OneM2MError(.targetNotReachable, "away"), to: $0) }
    }

    @Test(
        "What happens is told, as it was asked for",
        arguments: [
            (#""nu":["Capp"],"enc":{"net":[3]}"#, [3, 3]), (#""nu":["Capp"],"enc":{"net":[1]}"#, [1]),
            (#""nu":["Capp"]"#, [1]), (#""nu":["Capp"],"enc":{"net":[4]}"#, [4]),
            (#""nu":["Capp"],"enc":{"net":[2]}"#, [2]),
            (#""nu":["Capp"],"enc":{"net":[1,2,3,4]}"#, [3, 3, 1, 4, 2]),
            (#""nu":["Capp"],"enc":{"net":[1],"atr":["lbl"]}"#, [1]),
            (#""nu":["Capp"],"enc":{"net":[1],"atr":["mni"]}"#, []),
            (#""nu":["Capp"],"enc":{"net":[3],"chty":[4]}"#, [3]),
            (#""nu":["Capp"],"enc":{"net":[3],"chty":[28]}"#, []),
            (#""nu":["Capp"],"enc":{"net":[3]},"exc":1"#, [3]), (#""nu":["Capp"],"enc":{"net":[5]}"#, [5]),
        ])
    func events(subscription: String, events: [Int]) async throws {
        let (bench, remote) = try await bench()
        #expect(try await subscribe(bench, subscription).status == .created)
        #expect(try await bench.ask(.retrieve, "Capp/box/la").status == .notFound)
        try await bench.create(.contentInstance, "Capp/box", #"{"m2m:cin":{"con":"1"}}"#)
        try await bench.create(.container, "Capp/box", #"{"m2m:cnt":{"rn":"in"}}"#)
        try await bench.ask(.update, "Capp/box", #"{"m2m:cnt":{"lbl":["x"]}}"#)
        try await bench.ask(.delete, "Capp/box/in")
        try await bench.ask(.delete, "Capp/box")
        _ = await eventually { bench.cse.waitingNotifications == 0 }
        let told = remote.events.compactMap { $0["m2m:sgn"]?["nev"]?["net"]?.int }
        #expect(told == events)
        // Its end is told too.
        #expect(remote.events.contains { $0["m2m:sgn"]?["sud"] == true })
        #expect(remote.sent.allSatisfy { $0.request.from == "/gw1" })
        #expect(remote.sent.allSatisfy { $0.target == .pointOfAccess("http://192.0.2.7/n") })
    }

    @Test("What a notification shows")
    func contents() async throws {
        for (nct, check) in [
            (1, { $0?["m2m:cnt"]?["rn"] == "box" }), (2, { $0 == ["m2m:cnt": ["lbl": ["x"]]] }),
            (3, { $0?["m2m:uri"]?.string?.hasPrefix("/gw1/") == true }),
        ] as [(Int, (JSON?) -> Bool)] {
            let (bench, remote) = try await bench()
            _ = try await subscribe(bench, "\"nu\":[\"Capp\"],\"nct\":\(nct)")
            try await bench.ask(.update, "Capp/box", #"{"m2m:cnt":{"lbl":["x"]}}"#)
            #expect(await eventually { remote.events.count == 1 })
            #expect(check(remote.events.first?["m2m:sgn"]?["nev"]?["rep"]))
            #expect(remote.events.first?["m2m:sgn"]?["sur"] == "/gw1/cse-gw1/Capp/box/s")
        }
    }

    @Test("A stranger is asked whether it wants to be told")
    func verification() async throws {
        let (bench, remote) = try await bench()
        #expect(try await subscribe(bench, #""nu":["http://198.51.100.1/x"]"#).status == .created)
        #expect(remote.sent.first?.request.content?["m2m:sgn"]?["vrq"] == true)
        #expect(remote.sent.first?.target == .pointOfAccess("http://198.51.100.1/x"))
        remote.answer = { ResponsePrimitive(OneM2MError(.badRequest, "no"), to: $0) }
        let refused = try await bench.create(
            .subscription, "Capp/box", #"{"m2m:sub":{"rn":"t","nu":["http://198.51.100.1/x"]}}"#)
        #expect(refused.status == .subscriptionVerificationInitiationFailed)
        #expect(try await bench.ask(.retrieve, "Capp/box/t").status == .notFound)
    }

    @Test(
        "What is no subscription",
        arguments: [
            (#"{}"#, 4000), (#"{"nu":[]}"#, 4000), (#"{"nu":["Capp"],"enc":{"net":[9]}}"#, 4000),
            (#"{"nu":["Capp"],"enc":{"net":[7]}}"#, 5001), (#"{"nu":["Capp"],"enc":{"zz":1}}"#, 4000),
            (#"{"nu":["Capp"],"enc":{"om":[]}}"#, 5001), (#"{"nu":["Capp"],"nct":2,"enc":{"net":[3]}}"#, 4000),
            (#"{"nu":["Capp"],"bn":{"num":0}}"#, 4000), (#"{"nu":["Capp"],"bn":{"dur":"x"}}"#, 4000),
            (#"{"nu":["Capp"],"exc":0}"#, 4000), (#"{"nu":["Capp"],"rl":{"mnn":1}}"#, 4000),
        ])
    func refused(text: String, status: Int) async throws {
        let (bench, _) = try await bench()
        let answer = try await bench.create(.subscription, "Capp/box", "{\"m2m:sub\":\(text)}")
        #expect(answer.status.rawValue == status, "\(answer.debugText ?? "")")
    }

    @Test("Who may not retrieve may not subscribe, and hears nothing once the right is taken away")
    func rights() async throws {
        let (bench, remote) = try await bench()
        try await bench.register("Cspy", #","poa":["http://192.0.2.9/n"]"#)
        func rule(_ who: String) -> String {
            #"{"m2m:acp":{"pv":{"acr":[{"acor":[\#(who)],"acop":3}]}}}"#
        }
        try await bench.create(
            .accessControlPolicy, "Capp",
            #"{"m2m:acp":{"rn":"p","pv":{"acr":[{"acor":["Cspy"],"acop":1},{"acor":["Capp"],"acop":63}]},"pvs":{"acr":[{"acor":["Capp"],"acop":63}]}}}"#
        )
        try await bench.ask(.update, "Capp/box", #"{"m2m:cnt":{"acpi":["cse-gw1/Capp/p"]}}"#)
        let subscription = #"{"m2m:sub":{"rn":"spy","nu":["Cspy"],"enc":{"net":[3]}}}"#
        #expect(
            try await bench.create(.subscription, "Capp/box", from: "Cspy", subscription).status
                == .subscriptionCreatorHasNoPrivilege)
        try await bench.ask(.update, "Capp/p", rule(#""Cspy","Capp""#))
        #expect(try await bench.create(.subscription, "Capp/box", from: "Cspy", subscription).status == .created)
        try await bench.create(.contentInstance, "Capp/box", #"{"m2m:cin":{"con":"1"}}"#)
        #expect(await eventually { remote.events.count == 1 })
        try await bench.ask(.update, "Capp/p", rule(#""Capp""#))
        try await bench.create(.contentInstance, "Capp/box", #"{"m2m:cin":{"con":"2"}}"#)
        #expect(await eventually { bench.cse.waitingNotifications == 0 })
        #expect(remote.events.count == 1)
    }

    @Test("Batches, and the latest alone")
    func batches() async throws {
        let (bench, remote) = try await bench()
        _ = try await subscribe(bench, #""nu":["Capp"],"enc":{"net":[3]},"bn":{"num":3,"dur":"PT0.2S"}"#)
        for number in 0..<4 {
            try await bench.create(.contentInstance, "Capp/box", #"{"m2m:cin":{"con":"\#(number)"}}"#)
        }
        #expect(await eventually { remote.events.count == 2 })
        #expect(remote.events.map { $0["m2m:agn"]?["m2m:sgn"]?.array?.count } == [3, 1])
    }

    @Test("Over an outage everything waits in order, bounded, and goes out when the target is back")
    func outage() async throws {
        let (bench, remote) = try await bench()
        _ = try await subscribe(bench, #""nu":["Capp"],"enc":{"net":[3]}"#)
        remote.answer = { ResponsePrimitive(OneM2MError(.targetNotReachable, "away"), to: $0) }
        for number in 0..<130 {
            try await bench.create(.contentInstance, "Capp/box", #"{"m2m:cin":{"con":"\#(number)"}}"#)
        }
        #expect(await eventually { bench.cse.counters.notificationFailures > 0 })
        #expect(bench.cse.waitingNotifications == 100)
        #expect(bench.cse.counters.notificationsDropped == 30)
        remote.sent = []
        remote.answer = { ResponsePrimitive(.ok, requestIdentifier: $0.requestIdentifier) }
        #expect(await eventually { remote.events.count >= 99 })
        let told = remote.events.compactMap { $0["m2m:sgn"]?["nev"]?["rep"]?["m2m:cin"]?["con"]?.string }
        #expect(told.suffix(99) == (31..<130).map { "\($0)" }[...])
    }

    @Test("When as many wait as may altogether, the next drives out one of another target")
    func full() async throws {
        let (bench, remote) = try await bench { $0.limits.notifications = 2 }
        try await subscribeAway(bench, remote, targets: 4)
        try await bench.create(.contentInstance, "Capp/box", #"{"m2m:cin":{"con":"1"}}"#)
        #expect(bench.cse.waitingNotifications == 2)
        #expect(bench.cse.counters.notificationsDropped == 2)
    }

    @Test("What waits is bounded in bytes as well, for one target, altogether, and in batches")
    func bytes() async throws {
        let (bench, remote) = try await bench {
            $0.limits.notificationBytesPerTarget = 10_000
            $0.limits.notificationBytes = 15_000
            $0.limits.batchBytes = 4_000
            $0.limits.batchesBytes = 6_000
        }
        try await subscribeAway(bench, remote, targets: 3)
        let long = String(repeating: "x", count: 1_800)
        for _ in 0..<20 {
            try await bench.create(.contentInstance, "Capp/box", "{\"m2m:cin\":{\"con\":\"\(long)\"}}")
            #expect(bench.cse.notifier.bytes <= 15_000)
        }
        // Each is some 2 kB: five would fit for a target, seven altogether.
        #expect((5...7).contains(bench.cse.waitingNotifications))
        #expect(bench.cse.counters.notificationsDropped >= 60 - 7)

        // A batch goes out when it is long enough, full or not; and when all batches together are too long.
        let (gathering, other) = try await self.bench {
            $0.limits.batchBytes = 4_000
            $0.limits.batchesBytes = 6_000
        }
        for name in ["a", "b", "c"] {
            try await gathering.create(.container, "Capp", "{\"m2m:cnt\":{\"rn\":\"\(name)\"}}")
            let made = try await gathering.create(
                .subscription, "Capp/\(name)",
                #"{"m2m:sub":{"nu":["http://192.0.2.9/n"],"enc":{"net":[3],"chty":[4]},"bn":{"num":50,"dur":"PT1H"}}}"#)
            #expect(made.status == .created)
        }
        func put(_ name: String) async throws {
            try await gathering.create(.contentInstance, "Capp/\(name)", "{\"m2m:cin\":{\"con\":\"\(long)\"}}")
        }
        func sizes() -> [Int?] { other.events.map { $0["m2m:agn"]?["m2m:sgn"]?.array?.count } }
        try await put("a")
        try await put("a")
        #expect(await eventually { sizes() == [2] })
        for name in ["a", "b", "c"] { try await put(name) }
        #expect(await eventually { sizes() == [2, 1] })
    }

    @Test("exc goes on counting after a restart, also when its last moment did not reach flash")
    func countdown() async throws {
        let store = try FlashStore.inMemory()
        let clock = TestClock()
        func put(_ bench: TestCSE) async throws {
            #expect(
                try await bench.create(.contentInstance, "Capp/box", #"{"m2m:cin":{"con":"1"}}"#).status == .created)
        }
        do {
            let (bench, remote) = try await bench(store: store, clock: clock)
            #expect(try await subscribe(bench, #""nu":["Capp"],"enc":{"net":[3]},"exc":3"#).status == .created)
            for _ in 0..<2 { try await put(bench) }
            #expect(await eventually { remote.events.count == 2 })
            bench.cse.stop()
        }
        let second = TestCSE(store: store, clock: clock)
        let remote = TestRemote()
        second.cse.remote = remote
        second.cse.start()
        for _ in 0..<3 { try await put(second) }
        #expect(await eventually { remote.events.contains { $0["m2m:sgn"]?["sud"] == true } })
        #expect(await eventually { second.cse.resource("Capp/box/s") == nil })
        #expect(remote.events.count { $0["m2m:sgn"]?["nev"] != nil } == 1)
    }

    @Test("One that has expired is told nothing")
    func expired() async throws {
        let (bench, remote) = try await bench()
        let soon = bench.clock.now.adding(milliseconds: 60_000)
        #expect(
            try await subscribe(bench, "\"nu\":[\"Capp\"],\"enc\":{\"net\":[3]},\"et\":\"\(soon)\"").status == .created)
        bench.clock.pass(milliseconds: 60_000)
        try await bench.create(.contentInstance, "Capp/box", #"{"m2m:cin":{"con":"1"}}"#)
        #expect(await eventually { bench.cse.waitingNotifications == 0 })
        #expect(!remote.events.contains { $0["m2m:sgn"]?["nev"] != nil })
    }

    @Test("What waited is sent after a restart")
    func restart() async throws {
        let store = try FlashStore.inMemory()
        let clock = TestClock()
        do {
            let (bench, remote) = try await bench(store: store, clock: clock)
            _ = try await subscribe(bench, #""nu":["Capp"],"enc":{"net":[3]}"#)
            remote.answer = { ResponsePrimitive(OneM2MError(.targetNotReachable, "away"), to: $0) }
            for number in 0..<5 {
                try await bench.create(.contentInstance, "Capp/box", #"{"m2m:cin":{"con":"\#(number)"}}"#)
            }
            #expect(await eventually { bench.cse.counters.notificationFailures > 0 })
            bench.cse.stop()
        }
        let second = TestCSE(store: store, clock: clock)
        let remote = TestRemote()
        second.cse.remote = remote
        #expect(second.cse.waitingNotifications == 5)
        second.cse.start()
        #expect(await eventually { remote.events.count == 5 })
        #expect(await eventually { store.scan(prefix: "m2m/n/").isEmpty })
    }

    @Test("What was gathered to a batch is sent after a restart")
    func restartedBatch() async throws {
        let store = try FlashStore.inMemory()
        let clock = TestClock()
        do {
            let (bench, remote) = try await bench(store: store, clock: clock)
            _ = try await subscribe(bench, #""nu":["Capp"],"enc":{"net":[3]},"bn":{"num":9,"dur":"PT1H"}"#)
            for number in 0..<2 {
                try await bench.create(.contentInstance, "Capp/box", #"{"m2m:cin":{"con":"\#(number)"}}"#)
            }
            bench.cse.stop()
            #expect(remote.events.isEmpty)
        }
        let second = TestCSE(store: store, clock: clock)
        let remote = TestRemote()
        second.cse.remote = remote
        second.cse.start()
        #expect(await eventually { remote.events.count == 1 })
        #expect(remote.events.first?["m2m:agn"]?["m2m:sgn"]?.array?.count == 2)
    }

    @Test("Over a polling channel")
    func polling() async throws {
        let (bench, _) = try await bench()
        try await bench.register("Cpoll")
        #expect(
            try await bench.create(.pollingChannel, "Cpoll", from: "Cpoll", #"{"m2m:pch":{"rn":"pch"}}"#).status
                == .created)
        #expect(try await bench.ask(.retrieve, "Cpoll/pch/pcu", from: "Capp").status == .originatorHasNoPrivilege)
        let sender = Task { @Loop in
            try await bench.ask(.notify, "Cpoll", from: "Cadmin", #"{"m2m:sgn":{"sur":"x"}}"#)
        }
        let fetched = try await bench.ask(.retrieve, "Cpoll/pch/pcu", from: "Cpoll")
        let request = try #require(fetched.content?["m2m:rqp"])
        #expect(request["pc"]?["m2m:sgn"]?["sur"] == "x")
        let answer: JSON = ["m2m:rsp": ["rsc": 2000, "rqi": request["rqi"] ?? .null]]
        #expect(try await bench.ask(.notify, "Cpoll/pch/pcu", from: "Cpoll", answer.serialized()).status == .ok)
        #expect(try await sender.value.status == .ok)
        #expect(try await bench.ask(.notify, "Cpoll/pch/pcu", from: "Cpoll", answer.serialized()).status == .notFound)
        let nothing = try await bench.ask(.retrieve, "Cpoll/pch/pcu", from: "Cpoll") {
            $0.requestExpiration = .after(50)
        }
        #expect(nothing.status == .requestTimeout)
    }

    @Test("A request that expires is waited for no longer, fetched or not")
    func pollingInVain() async throws {
        let (bench, _) = try await bench()
        try await bench.register("Cpoll")
        _ = try await bench.create(.pollingChannel, "Cpoll", from: "Cpoll", #"{"m2m:pch":{"rn":"pch"}}"#)
        func tell(within milliseconds: Int64) async throws -> ResponseStatus {
            try await bench.ask(.notify, "Cpoll", from: "Cadmin", #"{"m2m:sgn":{"sur":"x"}}"#) {
                $0.requestExpiration = .after(milliseconds)
            }.status
        }
        #expect(try await tell(within: 50) == .targetNotReachable)
        let sender = Task { @Loop in try await tell(within: 1_000) }
        #expect(try await bench.ask(.retrieve, "Cpoll/pch/pcu", from: "Cpoll").status == .ok)
        #expect(try await sender.value == .requestTimeout)
    }
}
