import JSONText
import OneLoop
import OneM2MDoor
import Pairing
import XMPPDoor

extension House {
    /// Opens the page of metrics where a port is configured; what stands in the way is a degraded part.
    func startMetrics() async {
        guard configuration.metrics.port > 0 else { return }
        let wanted = configuration.metrics
        do {
            let page = MetricsPage(
                secret: try Self.secret(wanted.secretFile), text: { [weak self] in self?.metrics ?? "" }
            ) { [weak self] user, name in
                guard let client = self?.xmpp?.provisioning else { return .unanswered("there is no XMPP door") }
                return await client.gives(.metrics, to: user, as: name)
            }
            xmpp?.decisions.onClear { [weak page] in page?.forget() }
            try await page.start(address: wanted.address, port: wanted.port, log: log)
            metricsPage = page
        } catch {
            missing.append(("metrics", "\(wanted.address) port \(wanted.port): \(SocketErrorText.text(error))"))
        }
    }

    private static func secret(_ file: String) throws -> [UInt8]? {
        guard !file.isEmpty else { return nil }
        let text = try TextFile.read(file, maximum: 4_096)
        let secret = text.utf8.filter { !($0 == 0x0A || $0 == 0x0D || $0 == 0x20) }
        guard secret.count >= MetricsPage.shortestSecret else {
            throw ControlError(
                .badValue,
                "metrics.secret_file has \(secret.count) characters, expected \(MetricsPage.shortestSecret) or more")
        }
        return Array(secret)
    }

    /// The gateway's numbers. What sensors say is none of them: that is read through a door, by who may.
    private var metrics: String {
        var page = MetricsText()
        page.add(
            "info", .gauge, "The gateway, always 1.",
            [(["version": gatehouseVersion, "name": device.name, "device": "\(device.identity.deviceID)"], 1)])
        let uptime = (ContinuousClock.now - started).components.seconds
        page.add("uptime_seconds", .gauge, "Seconds since the start.", uptime)
        page.add(
            "degraded", .gauge, "Parts that are missing or in trouble; the status says why.",
            Dictionary(grouping: degraded, by: \.part).sorted { $0.key < $1.key }.map {
                (["part": $0.key], Int64($0.value.count))
            })
        page.add("nodes", .gauge, "Nodes.", concentrator.count)
        page.add("nodes_available", .gauge, "Nodes that are heard or obey.", concentrator.nodes.count { $0.available })
        page.add("trusted", .gauge, "Records of trust that the button gave.", pairing.trusted.count)
        page.add("cloud_signed_in", .gauge, "Whether the OCF cloud is connected.", cloud.state == .signedIn ? 1 : 0)
        addStore(&page)
        addRadio(&page)
        addXMPP(&page)
        addOneM2M(&page)
        page.add("metrics_served", .counter, "Answers with this page.", metricsPage?.served ?? 0)
        page.add("metrics_refused", .counter, "Requests for it that were refused.", metricsPage?.refused ?? 0)
        return page.text
    }

    private func addStore(_ page: inout MetricsText) {
        let store = store.statistics
        page.add("store_keys", .gauge, "Keys on flash.", store.keys)
        page.add("store_live_bytes", .gauge, "Bytes of them.", store.liveBytes)
        page.add("store_waiting_records", .gauge, "Records that are not on flash yet.", store.pendingRecords)
        page.add("store_written_bytes", .counter, "Bytes written to flash.", store.bytesWritten)
        page.add("store_flushes", .counter, "Flushes of the flash.", store.flushes)
        page.add("store_failures", .counter, "Attempts to write that failed.", store.failures)
    }

    private func addRadio(_ page: inout MetricsText) {
        guard configuration.ble.source != "none" else { return }
        let radio = ble.statistics
        page.add("ble_adverts", .counter, "Bluetooth adverts heard.", radio.received)
        page.add("ble_adverts_decoded", .counter, "Those that were decoded.", radio.decoded)
        page.add("ble_adverts_from_strangers", .counter, "Those of devices that are not admitted.", radio.fromStrangers)
    }

    private func addXMPP(_ page: inout MetricsText) {
        guard let xmpp else { return }
        let door = xmpp.door.counters
        page.add("xmpp_online", .gauge, "Whether there is a session.", xmpp.connection.status.isOnline ? 1 : 0)
        page.add("xmpp_readouts", .counter, "Read-outs begun.", door.readouts)
        page.add("xmpp_controls", .counter, "Control requests done.", door.controls)
        page.add("xmpp_denied", .counter, "Requests refused for want of a right.", door.denied)
        page.add("xmpp_overloaded", .counter, "Requests refused because a table was full.", door.overloaded)
        let decisions = xmpp.decisions.counters
        page.add("decisions", .gauge, "Answers of provisioning servers that are remembered.", xmpp.decisions.count)
        page.add("decisions_hit", .counter, "Questions answered from memory.", decisions.hits)
        page.add("decisions_missed", .counter, "Questions that were not remembered.", decisions.misses)
        let servers = xmpp.provisioning.statuses
        page.add(
            "provisioning_there", .gauge, "Whether a provisioning server can be asked.",
            servers.map { (["server": $0.address], $0.isThere ? 1 : 0) })
        page.add(
            "provisioning_asked", .counter, "Questions put to it.",
            servers.map { (["server": $0.address], Int64(clamping: $0.asked)) })
        page.add(
            "provisioning_unanswered", .counter, "Those without an answer of sense.",
            servers.map { (["server": $0.address], Int64(clamping: $0.unanswered)) })
    }

    private func addOneM2M(_ page: inout MetricsText) {
        guard let oneM2M else { return }
        let cse = oneM2M.cse.counters
        page.add("onem2m_resources", .gauge, "Resources.", oneM2M.cse.resourceCount)
        page.add("onem2m_requests", .counter, "Requests.", cse.requests)
        page.add("onem2m_refused", .counter, "Those that were refused.", cse.refused)
        page.add("onem2m_notifications_sent", .counter, "Notifications sent.", cse.notificationsSent)
        page.add("onem2m_notifications_failed", .counter, "Those that failed.", cse.notificationFailures)
    }
}
