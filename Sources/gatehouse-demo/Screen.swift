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
        /// By node, `gpio/relay1`.
        var rows: [String: Row] = [:]
    }

    /// A node as the client sees it.
    private struct Row {
        var name = ""
        /// By the resource's name in the node.
        var values: [String: String] = [:]
        var at = Date.distantPast
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
            $0.link.policy?.contains(.observable) == true && $0.href.split(separator: "/").count == 4
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
        // /<di>/gpio/relay1/output
        let parts = resource.href.split(separator: "/").map(String.init)
        let (node, segment) = (parts[1] + "/" + parts[2], parts[3])
        do {
            for try await value in try await client.observe(resource.href) {
                shared.picture.withLock { picture in
                    var row = picture.rows[node] ?? Row()
                    switch segment {
                    case "name": row.name = value["value"]?.string ?? ""
                    case "available": row.values["(away)"] = value["value"]?.bool == true ? nil : ""
                    default: row.values[segment] = text(value)
                    }
                    row.at = Date()
                    picture.rows[node] = row
                }
            }
        } catch {
            // What cannot be observed, or went, is not in the table.
            shared.picture.withLock { $0.rows[node]?.values[segment] = "gone" }
        }
    }

    /// The property that says most, with its unit.
    private static func text(_ value: CBOR.Value) -> String {
        let telling = [
            "value", "temperature", "humidity", "charge", "illuminance", "atmosphericPressure", "measurement", "rssi",
        ]
        guard let property = telling.lazy.compactMap({ value[$0] }).first else {
            return value.entries?.first { $0.value.number != nil }.map { "\($0.value)" } ?? "\(value)"
        }
        let shown =
            switch property.bool {
            case true?: "on"
            case false?: "off"
            case nil: property.string ?? "\(property)"
            }
        let unit = value["units"]?.string ?? value["unit"]?.string
        return shown + (unit.map { " \($0)" } ?? "")
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
        // Lines first: they are what one can switch.
        let order = picture.rows.keys.sorted { ($0.hasPrefix("ble") ? 1 : 0, $0) < ($1.hasPrefix("ble") ? 1 : 0, $1) }
        let width = order.prefix(room).map(\.count).max() ?? 0
        for node in order.prefix(room) {
            guard let row = picture.rows[node] else { continue }
            let padded = node.padding(toLength: width, withPad: " ", startingAt: 0)
            let values = row.values.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
            let name = row.name.isEmpty || node.hasSuffix(row.name) ? "" : "\(row.name): "
            let line = String("  \(padded)  \(name)\(values)".prefix(max(20, terminal.width - 1)))
            text.append(Date().timeIntervalSince(row.at) < 1 ? "\u{1B}[1m\(line)\u{1B}[0m" : line)
        }
        if order.count > room { text.append("  … and \(order.count - room) more") }
        text.append("  \(picture.message)")
        text.append("  r toggles the relay through the cloud, d the door at its pin, Enter presses the button, q ends")
        let up = lines > 1 ? "\u{1B}[\(lines - 1)A" : ""
        terminal.write("\r" + up + text.map { "\u{1B}[2K" + $0 }.joined(separator: "\r\n") + "\u{1B}[J")
        return text.count
    }
}
