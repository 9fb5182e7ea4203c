import CoAPMessages
import OCFModel
import PrivateFiles
import TLS

/// The devices we own, reached: a state directory with the network around it.
public struct Household: Sendable {
    /// The state.
    public let state: ToolState
    /// The searches.
    public let discovery: Discovery
    private let tell: @Sendable (ProcedureProgress) -> Void

    /// A household.
    public init(
        _ state: ToolState, discovery: Discovery, tell: @escaping @Sendable (ProcedureProgress) -> Void = { _ in }
    ) {
        self.state = state
        self.discovery = discovery
        self.tell = tell
    }

    /// What opens a connection with a device of ours.
    public enum Proof: Sendable, Hashable {
        /// The key we share.
        case key
        /// Identity certificates of both sides.
        case identity
        /// Identity certificates, and then these roles of the tool.
        case roles([String])
    }

    /// A link without a connection yet.
    public func link(_ address: DeviceAddress, speaksOCF: Bool = true) throws -> DeviceLink {
        DeviceLink(
            address, credentials: try LinkCredentials(state), handler: ToolResources(try state.tool()),
            speaksOCF: speaksOCF)
    }

    /// Connects to a device of ours where it was last, or, when it is not there, where a search finds it.
    ///
    /// - Throws: ``OnboardingError``.
    public func open(_ device: OwnedDevice, _ proof: Proof = .key) async throws -> DeviceLink {
        let handshake: Handshake =
            proof == .key ? .key(device.key) : .identityCertificates(device: device.id)
        var link = try link(device.address)
        do {
            try await link.connect(handshake)
        } catch {
            await link.close()
            switch error {
            case .unreachable, .timeout: break
            case .handshakeRefused(let reason) where proof == .key:
                throw OnboardingError(
                    .untrusted,
                    "the device does not take our key: \(reason). Was it reset? Then own it again, or forget it by "
                        + "`gatehouse-onboard forget`")
            default: throw error.error
            }
            tell(.step("searching for \(device.name)"))
            guard let found = try? await discovery.find(device.id), found.address != device.address else {
                throw error.error
            }
            var moved = device
            moved.address = found.address
            link = try self.link(found.address)
            do {
                try await link.connect(handshake)
            } catch {
                await link.close()
                throw error.error
            }
            try state.keep(moved)
        }
        if case .roles(let names) = proof {
            do {
                _ = try await assert(names, on: link)
            } catch {
                await link.close()
                throw error
            }
        }
        return link
    }

    /// Runs `body` with a connection to a device of ours.
    public func with<Result: Sendable>(
        _ device: OwnedDevice, _ proof: Proof = .key, _ body: (DeviceLink) async throws -> Result
    ) async throws -> Result {
        let link = try await open(device, proof)
        do {
            let result = try await body(link)
            await link.close()
            return result
        } catch {
            await link.close()
            throw (error as? LinkFault)?.error ?? error
        }
    }

    /// Runs a procedure over a connection to a device of ours.
    public func run<Plan: Procedure>(_ procedure: Plan, on link: DeviceLink) async throws -> Plan.Outcome {
        try await ProcedureRunner(link, keep: { [state] in try state.keep($0) }, tell: tell).run(procedure)
    }

    /// Reads a resource; an answer that is an error is thrown.
    public func read(_ request: DeviceRequest, on link: DeviceLink) async throws -> DeviceAnswer {
        do {
            let answer = try await link.send(request, .secure)
            guard answer.code.isSuccess else { throw answer.refusal(of: request) }
            return answer
        } catch let fault as LinkFault {
            throw fault.error
        }
    }

    /// The links of a device that have one of these types; all without any.
    public func links(_ types: [String] = [], on link: DeviceLink) async throws -> [Link] {
        let answer = try await read(.retrieve("/oic/res", query: types.map { "rt=\($0)" }), on: link)
        guard let body = answer.body, let links = try? Link.list(body) else {
            throw OnboardingError(.peer, "the device's /oic/res cannot be read: expected an array of links")
        }
        return links
    }

    // MARK: Identity

    /// Signs the device's own request and has it take the certificate, with the household's root as trust anchor.
    public func giveIdentity(_ device: OwnedDevice, on link: DeviceLink) async throws {
        let authority = ToolAuthority(state)
        let request = try await signingRequest(on: link)
        let certificate = try authority.signIdentity(request: request, device: device.id)
        try await give(identity: certificate, root: authority.rootPEM(), subject: .anyone, to: device, on: link)
    }

    /// The device's own request for a certificate, PEM. The entry that lets us read it is written again where it is gone.
    public func signingRequest(on link: DeviceLink) async throws -> String {
        let request = DeviceRequest.retrieve(.csr)
        let answer: DeviceAnswer
        do {
            let first = try await link.send(request, .secure)
            if [.unauthorized, .forbidden].contains(first.code) {
                let entry = AccessControlEntry(
                    id: 0, subject: .device(try state.tool().id), resources: [.href(request.href)], permissions: .read)
                _ = try await run(
                    Provisioning([.update(.acl2, AccessControlList.Update(entries: [entry]).representation)]), on: link)
                answer = try await read(request, on: link)
            } else {
                guard first.code.isSuccess else { throw first.refusal(of: request) }
                answer = first
            }
        } catch let fault as LinkFault {
            throw fault.error
        }
        do {
            return try SigningRequest(representation: answer.body).pem
        } catch {
            throw OnboardingError(.peer, "the device's request for a certificate cannot be read: \(error.reason)")
        }
    }

    /// Has a device take an identity certificate (nil for none) and a root. What it has already is not given again.
    public func give(
        identity certificate: String?, root: String, subject: Credential.Subject, to device: OwnedDevice,
        also changes: [DeviceRequest] = [], on link: DeviceLink
    ) async throws {
        let present = try await credentials(on: link)
        var entries: [Credential] = []
        if !present.entries.contains(where: {
            $0.usage == .trustAnchor && $0.subject == subject && $0.publicPEM == root
        }) {
            entries.append(.certificate(pem: root, .trustAnchor, subject: subject))
        }
        if let certificate {
            entries.append(.certificate(pem: certificate, .identity, subject: .device(device.id)))
        }
        var all = changes
        if !entries.isEmpty {
            all.insert(.update(.cred, CredentialList.Update(entries: entries).representation), at: 0)
        }
        guard !all.isEmpty else { return }
        _ = try await run(Provisioning(all), on: link)
    }

    /// The device's credentials, without anything private.
    public func credentials(on link: DeviceLink) async throws -> CredentialList {
        let answer = try await read(.retrieve(.cred), on: link)
        do {
            return try CredentialList(representation: answer.body)
        } catch {
            throw OnboardingError(.peer, "the device's cred cannot be read: \(error.reason)")
        }
    }

    /// The device's access control list.
    public func accessControl(on link: DeviceLink) async throws -> AccessControlList {
        let answer = try await read(.retrieve(.acl2), on: link)
        do {
            return try AccessControlList(representation: answer.body)
        } catch {
            throw OnboardingError(.peer, "the device's acl2 cannot be read: \(error.reason)")
        }
    }

    // MARK: Roles

    /// Asserts roles of the tool on the connection.
    ///
    /// - Returns: what the device holds asserted on it now.
    public func assert(_ names: [String], on link: DeviceLink) async throws -> [Requester.Role] {
        let root = try ToolAuthority(state).rootPEM()
        let entries = try names.map { name in
            Credential(
                subject: .device(.none), type: .certificate, usage: .role,
                publicData: Credential.PublicData(.text(try state.role(name))),
                optionalData: Credential.OptionalData(isRevoked: false, data: .text(root), encoding: .pem))
        }
        _ = try await read(.update(.roles, RoleAssertions.Update(entries).representation), on: link)
        let answer = try await read(.retrieve(.roles), on: link)
        let held = (try? RoleAssertions.Update(answer.body).entries) ?? []
        return held.flatMap { entry in
            (try? CertificateRules.read(pem: entry.publicPEM))?.first?.roles ?? []
        }
    }

    // MARK: Services

    /// Takes another device as host of services of a new one: checks its `/oic/d`, and gives it the key it will share with
    /// the new device.
    ///
    /// - Parameters:
    ///   - text: the host: its id or name, or `ID@HOST:PORT` where no search reaches it.
    ///   - newID: the id that the new device will have.
    public func host(
        _ services: [SecurityService], _ text: String, for newID: Identifier
    ) async throws -> [SecurityService: ServiceHost] {
        let parts = text.split(separator: "@", maxSplits: 1)
        let record = try? state.device(parts.first.map(String.init) ?? text)
        let described: DiscoveredDevice
        if parts.count == 2, let address = DeviceAddress(String(parts[1])) {
            described = try await discovery.describe(address)
        } else if let record, let found = try? await discovery.describe(record.address) {
            described = found
        } else if let id = record?.id ?? parts.first.flatMap({ Identifier($0) }) {
            described = try await discovery.find(id)
        } else {
            throw OnboardingError(
                .malformed, "\(text) is no device: expected its id, the name of one we own, or ID@HOST")
        }
        let named = record?.id ?? parts.first.flatMap { Identifier($0) }
        guard named == nil || named == described.id else {
            throw OnboardingError(.peer, "at \(described.address) is \(described.id), expected \(text)")
        }
        var hosts: [SecurityService: ServiceHost] = [:]
        let key = Cryptography.random(16)
        for service in services {
            hosts[service] = try ServiceHost(
                service, host: described.id, deviceTypes: described.deviceTypes, key: key)
        }
        guard let record, record.services.cms == (try state.tool().id) else {
            throw OnboardingError(
                .notFound,
                "\(described.id) hosts the service, but is not a device whose credentials this tool manages; own it first, so "
                    + "that it can be given the key it will share with the new device")
        }
        try await with(record) { link in
            _ = try await run(
                Provisioning([
                    .update(
                        .cred, CredentialList.Update(entries: [.pairwiseKey(key, with: newID)]).representation)
                ]), on: link)
        }
        return hosts
    }

    /// Takes the keys of a new device that never came from the hosts of its services again.
    public func withdraw(_ hosts: [SecurityService: ServiceHost], for newID: Identifier) async {
        for id in Set(hosts.values.filter { $0.key != nil }.map(\.id)) {
            guard let record = try? state.device(id: id) else { continue }
            _ = try? await with(record) { link in
                try await run(
                    Provisioning([.delete(.cred, query: ["subjectuuid=\(newID)"])]), on: link)
            }
        }
    }
}
