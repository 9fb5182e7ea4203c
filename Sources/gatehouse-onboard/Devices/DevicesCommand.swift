import ArgumentParser
import JSONText
import OCFModel
import Onboarding

/// `gatehouse-onboard devices`
struct DevicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "devices", abstract: "List the devices we own.")

    @OptionGroup var options: ToolOptions

    func run() async throws {
        try await Failure.reported {
            let devices = try options.toolState.devices()
            if options.json { return Output.json(.array(devices.map(DeviceJSON.of))) }
            Output.table(
                ["ID", "NAME", "STAGE", "METHOD", "ADDRESS"],
                devices.map {
                    [
                        $0.id.description, $0.name, $0.stage.rawValue, $0.method.description, $0.address.description,
                    ]
                }, empty: "we own no device; `gatehouse-onboard discover` finds those there are")
        }
    }
}

/// `gatehouse-onboard rename`
struct RenameCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename", abstract: "Give a device another name here; the device is not told.")

    @Argument(help: "The device.") var device: String
    @Argument(help: "The name.") var name: String
    @OptionGroup var options: ToolOptions

    func run() async throws {
        try await Failure.reported {
            var device = try options.toolState.device(device)
            device.name = name
            try options.toolState.keep(device)
        }
    }
}

/// `gatehouse-onboard forget`
struct ForgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget", abstract: "Forget a device that was reset by its button, or is lost.",
        discussion:
            "Its key goes with it: a device that still knows us as its owner can then be reset by its button alone.")

    @Argument(help: "The device.") var device: String
    @OptionGroup var options: ToolOptions

    func run() async throws {
        try await Failure.reported {
            let device = try options.toolState.device(device)
            options.toolState.forget(device.id)
        }
    }
}

/// `gatehouse-onboard reset`
struct ResetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset", abstract: "Give a device up: it goes back to what the factory made, and nobody owns it.")

    @Argument(help: "The device.") var device: String
    @OptionGroup var options: ToolOptions

    func run() async throws {
        let device = try await options.with(device) { household, device, link in
            Progress.shared.show("resetting \(device.name)")
            _ = try await household.read(.enter(.reset), on: link)
            household.state.forget(device.id)
            return device
        }
        guard options.json else { return Output.line("\(device.name) is being reset, and is forgotten here") }
        Output.json(["id": .string(device.id.description), "reset": true])
    }
}

/// A device for scripts; without its key.
enum DeviceJSON {
    static func of(_ device: OwnedDevice) -> JSON {
        [
            "id": .string(device.id.description), "name": .string(device.name),
            "stage": .string(device.stage.rawValue), "method": .int(device.method.rawValue),
            "host": .string(device.address.host), "coap": device.address.plainPort.map { .int($0) } ?? .null,
            "coaps": device.address.securePort.map { .int($0) } ?? .null,
            "dots": .string(device.services.dots.description), "cms": .string(device.services.cms.description),
            "ams": .string(device.services.ams.description),
        ]
    }
}
