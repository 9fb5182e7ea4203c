import CBOR
import CoAPMessages
import OCFModel
import Testing

@testable import Onboarding

@Suite("Owner transfer, as a state machine")
struct OwnershipTransferTests {
    /// What a whole transfer sends, in order.
    static let sequence = [
        "GET doxm", "POST doxm oxmsel", "connect manufacturer certificate", "POST pstat om", "POST doxm devowneruuid",
        "POST doxm deviceuuid", "POST doxm rowneruuid", "POST acl2 rowneruuid", "POST pstat rowneruuid",
        "POST cred creds,rowneruuid", "POST sdi uuid,name,priv", "POST doxm owned", "POST pstat dos 2", "DELETE acl2",
        "POST acl2 aclist2", "POST pstat dos 3",
    ]

    @Test("By certificate: the requests are those of the standard in their order, and the device is ours in RFNOP")
    func certificate() throws {
        var device = ModelDevice()
        var seen: [String] = []
        let owned = try device.run(OwnershipTransfer(ModelDevice.settings())) { name, _ in
            seen.append(name)
            return nil
        }
        #expect(seen == Self.sequence)
        #expect(owned.id == ModelDevice.newID)
        #expect(owned.stage == .owned)
        #expect(device.state.state == .rfnop)
        #expect(device.state.deviceID == ModelDevice.newID)
        #expect(device.state.doxm.deviceOwner == ModelDevice.tool)
        for resource in [SecurityResource.doxm, .pstat, .cred, .acl2] {
            #expect(device.state.owner(of: resource) == ModelDevice.tool)
        }
        #expect(device.state.cred.pairwiseKey(with: ModelDevice.tool, at: 0)?.key == owned.key)
        #expect(device.state.sdi.name == "Home")
        #expect(device.kept.map(\.stage) == [.begun, .owned])
        #expect(device.kept.allSatisfy { $0.key == owned.key })
    }

    @Test("The first entries: the profile for the owner, the request for the CMS, discovery for everybody")
    func firstEntries() throws {
        var device = ModelDevice()
        _ = try device.run(OwnershipTransfer(ModelDevice.settings()))
        let entries = device.state.acl2.entries
        #expect(entries.count == 3)
        #expect(entries[0].subject == .device(ModelDevice.tool))
        #expect(entries[0].resources == [.href("/oic/sec/sp"), .href("/oic/sec/sdi")])
        #expect(entries[0].permissions.rawValue == 14)
        #expect(entries[1].resources == [.href("/oic/sec/csr")])
        #expect(entries[2].subject == .everybody)
        #expect(entries[2].resources == [.href("/oic/res"), .href("/oic/d"), .href("/oic/p")])
    }

    @Test("By PIN, at the second try")
    func pin() throws {
        var device = ModelDevice(methods: [.randomPIN])
        device.typed = ["00000000", "12345678"]
        let owned = try device.run(OwnershipTransfer(ModelDevice.settings()))
        #expect(owned.method == .randomPIN)
        #expect(device.state.state == .rfnop)
    }

    @Test("A PIN that is wrong three times, or not given, ends it with nothing changed", arguments: [true, false])
    func wrongPIN(isTyped: Bool) throws {
        var device = ModelDevice(methods: [.randomPIN])
        if isTyped { device.typed = ["1", "2", "3", "12345678"] }
        #expect(code { _ = try device.run(OwnershipTransfer(ModelDevice.settings())) } == .wrongPIN)
        #expect(device.state.state == .rfotm)
        #expect(!device.state.doxm.isOwned)
        #expect(device.kept.isEmpty)
    }

    @Test("A security domain is no condition")
    func noDomain() throws {
        var device = ModelDevice()
        device.hasDomain = false
        _ = try device.run(OwnershipTransfer(ModelDevice.settings()))
        #expect(device.state.state == .rfnop)
    }

    struct MethodCase: Sendable {
        let offered: [OwnerTransferMethod]
        let wanted: OwnerTransferMethod?
        let chosen: OwnerTransferMethod?
    }

    @Test(
        "The method: the strongest that is offered, just works only when asked for",
        arguments: [
            MethodCase(
                offered: [.justWorks, .randomPIN, .manufacturerCertificate], wanted: nil,
                chosen: .manufacturerCertificate),
            MethodCase(offered: [.justWorks, .randomPIN], wanted: nil, chosen: .randomPIN),
            MethodCase(offered: [.justWorks], wanted: nil, chosen: nil),
            MethodCase(offered: [.justWorks], wanted: .justWorks, chosen: .justWorks),
            MethodCase(offered: [.randomPIN], wanted: .manufacturerCertificate, chosen: nil),
            MethodCase(
                offered: [.manufacturerCertificate, .randomPIN], wanted: .randomPIN, chosen: .randomPIN),
            MethodCase(offered: [], wanted: nil, chosen: nil),
        ])
    func method(_ row: MethodCase) throws {
        var device = ModelDevice(methods: row.offered)
        device.typed = ["12345678"]
        let settings = try ModelDevice.settings(method: row.wanted)
        if let chosen = row.chosen {
            #expect(try device.run(OwnershipTransfer(settings)).method == chosen)
        } else {
            #expect(code { _ = try device.run(OwnershipTransfer(settings)) } == .methodNotOffered)
        }
    }

    // MARK: A person

    @Test("A device that wants its button pressed is asked again, and then goes on")
    func button() throws {
        for (name, mishap): (String, ModelDevice.Mishap) in [
            ("POST doxm oxmsel", .answer(DeviceAnswer(.serviceUnavailable, retryAfter: 5))),
            ("connect manufacturer certificate", .fault(.timeout("silence"))),
            ("POST pstat om", .answer(DeviceAnswer(.serviceUnavailable))),
        ] {
            var device = ModelDevice()
            device.endsRefused = true
            let owned = try device.run(OwnershipTransfer(ModelDevice.settings())) { at, count in
                at == name && count < 2 ? mishap : nil
            }
            #expect(owned.stage == .owned, "\(name)")
            #expect(device.waited > 0)
        }
    }

    @Test("Another tool is at it: doxm is closed meanwhile, and then open again")
    func busy() throws {
        var device = ModelDevice()
        device.endsRefused = true
        let owned = try device.run(OwnershipTransfer(ModelDevice.settings())) { at, count in
            switch (at, count) {
            case ("POST pstat om", 0): .answer(DeviceAnswer(.serviceUnavailable, retryAfter: 30))
            case ("GET doxm", 1), ("GET doxm", 2): .answer(DeviceAnswer(.unauthorized))
            default: nil
            }
        }
        #expect(owned.stage == .owned)
        #expect(device.waited == 10 + 3 + 3)
    }

    @Test("Nobody presses the button: it ends within its patience, and says that nothing has been changed")
    func noButton() throws {
        for (name, mishap): (String, ModelDevice.Mishap) in [
            ("POST doxm oxmsel", .answer(DeviceAnswer(.serviceUnavailable, retryAfter: 5))),
            ("connect manufacturer certificate", .fault(.timeout("silence"))),
            ("POST pstat om", .answer(DeviceAnswer(.serviceUnavailable, retryAfter: 100_000))),
            ("POST pstat om", .fault(.timeout("silence"))),
        ] {
            var device = ModelDevice()
            device.endsRefused = true
            do {
                _ = try device.run(OwnershipTransfer(ModelDevice.settings())) { at, _ in at == name ? mishap : nil }
                Issue.record("\(name) did not end")
            } catch let error as OnboardingError {
                #expect(error.code == .notAllowed, "\(name): \(error)")
                #expect(error.reason.contains("Nothing has been changed"))
            }
            #expect(device.waited <= 180)
            #expect(device.kept.isEmpty)
        }
    }

    // MARK: Failures at every step

    /// What each failure is called, by the step it befalls.
    static func expected(_ name: String, _ mishap: ModelDevice.Mishap) -> OnboardingError.Code {
        let place = sequence.firstIndex(of: name) ?? 0
        let isKept = place >= (sequence.firstIndex(of: "POST doxm owned") ?? 0)
        switch mishap {
        case .answer(let answer):
            if place == 0 { return answer.code == .unauthorized ? .ownedByAnother : .refused }
            if place <= 3, answer.code == .unauthorized { return .notAllowed }
            return isKept ? .interrupted : .refused
        case .fault, .lost:
            if place < 2 { return .unreachable }
            return place == 2 ? .notAllowed : .interrupted
        }
    }

    @Test("An error, a lost answer or a lost connection at every step has its name, and says what to do")
    func failures() throws {
        let mishaps: [ModelDevice.Mishap] = [
            .answer(DeviceAnswer(.unauthorized)), .answer(DeviceAnswer(.badRequest, diagnostic: "no")),
            .fault(.closed("gone")), .lost(.closed("gone")),
        ]
        for name in Self.sequence {
            for mishap in mishaps {
                if name.hasPrefix("connect"), mishap != .fault(.closed("gone")) { continue }
                var device = ModelDevice()
                do {
                    _ = try device.run(OwnershipTransfer(ModelDevice.settings())) { at, _ in at == name ? mishap : nil }
                    Issue.record("\(name) \(mishap) did not fail")
                } catch let error as OnboardingError {
                    #expect(error.code == Self.expected(name, mishap), "\(name) \(mishap): \(error)")
                    #expect(
                        ["Nothing has been changed", "button", "GET", "run the same command again"].contains {
                            error.reason.contains($0)
                        }, "\(name): \(error.reason)")
                }
            }
        }
    }

    @Test("After every failure a second attempt owns the device, or says that its button is needed")
    func retries() throws {
        for name in Self.sequence {
            for mishap: ModelDevice.Mishap in [.fault(.closed("gone")), .lost(.closed("gone"))] {
                if name.hasPrefix("connect"), mishap != .fault(.closed("gone")) { continue }
                var device = ModelDevice()
                _ = try? device.run(OwnershipTransfer(ModelDevice.settings())) { at, _ in at == name ? mishap : nil }
                device.connectionLost()
                let again = try ModelDevice.settings(earlier: device.kept.last)
                let owned: OwnedDevice
                do {
                    owned = try device.run(OwnershipTransfer(again))
                } catch let error as OnboardingError {
                    Issue.record("after \(name) \(mishap): \(error)")
                    continue
                }
                #expect(owned.stage == .owned)
                #expect(device.state.state == .rfnop, "after \(name) \(mishap)")
                #expect(device.state.cred.pairwiseKey(with: ModelDevice.tool, at: 0)?.key == owned.key)
            }
        }
    }

    @Test("A certificate of another manufacturer is not trusted, and the message says how it would be")
    func untrusted() throws {
        var device = ModelDevice()
        do {
            _ = try device.run(OwnershipTransfer(ModelDevice.settings())) { at, _ in
                at.hasPrefix("connect") ? .fault(.untrusted("unknown issuer")) : nil
            }
            Issue.record("it was trusted")
        } catch let error as OnboardingError {
            #expect(error.code == .untrusted)
            #expect(error.reason.contains("ca trust"))
        }
    }

    @Test("An owned device whose doxm is closed is refused, or gone on with by the key that was kept")
    func closed() throws {
        var device = ModelDevice()
        let record = try device.run(OwnershipTransfer(ModelDevice.settings()))
        device.connectionLost()
        var begun = record
        begun.stage = .begun
        #expect(code { _ = try device.run(OwnershipTransfer(ModelDevice.settings())) } == .ownedByAnother)
        #expect(code { _ = try device.run(OwnershipTransfer(ModelDevice.settings(earlier: record))) } == .exists)
        #expect(try device.run(OwnershipTransfer(ModelDevice.settings(earlier: begun))) == record)
        begun.key = [UInt8](repeating: 0, count: 16)
        #expect(code { _ = try device.run(OwnershipTransfer(ModelDevice.settings(earlier: begun))) } == .interrupted)
    }

    @Test("An owned device is refused: another's, ours without its key, ours already")
    func owned() throws {
        var device = ModelDevice()
        let record = try device.run(OwnershipTransfer(ModelDevice.settings()))
        var stranger = try ModelDevice.settings()
        stranger.owner = ModelDevice.id("cdc07d9e-bb72-44f1-4429-92b30b023235")
        let doxm = DeviceAnswer(.content, .map(device.state.doxm.representation))
        for (settings, wanted): (TransferSettings, OnboardingError.Code) in [
            (stranger, .ownedByAnother), (try ModelDevice.settings(), .ownedByAnother),
            (try ModelDevice.settings(earlier: record), .exists),
        ] {
            var copy = device
            #expect(
                code {
                    _ = try copy.run(OwnershipTransfer(settings)) { at, _ in at == "GET doxm" ? .answer(doxm) : nil }
                } == wanted)
        }
    }

    // MARK: Services on other devices

    @Test("A CMS and an AMS on another device are named with a key, after the owner's key is derived")
    func services() throws {
        let other = ModelDevice.id("cdc07d9e-bb72-44f1-4429-92b30b023235")
        let key = [UInt8](repeating: 3, count: 16)
        var hosts = try ServiceHost.tool(ModelDevice.tool, deviceTypes: ToolIdentity.deviceTypes)
        hosts[.cms] = try ServiceHost(.cms, host: other, deviceTypes: ["oic.wk.d", "oic.d.cms"], key: key)
        hosts[.ams] = try ServiceHost(.ams, host: other, deviceTypes: ["oic.wk.d", "oic.d.ams"], key: key)
        var device = ModelDevice()
        var seen: [String] = []
        let owned = try device.run(OwnershipTransfer(ModelDevice.settings(hosts: hosts))) { name, _ in
            seen.append(name)
            return nil
        }
        #expect(seen.count { $0 == "POST cred creds,rowneruuid" } == 2)
        #expect(device.state.state == .rfnop)
        #expect(device.state.owner(of: .cred) == other)
        #expect(device.state.owner(of: .acl2) == other)
        #expect(device.state.owner(of: .pstat) == ModelDevice.tool)
        #expect(device.state.cred.pairwiseKey(with: other, at: 0)?.key == key)
        #expect(device.state.cred.pairwiseKey(with: ModelDevice.tool, at: 0)?.key == owned.key)
        #expect(owned.services == ServiceIDs(dots: ModelDevice.tool, cms: other, ams: other))
    }

    @Test(
        "A device that does not say that it hosts a service is not named, and the message says what it says",
        arguments: SecurityService.allCases)
    func notHosted(service: SecurityService) throws {
        do {
            _ = try ServiceHost(service, host: ModelDevice.newID, deviceTypes: ["oic.wk.d", "oic.d.light"], key: nil)
            Issue.record("it was taken")
        } catch {
            #expect(error.code == .serviceNotHosted)
            #expect(error.reason.contains("oic.d.light"))
            #expect(error.reason.contains(service.deviceType))
        }
    }

    @Test("The tool itself says that it hosts all three")
    func toolHosts() throws {
        #expect(try ServiceHost.tool(ModelDevice.tool, deviceTypes: ToolIdentity.deviceTypes).count == 3)
    }
}
