import LogOutput
import Logging
import OneLoop
import ServiceLifecycle
import Systemd

/// The gateway as a service: begins, tells the service manager, and ends when told.
public enum Daemon {
    /// Runs until SIGTERM or SIGINT.
    ///
    /// - Throws: ``ControlError`` when it could not start.
    public static func run(_ configuration: Configuration) async throws {
        let levels = LogLevels(standard: configuration.log.level, parts: configuration.log.parts)
        let form: LineLogHandler.Form =
            switch configuration.log.format {
            case "text": .text
            case "journal": .journal
            default: .automatic
            }
        let service = HouseService(configuration: configuration, levels: levels, form: form)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: levels.logger("gateway", form: form)))
        try await group.run()
    }
}

/// Houses one after another: a factory reset or a restart begins the next.
struct HouseService: Service, CustomStringConvertible {
    /// What the service group writes to the log; the configuration holds secrets and must not be in it.
    var description: String { "gateway" }

    let configuration: Configuration
    let levels: LogLevels
    let form: LineLogHandler.Form

    @Loop
    func run() async throws {
        let notifier = ServiceNotifier()
        var end = House.End.restart
        while end == .restart, !Task.isShuttingDownGracefully {
            let house = try await House.open(configuration, levels: levels, form: form)
            do {
                try await house.start()
            } catch {
                await house.stop()
                throw error
            }
            let heart = Heart(house: house, notifier: notifier)
            notifier.send(.ready, .status(house.statusLine))
            end = await withGracefulShutdownHandler {
                await house.untilEnd()
            } onGracefulShutdown: {
                Task { @Loop in house.finish(.stopped) }
            }
            if end == .stopped { notifier.send(.stopping) }
            heart.stop()
            await house.stop()
        }
    }
}

/// Tells the service manager that the loop still turns and how the gateway fares, and looks whether the clock was put
/// right. It beats on the loop itself, so a loop that hangs is noticed.
@Loop
final class Heart {
    private let house: House
    private let notifier: ServiceNotifier
    private let interval: Duration
    private var timer: LoopTimer?
    private var said = ""

    init(house: House, notifier: ServiceNotifier) {
        self.house = house
        self.notifier = notifier
        // Half the watchdog's time, as sd_watchdog_enabled(3) advises; without one the status line is enough reason to
        // look every ten seconds.
        interval = min(notifier.watchdogInterval.map { $0 / 2 } ?? .seconds(10), .seconds(10))
        beat()
    }

    func stop() { timer?.cancel() }

    private func beat() {
        notifier.send(.watchdog)
        house.lookAtClock()
        let line = house.statusLine
        if line != said {
            said = line
            notifier.send(.status(line))
        }
        timer = Loop.after(interval) { [weak self] in self?.beat() }
    }
}
