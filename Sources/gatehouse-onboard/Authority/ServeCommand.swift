import ArgumentParser
import Foundation
import Glibc
import JSONText
import Onboarding
import Synchronization

/// `gatehouse-onboard serve`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Be found on the local network as DOTS, CMS and AMS, until interrupted.",
        discussion: """
            Answers discovery and shows the device types of the services in /oic/d, so that other tools can check them \
            before they name this one, and devices find it. Devices we own connect by the keys they share with us. While \
            other commands run, the same resources are served on their connections.
            """)

    @Option(help: ArgumentHelp("A local address in numbers; all by default.", valueName: "address")) var address:
        String?
    @Option(help: "The UDP port of plain CoAP; 0 for any. Searches by multicast come to 5683 in every case.") var port =
        5683
    @Option(help: "The UDP port of CoAP over DTLS; 0 for any.") var securePort = 0
    @OptionGroup var options: ToolOptions

    func run() async throws {
        try await Failure.reported {
            let state = try options.household().state
            let service = try await ToolService.start(state, host: address, port: port, securePort: securePort)
            let tool = try state.tool()
            if options.json {
                Output.json(
                    [
                        "id": .string(tool.id.description), "coap": .int(service.port),
                        "coaps": .int(service.securePort),
                    ], onOneLine: true)
            } else {
                Output.line("READY \(tool.id) coap:\(service.port) coaps:\(service.securePort)")
            }
            await Self.interrupted()
            await service.stop()
        }
    }

    /// Returns at SIGINT or SIGTERM.
    private static func interrupted() async {
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number)
        }
        let isOver = Mutex(false)
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            for source in sources {
                source.setEventHandler {
                    let isFirst = isOver.withLock { isOver in
                        defer { isOver = true }
                        return !isOver
                    }
                    if isFirst { continuation.resume() }
                }
                source.resume()
            }
        }
        for source in sources { source.cancel() }
    }
}
