import CBOR
import Foundation
import JSONText
import OCFCloud

/// The first whole way through the house, step by step; each checks what a person would see.
struct Steps {
    let world: World
    /// How a step's end is told: its name and time.
    let told: (String, Duration) -> Void

    /// A step that failed.
    struct Failure: Error, CustomStringConvertible {
        let step: String
        let reason: String
        var description: String { "\(step): \(reason)" }
    }

    /// Runs one step and tells how long it took.
    @discardableResult
    func step<Result>(_ name: String, _ body: () async throws -> Result) async throws -> Result {
        let clock = ContinuousClock()
        let begin = clock.now
        do {
            let result = try await body()
            told(name, clock.now - begin)
            return result
        } catch {
            throw Failure(step: name, reason: "\(error)")
        }
    }

    /// Cloud, accounts and gateway stand; the gateway's lamp flashes because the cloud knocks.
    func begin(window: Int) async throws {
        try await step("the cloud makes its certificates and listens") { try world.foundCloud() }
        try await step("the cloud makes a user, a device and a client") { try world.makeAccounts() }
        try await step("the gateway starts") {
            try world.configureGateway(window: window)
            try world.startGateway()
        }
        try await step("the cloud knocks and the lamp flashes") {
            try world.wait(5, "the knock") { try world.ask("status")["pairing"]?["phase"]?.string == "knocking" }
            try world.wait(2, "the lamp to light") { try world.ask("status")["led"]?["on"]?.bool == true }
            try world.wait(2, "the lamp to go out") { try world.ask("status")["led"]?["on"]?.bool == false }
        }
    }

    /// The button is pressed.
    func press() async throws {
        try await step("the button is pressed and the cloud is trusted") {
            _ = try world.ask("press")
            try world.wait(5, "the trust") { try world.ask("trust", "list").array?.isEmpty == false }
        }
    }

    /// The gateway is signed in and its nodes are in the cloud's directory; gives a client that sees them.
    func join() async throws -> (client: CloudClient, resources: [CloudClient.Resource]) {
        try await step("the gateway signs up and signs in") {
            try world.wait(30, "the sign-in") { try world.ask("status")["cloud"]?["signed_in"]?.bool == true }
        }
        let client = try await step("a client signs up to the cloud") {
            let directory = ClientDirectory(world.client.path)
            let client = try CloudClient(directory: directory)
            if await client.account == nil, let token = try directory.token() { try await client.signUp(token: token) }
            try await client.signIn()
            return client
        }
        let resources = try await step("the gateway's nodes are in the cloud's directory") {
            try await until(20, "a temperature, a relay and a door") {
                let resources = try await client.resources()
                return Self.find("oic.r.temperature", in: resources) != nil && Self.relay(in: resources) != nil
                    && Self.door(in: resources) != nil ? resources : nil
            }
        }
        return (client, resources)
    }

    /// Reads, observes and switches through the cloud.
    func use(_ client: CloudClient, _ resources: [CloudClient.Resource]) async throws {
        try await step("the client reads a temperature through the cloud") {
            guard let resource = Self.find("oic.r.temperature", in: resources) else { throw Missing("a temperature") }
            let value = try await client.get(resource.href)
            guard let celsius = value["temperature"]?.number, (-40...85).contains(celsius) else {
                throw Missing("a temperature in \(value)")
            }
        }
        try await step("the client observes the door through the cloud") {
            guard let door = Self.door(in: resources) else { throw Missing("the door") }
            let values = try await client.observe(door.href)
            var seen: [Bool] = []
            var doorIsHigh = false
            for try await value in values {
                guard let isActive = value["value"]?.bool else { throw Missing("\"value\" in \(value)") }
                if seen.last != isActive { seen.append(isActive) }
                if seen.count == 3 { break }
                doorIsHigh.toggle()
                _ = try world.ask("drive", "GPIO22", doorIsHigh ? "high" : "low")
            }
            guard seen.count == 3, seen[0] == seen[2], seen[0] != seen[1] else {
                throw Missing("three alternating values, found \(seen)")
            }
        }
        try await step("the client toggles the relay through the cloud") {
            guard let relay = Self.relay(in: resources) else { throw Missing("the relay") }
            for wanted in [true, false, true] {
                try await client.post(relay.href, ["value": .boolean(wanted)])
                guard try await client.get(relay.href)["value"]?.bool == wanted else {
                    throw Missing("\(wanted) in the cloud")
                }
                let pin = try world.ask("read", "relay1", "Output")["parameters"]?[0]?["value"]?.bool
                guard pin == wanted else { throw Missing("\(wanted) at the pin, found \(String(describing: pin))") }
            }
        }
    }

    /// Gateway and cloud end when told, with 0.
    func finish(_ client: CloudClient) async throws {
        await client.close()
        try await step("gateway and cloud end when told") {
            for (name, child) in [("gateway", world.gateway), ("cloud", world.cloud)] {
                guard let code = child?.stop(), code == 0 else {
                    throw Missing(
                        "exit code 0 of the \(name), found \(child?.stop() ?? -1)\n\(child?.lastWords() ?? "")")
                }
            }
        }
    }

    /// What was expected and not found.
    struct Missing: Error, CustomStringConvertible {
        let what: String
        init(_ what: String) { self.what = what }
        var description: String { "expected \(what)" }
    }

    /// Asks until there is an answer; what is thrown meanwhile counts as none, and is told at the end.
    func until<Result>(_ seconds: Double, _ what: String, _ body: () async throws -> Result?) async throws -> Result {
        let end = Date().addingTimeInterval(seconds)
        var last = ""
        while Date() < end {
            do {
                if let result = try await body() { return result }
            } catch {
                last = ", last: \(error)"
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Missing("\(what) within \(Int(seconds)) s\(last)\n\(world.gateway?.lastWords() ?? "")")
    }

    // MARK: - Resources of the demonstration's nodes

    static func find(_ type: String, in resources: [CloudClient.Resource]) -> CloudClient.Resource? {
        resources.first { $0.link.resourceTypes.contains(type) && $0.href.contains("/ble/") }
    }

    static func relay(in resources: [CloudClient.Resource]) -> CloudClient.Resource? {
        resources.first { $0.href.contains("/gpio/relay1/") && $0.link.resourceTypes.contains("oic.r.switch.binary") }
    }

    static func door(in resources: [CloudClient.Resource]) -> CloudClient.Resource? {
        resources.first {
            $0.href.contains("/gpio/door/") && $0.link.resourceTypes.contains { $0.hasPrefix("oic.r.sensor.contact") }
        }
    }
}
