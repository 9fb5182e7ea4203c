import ArgumentParser
import JSONText
import OCFModel
import Onboarding

/// `gatehouse-onboard services`
struct ServicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "services", abstract: "Which devices host a device's DOTS, CMS and AMS; or name others.",
        discussion: """
            Without options it shows them. A device is named only when the rt of its /oic/d has oic.d.cms or oic.d.ams, \
            and when it can be given the key it will share. The DOTS is named when the device is owned, by `own --dots`.
            """)

    @Argument(help: "The device.") var device: String
    @Option(help: ArgumentHelp("The device that hosts its CMS.", valueName: "device")) var cms: String?
    @Option(help: ArgumentHelp("The device that hosts its AMS.", valueName: "device")) var ams: String?
    @OptionGroup var options: ToolOptions

    func run() async throws {
        let services = try await options.with(device) { household, device, link in
            var device = device
            var asked: [String: [SecurityService]] = [:]
            for (service, host) in [(SecurityService.cms, cms), (.ams, ams)] {
                if let host { asked[host, default: []].append(service) }
            }
            var hosts: [SecurityService: ServiceHost] = [:]
            for (host, services) in asked {
                hosts.merge(try await household.host(services, host, for: device.id)) { $1 }
            }
            guard !hosts.isEmpty else { return device.services }
            _ = try await household.run(Provisioning.naming(hosts), on: link)
            for (service, host) in hosts { device.services[service] = host.id }
            try household.state.keep(device)
            return device.services
        }
        if options.json {
            return Output.json(
                .object(
                    JSONObject(
                        SecurityService.allCases.map { ($0.rawValue, .string(services[$0].description)) })))
        }
        Output.table(
            ["SERVICE", "DEVICE"], SecurityService.allCases.map { [$0.rawValue, services[$0].description] }, empty: "")
    }
}
