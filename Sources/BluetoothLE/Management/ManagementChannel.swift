import CBluetooth
import Synchronization

/// The kernel's Bluetooth management channel: adapters, power, keys and pairing. No bluetoothd is needed, and one that
/// runs is not disturbed by listening.
///
/// Opening it needs no capability; most commands need CAP_NET_ADMIN, without which the kernel answers
/// ``ManagementStatus/permissionDenied``.
public final class ManagementChannel: Sendable {
    /// The kernel answers at once, but for powering on: a USB controller that loads its firmware takes some seconds.
    public static let timeout = Duration.seconds(10)
    /// A listener that does not come to read loses the oldest events beyond these; they are few, and pairing's are fewer.
    public static let backlog = 256

    private struct Waiting {
        var number: UInt64
        var opcode: UInt16
        var adapter: AdapterIndex
        var continuation: CheckedContinuation<Result<[UInt8], RadioError>, Never>
    }

    private struct State {
        var waiting: [Waiting] = []
        var listeners: [UInt64: AsyncStream<ManagementEvent>.Continuation] = [:]
        var next: UInt64 = 0
        var ending: RadioError?
    }

    private let state: StateBox
    private let send: @Sendable ([UInt8]) throws(RadioError) -> Void
    private let shut: @Sendable () -> Void

    private final class StateBox: Sendable {
        let value = Mutex(State())
    }

    /// Opens the channel.
    public static func open() throws(RadioError) -> ManagementChannel {
        let state = StateBox()
        let socket = try KernelSocket(what: "the Bluetooth management channel", open: gh_bt_management_open) {
            switch $0 {
            case .message(let message): ManagementChannel.arrived(message, state)
            case .ended(let error): ManagementChannel.end(error, state)
            }
        }
        return ManagementChannel(
            state: state, send: { message throws(RadioError) in try socket.send(message) }, shut: socket.close)
    }

    /// A channel whose messages go elsewhere, for tests: `send` gets each command, and what ``deliver(_:)`` is given
    /// arrives.
    init(send: @escaping @Sendable ([UInt8]) throws(RadioError) -> Void) {
        state = StateBox()
        self.send = send
        shut = {}
    }

    private init(
        state: StateBox, send: @escaping @Sendable ([UInt8]) throws(RadioError) -> Void,
        shut: @escaping @Sendable () -> Void
    ) {
        self.state = state
        self.send = send
        self.shut = shut
    }

    deinit { close() }

    // MARK: Commands

    /// Sends a command and waits for its answer.
    ///
    /// Several may wait at a time; of equal commands for the same adapter the first is answered first. A cancelled task
    /// stops waiting; the kernel goes on with the command.
    ///
    /// - Returns: what follows the status in the answer; ``ManagementReply`` reads it.
    public func request(
        _ command: ManagementCommand, timeout: Duration = ManagementChannel.timeout
    ) async throws(RadioError) -> [UInt8] {
        let number = state.value.withLock { state in
            state.next += 1
            return state.next
        }
        let timer = Task { [state] in
            do { try await Task.sleep(for: timeout) } catch { return }
            ManagementChannel.give(
                up: number, RadioError(.timeout, "\(command.opcode) on \(command.adapter): no answer came in time"),
                state)
        }
        defer { timer.cancel() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ending = state.value.withLock { state -> RadioError? in
                    if let ending = state.ending { return ending }
                    state.waiting.append(
                        Waiting(
                            number: number, opcode: command.opcode.rawValue, adapter: command.adapter,
                            continuation: continuation))
                    return nil
                }
                if let ending { return continuation.resume(returning: .failure(ending)) }
                if Task.isCancelled {
                    return ManagementChannel.give(up: number, RadioError(.closed, "was cancelled"), state)
                }
                do throws(RadioError) { try send(command.bytes) } catch {
                    ManagementChannel.give(up: number, error, state)
                }
            }
        } onCancel: {
            ManagementChannel.give(up: number, RadioError(.closed, "was cancelled"), state)
        }
        return try result.get()
    }

    private static func give(up number: UInt64, _ error: RadioError, _ state: StateBox) {
        let found = state.value.withLock { state -> Waiting? in
            state.waiting.firstIndex { $0.number == number }.map { state.waiting.remove(at: $0) }
        }
        found?.continuation.resume(returning: .failure(error))
    }

    // MARK: Events

    /// What happens from now on, at `adapter` or anywhere, until the channel or the reader ends. Answers to commands are
    /// not among it.
    public func events(of adapter: AdapterIndex? = nil) -> AsyncStream<ManagementEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: ManagementEvent.self, bufferingPolicy: .bufferingNewest(ManagementChannel.backlog))
        let number = state.value.withLock { state -> UInt64? in
            guard state.ending == nil else { return nil }
            state.next += 1
            state.listeners[state.next] = continuation
            return state.next
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [state] _ in
            state.value.withLock { _ = $0.listeners.removeValue(forKey: number) }
        }
        guard let adapter else { return stream }
        let (filtered, output) = AsyncStream.makeStream(
            of: ManagementEvent.self, bufferingPolicy: .bufferingNewest(ManagementChannel.backlog))
        let pump = Task {
            for await event in stream where event.adapter == adapter { output.yield(event) }
            output.finish()
        }
        output.onTermination = { _ in pump.cancel() }
        return filtered
    }

    // MARK: Arrivals

    /// Takes a message in.
    func deliver(_ message: [UInt8]) { ManagementChannel.arrived(message, state) }

    private static func arrived(_ message: [UInt8], _ state: StateBox) {
        // One that cannot be read is no answer: who waits for it is told by its time-out.
        guard let event = ManagementEvent(message) else { return }
        switch event.kind {
        case .commandComplete(let opcode, let status, let reply):
            answer(opcode, event.adapter, status, reply, state)
        case .commandStatus(let opcode, let status):
            answer(opcode, event.adapter, status, [], state)
        default:
            // Outside of the lock: a reader that has gone is taken off the list at once, under the lock.
            let listeners = state.value.withLock { Array($0.listeners.values) }
            for listener in listeners { listener.yield(event) }
        }
    }

    private static func answer(
        _ opcode: UInt16, _ adapter: AdapterIndex, _ status: ManagementStatus, _ reply: [UInt8], _ state: StateBox
    ) {
        let found = state.value.withLock { state -> Waiting? in
            state.waiting.firstIndex { $0.opcode == opcode && $0.adapter == adapter }
                .map { state.waiting.remove(at: $0) }
        }
        guard let found else { return }
        guard status != .success else { return found.continuation.resume(returning: .success(reply)) }
        let name = ManagementCommand.Opcode(rawValue: opcode).map { "\($0)" } ?? "command \(opcode)"
        found.continuation.resume(returning: .failure(status.error("\(name) on \(adapter)")))
    }

    /// Ends the channel: whoever waits is told.
    public func close() {
        shut()
        ManagementChannel.end(RadioError(.closed, "the Bluetooth management channel is closed"), state)
    }

    private static func end(_ error: RadioError, _ state: StateBox) {
        let (waiting, listeners) = state.value.withLock {
            state -> ([Waiting], [AsyncStream<ManagementEvent>.Continuation]) in
            if state.ending == nil { state.ending = error }
            defer {
                state.waiting = []
                state.listeners = [:]
            }
            return (state.waiting, Array(state.listeners.values))
        }
        for waiting in waiting { waiting.continuation.resume(returning: .failure(error)) }
        for listener in listeners { listener.finish() }
    }
}
