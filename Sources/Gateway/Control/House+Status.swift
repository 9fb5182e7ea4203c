import BluetoothLE
import JSONText
import OneLoop
import Pairing

extension House {
    /// How many nodes in trouble are named; `gatehouse nodes` has them all.
    private static let troublesShown = 16

    /// The gateway at a glance.
    var status: JSON {
        let uptime = Int((ContinuousClock.now - started).components.seconds)
        return [
            "name": .string(device.name),
            "version": .string(gatehouseVersion),
            "device": .string("\(device.identity.deviceID)"),
            "uptime_s": .int(uptime),
            "board": [
                "profile": .string(configuration.board.profile), "simulated": .bool(configuration.board.simulated),
            ],
            "led": lamp,
            "pairing": pairingStatus,
            "join": joinStatus,
            "ocf": localStatus,
            "cloud": cloudStatus,
            "xmpp": xmpp.map { $0.status } ?? .null,
            "onem2m": oneM2M.map { $0.status } ?? .null,
            "nodes": [
                "total": .int(concentrator.count), "available": .int(concentrator.nodes.count { $0.available }),
            ],
            "ble": bluetooth,
            "store": storeStatus,
            "degraded": .array(
                degraded.map { ["part": .string($0.part), "reason": .string($0.reason)] }),
        ]
    }

    /// One line for `systemctl status`.
    var statusLine: String {
        let link = cloud.state == .signedIn ? "signed in" : cloud.configuration.status.rawValue
        let phase = ble.joinWindow != nil && pairing.phase == .idle ? "joining" : PhaseText.of(pairing.phase)
        let xmpp = self.xmpp.map { ", xmpp \($0.connection.status.isOnline ? "online" : "offline")" } ?? ""
        let oneM2M = self.oneM2M.map { ", onem2m \($0.cse.resourceCount) resources" } ?? ""
        return "\(concentrator.count) nodes, cloud \(link)" + xmpp + oneM2M + (phase == "idle" ? "" : ", \(phase)")
            + (degraded.isEmpty ? "" : ", degraded: \(degraded.map(\.part).joined(separator: ", "))")
    }

    /// Every part that is missing or in trouble now.
    var degraded: [(part: String, reason: String)] {
        var all = missing
        if let reason = board.indicator.trouble { all.append(("led", reason)) }
        if let reason = board.button.trouble { all.append(("button", reason)) }
        if let reason = pairing.trouble { all.append(("pairing", reason)) }
        for (node, reason) in gpio.troubles { all.append(("gpio", "\(node): \(reason)")) }
        for (source, state) in ble.sources {
            if case .ended(let reason) = state { all.append(("ble", "\(source) \(reason)")) }
        }
        if let trouble = oneM2M?.trouble { all.append(("onem2m", trouble)) }
        if let trouble = xmpp?.trouble { all.append(("xmpp", trouble)) }
        if let trouble = xmpp?.provisioning.trouble { all.append(("provisioning", trouble)) }
        if let radio = radio?.status {
            if let reason = radio.trouble { all.append(("ble", reason)) }
            for adapter in radio.adapters { if let reason = adapter.trouble() { all.append(("ble", reason)) } }
        }
        if let trouble = links?.trouble { all.append(("ble", trouble)) }
        if let trouble = cloud.trouble { all.append(("cloud", trouble.description)) }
        if let trouble = security?.trouble { all.append(("security", trouble)) }
        if let trouble = local?.trouble { all.append(("ocf", trouble)) }
        let cloudID = cloud.configuration.cloudID
        if let security, security.isOwned, cloudID != .none, !security.hasEntry(for: cloudID) {
            all.append(("cloud", "the access control list has no entry for \(cloudID): it can do nothing here"))
        }
        if floor.isClockWrong() { all.append(("clock", "it shows a time before this program was made, or last ran")) }
        let statistics = store.statistics
        if let error = statistics.lastError { all.append(("store", error.description)) }
        if statistics.recovery.lostRecords > 0 {
            all.append(("store", "\(statistics.recovery.lostRecords) damaged records were lost at the start"))
        }
        return all
    }

    private var lamp: JSON {
        let isOn = (board.indicator as? MemoryIndicator)?.isOn
        return [
            "on": isOn.map { .bool($0) } ?? .null, "drive": .string(configuration.board.ledDrive),
            "pattern": .string(PhaseText.of(pairing.phase) == "idle" ? "quiet" : PhaseText.of(pairing.phase)),
        ]
    }

    private var pairingStatus: JSON {
        var status: JSONObject = ["phase": .string(PhaseText.of(pairing.phase)), "locked": .bool(pairing.isLocked)]
        switch pairing.phase {
        case .knocking(let candidate, let until):
            status["candidate"] = .string(candidate.title)
            status["ends_in_s"] = .int(max(0, (until - pairing.clockNow).components.seconds))
        case .answering(let candidate), .storing(let candidate): status["candidate"] = .string(candidate.title)
        default: break
        }
        status["trusted"] = .int(pairing.trusted.count)
        return .object(status)
    }

    private var cloudStatus: JSON {
        let shown = cloud.configuration
        return [
            "state": .string(shown.status.rawValue), "address": .string(shown.address),
            "id": .string("\(shown.cloudID)"), "signed_in": .bool(cloud.state == .signedIn),
            "published": .int(cloud.publishedCount), "error_code": .int(shown.lastError.rawValue),
            "error": .string(orNull: cloud.trouble?.description),
            "sign_ins": .int(cloud.counters.signIns), "requests_served": .int(cloud.counters.requestsServed),
        ]
    }

    private var bluetooth: JSON {
        let counted = ble.statistics
        var shown: JSONObject = [
            "adverts": .int(counted.received), "decoded": .int(counted.decoded), "repeated": .int(counted.repeated),
            "from_strangers": .int(counted.fromStrangers), "refused": .int(counted.refused),
        ]
        if let radio = radio?.status {
            shown["dropped"] = .int(Int(clamping: radio.dropped))
            shown["adapters"] = .array(radio.adapters.map { Self.adapter($0) })
            shown["unused_adapters"] = .array(radio.unused.map { .string("\($0)") })
        }
        if let connections = ble.connections {
            shown["connections"] = .int(connections.used)
            shown["connections_maximum"] = .int(connections.slots)
            shown["connections_waited_for"] = .int(connections.waiting)
            shown["connections_made"] = .int(connections.connected)
            shown["connections_failed"] = .int(connections.failed)
        }
        let troubles = ble.troubles
        shown["nodes_in_trouble"] = .int(troubles.count)
        shown["troubles"] = .array(
            troubles.prefix(House.troublesShown).map { ["node": .string("\($0.node)"), "reason": .string($0.reason)] })
        return .object(shown)
    }

    private static func adapter(_ adapter: AdapterStatus) -> JSON {
        var recoveries = JSONObject()
        for step in RecoveryLadder.Step.allCases {
            if let count = adapter.recoveries[step] { recoveries[step.rawValue] = .int(count) }
        }
        let silence = adapter.lastHeard.map { Int((ContinuousClock.now - $0).components.seconds) }
        return [
            "name": .string("\(adapter.index)"), "address": .string(orNull: adapter.address.map { "\($0)" }),
            "state": .string(adapter.stateText), "active": .bool(adapter.isActive),
            "extended": .bool(adapter.isExtended), "reports": .int(Int(clamping: adapter.reports)),
            "last_heard_s": silence.map { .int($0) } ?? .null,
            "scans_started": .int(Int(clamping: adapter.scansStarted)), "recoveries": .object(recoveries),
        ]
    }

    private var storeStatus: JSON {
        let statistics = store.statistics
        return [
            "keys": .int(statistics.keys), "live_bytes": .int(statistics.liveBytes),
            "written_bytes": .int(statistics.bytesWritten), "flushes": .int(statistics.flushes),
            "waiting": .int(statistics.pendingRecords),
        ]
    }
}
