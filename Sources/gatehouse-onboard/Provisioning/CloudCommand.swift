import ArgumentParser
import Foundation
import JSONText
import OCFCloud
import OCFModel
import Onboarding
import PrivateFiles
import TLS

/// `gatehouse-onboard cloud`
struct CloudCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cloud", abstract: "Connect a device to its cloud, and watch until it has registered.",
        discussion: """
            With --profile, the directory of a client that `gatehouse-cloud client add` made, the cloud is asked for a \
            one-time token for the device, and signs the device's request for an identity certificate. With another cloud \
            give --cloud, --sid and --trust; the token is read from standard input.

            The device then trusts the cloud's root for this cloud alone, and the cloud, with everybody it lets through, may \
            do what --allow says with the resources of applications.
            """)

    @Argument(help: "The device.") var device: String
    @Option(
        help: ArgumentHelp(
            "The directory of a client of the cloud.",
            discussion: "By default $GATEHOUSE_CLOUD_CLIENT, else ~/.config/gatehouse-cloud/client.", valueName: "dir"))
    var profile: String?
    @Option(
        help: ArgumentHelp(
            "The URI of a cloud that gives no tokens to mediators, coaps+tcp://HOST:PORT.", valueName: "uri"))
    var cloud: String?
    @Option(help: ArgumentHelp("Its id.", valueName: "uuid")) var sid: Identifier?
    @Option(help: ArgumentHelp("PEM file of its root.", valueName: "file")) var trust: String?
    @Option(help: ArgumentHelp("The authorisation provider of the token (apn).", valueName: "name")) var provider:
        String?
    @Option(help: ArgumentHelp("What the cloud may do with the device's resources, by letters.", valueName: "crudn"))
    var allow = PermissionsArgument([.read, .update, .notify])
    @Flag(help: "Have the cloud sign no certificate: the device keeps those it has.") var noCertificate = false
    @Flag(help: "Leave the cloud: the device deregisters, and the entries for it go.") var leave = false
    @Option(help: ArgumentHelp("How long to watch.", valueName: "seconds")) var wait = 120
    @OptionGroup var options: ToolOptions

    func validate() throws {
        guard (cloud == nil) == (sid == nil) else { throw ValidationError("--cloud and --sid are given together") }
        guard cloud == nil || profile == nil else { throw ValidationError("--cloud and --profile exclude each other") }
        guard trust == nil || cloud != nil else { throw ValidationError("--trust goes with --cloud") }
        guard (1...3600).contains(wait) else { throw ValidationError("--wait is 1 to 3600 seconds") }
    }

    /// What the device is to be told.
    private struct Invitation: Sendable {
        var address: String
        var id: Identifier
        var token: String
        var trust: String?
        var certificate: String?
    }

    func run() async throws {
        let shown = try await options.with(device) { household, device, link in
            guard let href = try await household.links(["oic.r.coapcloudconf"], on: link).first?.href else {
                throw OnboardingError(.notFound, "\(device.name) has no oic.r.coapcloudconf: it knows no clouds")
            }
            if leave { return try await leave(household, link, href) }
            Progress.shared.show("asking the cloud for a token")
            let invitation = try await invitation(household, device, link)
            try await provision(invitation, href, household, device, link)
            return try await household.run(
                CloudRegistration(
                    href: href, address: invitation.address, cloudID: invitation.id, token: invitation.token,
                    provider: provider, patience: wait), on: link)
        }
        if options.json {
            return Output.json([
                "cis": .string(shown.address), "sid": .string(shown.cloudID.description),
                "cps": .string(shown.status.rawValue), "clec": .int(shown.lastError.rawValue),
            ])
        }
        Output.line(leave ? "left the cloud" : "registered with \(shown.address) (\(shown.cloudID))")
    }

    private func invitation(
        _ household: Household, _ device: OwnedDevice, _ link: DeviceLink
    ) async throws -> Invitation {
        if let cloud, let sid {
            guard let token = await Prompt.line("The device's access token: "), !token.isEmpty else {
                throw OnboardingError(.malformed, "no token came on standard input; expected one on one line")
            }
            return Invitation(
                address: try CloudURI(cloud).description, id: sid, token: token,
                trust: try trust.map { try PrivateFile.read($0) })
        }
        let request = noCertificate ? nil : try await household.signingRequest(on: link)
        let environment = ProcessInfo.processInfo.environment
        let home = environment["XDG_CONFIG_HOME"] ?? NSHomeDirectory() + "/.config"
        let path = profile ?? environment["GATEHOUSE_CLOUD_CLIENT"] ?? home + "/gatehouse-cloud/client"
        let directory = ClientDirectory(path)
        let client = try CloudClient(directory: directory)
        if await client.account == nil {
            guard let token = try directory.token() else {
                throw OnboardingError(
                    .configuration, "the client in \(path) is not registered; `gatehouse-cloud login` does that")
            }
            try await client.signUp(token: token)
        }
        do {
            let given = try await client.invite(device.id, request: request)
            await client.close()
            return Invitation(
                address: given.cloud.description, id: given.cloudID, token: given.token.text, trust: given.trust,
                certificate: given.certificate)
        } catch {
            await client.close()
            throw error
        }
    }

    /// The cloud's root for this cloud alone, the certificate that it signed, the entry for the cloud, and one for us on
    /// the configuration itself.
    private func provision(
        _ invitation: Invitation, _ href: String, _ household: Household, _ device: OwnedDevice, _ link: DeviceLink
    ) async throws {
        let tool = try household.state.tool().id
        let entries = [
            AccessControlEntry(
                id: 0, subject: .device(tool), resources: [.href(href)], permissions: [.read, .update, .notify]),
            AccessControlEntry(
                id: 0, subject: .device(invitation.id), resources: [.allApplication], permissions: allow.permissions),
        ]
        let present = try await household.accessControl(on: link).entries
        let missing = entries.filter { entry in
            !present.contains {
                $0.subject == entry.subject && $0.resources == entry.resources && $0.permissions == entry.permissions
            }
        }
        let changes: [DeviceRequest] =
            missing.isEmpty ? [] : [.update(.acl2, AccessControlList.Update(entries: missing).representation)]
        guard let root = invitation.trust else {
            if !changes.isEmpty { _ = try await household.run(Provisioning(changes), on: link) }
            return
        }
        try await household.give(
            identity: invitation.certificate, root: root, subject: .device(invitation.id), to: device, also: changes,
            on: link)
        try household.state.keepRoot(root, name: "cloud-\(invitation.id)")
    }

    private func leave(_ household: Household, _ link: DeviceLink, _ href: String) async throws -> CloudConfiguration {
        let before = try await household.read(.retrieve(href), on: link).body?["sid"]?.string.flatMap { Identifier($0) }
        _ = try await household.read(.update(href, ["cis": ""]), on: link)
        var changes: [DeviceRequest] = []
        if let before, before != .none {
            changes = try await household.accessControl(on: link).entries
                .filter { $0.subject == .device(before) }.map { .delete(.acl2, query: ["aceid=\($0.id)"]) }
            if try await household.credentials(on: link).entries.contains(where: { $0.subject == .device(before) }) {
                changes.append(.delete(.cred, query: ["subjectuuid=\(before)"]))
            }
        }
        if !changes.isEmpty { _ = try await household.run(Provisioning(changes), on: link) }
        return CloudConfiguration()
    }
}
