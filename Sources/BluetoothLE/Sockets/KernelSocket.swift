import CBluetooth
import Glibc
import Synchronization
import Threads

/// A kernel socket with a thread that reads it. A radio's sockets are read by threads of their own because a report that
/// waits is a report that may be lost, whatever the daemon's loop is doing.
final class KernelSocket: Sendable {
    /// What the thread tells.
    enum Arrival: Sendable {
        /// One message.
        case message([UInt8])
        /// No more will come.
        case ended(RadioError)
    }

    private struct Descriptors {
        var socket: Int32
        var waker: Int32
    }

    private let descriptors: Mutex<Descriptors?>
    private let what: String

    /// Starts to read.
    ///
    /// - Parameters:
    ///   - open: answers a descriptor or a negative error number.
    ///   - what: what is opened, for errors.
    ///   - onArrival: called on the thread, for each message and once at the end, but not after ``close()`` has been
    ///     noticed.
    init(
        what: String, open: () -> Int32, onArrival: @escaping @Sendable (Arrival) -> Void
    ) throws(RadioError) {
        let socket = open()
        guard socket >= 0 else { throw RadioError(errno: -socket, "\(what) cannot be opened") }
        let waker = gh_bt_waker_new()
        guard waker >= 0 else {
            _ = Glibc.close(socket)
            throw RadioError(errno: -waker, "\(what) cannot be opened")
        }
        self.what = what
        descriptors = Mutex(Descriptors(socket: socket, waker: waker))
        let thread = ReadingThread(owner: self, socket: socket, waker: waker, what: what, onArrival: onArrival)
        guard DetachedThread.start(named: "bluetooth", { thread.run() }) == 0 else {
            retire()
            _ = Glibc.close(socket)
            _ = Glibc.close(waker)
            throw RadioError(.system, "no thread can be started to read \(what)")
        }
    }

    deinit { close() }

    /// Sends one message.
    func send(_ message: [UInt8]) throws(RadioError) {
        let result: Int32? = descriptors.withLock { descriptors in
            descriptors.map { gh_bt_send($0.socket, message, message.count) }
        }
        guard let result else { throw RadioError(.closed, "\(what) is closed") }
        guard result >= 0 else { throw RadioError(errno: -result, "\(what) takes no command") }
    }

    /// Ends the thread, which closes the descriptors; nothing is sent any more.
    func close() {
        descriptors.withLock { descriptors in
            if let waker = descriptors?.waker { gh_bt_waker_wake(waker) }
            descriptors = nil
        }
    }

    /// Takes the descriptors out of use before the thread closes them, so that nobody writes to a number that is another's.
    fileprivate func retire() { descriptors.withLock { $0 = nil } }

    /// What the thread holds; the socket itself only weakly, so that dropping it ends the thread.
    private final class ReadingThread {
        private weak var owner: KernelSocket?
        private let socket: Int32
        private let waker: Int32
        private let what: String
        private let onArrival: @Sendable (Arrival) -> Void

        init(
            owner: KernelSocket, socket: Int32, waker: Int32, what: String,
            onArrival: @escaping @Sendable (Arrival) -> Void
        ) {
            self.owner = owner
            self.socket = socket
            self.waker = waker
            self.what = what
            self.onArrival = onArrival
        }

        func run() {
            var buffer = [UInt8](repeating: 0, count: Int(GH_BT_MESSAGE_MAX))
            var error: RadioError?
            reading: while true {
                let ready = gh_bt_wait(socket, waker)
                guard ready > 0 else {
                    if ready < 0 { error = RadioError(errno: -ready, "\(what) cannot be waited for") }
                    break
                }
                let count = gh_bt_receive(socket, &buffer, buffer.count)
                switch count {
                case 1...: onArrival(.message(Array(buffer[0..<Int(count)])))
                case -EAGAIN: continue
                case 0:
                    error = RadioError(.noAdapter, "\(what) is gone")
                    break reading
                default:
                    error = RadioError(errno: -count, "\(what) cannot be read")
                    break reading
                }
            }
            owner?.retire()
            _ = Glibc.close(socket)
            _ = Glibc.close(waker)
            if let error { onArrival(.ended(error)) }
        }
    }
}
