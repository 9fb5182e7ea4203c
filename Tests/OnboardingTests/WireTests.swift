import CBOR
import CoAPMessages
import Foundation
import OCFModel
import Synchronization
import TLS
import Testing

@testable import Onboarding

/// The tool against a device over UDP and DTLS.
@Suite("On the wire")
struct WireTests {
    /// A state directory that goes with the test.
    final class House: Sendable {
        let state: ToolState
        let authority: ToolAuthority

        init(hasAuthority: Bool = true) throws {
            state = ToolState(NSTemporaryDirectory() + "gatehouse-onboard-test-\(UUID().uuidString)")
            authority = ToolAuthority(state)
            if hasAuthority { try authority.create() }
        }

        deinit { try? FileManager.default.removeItem(atPath: state.path) }

        func settings(_ device: WireDevice, method: OwnerTransferMethod? = nil, patience: Int = 20) throws
            -> TransferSettings
        {
            let tool = try state.tool()
            return TransferSettings(
                owner: tool.id, deviceID: .random(), method: method,
                hosts: try ServiceHost.tool(tool.id, deviceTypes: ToolIdentity.deviceTypes), domain: tool.domain,
                name: "Wire", address: device.address, patience: patience)
        }

        func link(_ address: DeviceAddress) throws -> DeviceLink {
            DeviceLink(address, credentials: try LinkCredentials(state), handler: ToolResources(try state.tool()))
        }

        /// Owns a device and opens a connection by its key.
        func own(
            _ device: WireDevice, method: OwnerTransferMethod? = nil,
            askPIN: @escaping @Sendable () async -> String? = { nil }
        ) async throws -> (OwnedDevice, DeviceLink) {
            let link = try link(device.address)
            let state = state
            let owned = try await ProcedureRunner(link, keep: { try state.keep($0) }, askPIN: askPIN)
                .run(OwnershipTransfer(settings(device, method: method)))
            try await link.connect(.key(owned.key))
            return (owned, link)
        }
    }

    private static func code(_ body: () async throws -> Void) async -> OnboardingError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? OnboardingError)?.code
        }
    }

    @Test("Owned by certificate, provisioned, read, given a cloud, reset")
    func life() async throws {
        let house = try House()
        let device = try await WireDevice(manufacturer: house.authority.issueManufacturer("gateway 0001"))
        let (owned, link) = try await house.own(device)
        #expect(device.state.withLock { $0.security.state } == .rfnop)
        #expect(try house.state.devices() == [owned])

        // Nothing of the applications is open yet.
        #expect(try await link.send(.retrieve("/temperature"), .secure).code == .unauthorized)
        let tool = try house.state.tool().id
        let runner = ProcedureRunner(link)
        _ = try await runner.run(
            Provisioning([
                .update(
                    .acl2,
                    AccessControlList.Update(entries: [
                        AccessControlEntry(
                            id: 0, subject: .device(tool), resources: [.allApplication], permissions: .read),
                        AccessControlEntry(
                            id: 0, subject: .device(tool), resources: [.href("/CoapCloudConfResURI")],
                            permissions: [.read, .update]),
                    ]).representation)
            ]))
        #expect(try await link.send(.retrieve("/temperature"), .secure).body?["temperature"] == 21.5)

        // An identity certificate from the device's own request.
        let csr = try SigningRequest(representation: await link.send(.retrieve(.csr), .secure).body)
        let certificate = try house.authority.signIdentity(request: csr.pem, device: owned.id)
        _ = try await runner.run(
            Provisioning([
                .update(
                    .cred,
                    CredentialList.Update(entries: [
                        .certificate(pem: try house.authority.rootPEM(), .trustAnchor, subject: .anyone),
                        .certificate(pem: certificate, .identity, subject: .device(owned.id)),
                    ]).representation)
            ]))
        #expect(device.state.withLock { $0.security.cred.entries.map(\.usage) } == [nil, .trustAnchor, .identity])

        let shown = try await runner.run(
            CloudRegistration(
                href: "/CoapCloudConfResURI", address: "coaps+tcp://cloud.example:5684", cloudID: .random(),
                token: "once"))
        #expect(shown.status == .registered)

        #expect(try await link.send(.enter(.reset), .secure).code == .changed)
        #expect(device.state.withLock { $0.security.state } == .rfotm)
        await link.close()
        await device.stop()
    }

    @Test("Owned by the PIN that the device shows")
    func pin() async throws {
        let house = try House()
        let device = try await WireDevice(
            manufacturer: house.authority.issueManufacturer("gateway 0001"), methods: [.randomPIN])
        let (owned, link) = try await house.own(device, askPIN: { device.state.withLock { $0.pin } })
        #expect(owned.method == .randomPIN)
        #expect(try await link.send(.retrieve(.pstat), .secure).code == .content)
        await link.close()
        await device.stop()
    }

    @Test("A wrong PIN is told as such")
    func wrongPIN() async throws {
        let house = try House()
        let device = try await WireDevice(
            manufacturer: house.authority.issueManufacturer("gateway 0001"), methods: [.randomPIN])
        let link = try house.link(device.address)
        var settings = try house.settings(device)
        settings.pinAttempts = 1
        let code = await Self.code {
            _ = try await ProcedureRunner(link, askPIN: { "00000000" }).run(OwnershipTransfer(settings))
        }
        #expect(code == .wrongPIN)
        #expect(device.state.withLock { !$0.security.doxm.isOwned })
        await link.close()
        await device.stop()
    }

    @Test(
        "The button: the tool waits until it is pressed; a no is a no; nobody is told as nobody",
        arguments: [true, false, nil])
    func button(answer: Bool?) async throws {
        let house = try House()
        let device = try await WireDevice(manufacturer: house.authority.issueManufacturer("gateway 0001"))
        device.state.withLock { $0.button = nil }
        let link = try house.link(device.address)
        let asked = Mutex(false)
        let runner = ProcedureRunner(
            link,
            tell: { progress in
                guard case .waiting(.pressButton, _) = progress else { return }
                asked.withLock { $0 = true }
                guard let answer else { return }
                Task {
                    try await Task.sleep(for: .milliseconds(200))
                    device.answer(answer)
                }
            })
        let code = await Self.code {
            _ = try await runner.run(OwnershipTransfer(house.settings(device, patience: answer == nil ? 1 : 20)))
        }
        #expect(asked.withLock { $0 })
        #expect(code == (answer == true ? nil : .notAllowed))
        await link.close()
        await device.stop()
    }

    @Test("A device of another manufacturer is not trusted, until its root is added")
    func foreignManufacturer() async throws {
        let (house, factory) = (try House(), try House())
        let device = try await WireDevice(
            manufacturer: factory.authority.issueManufacturer("gateway 0002"), methods: [.manufacturerCertificate])
        let link = try house.link(device.address)
        let code = await Self.code {
            _ = try await ProcedureRunner(link).run(OwnershipTransfer(house.settings(device)))
        }
        #expect(code == .untrusted)
        await link.close()
        try house.state.keepRoot(#require(try factory.authority.manufacturerRootPEM()), name: "manufacturer-factory")
        let (owned, open) = try await house.own(device)
        #expect(owned.stage == .owned)
        await open.close()
        await device.stop()
    }

    @Test("An identity certificate is no manufacturer's, though the handshake's root signed it")
    func certificateRules() async throws {
        let house = try House()
        // A leaf with the role usage breaks the manufacturer's rules.
        let key = try PrivateKey.generateP256()
        let root = try CertificateIssuer.root(commonName: "Root", key: .generateP256(), validity: .days(1))
        let leaf = try root.issue(
            .ocfRole(
                [.init("oic.role.owner")], uuid: Identifier.random().description, publicKey: key.publicKey(),
                validity: .days(1)))
        try house.state.keepRoot(root.certificate.pem, name: "manufacturer-other")
        let device = try await WireDevice(
            manufacturer: CertifiedKey(certificate: leaf.pem, key: key.pem()), methods: [.manufacturerCertificate])
        let link = try house.link(device.address)
        let code = await Self.code {
            _ = try await ProcedureRunner(link).run(OwnershipTransfer(house.settings(device)))
        }
        #expect(code == .untrusted)
        await link.close()
        await device.stop()
    }

    @Test("Just works is refused by name: this tool has no client for it")
    func justWorks() async throws {
        let house = try House()
        let device = try await WireDevice(
            manufacturer: house.authority.issueManufacturer("gateway 0001"), methods: [.justWorks])
        let link = try house.link(device.address)
        #expect(
            await Self.code { _ = try await ProcedureRunner(link).run(OwnershipTransfer(house.settings(device))) }
                == .methodNotOffered)
        #expect(
            await Self.code {
                _ = try await ProcedureRunner(link).run(OwnershipTransfer(house.settings(device, method: .justWorks)))
            } == .configuration)
        await link.close()
        await device.stop()
    }

    @Test("Nobody at the address")
    func nobody() async throws {
        let house = try House(hasAuthority: false)
        let link = try house.link(DeviceAddress(host: "127.0.0.1", plainPort: 9))
        #expect(
            await Self.code { _ = try await Discovery().describe(DeviceAddress(host: "127.0.0.1", plainPort: 9)) }
                == .unreachable)
        await #expect(throws: LinkFault.self) { _ = try await link.send(.retrieve(.doxm), .plain) }
        await link.close()
    }

    @Test("A device tells what it is, unowned and owned")
    func describe() async throws {
        let house = try House()
        let device = try await WireDevice(manufacturer: house.authority.issueManufacturer("gateway 0001"))
        let before = try await Discovery().describe(device.address)
        #expect(!before.isOwned)
        #expect(before.name == "Wire device")
        #expect(before.methods == [.manufacturerCertificate, .randomPIN])
        #expect(before.address.securePort == device.state.withLock { $0.securePort })
        let (owned, link) = try await house.own(device)
        let after = try await Discovery().describe(device.address)
        #expect(after.isOwned)
        #expect(after.id == owned.id)
        #expect(after.deviceTypes == ["oic.wk.d", "oic.d.sensor"])
        await link.close()
        await device.stop()
    }

    @Test("The tool is a device itself, that says which services it hosts; its devices reach it by their keys")
    func service() async throws {
        let house = try House(hasAuthority: false)
        let tool = try house.state.tool()
        let service = try await ToolService.start(house.state, host: "127.0.0.1", port: 0)
        let address = DeviceAddress(host: "127.0.0.1", plainPort: service.port)
        let described = try await Discovery().describe(address)
        #expect(described.id == tool.id)
        for kind in SecurityService.allCases {
            #expect(
                try ServiceHost(kind, host: described.id, deviceTypes: described.deviceTypes, key: nil).id == tool.id)
        }
        // A device of ours, as a client.
        let device = OwnedDevice(
            id: .random(), name: "Lamp", key: [UInt8](repeating: 5, count: 16), stage: .owned, method: .randomPIN,
            address: address, services: ServiceIDs(all: tool.id))
        try house.state.keep(device)
        let link = DeviceLink(
            DeviceAddress(host: "127.0.0.1", securePort: service.securePort),
            credentials: LinkCredentials(tool: device.id))
        try await link.connect(.key(device.key))
        let answer = try await link.send(.retrieve("/oic/d"), .secure)
        #expect(answer.body?["rt"] == ["oic.wk.d", "oic.d.dots", "oic.d.cms", "oic.d.ams"])
        await #expect(throws: LinkFault.self) { try await link.connect(.key([UInt8](repeating: 6, count: 16))) }
        await link.close()
        await service.stop()
    }
}
