import Foundation
import Testing

/// A gateway's life with its owner, by the programs a person runs.
@Suite("A whole life", .serialized)
struct WholeLifeTests {
    @Test("Unowned, owned, provisioned, in the cloud, read from afar, shut out again, given up by tool and by button")
    func life() throws {
        let house = try OnboardingHouse()
        #expect(try house.onboard("ca", "init").code == 0)
        try house.startGateway()

        // Nobody's.
        let found = try #require(try house.asked("discover", house.address) as? [[String: Any]])
        #expect(found.first?["owner"] as? String == "nobody")
        #expect(found.first?["methods"] as? [Int] == [2, 1])
        #expect(house.onboardingState == "RFOTM")

        // Nobody at the button: nothing happens.
        let alone = try house.onboard("own", house.address, "--wait", "1")
        #expect(alone.code == 75, "\(alone.output)")
        #expect(alone.output.contains("nobody pressed the button"))
        #expect(house.onboardingState == "RFOTM")

        // A tool that does not trust the manufacturer gets nowhere.
        #expect(try house.onboard("ca", "init", tool: "stranger").code == 0)
        let stranger = try house.onboard("own", house.address, "--wait", "2", tool: "stranger")
        #expect(stranger.code == 77, "\(stranger.output)")
        #expect(stranger.output.contains("ca trust"))

        // Owned by certificate, with the button.
        let owned = try house.onboard(["own", house.address, "--name", "gateway", "--identity"]) { output in
            guard output.contains("press the button") else { return false }
            try house.press()
            return true
        }
        #expect(owned.code == 0, "\(owned.output)")
        #expect(house.onboardingState == "RFNOP")
        let device = try #require((try house.asked("devices") as? [[String: Any]])?.first)
        let id = try #require(device["id"] as? String)
        #expect(try house.local()["owner"] as? String == device["dots"] as? String)
        #expect(try house.onboard("own", house.address).code == 73)
        #expect(try house.onboard("own", house.address, tool: "stranger").code == 73)

        // What no entry permits is denied; then it is permitted.
        let relay = "/gpio/relay1/output"
        #expect(try house.onboard("get", "gateway", relay).code == 77)
        #expect(
            try house.onboard("acl", "add", "gateway", "--subject", "self", "--resource", relay, "--allow", "ru").code
                == 0)
        #expect((try house.asked("get", "gateway", relay) as? [String: Any])?["value"] as? Bool == false)
        #expect(try house.onboard("set", "gateway", relay, "value=true").code == 0)
        #expect((try house.asked("get", "gateway", relay) as? [String: Any])?["value"] as? Bool == true)
        let observed = try house.onboard("observe", "gateway", relay, "--count", "1", "--json")
        #expect(observed.code == 0)
        #expect(observed.output.contains("\"value\":true"))

        // By identity certificate, and by a role.
        #expect(try house.onboard("get", "gateway", relay, "--identity").code == 0)
        #expect(try house.onboard("acl", "rm", "gateway", "--subject", "self").code == 0)
        #expect(try house.onboard("get", "gateway", relay, "--identity").code == 77)
        #expect(try house.onboard("role", "issue", "reader").code == 0)
        #expect(
            try house.onboard("acl", "add", "gateway", "--subject", "role:reader", "--resource", "*", "--allow", "r")
                .code
                == 0)
        #expect(try house.onboard("get", "gateway", relay, "--role", "reader").code == 0)
        #expect(try house.onboard("get", "gateway", relay, "--identity").code == 77)
        #expect(
            (try house.asked("role", "assert", "gateway", "reader") as? [[String: Any]])?.first?["role"] as? String
                == "reader")

        // Another device is no CMS unless it says so.
        let other = try house.onboard("services", "gateway", "--cms", "\(id)@\(house.address)")
        #expect(other.code == 77, "\(other.output)")
        #expect(other.output.contains("expected oic.d.cms"))

        // To the cloud, and back from afar.
        try house.startCloud()
        // The entries of the owner for itself went above: what this needs of them is written again.
        let cloud = try house.onboard("cloud", "gateway", "--wait", "30")
        #expect(cloud.code == 0, "\(cloud.output)")
        try house.wait("the links to be published") {
            (try? house.remote("resources").output.contains(relay)) == true
        }
        let remote = try house.remote("get", "/\(id)\(relay)", "--json")
        #expect(remote.code == 0, "\(remote.output)")
        #expect(remote.output.contains("\"value\": true"), "\(remote.output)")

        // Without its entry the cloud is nobody.
        let list = try #require(try house.asked("acl", "show", "gateway") as? [String: Any])
        let entries = try #require(list["aclist2"] as? [[String: Any]])
        let configured = try #require(try house.asked("get", "gateway", "/CoapCloudConfResURI") as? [String: Any])
        #expect(configured["cps"] as? String == "registered")
        #expect(configured["at"] == nil)
        let sid = try #require(configured["sid"] as? String)
        #expect(entries.contains { ($0["subject"] as? [String: Any])?["uuid"] as? String == sid })
        #expect(try house.onboard("acl", "rm", "gateway", "--subject", sid).code == 0)
        let refused = try house.remote("get", "/\(id)\(relay)")
        #expect(refused.code == 77, "\(refused.output)")

        // Given up by the tool.
        #expect(try house.onboard("reset", "gateway").code == 0)
        try house.wait("the reset") { house.onboardingState == "RFOTM" }
        #expect((try house.asked("devices") as? [Any])?.isEmpty == true)

        // Owned by PIN, given up by the button.
        let input = Pipe()
        var isTyped = false
        let again = try house.onboard(["own", house.address, "--name", "again", "--pin", "-"], input: input) { output in
            if !isTyped, let pin = try house.local()["pin"] as? String {
                try input.fileHandleForWriting.write(contentsOf: Data("\(pin)\n".utf8))
                isTyped = true
            }
            guard output.contains("press the button") else { return false }
            try house.press()
            return true
        }
        #expect(again.code == 0, "\(again.output)")
        #expect(house.onboardingState == "RFNOP")
        try house.press("11s")
        try house.wait("the factory reset") { house.onboardingState == "RFOTM" }
        let gone = try house.onboard("get", "again", "/oic/d")
        #expect([69, 75, 77].contains(gone.code), "\(gone.output)")
        #expect(try house.onboard("forget", "again").code == 0)
    }
}
