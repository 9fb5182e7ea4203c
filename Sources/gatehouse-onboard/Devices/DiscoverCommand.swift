import ArgumentParser
import JSONText
import OCFModel
import Onboarding

/// `gatehouse-onboard discover`
struct DiscoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discover", abstract: "Search the local networks for OCF devices.",
        discussion: "With addresses these are asked, instead of a search by multicast, which does not pass routers.")

    @Argument(help: ArgumentHelp("Addresses to ask.", valueName: "host:port")) var addresses: [String] = []
    @Flag(help: "Only devices that nobody owns.") var unowned = false
    @Flag(help: "Only devices that somebody owns.") var owned = false
    @Option(help: ArgumentHelp("How long answers are waited for.", valueName: "seconds")) var timeout = 3
    @OptionGroup var options: ToolOptions

    func validate() throws {
        guard !(unowned && owned) else { throw ValidationError("--unowned and --owned exclude each other") }
        guard (1...60).contains(timeout) else { throw ValidationError("--timeout is 1 to 60 seconds") }
        for address in addresses where DeviceAddress(address) == nil {
            throw ValidationError("\(address) is no address, expected HOST:PORT")
        }
    }

    func run() async throws {
        try await Failure.reported {
            let household = try options.household()
            let records = try household.state.devices()
            var found: [DiscoveredDevice] = []
            if addresses.isEmpty {
                Progress.shared.show("searching for \(timeout) s")
                found = try await household.discovery.search(
                    unowned ? .unowned : owned ? .owned : .all, seconds: timeout
                ) { Progress.shared.show("searching for \(timeout) s: \($0) found") }
            } else {
                for address in addresses.compactMap({ DeviceAddress($0) }) {
                    found.append(try await household.discovery.describe(address))
                }
                found = found.filter { !(unowned && $0.isOwned) && !(owned && !$0.isOwned) }
            }
            Progress.shared.end()
            show(found, records)
        }
    }

    private func show(_ found: [DiscoveredDevice], _ records: [OwnedDevice]) {
        func owner(_ device: DiscoveredDevice) -> String {
            if records.contains(where: { $0.id == device.id }) { return "us" }
            return device.isOwned ? "another" : "nobody"
        }
        if options.json {
            return Output.json(
                .array(
                    found.map { device in
                        [
                            "id": .string(device.id.description), "name": .string(device.name),
                            "owner": .string(owner(device)), "types": .array(device.deviceTypes.map { .string($0) }),
                            "methods": .array(device.methods.map { .int($0.rawValue) }),
                            "host": .string(device.address.host),
                            "coap": device.address.plainPort.map { .int($0) } ?? .null,
                            "coaps": device.address.securePort.map { .int($0) } ?? .null,
                            "domain": .string(orNull: device.domain?.description),
                        ]
                    }))
        }
        Output.table(
            ["ID", "NAME", "OWNER", "METHODS", "ADDRESS"],
            found.map { device in
                [
                    device.id.description, device.name, owner(device),
                    device.methods.map(\.description).joined(separator: ", "), device.address.description,
                ]
            }, empty: "no device answered; with --interface NAME the search goes out on that network")
    }
}
