import Advertising
import Synchronization

/// Keeps one adapter scanning: makes it ready, begins the scan, begins it anew when a connection or another program
/// ended it, and climbs the recovery ladder when nothing is heard.
actor AdapterDriver {
    /// What wakes it.
    private enum Happening: Sendable {
        case arrival(HCIChannel.Arrival)
        case event(ManagementEvent.Kind)
        case tick
        case activeWanted(Duration)
        case connecting(Bool)
    }

    /// Silence and the end of an active scan are looked for so often.
    static let tick = Duration.seconds(5)
    /// An attempt to connect is over, but the kernel still has commands for the controller: so long it is left alone.
    static let rearmDelay = Duration.milliseconds(200)
    /// After another program's scan command; a bluetoothd that looks for devices begins and ends scans each few seconds.
    static let foreignDelay = Duration.seconds(2)
    /// So many foreign scan commands within ``contestWindow`` are a fight, which is left after this.
    static let contestLimit = 6
    static let contestWindow = Duration.seconds(60)
    /// An attempt whose end nobody tells is over by then: the kernel's time-out of 20 s (`GATTCentral.connectTimeout`) and
    /// what follows it.
    static let longestAttempt = Duration.seconds(40)
    /// After an attempt to connect of ours, and after a connection's end, the kernel has commands of it under way yet: it
    /// hangs up 2 s after the last socket of a link was closed, and then looks whether to scan.
    static let attemptEcho = Duration.seconds(6)
    /// Between attempts to make an unusable adapter ready: 1 s, twice as long each time, up to a minute.
    static let longestBackOff = Duration.seconds(60)
    /// Active scanning drains the batteries of who answers: it is granted for so long, and so long after the last time.
    static let longestActive = Duration.seconds(30)
    static let activeGap = Duration.seconds(60)

    private let index: AdapterIndex
    private let channel: ManagementChannel
    private let report: @Sendable (AdapterStatus, _ news: String?) -> Void
    private let hearing: Hearing
    private let resetter = DeviceReset()
    private let happenings: AsyncStream<Happening>
    private let inbox: AsyncStream<Happening>.Continuation

    private var status: AdapterStatus
    private var hci: HCIChannel?
    private var commands = ScanCommands(isExtended: false)
    private var usesRandomAddress = false
    private let remembered: @Sendable (BluetoothAddress) -> RecoveryLadder?
    private var foreign: [ContinuousClock.Instant] = []
    /// Until when scan commands that are not ours are the kernel's, which connects for us.
    private var kernelsOwn: ContinuousClock.Instant?
    private var truce: Truce?
    private var rearm: ContinuousClock.Instant?
    private var activeEnds: ContinuousClock.Instant?
    private var nextActive = ContinuousClock.now
    private var lastTold: String?

    /// What the reading thread shares with the driver.
    final class Hearing: Sendable {
        struct State {
            var assembler = ReportAssembler()
            var reports: UInt64 = 0
            var last: ContinuousClock.Instant?
        }
        let state = Mutex(State())
    }

    /// - Parameters:
    ///   - remembered: where on the ladder an adapter of this address was when it went.
    ///   - report: called whenever the status changed, with a line for the log when it is news.
    init(
        _ index: AdapterIndex, channel: ManagementChannel, queue: AdvertQueue,
        remembered: @escaping @Sendable (BluetoothAddress) -> RecoveryLadder?,
        report: @escaping @Sendable (AdapterStatus, String?) -> Void
    ) {
        self.index = index
        self.channel = channel
        self.report = report
        self.queue = queue
        status = AdapterStatus(index: index)
        hearing = Hearing()
        self.remembered = remembered
        (happenings, inbox) = AsyncStream.makeStream(of: Happening.self, bufferingPolicy: .bufferingNewest(64))
    }

    private let queue: AdvertQueue

    /// What happened to this adapter, by the management channel.
    nonisolated func heard(of event: ManagementEvent.Kind) { inbox.yield(.event(event)) }

    /// Asks for scan responses for a while, where that is due again.
    nonisolated func scanActively(for duration: Duration) { inbox.yield(.activeWanted(duration)) }

    /// The gateway itself has the kernel connect to a device, or that is over.
    nonisolated func connects(_ isUnderWay: Bool) { inbox.yield(.connecting(isUnderWay)) }

    // MARK: Life

    /// Runs until the task is cancelled.
    func run() async {
        let ticker = Task { [inbox] in
            while !Task.isCancelled {
                try? await Task.sleep(for: AdapterDriver.tick, tolerance: .seconds(1))
                inbox.yield(.tick)
            }
        }
        defer {
            ticker.cancel()
            hci?.close()
            inbox.finish()
        }
        var backOff = Duration.seconds(1)
        while !Task.isCancelled {
            do throws(RadioError) {
                try await makeReady()
                backOff = .seconds(1)
                try await attend()
            } catch {
                guard !Task.isCancelled else { return }
                hci?.close()
                hci = nil
                fail(error)
                try? await Task.sleep(for: backOff)
                backOff = min(backOff * 2, AdapterDriver.longestBackOff)
            }
        }
    }

    /// Powers the adapter as pairing needs it, and begins the scan.
    private func makeReady() async throws(RadioError) {
        let information = try await AdapterPower(channel: channel, adapter: index).switchOn()
        if status.address == nil, let ladder = remembered(information.address) { status.ladder = ladder }
        status.address = information.address
        usesRandomAddress =
            information.address.rawValue == 0 || information.current.contains(.staticAddress)
        try await openHCI()
        try await startScan()
        status.ladder.scanBegan(at: .now, steps: AdapterDriver.steps(canReset: resetter.means(index) != nil))
        // Only one that is heard ends a silence.
        if let last = status.ladder.last { status.state = silence(after: last) }
        tell("\(index) (\(information.address)) listens\(commands.isExtended ? ", extended advertising too" : "")")
    }

    /// The rungs that this adapter has.
    static func steps(canReset: Bool) -> [RecoveryLadder.Step] {
        RecoveryLadder.Step.allCases.filter { $0 != .resetDevice || canReset }
    }

    private func openHCI() async throws(RadioError) {
        hci?.close()
        let hearing = hearing
        let queue = queue
        let inbox = inbox
        let hci = try HCIChannel(index) { arrival in
            if case .reports(let reports) = arrival {
                AdapterDriver.hear(reports, hearing, queue)
            } else {
                inbox.yield(.arrival(arrival))
            }
        }
        self.hci = hci
        let supported = try await hci.command(.readSupportedCommands)
        commands = ScanCommands(supported: supported.reply)
        status.isExtended = commands.isExtended
    }

    /// On the reading thread.
    static func hear(_ reports: [AdvertisingReport], _ hearing: Hearing, _ queue: AdvertQueue) {
        let now = ContinuousClock.now
        let whole = hearing.state.withLock { state -> [AdvertisingReport] in
            state.reports += UInt64(reports.count)
            state.last = now
            return reports.compactMap { state.assembler.add($0) }
        }
        for report in whole {
            queue.push(
                Advertisement(
                    address: report.address, addressKind: report.addressKind, isConnectable: report.isConnectable,
                    isScanResponse: report.isScanResponse, rssi: report.rssi, payload: report.payload,
                    receivedAt: now))
        }
    }

    private func startScan() async throws(RadioError) {
        guard let hci else { throw RadioError(.closed, "\(index) is not open") }
        rearm = nil
        let isActive = activeEnds != nil
        // Not scanning is what the first one wants; whether it was so before does not matter.
        _ = try await hci.command(commands.enable(false))
        let set = try await hci.command(commands.parameters(active: isActive, usesRandomAddress: usesRandomAddress))
        let on = try await hci.command(commands.enable(true))
        status.scansStarted += 1
        for refusal in [set.status, on.status] where refusal != 0 {
            guard refusal == HCINotice.commandDisallowed else {
                throw RadioError(.unsupported, "\(index): the controller refuses to scan (error \(refusal))")
            }
            throw RadioError(.busy, "\(index) is taken: another program has it do something that excludes a scan")
        }
        status.isActive = isActive
        status.state = .scanning
        publish()
    }

    // MARK: Listening

    private func attend() async throws(RadioError) {
        for await happening in happenings {
            guard !Task.isCancelled else { return }
            switch happening {
            case .arrival(.ended(let error)): throw error
            case .arrival(.hardwareError(let code)):
                throw RadioError(.system, "\(index): the controller reports a hardware error (\(code))")
            case .arrival(.connectionAttemptEnded): await rearm(after: AdapterDriver.rearmDelay)
            case .arrival(.foreignScanCommand): await meetForeignScan()
            case .arrival(.reports): break
            case .event(.newSettings(let settings)):
                // It may tell of our own power cycle of a moment ago.
                if !settings.contains(.powered), try await !AdapterPower(channel: channel, adapter: index).isOn() {
                    throw RadioError(.noAdapter, "\(index) was powered off by another program or by rfkill")
                }
            case .event(.controllerError(let code)):
                throw RadioError(.system, "\(index): the controller is broken (\(code))")
            case .event: break
            case .activeWanted(let duration): try await beginActive(duration)
            case .connecting(let isUnderWay): await connecting(isUnderWay)
            case .tick: try await look()
            }
            if let due = rearm, due <= .now { try await startScan() }
        }
    }

    /// Has the scan begun anew after `delay`; the kernel ends it for each connection and does not know of ours.
    private func rearm(after delay: Duration) async {
        guard truce == nil else { return }
        let due = ContinuousClock.now.advanced(by: delay)
        guard rearm == nil else { return }
        rearm = due
        Task { [inbox] in
            try? await Task.sleep(until: due)
            inbox.yield(.arrival(.reports([])))
        }
    }

    /// What is seen until shortly after the attempt is no fight: the kernel scans for the device, and for nobody else.
    private func connecting(_ isUnderWay: Bool) async {
        kernelsOwn = ContinuousClock.now + (isUnderWay ? AdapterDriver.longestAttempt : AdapterDriver.attemptEcho)
        if !isUnderWay { await rearm(after: AdapterDriver.rearmDelay) }
    }

    private func meetForeignScan() async {
        let now = ContinuousClock.now
        if let kernelsOwn, now < kernelsOwn { return await rearm(after: AdapterDriver.foreignDelay) }
        foreign.removeAll { now - $0 > AdapterDriver.contestWindow }
        foreign.append(now)
        if foreign.count >= AdapterDriver.contestLimit {
            foreign = []
            truce = Truce(begin: now)
            rearm = nil
            status.state = .sharing
            tell("\(index): another program scans with it, too; for five minutes it is left to it")
            return
        }
        await rearm(after: AdapterDriver.foreignDelay)
    }

    private func look() async throws(RadioError) {
        let now = ContinuousClock.now
        let (reports, last) = hearing.state.withLock { ($0.reports, $0.last) }
        status.reports = reports
        status.lastHeard = last
        if let last, last > status.ladder.lastSign, let step = status.ladder.heard(at: last) {
            if case .silent = status.state { status.state = .scanning }
            tell("\(index) hears again, after \(step.rawValue)")
        }
        if truce?.isOver(at: now, lastHeard: last) == true {
            truce = nil
            try await startScan()
        }
        if let ends = activeEnds, now >= ends {
            activeEnds = nil
            nextActive = now.advanced(by: AdapterDriver.activeGap)
            try await startScan()
        }
        if let due = status.ladder.due(at: now) { try await climb(due.step, isNews: due.isNews) }
        publish()
    }

    private func beginActive(_ duration: Duration) async throws(RadioError) {
        guard activeEnds == nil, truce == nil, ContinuousClock.now >= nextActive,
            (status.ladder.counts[.passiveFallback] ?? 0) == 0
        else { return }
        activeEnds = ContinuousClock.now.advanced(by: min(duration, AdapterDriver.longestActive))
        try await startScan()
    }

    // MARK: Recovery

    private func climb(_ step: RecoveryLadder.Step, isNews: Bool) async throws(RadioError) {
        status.state = silence(after: step)
        let told = isNews ? "\(index) has heard nobody for long: \(step.rawValue)" : nil
        switch step {
        case .restartScan: try await keepingState { () async throws(RadioError) in try await self.startScan() }
        case .cyclePower:
            hci?.close()
            hci = nil
            let power = AdapterPower(channel: channel, adapter: index)
            try await power.cycle()
            try await openHCI()
            try await keepingState { () async throws(RadioError) in try await self.startScan() }
        case .resetDevice:
            guard let means = resetter.means(index) else {
                status.ladder.skip(at: .now)
                break
            }
            if let told { tell(told) }
            // The adapter goes and comes back as a new one, which has a driver of its own; by rfkill it stays.
            try await resetter.perform(means)
            throw RadioError(.noAdapter, "\(index) was reset")
        case .passiveFallback:
            guard activeEnds != nil else {
                status.ladder.skip(at: .now)
                break
            }
            activeEnds = nil
            try await keepingState { () async throws(RadioError) in try await self.startScan() }
        case .tellUser: break
        }
        if let told {
            tell(step == .tellUser ? status.trouble() ?? told : told)
        } else {
            publish()
        }
    }

    /// Until the ladder is at its end, one that never heard anybody may well be in a quiet house.
    private func silence(after step: RecoveryLadder.Step) -> AdapterStatus.State {
        status.ladder.hasHeard || step == .tellUser || status.ladder.isExhausted ? .silent(step) : .scanning
    }

    /// Begins a scan, which makes the state `scanning`, but only one that is heard ends the silence.
    private func keepingState(_ body: () async throws(RadioError) -> Void) async throws(RadioError) {
        let state = status.state
        try await body()
        status.state = state
    }

    // MARK: Telling

    private func fail(_ error: RadioError) {
        status.state = .unusable(error)
        tell(error.reason)
    }

    /// Publishes, with a line for the log unless it is the last one again.
    private func tell(_ line: String) {
        report(status, line == lastTold ? nil : line)
        lastTold = line
    }

    private func publish() { report(status, nil) }
}
