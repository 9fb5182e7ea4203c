import Advertising
import Synchronization

/// The adapters of this machine as a source of advertisements, over kernel sockets. No bluetoothd is needed.
///
/// Scans continuously and passively; adapters come and go while it runs.
public final class KernelRadio: AdvertisementSource {
    /// Which adapters are used.
    public enum Selection: Sendable, Hashable {
        /// All there are.
        case all
        /// Those of these names (`hci0`) or addresses. An address stays the same when an adapter changes its socket.
        case only(names: Set<String>, addresses: Set<BluetoothAddress>)

        /// Reads `hci0` and `B8:27:EB:11:22:33`; none is all. Nil for anything else.
        public init?(_ texts: [String]) {
            guard !texts.isEmpty else {
                self = .all
                return
            }
            var names: Set<String> = []
            var addresses: Set<BluetoothAddress> = []
            for text in texts {
                if let address = BluetoothAddress(text) {
                    addresses.insert(address)
                } else if KernelRadio.Selection.isName(text) {
                    names.insert(text)
                } else {
                    return nil
                }
            }
            self = .only(names: names, addresses: addresses)
        }

        /// `hci` and a number.
        static func isName(_ text: String) -> Bool {
            text.hasPrefix("hci") && UInt16(text.dropFirst(3)) != nil
        }

        func takes(_ index: AdapterIndex, _ address: BluetoothAddress?) -> Bool {
            switch self {
            case .all: true
            case .only(let names, let addresses):
                names.contains("\(index)") || address.map { addresses.contains($0) } == true
            }
        }

        /// What is waited for when no adapter is taken, in words.
        var text: String {
            switch self {
            case .all: "no Bluetooth adapter is there"
            case .only(let names, let addresses):
                "no adapter \((names.sorted() + addresses.sorted().map { "\($0)" }).joined(separator: " or ")) is there"
            }
        }
    }

    /// What the radio does altogether.
    public struct Status: Sendable, Hashable {
        /// The adapters that are used, by number.
        public var adapters: [AdapterStatus] = []
        /// Adapters that are there and not used.
        public var unused: [AdapterIndex] = []
        /// Why none can be used; nil while the kernel's channel is open and has one.
        public var trouble: String?
        /// Advertisements that came faster than they were read.
        public var dropped: UInt64 = 0
    }

    /// Between attempts to open a kernel without Bluetooth: a driver may be loaded at any time.
    private static let retry = Duration.seconds(60)

    /// Adapters that were reset and have not come back; a board has one or two.
    private static let mostRemembered = 8

    private struct Inside {
        var status = Status()
        var drivers: [AdapterIndex: (driver: AdapterDriver, task: Task<Void, Never>)] = [:]
        var queue: AdvertQueue?
        var ladders: [BluetoothAddress: RecoveryLadder] = [:]
    }

    /// What it is called, in the log.
    public let name = "kernel"
    private let selection: Selection
    private let log: @Sendable (String) -> Void
    private let inside = Mutex(Inside())

    /// A radio.
    ///
    /// - Parameter log: takes a line when something is news; called on any thread.
    public init(_ selection: Selection = .all, log: @escaping @Sendable (String) -> Void = { _ in }) {
        self.selection = selection
        self.log = log
    }

    /// What the radio does, now.
    public var status: Status {
        inside.withLock { inside in
            var status = inside.status
            status.dropped = inside.queue?.dropped ?? status.dropped
            return status
        }
    }

    /// Asks for scan responses (names, mostly) for a while. They cost the senders' batteries, so the adapters do it for
    /// 30 s at most, and not again within a minute.
    public func scanActively(for duration: Duration) {
        let drivers = inside.withLock { Array($0.drivers.values) }
        for (driver, _) in drivers { driver.scanActively(for: duration) }
    }

    /// Tells that the gateway has the kernel connect to a device, or that this is over. The kernel scans for the device
    /// meanwhile, which else would be taken for another program's scan.
    public func connects(_ isUnderWay: Bool) {
        let drivers = inside.withLock { Array($0.drivers.values) }
        for (driver, _) in drivers { driver.connects(isUnderWay) }
    }

    // MARK: Running

    /// Delivers what the adapters hear, until the task is cancelled.
    public func run(_ deliver: @escaping @Sendable (Advertisement) async -> Void) async throws {
        let queue = AdvertQueue()
        inside.withLock { $0.queue = queue }
        await withTaskGroup { group in
            group.addTask {
                while let batch = await queue.next() {
                    for advertisement in batch { await deliver(advertisement) }
                }
            }
            group.addTask { await self.keepAdapters(queue) }
            await group.next()
            queue.end()
            group.cancelAll()
        }
        stopDrivers()
        try Task.checkCancellation()
    }

    private func keepAdapters(_ queue: AdvertQueue) async {
        while !Task.isCancelled {
            do throws(RadioError) {
                let channel = try ManagementChannel.open()
                defer { channel.close() }
                try await followAdapters(channel, queue)
            } catch {
                stopDrivers()
                setTrouble(error.reason)
                try? await Task.sleep(for: KernelRadio.retry)
            }
        }
    }

    private func followAdapters(_ channel: ManagementChannel, _ queue: AdvertQueue) async throws(RadioError) {
        let events = channel.events()
        guard let present = ManagementReply.indexList(try await channel.request(.readIndexList)) else {
            throw RadioError(.malformed, "the kernel's list of adapters cannot be read")
        }
        for index in present.sorted() { await take(index, channel, queue) }
        noteAbsence()
        for await event in events {
            guard !Task.isCancelled else { return }
            switch event.kind {
            case .indexAdded: await take(event.adapter, channel, queue)
            case .indexRemoved: drop(event.adapter)
            default:
                let driver = inside.withLock { $0.drivers[event.adapter]?.driver }
                driver?.heard(of: event.kind)
            }
            noteAbsence()
        }
        guard !Task.isCancelled else { return }
        throw RadioError(.closed, "the Bluetooth management channel ended")
    }

    private func take(_ index: AdapterIndex, _ channel: ManagementChannel, _ queue: AdvertQueue) async {
        drop(index)
        var address: BluetoothAddress?
        if case .only(_, let addresses) = selection, !addresses.isEmpty {
            do throws(RadioError) {
                address = ManagementReply.information(try await channel.request(.readInformation(index)))?.address
            } catch {
                log(error.reason)
            }
        }
        guard selection.takes(index, address) else {
            inside.withLock { inside in
                inside.status.unused.append(index)
                inside.status.unused.sort()
            }
            return
        }
        let driver = AdapterDriver(
            index, channel: channel, queue: queue,
            remembered: { [weak self] address in self?.inside.withLock { $0.ladders.removeValue(forKey: address) } },
            report: { [weak self] status, news in self?.update(status, news) })
        inside.withLock { inside in
            inside.status.adapters.append(AdapterStatus(index: index))
            inside.status.adapters.sort { $0.index < $1.index }
            inside.drivers[index] = (driver, Task { await driver.run() })
        }
    }

    private func drop(_ index: AdapterIndex) {
        let gone = inside.withLock { inside -> Task<Void, Never>? in
            if let status = inside.status.adapters.first(where: { $0.index == index }), let address = status.address,
                status.ladder.last != nil, inside.ladders.count < KernelRadio.mostRemembered
            {
                inside.ladders[address] = status.ladder
            }
            inside.status.adapters.removeAll { $0.index == index }
            inside.status.unused.removeAll { $0 == index }
            return inside.drivers.removeValue(forKey: index)?.task
        }
        guard let gone else { return }
        gone.cancel()
        log("\(index) is gone")
    }

    private func stopDrivers() {
        let tasks = inside.withLock { inside -> [Task<Void, Never>] in
            defer {
                inside.drivers = [:]
                inside.status.adapters = []
                inside.status.unused = []
            }
            return inside.drivers.values.map(\.task)
        }
        for task in tasks { task.cancel() }
    }

    // MARK: Status

    private func update(_ status: AdapterStatus, _ news: String?) {
        let isOurs = inside.withLock { inside -> Bool in
            guard let place = inside.status.adapters.firstIndex(where: { $0.index == status.index }) else {
                return false
            }
            inside.status.adapters[place] = status
            return true
        }
        if isOurs, let news { log(news) }
    }

    /// No adapter is a state with a name, told once.
    private func noteAbsence() {
        let isAbsent = inside.withLock { $0.status.adapters.isEmpty }
        setTrouble(isAbsent ? selection.text : nil)
    }

    private func setTrouble(_ trouble: String?) {
        let isNews = inside.withLock { inside -> Bool in
            defer { inside.status.trouble = trouble }
            return inside.status.trouble != trouble
        }
        if isNews, let trouble { log(trouble) }
    }
}
