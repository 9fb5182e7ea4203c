import CBOR
import CoAPMessages
import OCFModel
import Testing

@testable import Onboarding

@Suite("Provisioning, as a state machine")
struct ProvisioningTests {
    /// A device in RFNOP with the tool connected by the owner's key.
    private func owned() throws -> ModelDevice {
        var device = ModelDevice()
        let record = try device.run(OwnershipTransfer(ModelDevice.settings()))
        device.connectionLost()
        _ = try device.run(Opening(key: record.key))
        return device
    }

    /// Connects, and no more.
    private struct Opening: Procedure {
        let key: [UInt8]
        var progress: String { "" }
        mutating func next(_ event: ProcedureEvent) -> ProcedureAction<Bool> {
            switch event {
            case .begin: .connect(.key(key))
            case .connected: .finish(true)
            default: .fail(OnboardingError(.unreachable, "\(event)"))
            }
        }
    }

    private static let entry = AccessControlEntry(
        id: 0, subject: .encrypted, resources: [.allApplication], permissions: .read)
    private static let addition = DeviceRequest.update(
        .acl2, AccessControlList.Update(entries: [entry]).representation)
    private static let nonsense = DeviceRequest.update(.acl2, ["aclist2": [["aceid": -3]]])

    @Test("The device leaves normal operation, is changed, and returns")
    func change() throws {
        var device = try owned()
        var seen: [String] = []
        let answers = try device.run(Provisioning([Self.addition])) { name, _ in
            seen.append(name)
            return nil
        }
        #expect(seen == ["GET pstat", "POST pstat dos 2", "POST acl2 aclist2", "POST pstat dos 3"])
        #expect(answers.map(\.code) == [.created])
        #expect(device.state.state == .rfnop)
        #expect(device.state.acl2.entries.count == 4)
    }

    @Test("What the device refuses is told, and it operates again")
    func refused() throws {
        var device = try owned()
        #expect(code { _ = try device.run(Provisioning([Self.nonsense, Self.addition])) } == .refused)
        #expect(device.state.state == .rfnop)
        #expect(device.state.acl2.entries.count == 3)
    }

    @Test(
        "A change that was interrupted anywhere is healed by the next",
        arguments: [Provisioning.Bracket.provisioning, .softReset])
    func healed(bracket: Provisioning.Bracket) throws {
        let states = bracket == .provisioning ? ["POST pstat dos 2"] : ["POST pstat dos 4", "POST pstat dos 2"]
        for name in states + ["POST acl2 aclist2", "POST pstat dos 3"] {
            for mishap: ModelDevice.Mishap in [.fault(.closed("gone")), .lost(.timeout("late"))] {
                var device = try owned()
                #expect(
                    code {
                        _ = try device.run(Provisioning([Self.addition], in: bracket)) { at, _ in
                            at == name ? mishap : nil
                        }
                    } == .interrupted, "\(name)")
                _ = try device.run(Provisioning([Self.addition], in: .provisioning))
                #expect(device.state.state == .rfnop, "after \(name)")
            }
        }
    }

    @Test("Who owns a resource changes in SRESET alone")
    func softReset() throws {
        var device = try owned()
        let other = ModelDevice.id("cdc07d9e-bb72-44f1-4429-92b30b023235")
        let key = DeviceRequest.update(
            .cred,
            CredentialList.Update(entries: [.pairwiseKey([UInt8](repeating: 1, count: 16), with: other)]).representation
        )
        let owner = DeviceRequest.update(.acl2, AccessControlList.Update(owner: other).representation)
        #expect(code { _ = try device.run(Provisioning([key, owner])) } == .refused)
        _ = try device.run(Provisioning([key, owner], in: .softReset))
        #expect(device.state.owner(of: .acl2) == other)
        #expect(device.state.state == .rfnop)
    }

    @Test("CMS and AMS are named with the keys they share with the device")
    func naming() throws {
        var device = try owned()
        let other = ModelDevice.id("cdc07d9e-bb72-44f1-4429-92b30b023235")
        let key = [UInt8](repeating: 3, count: 16)
        let types = ["oic.d.cms", "oic.d.ams"]
        _ = try device.run(
            Provisioning.naming([
                .cms: ServiceHost(.cms, host: other, deviceTypes: types, key: key),
                .ams: ServiceHost(.ams, host: other, deviceTypes: types, key: key),
            ]))
        #expect(device.state.owner(of: .cred) == other)
        #expect(device.state.owner(of: .acl2) == other)
        #expect(device.state.owner(of: .doxm) == ModelDevice.tool)
        #expect(device.state.cred.pairwiseKey(with: other, at: 0)?.key == key)
        #expect(device.state.state == .rfnop)
    }

    @Test("A device that cannot return to operation says why, and how it is healed")
    func stuck() throws {
        var device = try owned()
        do {
            // Without the owner's credential the entry checks of RFNOP fail.
            _ = try device.run(Provisioning([.delete(.cred)]))
            Issue.record("it operates")
        } catch let error as OnboardingError {
            #expect(error.code == .interrupted)
            #expect(error.reason.contains("no credential is for"))
        }
    }

    @Test("A device that nobody owns is not provisioned")
    func unowned() throws {
        var device = try owned()
        for state in [OnboardingState.rfotm, .reset] {
            let pstat = DeviceAnswer(.content, .map(ProvisioningStatus(state: state).representation))
            #expect(
                code {
                    _ = try device.run(Provisioning([Self.addition])) { at, _ in
                        at == "GET pstat" ? .answer(pstat) : nil
                    }
                }
                    == .wrongState)
        }
    }

    // MARK: The cloud

    private static let cloud = CloudRegistration(
        href: "/CoapCloudConfResURI", address: "coaps+tcp://cloud.example:5684",
        cloudID: ModelDevice.id("cdc07d9e-bb72-44f1-4429-92b30b023235"), token: "once", provider: "home", patience: 5)

    private func shows(_ status: CloudStatus, _ error: CloudErrorCode = .none) -> DeviceAnswer {
        DeviceAnswer(
            .content,
            .map(
                CloudConfiguration(
                    address: Self.cloud.address, cloudID: Self.cloud.cloudID, status: status, lastError: error
                ).representation))
    }

    @Test("The cloud is written in one update, and watched until the device has registered")
    func cloud() {
        var machine = Self.cloud
        guard case .send(let request, .secure) = machine.next(.begin) else {
            Issue.record("nothing was sent")
            return
        }
        #expect(
            request.body == [
                "cis": "coaps+tcp://cloud.example:5684", "sid": "cdc07d9e-bb72-44f1-4429-92b30b023235", "at": "once",
                "apn": "home",
            ])
        #expect(machine.next(.answered(DeviceAnswer(.changed))) == .wait(seconds: 1, .registering(.readyToRegister)))
        #expect(machine.next(.waited) == .send(.retrieve("/CoapCloudConfResURI"), .secure))
        #expect(machine.next(.answered(shows(.registering))) == .wait(seconds: 1, .registering(.registering)))
        _ = machine.next(.waited)
        guard case .finish(let shown) = machine.next(.answered(shows(.registered))) else {
            Issue.record("it did not end")
            return
        }
        #expect(shown.status == .registered)
    }

    struct CloudCase: Sendable {
        let events: [ProcedureEvent]
        let code: OnboardingError.Code
    }

    @Test("What goes wrong with the cloud has its name")
    func cloudFailures() {
        let changed = ProcedureEvent.answered(DeviceAnswer(.changed))
        let waiting = ProcedureEvent.answered(shows(.registering, .connectionFailed))
        for row in [
            CloudCase(events: [.begin, .answered(DeviceAnswer(.unauthorized))], code: .refused),
            CloudCase(events: [.begin, .failed(.closed("gone"))], code: .unreachable),
            CloudCase(events: [.begin, changed, .waited, .answered(shows(.failed, .errorResponse))], code: .refused),
            CloudCase(events: [.begin, changed, .waited, .answered(DeviceAnswer(.content, [:]))], code: .peer),
            CloudCase(events: [.begin, changed, .waited, .answered(DeviceAnswer(.unauthorized))], code: .refused),
            CloudCase(events: [.begin, changed, .waited, .failed(.timeout("late"))], code: .timeout),
            CloudCase(
                events: [.begin, changed] + (0..<5).flatMap { _ in [.waited, waiting] }, code: .timeout),
        ] {
            var machine = Self.cloud
            var last: OnboardingError?
            for event in row.events {
                if case .fail(let error) = machine.next(event) { last = error }
            }
            #expect(last?.code == row.code, "\(row.events)")
            #expect(last?.reason.contains("once") == false)
        }
    }

    @Test("Nothing prints a key, a PIN or a token")
    func secrets() throws {
        let record = OwnedDevice(
            id: ModelDevice.newID, name: "Attic", key: [UInt8](repeating: 0xAB, count: 16), stage: .owned,
            method: .randomPIN, address: ModelDevice.address, services: ServiceIDs(all: ModelDevice.tool))
        var text = ""
        dump(record, to: &text)
        dump(Self.cloud, to: &text)
        text += "\(record) \(Handshake.pin("12345678", device: ModelDevice.newID)) \(Handshake.key(record.key))"
        for secret in ["171", "12345678", "once"] { #expect(!text.contains(secret), "\(secret)") }
    }
}
