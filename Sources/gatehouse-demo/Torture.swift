import ArgumentParser
import Foundation
import JSONText
import OCFCloud

extension GatehouseDemo {
    /// Power cuts at random points of the whole way.
    struct Torture: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Kill gateway or cloud at random points of the whole way, and see that nothing is lost.",
            discussion: """
                Each cycle begins with nothing, goes the whole way, and at a random moment kills the gateway, the cloud or \
                both with SIGKILL and starts them again. Then the gateway must be trusted if anybody had been told that it \
                was, must be registered without a new token, and must be read and switched through the cloud.
                """)

        @Option(help: "How many cycles.") var cycles = 200
        @Option(help: "The random numbers' seed; printed, to repeat a run.") var seed: UInt64 = UInt64.random(in: 1...UInt64.max)

        func run() async throws {
            say("seed \(seed)")
            var random = SplitMix(state: seed)
            var killedAt: [String: Int] = [:]
            for cycle in 1...max(1, cycles) {
                do {
                    let stage = try await Cycle().run(&random)
                    killedAt[stage, default: 0] += 1
                } catch {
                    say("FAILED in cycle \(cycle): \(error)")
                    throw ExitCode(1)
                }
                if cycle % 10 == 0 || cycle == cycles { say("\(cycle) cycles") }
            }
            for (stage, count) in killedAt.sorted(by: { $0.value > $1.value }) { say("  \(count) × killed \(stage)") }
            say("\(cycles) power cuts, nothing lost")
        }
    }
}

/// Random numbers that a seed repeats (SplitMix64).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// One cycle: the whole way with a power cut in it.
struct Cycle {
    /// What is cut.
    enum Victim: CaseIterable { case gateway, cloud, both }

    /// What was promised before the cut and must hold after it.
    private struct Promises {
        var isTrusted = false
        var isRegistered = false
        var device = ""
    }

    /// Goes the way.
    ///
    /// - Returns: where it was cut.
    func run(_ random: inout SplitMix) async throws -> String {
        let world = try World()
        defer { world.end() }
        let victim = Victim.allCases.randomElement(using: &random) ?? .both
        // The way takes about three seconds from the gateway's start to the last use.
        let moment = Double.random(in: 0...3.5, using: &random)
        try world.foundCloud()
        try world.makeAccounts()
        try world.configureGateway(window: 30)
        try world.startGateway()

        var promises = Promises()
        let stage = try go(world, for: moment, &promises)
        if victim != .cloud { world.gateway?.kill() }
        if victim != .gateway { world.cloud?.kill() }
        if victim != .gateway { try world.startCloud() }
        if victim != .cloud { try world.startGateway() }

        let trusted = try world.ask("trust", "list").array ?? []
        if promises.isTrusted, trusted.isEmpty {
            throw Steps.Missing("the cloud to be trusted still; cut \(stage), victim \(victim)")
        }
        if trusted.isEmpty {
            // The person had not pressed yet, or had and was told nothing: the gateway asks again.
            try press(world)
        }
        let device = try world.ask("status")["device"]?.string ?? ""
        if !promises.device.isEmpty, device != promises.device {
            throw Steps.Missing("the device \(promises.device), found \(device)")
        }
        if promises.isRegistered {
            let state = try world.ask("status")["cloud"]?["state"]?.string
            guard state == "registered" else { throw Steps.Missing("registered, found \(state ?? "nothing")") }
        }
        let steps = Steps(world: world) { _, _ in }
        let (client, resources) = try await steps.join()
        try await steps.use(client, resources)
        await client.close()
        return stage
    }

    /// Goes on for so many seconds, noting what the gateway has promised.
    private func go(_ world: World, for seconds: Double, _ promises: inout Promises) throws -> String {
        let end = Date().addingTimeInterval(seconds)
        promises.device = try world.ask("status")["device"]?.string ?? ""
        var stage = "before the press"
        while Date() < end {
            let status = try world.ask("status")
            if status["pairing"]?["phase"]?.string == "knocking" {
                // In the background: the cut may come while the button is down.
                Thread.detachNewThread { [ask = world.asker] in _ = try? ask(["press"]) }
                stage = "after the press"
            }
            if status["pairing"]?["trusted"]?.int ?? 0 > 0 {
                promises.isTrusted = true
                stage = "trusted"
            }
            switch status["cloud"]?["state"]?.string {
            case "registering": stage = "registering"
            case "registered":
                promises.isRegistered = true
                stage = status["cloud"]?["signed_in"]?.bool == true ? "signed in" : "registered"
            default: break
            }
            usleep(30_000)
        }
        return stage
    }

    private func press(_ world: World) throws {
        try world.wait(10, "the knock after the cut") {
            let status = try world.ask("status")
            return status["pairing"]?["phase"]?.string == "knocking" || status["pairing"]?["trusted"]?.int ?? 0 > 0
        }
        if try world.ask("trust", "list").array?.isEmpty == true { _ = try world.ask("press") }
        try world.wait(5, "the trust after the cut") { try world.ask("trust", "list").array?.isEmpty == false }
    }
}
