import ArgumentParser
import Foundation
import JSONText
import OCFCloud
import Synchronization

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
        @Option(help: "The random numbers' seed; printed, to repeat a run.") var seed: UInt64 = UInt64.random(
            in: 1...UInt64.max)

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

/// Kills processes at a moment, from a thread of its own so that nothing delays it.
final class Knife: Sendable {
    private let cut = Mutex(false)

    /// Kills `processes` after so many seconds.
    init(after seconds: Double, processes: [Int32?]) {
        Thread.detachNewThread { [self] in
            usleep(UInt32(seconds * 1_000_000))
            for process in processes { if let process { kill(process, SIGKILL) } }
            cut.withLock { $0 = true }
        }
    }

    /// Whether the moment has come.
    var hasCut: Bool { cut.withLock { $0 } }
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
        // From the knock to the sign-in it takes a third of a second, and there the promises are made; later cuts meet a
        // gateway at work.
        let isEarly = Double.random(in: 0...1, using: &random) < 0.75
        let moment = Double.random(in: 0...(isEarly ? 0.7 : 3), using: &random)
        try world.foundCloud()
        try world.makeAccounts()
        try world.configureGateway(window: 30)
        try world.startGateway()

        var promises = Promises()
        let knife = Knife(
            after: moment,
            processes: (victim == .cloud ? [] : [world.gateway?.id]) + (victim == .gateway ? [] : [world.cloud?.id]))
        let stage = try go(world, until: knife, &promises)
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

    /// Goes on until the cut, noting what the gateway has promised.
    private func go(_ world: World, until knife: Knife, _ promises: inout Promises) throws -> String {
        var stage = "before the press"
        var hasPressed = false
        while !knife.hasCut {
            // An answer that came is a promise, whatever happens a moment later.
            guard let status = try? world.ask("status") else { continue }
            promises.device = status["device"]?.string ?? ""
            if status["pairing"]?["phase"]?.string == "knocking", !hasPressed {
                // In the background: the cut may come while the button is down.
                hasPressed = true
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
