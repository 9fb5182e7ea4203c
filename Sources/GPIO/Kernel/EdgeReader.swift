import CGPIOD
import Glibc
import Threads

/// The thread that waits for edges, for the ends of debouncing, and for the chip to vanish.
///
/// Kernels of today do not wake who waits on a line when the chip goes away (6.1 does not), so the directory of the
/// device node is watched, too.
final class EdgeReader {
    /// How long to leave the lines alone when one's queue was full. 16 edges each 2 ms are 8000 a second, far more than a
    /// contact makes; an input that floats or carries a clock must not take the processor.
    private static let chatterMicroseconds: UInt32 = 2000

    private let waiter: EdgeWaiter

    /// Starts the thread; it ends when the core is closed and woken, or gone. The core touches the reader under its lock only.
    init(core: ChipCore) throws(GPIOError) {
        let path = core.node
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let waiter = try EdgeWaiter(directory: directory)
        self.waiter = waiter
        let device = KernelChip.deviceNumber(core.node)
        let started = DetachedThread.start(named: "gpio-edges") { [weak core] in
            let thread = EdgeThread(waiter, core, device)
            thread.run()
        }
        guard started == 0 else { throw GPIOError(.system, "no thread can be started to wait for edges") }
    }

    /// - Returns: a negative error number when the system cannot watch it.
    func watch(_ descriptor: Int32, _ id: UInt64) -> Int32 { waiter.add(descriptor, id) }

    func unwatch(_ descriptor: Int32) { waiter.remove(descriptor) }

    /// Makes the thread look around; it ends when the core is closed.
    func wake() { waiter.wake() }

    /// What the thread holds.
    private final class EdgeThread {
        private let waiter: EdgeWaiter
        /// Weak: the core must be free to end while the thread waits.
        private weak var core: ChipCore?
        private let device: UInt64?

        init(_ waiter: EdgeWaiter, _ core: ChipCore?, _ device: UInt64?) {
            self.waiter = waiter
            self.core = core
            self.device = device
        }

        func run() {
            var result = gh_gpio_wait_result()
            repeat {
                let timeout = timeout(until: core?.nextDeadline)
                guard waiter.wait(timeout, &result) == 0 else { break }
            } while serve(result)
        }

        /// - Returns: whether to go on.
        private func serve(_ result: gh_gpio_wait_result) -> Bool {
            guard let core, !core.isClosed else { return false }
            var isChattering = false
            withUnsafeBytes(of: result.ready) { bytes in
                for ready in bytes.bindMemory(to: gh_gpio_ready.self).prefix(Int(result.count))
                where core.readable(ready.id, broken: ready.broken) {
                    isChattering = true
                }
            }
            if result.directory_changed { core.checkPresence(device) }
            core.settle(at: monotonicNanoseconds())
            core.announceLoss()
            if isChattering { usleep(EdgeReader.chatterMicroseconds) }
            return true
        }

        private func timeout(until deadline: UInt64?) -> Int32 {
            guard let deadline else { return -1 }
            let now = monotonicNanoseconds()
            // Up, lest the last part of a millisecond be spun away.
            return deadline > now ? Int32(clamping: (deadline - now + 999_999) / 1_000_000) : 0
        }
    }
}
