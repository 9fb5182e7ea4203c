import CBOR
import Foundation
import JSONText
import OCFCloud
import Synchronization

/// The demonstration in a terminal: the lamp, what to do next, and the nodes as the cloud's client sees them.
final class Screen {
    /// What is drawn; written by several tasks.
    private struct Picture {
        var lamp = false
        var phase = ""
        var message = ""
        var rows: [String: (value: String, at: Date)] = [:]
        var order: [String] = []
        var isOver = false
    }

    /// The picture, under its lock.
    private final class Shared: Sendable {
        let picture = Mutex(Picture())
    }

    private let world: World
    private let shared = Shared()

    init(world: World) { self.world = world }

    /// Runs until q.
    func run(_ steps: Steps) async throws {
        try await steps.begin(window: 254)
        say("\n  The lamp flashes: press Enter, which is the button.\n")
        let terminal = Terminal()
        defer { terminal.restore() }
        let watcher = try world.watch { [shared] event in
            shared.picture.withLock { picture in
                if event["kind"]?.string == "lamp", let isOn = event["on"]?.bool { picture.lamp = isOn }
                if event["kind"]?.string == "pairing", let phase = event["phase"]?.string { picture.phase = phase }
            }
        }
        defer { watcher.terminate() }
        try await pressWhenEntered(terminal)
        terminal.show("")
        try await steps.step("the button is pressed and the cloud is trusted") {
            try self.world.wait(5, "the trust") { try self.world.ask("trust", "list").array?.isEmpty == false }
        }
        let (client, resources) = try await steps.join()
        say("")
        try await follow(client, resources, terminal)
        terminal.restore()
        say("\n")
        try await steps.finish(client)
    }

    /// Draws the lamp until Enter.
    private func pressWhenEntered(_ terminal: Terminal) async throws {
        while true {
            let isLit = shared.picture.withLock { $0.lamp }
            terminal.show(
                "  lamp \(isLit ? "\u{1B}[1;33m●\u{1B}[0m" : "\u{1B}[2m○\u{1B}[0m")  button [Enter]   quit [q]")
            switch terminal.key(within: 0.05) {
            case "\n", "\r":
                _ = try world.ask("press")
                return
            case "q": throw Steps.Missing("the button to be pressed")
            default: break
            }
        }
    }

    /// The table of live values, and the keys.
    private func follow(
        _ client: CloudClient, _ resources: [CloudClient.Resource], _ terminal: Terminal
    ) async throws {
        let shown = resources.filter {
            $0.link.policy?.contains(.observable) == true && $0.href.split(separator: "/").count >= 4
        }
        let observers = shown.map { resource in
            Task { [shared] in await Self.observe(resource, client, shared) }
        }
        defer { for observer in observers { observer.cancel() } }
        let relay = Steps.relay(in: resources)
        var doorIsHigh = false
        var drawn = 0
        var drawnAt = Date.distantPast
        while true {
            if Date().timeIntervalSince(drawnAt) > 0.25 {
                drawn = draw(over: drawn, terminal)
                drawnAt = Date()
            }
            switch terminal.key(within: 0.05) {
            case "q": return
            case "r":
                guard let relay else { break }
                let value = try await client.get(relay.href)["value"]?.bool == true
                try await client.post(relay.href, ["value": .boolean(!value)])
                note("the relay was switched \(value ? "off" : "on") through the cloud")
            case "d":
                doorIsHigh.toggle()
                _ = try world.ask("drive", "GPIO22", doorIsHigh ? "high" : "low")
                note("the door's pin is \(doorIsHigh ? "high" : "low")")
            case "\n", "\r":
                _ = try world.ask("press")
                note("the button was pressed; nobody knocks, so the lamp tells the state")
            default: break
            }
        }
    }

    private func note(_ message: String) { shared.picture.withLock { $0.message = message } }

    private static func observe(_ resource: CloudClient.Resource, _ client: CloudClient, _ shared: Shared) async {
        let name = "/" + resource.href.split(separator: "/").dropFirst().joined(separator: "/")
        do {
            for try await value in try await client.observe(resource.href) {
                shared.picture.withLock { picture in
                    if picture.rows[name] == nil {
                        picture.order.append(name)
                        picture.order.sort()
                    }
                    picture.rows[name] = (text(value), Date())
                }
            }
        } catch {
            // What cannot be observed, or went, is not in the table.
            shared.picture.withLock { $0.rows[name]?.value = "gone" }
        }
    }

    /// The properties that say something, without those that every resource has.
    private static func text(_ value: CBOR.Value) -> String {
        guard let map = value.entries else { return "\(value)" }
        let dull: Set<String> = ["rt", "if", "n", "id", "range", "step", "precision"]
        return map.compactMap { key, value in
            guard let name = key.string, !dull.contains(name) else { return nil }
            return "\(name) \(value.string ?? "\(value)")"
        }.joined(separator: ", ")
    }

    /// Draws over what was drawn before.
    ///
    /// - Returns: the number of lines.
    private func draw(over lines: Int, _ terminal: Terminal) -> Int {
        let picture = shared.picture.withLock { $0 }
        var text: [String] = []
        let lamp = picture.lamp ? "\u{1B}[1;33m●\u{1B}[0m" : "\u{1B}[2m○\u{1B}[0m"
        text.append("  lamp \(lamp)   as the cloud's client sees it:")
        let room = max(3, terminal.height - 5)
        let width = picture.order.prefix(room).map(\.count).max() ?? 0
        for name in picture.order.prefix(room) {
            guard let row = picture.rows[name] else { continue }
            let isFresh = Date().timeIntervalSince(row.at) < 1
            let padded = name.padding(toLength: width, withPad: " ", startingAt: 0)
            let line = String("  \(padded)  \(row.value)".prefix(max(20, terminal.width - 1)))
            text.append(isFresh ? "\u{1B}[1m\(line)\u{1B}[0m" : line)
        }
        if picture.order.count > room { text.append("  … and \(picture.order.count - room) more") }
        text.append("  \(picture.message)")
        text.append("  r toggles the relay through the cloud, d the door at its pin, Enter presses the button, q ends")
        let up = lines > 1 ? "\u{1B}[\(lines - 1)A" : ""
        terminal.write("\r" + up + text.map { "\u{1B}[2K" + $0 }.joined(separator: "\r\n") + "\u{1B}[J")
        return text.count
    }
}
