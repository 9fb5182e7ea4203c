import CBluetooth
import Synchronization

/// Raw HCI of one adapter: commands with their answers, and the reports of a scan. The kernel keeps the adapter and
/// everybody else may use it, too: what others command is seen here as well.
final class HCIChannel: Sendable {
    /// A controller answers a command in some milliseconds (it must within a second, Vol 4 Part E 4.5).
    static let timeout = Duration.seconds(2)

    /// What arrives beside answers to our own commands.
    enum Arrival: Sendable {
        case reports([AdvertisingReport])
        case connectionAttemptEnded
        /// Somebody else started or ended a scan.
        case foreignScanCommand
        case hardwareError(UInt8)
        case ended(RadioError)
    }

    private struct Waiting {
        var number: UInt64
        var opcode: UInt16
        var continuation: CheckedContinuation<Result<(UInt8, [UInt8]), RadioError>, Never>
    }

    private struct State {
        var waiting: [Waiting] = []
        var next: UInt64 = 0
        var ending: RadioError?
    }

    private final class StateBox: Sendable {
        let value = Mutex(State())
    }

    private let state = StateBox()
    private let socket: KernelSocket
    private let adapter: AdapterIndex

    /// Opens the adapter; `onArrival` is called on the reading thread.
    convenience init(
        _ adapter: AdapterIndex, onArrival: @escaping @Sendable (Arrival) -> Void
    ) throws(RadioError) {
        try self.init(adapter, open: { gh_bt_hci_open(adapter.rawValue) }, onArrival: onArrival)
    }

    /// Reads what `open` gives instead, which speaks as the kernel's socket does.
    init(
        _ adapter: AdapterIndex, open: () -> Int32, onArrival: @escaping @Sendable (Arrival) -> Void
    ) throws(RadioError) {
        self.adapter = adapter
        socket = try KernelSocket(
            what: "\(adapter)", open: open,
            onArrival: { [state] arrival in HCIChannel.take(arrival, state, onArrival) })
    }

    deinit { close() }

    /// Has the controller carry a command out.
    ///
    /// - Returns: its status, and what follows it.
    func command(_ command: HCICommand) async throws(RadioError) -> (status: UInt8, reply: [UInt8]) {
        let number = state.value.withLock { state in
            state.next += 1
            return state.next
        }
        let timer = Task { [state, adapter] in
            do { try await Task.sleep(for: HCIChannel.timeout) } catch { return }
            HCIChannel.give(up: number, RadioError(.timeout, "\(adapter): the controller answers no command"), state)
        }
        defer { timer.cancel() }
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<(UInt8, [UInt8]), RadioError>, Never>) in
            let ending = state.value.withLock { state -> RadioError? in
                if let ending = state.ending { return ending }
                state.waiting.append(Waiting(number: number, opcode: command.opcode, continuation: continuation))
                return nil
            }
            if let ending { return continuation.resume(returning: .failure(ending)) }
            do throws(RadioError) { try socket.send(command.packet) } catch {
                let told =
                    error.code == .permission
                    ? RadioError(
                        .permission, "\(adapter) cannot be scanned with: the capability CAP_NET_RAW is missing")
                    : error
                HCIChannel.give(up: number, told, state)
            }
        }
        return try result.get()
    }

    /// Ends it; whoever waits is told.
    func close() {
        socket.close()
        HCIChannel.end(RadioError(.closed, "\(adapter) was given back"), state)
    }

    private static func give(up number: UInt64, _ error: RadioError, _ state: StateBox) {
        let found = state.value.withLock { state -> Waiting? in
            state.waiting.firstIndex { $0.number == number }.map { state.waiting.remove(at: $0) }
        }
        found?.continuation.resume(returning: .failure(error))
    }

    private static func end(_ error: RadioError, _ state: StateBox) {
        let waiting = state.value.withLock { state -> [Waiting] in
            if state.ending == nil { state.ending = error }
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiting in waiting { waiting.continuation.resume(returning: .failure(error)) }
    }

    private static func take(
        _ arrival: KernelSocket.Arrival, _ state: StateBox, _ onArrival: @Sendable (Arrival) -> Void
    ) {
        switch arrival {
        case .ended(let error):
            end(error, state)
            onArrival(.ended(error))
        case .message(let packet):
            // Behind the packet type of an event.
            guard packet.first == 0x04 else { return }
            let event = Array(packet.dropFirst())
            guard let notice = HCINotice(event) else {
                let reports = HCIEvent.reports(event)
                if !reports.isEmpty { onArrival(.reports(reports)) }
                return
            }
            switch notice {
            case .answered(let opcode, let status, let reply):
                let found = state.value.withLock { state -> Waiting? in
                    state.waiting.firstIndex { $0.opcode == opcode }.map { state.waiting.remove(at: $0) }
                }
                if let found {
                    found.continuation.resume(returning: .success((status, reply)))
                } else if ScanCommands.isEnable(opcode) {
                    onArrival(.foreignScanCommand)
                }
            case .connectionAttemptEnded: onArrival(.connectionAttemptEnded)
            case .hardwareError(let code): onArrival(.hardwareError(code))
            }
        }
    }
}
