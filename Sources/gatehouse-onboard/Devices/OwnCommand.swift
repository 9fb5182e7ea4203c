import ArgumentParser
import JSONText
import OCFModel
import Onboarding

/// `gatehouse-onboard own`
struct OwnCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "own", abstract: "Become the owner of a device that has none.",
        discussion: """
            Somebody has to press the device's button while this waits. The method is the strongest that the device offers: \
            its manufacturer's certificate, or a PIN that it shows. An interrupted transfer is gone on with by the same \
            command.

            Each service may be another device's, by its id or name, or ID@HOST:PORT: it has to say so in its /oic/d.
            """)

    @Argument(help: ArgumentHelp("Its id as `discover` shows it, or its address.", valueName: "device")) var device:
        String
    @Option(help: "The name to keep it by; its own by default.") var name: String?
    @Option(
        help: ArgumentHelp(
            "By a PIN: the one that it shows, or - to be asked for it once it shows one.", valueName: "digits"))
    var pin: String?
    @Flag(help: "By nothing but the button: whoever listens in at that moment may come to know the owner's key.")
    var justWorks = false
    @Flag(help: "Give it an identity certificate of our authority at once.") var identity = false
    @Option(help: ArgumentHelp("How long to wait for the button.", valueName: "seconds")) var wait = 180
    @Option(help: ArgumentHelp("The device that hosts its DOTS.", valueName: "device")) var dots: String?
    @Option(help: ArgumentHelp("The device that hosts its CMS.", valueName: "device")) var cms: String?
    @Option(help: ArgumentHelp("The device that hosts its AMS.", valueName: "device")) var ams: String?
    @OptionGroup var options: ToolOptions

    func validate() throws {
        guard !(justWorks && pin != nil) else { throw ValidationError("--just-works and --pin exclude each other") }
        guard (1...3600).contains(wait) else { throw ValidationError("--wait is 1 to 3600 seconds") }
    }

    func run() async throws {
        try await Failure.reported {
            let household = try options.household()
            let found = try await find(household)
            let earlier = try household.state.device(id: found.id)
            let newID = earlier?.stage == .begun ? earlier?.id ?? .random() : Identifier.random()
            let hosts = try await hosts(household, newID)
            let tool = try household.state.tool()
            let settings = TransferSettings(
                owner: tool.id, deviceID: newID, method: justWorks ? .justWorks : pin == nil ? nil : .randomPIN,
                hosts: hosts, domain: tool.domain, name: name ?? Self.name(found), address: found.address,
                earlier: earlier, patience: wait)
            let link = try household.link(found.address)
            let pin = pin
            let runner = ProcedureRunner(
                link, keep: { try household.state.keep($0) },
                askPIN: {
                    if let pin, pin != "-" { return pin }
                    return await Prompt.line("PIN that the device shows (log, `gatehouse status`): ")
                }, tell: { Progress.shared.tell($0) })
            let owned: OwnedDevice
            do {
                owned = try await runner.run(OwnershipTransfer(settings))
                await link.close()
            } catch {
                await link.close()
                if try household.state.device(id: newID) == nil { await household.withdraw(hosts, for: newID) }
                throw error
            }
            if identity {
                try await household.with(owned) { try await household.giveIdentity(owned, on: $0) }
            }
            Progress.shared.end()
            guard options.json else { return Output.line("\(owned.name) is yours: \(owned.id), by \(owned.method)") }
            Output.json(DeviceJSON.of(owned))
        }
    }

    /// The device: by address, by the id that a search finds.
    private func find(_ household: Household) async throws -> DiscoveredDevice {
        if let id = Identifier(device) {
            Progress.shared.show("searching for \(id)")
            // One that we have begun to own may be where it was.
            if let record = try household.state.device(id: id),
                let found = try? await household.discovery.describe(record.address), found.id == id
            {
                return found
            }
            return try await household.discovery.find(id)
        }
        if let record = try? household.state.device(device) {
            return try await household.discovery.describe(record.address)
        }
        guard let address = DeviceAddress(device) else {
            throw OnboardingError(.malformed, "\(device) is neither a device's id nor an address, HOST:PORT")
        }
        return try await household.discovery.describe(address)
    }

    private func hosts(_ household: Household, _ newID: Identifier) async throws -> [SecurityService: ServiceHost] {
        var hosts = try ServiceHost.tool(household.state.tool().id, deviceTypes: ToolIdentity.deviceTypes)
        var asked: [String: [SecurityService]] = [:]
        for (service, host) in [(SecurityService.dots, dots), (.cms, cms), (.ams, ams)] {
            if let host { asked[host, default: []].append(service) }
        }
        for (host, services) in asked {
            hosts.merge(try await household.host(services, host, for: newID)) { $1 }
        }
        return hosts
    }

    private static func name(_ device: DiscoveredDevice) -> String {
        device.name.isEmpty ? String(device.id.description.prefix(8)) : device.name
    }
}
