import Advertising
import Glibc
import OneLoop

/// Connects through the kernel, as any user may.
@Loop
public final class L2CAPConnector: ATTConnector {
    private let adapter: BluetoothAddress?

    /// A connector over an adapter, by its address; nil leaves the choice to the kernel.
    public nonisolated init(adapter: BluetoothAddress? = nil) { self.adapter = adapter }

    /// See ``ATTConnector/connect(to:timeout:)``.
    public func connect(to peer: ATTPeer, timeout: Duration) async throws(GATTError) -> any ATTLink {
        let attempt = Attempt(try L2CAPSocket(adapter: adapter))
        let outcome = await withTaskCancellationHandler {
            await attempt.run(peer, timeout)
        } onCancel: {
            Task { @Loop in attempt.end(.failure(GATTError(.cancelled, "the attempt was given up"))) }
        }
        return L2CAPLink(try outcome.get())
    }

    /// One attempt: ends by success, failure, its time, or being given up; whichever is first.
    @Loop
    private final class Attempt {
        private let socket: L2CAPSocket
        private var watch: ReadinessPoller.Watch?
        private var timer: LoopTimer?
        private var waiter: CheckedContinuation<Result<L2CAPSocket, GATTError>, Never>?
        private var outcome: Result<L2CAPSocket, GATTError>?

        init(_ socket: L2CAPSocket) { self.socket = socket }

        func run(_ peer: ATTPeer, _ timeout: Duration) async -> Result<L2CAPSocket, GATTError> {
            await withCheckedContinuation { waiter in
                if let outcome { return waiter.resume(returning: outcome) }
                self.waiter = waiter
                begin(peer, timeout)
            }
        }

        private func begin(_ peer: ATTPeer, _ timeout: Duration) {
            let code = socket.connect(to: peer)
            guard code == EINPROGRESS || code == EAGAIN else { return finish(code) }
            watch = ReadinessPoller.shared.add(socket.descriptor) { [weak self] in
                Loop.eventLoop.execute { Loop.assumeIsolated { self.map { $0.finish($0.socket.error) } } }
            }
            guard let watch else { return finish(ENOMEM) }
            timer = Loop.after(timeout) { [weak self] in
                self?.end(
                    .failure(
                        GATTError(
                            .unreachable, "it did not take the connection within \(timeout.components.seconds) s")))
            }
            ReadinessPoller.shared.await(watch, .writing)
        }

        private func finish(_ code: Int32) {
            switch code {
            case 0: end(.success(socket))
            case ENETDOWN, EHOSTUNREACH, ENODEV:
                end(.failure(GATTError(.noRadio, "no adapter can connect: \(L2CAPSocket.text(code))")))
            default:
                end(.failure(GATTError(.unreachable, "it could not be connected to: \(L2CAPSocket.text(code))")))
            }
        }

        func end(_ result: Result<L2CAPSocket, GATTError>) {
            guard outcome == nil else { return }
            outcome = result
            timer?.cancel()
            if let watch { ReadinessPoller.shared.remove(watch) }
            watch = nil
            if case .failure = result { Glibc.close(socket.descriptor) }
            waiter?.resume(returning: result)
            waiter = nil
        }
    }
}
