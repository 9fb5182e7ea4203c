import BluetoothLE
import Concentrator
import FlashStore
import GPIONodes
import Logging
import OCFDoor
import OCFModel
import OneLoop
import Pairing

extension House {
    /// Starts everything: nodes first, so that a cloud finds them, the doors last.
    ///
    /// - Throws: ``ControlError`` when the control socket cannot be opened.
    func start() async throws(ControlError) {
        log.notice("gatehouse \(gatehouseVersion) starts", metadata: ["device": "\(device.identity.deviceID)"])
        try await openControl()
        connectParts()
        pairing.attach(button: board.button)
        await pairing.start()
        await security?.finishInterruptedReset()
        startNodes()
        await startLocal()
        startCloud()
        await startXMPP()
        await startOneM2M()
        await startMetrics()
        noteMissing()
    }

    /// Stops everything, the doors first; what is not on flash yet goes there.
    func stop() async {
        log.notice("gatehouse stops")
        await metricsPage?.stop()
        await oneM2M?.stop()
        await xmpp?.stop()
        await cloud.stop()
        await control?.stop()
        await local?.stop()
        device.close()
        pairing.close()
        links?.stop()
        ble.stop()
        gpio.stop()
        pool.close()
        board.close()
        await store.close()
    }

    /// What one part must hear of another.
    private func connectParts() {
        device.cloud = cloud
        device.maintenance = MaintenanceActions(
            factoryReset: { [weak self] in
                guard let self else { return }
                Task { await self.pairing.factoryReset(by: .remote) }
            },
            reboot: { [weak self] in self?.finish(.restart) })
        device.onLinksChanged = { [weak self] _ in self?.cloud.linksChanged() }
        cloud.onChange { [weak self] in self?.cloudChanged() }
        pairing.subscribe { [weak self] event in self?.pairingChanged(event) }
        ble.onJoin { [weak self] event in self?.joinChanged(event) }
        _ = concentrator.subscribe { [weak self] event in self?.nodeChanged(event) }
        connectSecurity()

        pairing.onFactoryReset("cloud") { [weak self] _ in
            guard let self else { return }
            self.security?.suspend()
            self.device.trustedCloud = nil
            try await self.cloud.factoryReset()
        }
        // What is left: nodes, names, the device id. The counters stay, for a number that was given once must not come
        // back (docs/flash-format.md).
        pairing.onFactoryReset("memory") { [weak self] _ in
            guard let self else { return }
            try await self.credentials.forget()
            await self.xmpp?.part()
            try await XMPPHouse.forget(self.store)
            await self.oneM2M?.stop()
            try await OneM2MHouse.forget(self.store)
            // The kernel forgets the keys as well.
            try await self.links?.bonds.forgetAll()
            try await self.store.removeAll(prefix: "node/", .now)
            // The configured certificate names the configured id.
            let wanted = Identifier(self.configuration.ocf.deviceID) ?? .random()
            if let security = self.security {
                var identity = try await DeviceIdentity.load(from: self.store)
                identity.deviceID = wanted
                try await security.factoryReset(identity: identity)
            } else {
                try await DeviceIdentity.factoryReset(self.store, newDeviceID: wanted)
            }
            // Old tokens and keys leave the file, too.
            try await self.store.scrub()
        }
    }

    private func startNodes() {
        order.restore()
        do throws(NodeError) {
            try lines.start(configuration.lines)
        } catch {
            missing.append(("gpio", error.reason))
        }
        links?.start()
        if configuration.ble.source == "kernel" { startRadio() }
        guard configuration.ble.source == "capture" else { return }
        do throws(CaptureError) {
            let capture = try Capture.load(path: configuration.ble.capture)
            ble.start(
                CaptureReplay(
                    capture, name: configuration.ble.capture,
                    speed: configuration.ble.speed == 0 ? .infinity : configuration.ble.speed,
                    loops: configuration.ble.loop))
        } catch {
            missing.append(("ble", "the capture cannot be replayed: \(error.reason)"))
        }
    }

    private func startRadio() {
        let log = bluetoothLog
        let selection = KernelRadio.Selection(configuration.ble.adapters) ?? .all
        let radio = KernelRadio(selection) { line in log.notice("\(line)") }
        self.radio = radio
        links?.central.onAttempt = { [weak radio] isUnderWay in radio?.connects(isUnderWay) }
        ble.start(radio)
    }

    private func noteMissing() {
        if let reason = board.lampMissing { missing.append(("led", reason)) }
        if let reason = credentials.trouble(of: device.identity.deviceID) { missing.append(("ocf", reason)) }
        for (part, reason) in missing { log.warning("degraded", metadata: ["part": "\(part)", "reason": "\(reason)"]) }
        if floor.isClockWrong() {
            log.warning("the clock is wrong: it shows a time before this program was made, or before it last ran")
        }
    }

    // MARK: The clock

    /// Looks whether the clock was put right since the last look, by NTP or by hand: then a connection that failed for its
    /// sake is tried again at once.
    func lookAtClock() {
        if clockWatch.hasJumped(wall: WallTime.now().millisecondsSince1970, monotonic: .now) {
            log.notice("the clock was put right", metadata: ["now": "\(WallTime.now())"])
            cloud.clockCorrected()
            xmpp?.connection.tryNow()
        }
    }

    // MARK: The cloud

    private func startCloud() {
        trustCloud()
        cloud.start()
        guard !configuration.cloud.address.isEmpty, let id = Identifier(configuration.cloud.id) else { return }
        let wanted = configuration.cloud
        if cloud.isConfigured(address: wanted.address, cloudID: id, accessToken: wanted.token) { return }
        Task {
            do throws(ControlError) {
                try await admitCloud(address: wanted.address, id: id, token: wanted.token, provider: wanted.provider)
            } catch {
                log.warning("the configured cloud is not used", metadata: ["reason": "\(error.reason)"])
            }
        }
    }

    /// Lets a cloud knock and, when the button accepts it, registers with it; returns when that is durable.
    func admitCloud(address: String, id: Identifier, token: String, provider: String) async throws(ControlError) {
        guard CloudAddress(address) != nil else {
            throw ControlError(.badValue, "found \"\(address)\", expected coaps+tcp://HOST:PORT")
        }
        guard cloud.acceptsConfiguration else {
            throw ControlError(
                .refused,
                "the gateway is registered with \(cloud.configuration.address); leave it first (`gatehouse cloud clear`)"
            )
        }
        let candidate = Candidate(kind: .ocfCloud, identifier: id.description, title: address)
        if case .refused(let reason) = await pairing.knock(candidate) {
            throw ControlError(.refused, reason.description)
        }
        trustCloud()
        do throws(ResourceError) {
            try await security?.grant(cloud: id)
            try await cloud.update(
                .connect(
                    address: address, cloudID: id, accessToken: token, provider: provider.isEmpty ? nil : provider))
        } catch {
            throw ControlError(.failed, error.reason)
        }
    }

    /// The cloud that the gateway is registered with, or will be, acts with its rights only while it is trusted.
    func trustCloud() {
        let trusted = pairing.trusted.filter { $0.candidate.kind == .ocfCloud }
        device.trustedCloud = trusted.last.flatMap { Identifier($0.candidate.identifier) }
    }

    // MARK: What is told

    private func cloudChanged() {
        device.cloudConfigurationChanged()
        if cloud.state == .signedIn { floor.confirm() }
        events.send([
            "kind": "cloud", "state": .string(cloud.configuration.status.rawValue),
            "signed_in": .bool(cloud.state == .signedIn),
        ])
    }

    private func pairingChanged(_ event: PairingEvent) {
        trustCloud()
        events.send(["kind": "pairing", "phase": .string(PhaseText.of(pairing.phase))])
        switch event {
        case .joinWanted:
            do throws(ControlError) {
                try openJoin(
                    seconds: configuration.ble.joinWindow, limit: configuration.ble.joinLimit, by: .button)
            } catch {
                log.warning("the button asked to let sensors join", metadata: ["but": "\(error.reason)"])
                pairing.show(.refused)
            }
        case .joinUnwanted: ble.closeJoin()
        default: break
        }
        // A gateway without memory is another one: it begins anew, with another device id.
        if case .resetEnded(complete: true) = event { finish(.restart) }
    }

    private func nodeChanged(_ event: NodeEvent) {
        switch event {
        case .added(let node): events.send(["kind": "added", "node": .string("\(node.id)")])
        case .removed(let id): events.send(["kind": "removed", "node": .string("\(id)")])
        case .updated(let id, let fields):
            for field in fields {
                events.send([
                    "kind": "value", "node": .string("\(id)"), "name": .string(field.name),
                    "value": NodeJSON.value(field.value),
                    "unit": .string(orNull: field.unit),
                ])
            }
        case .parameter(let id, let name, let value):
            events.send([
                "kind": "value", "node": .string("\(id)"), "name": .string(name), "value": NodeJSON.value(value),
            ])
        case .renamed(let id, let name):
            events.send(["kind": "renamed", "node": .string("\(id)"), "name": .string(name)])
        case .moved(let id, let up):
            order.moved(id)
            events.send(["kind": "moved", "node": .string("\(id)"), "up": .bool(up)])
        case .status(let id, let status):
            events.send([
                "kind": "status", "node": .string("\(id)"), "available": .bool(status.isAvailable),
                "state": .string("\(status.state)"),
            ])
        }
    }
}

/// The ceremony's phase in a word.
enum PhaseText {
    /// The word.
    static func of(_ phase: Pairing.Phase) -> String {
        switch phase {
        case .idle: "idle"
        case .pressed: "pressed"
        case .knocking: "knocking"
        case .answering: "answering"
        case .storing: "storing"
        case .resetWarning: "reset-warning"
        case .resetting: "resetting"
        }
    }
}
