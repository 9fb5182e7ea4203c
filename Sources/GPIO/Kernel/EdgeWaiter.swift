import CGPIOD

/// The kernel's side of waiting for edges, held by the thread that waits and by those who add lines and wake it; freed when
/// neither holds it any more.
///
/// `@unchecked Sendable`, since a pointer is not, with this proof: what it points to is three descriptors that are written by
/// `gh_gpio_waiter_new` and only read afterwards. Each function hands them to the kernel (`epoll_ctl`, `epoll_wait`,
/// `eventfd_write`, and `read` by the one thread that waits), whose objects any thread may use at any time. `deinit`, which
/// closes them, runs after the last reference is gone, so during no call.
final class EdgeWaiter: @unchecked Sendable {
    private let pointer: OpaquePointer

    /// - Parameter directory: whose entries are watched, for the device node that goes.
    init(directory: String) throws(GPIOError) {
        var pointer: OpaquePointer?
        let result = gh_gpio_waiter_new(directory, &pointer)
        guard result == 0, let pointer else {
            throw GPIOError(.system, "edges cannot be waited for: \(errorText(-result))")
        }
        self.pointer = pointer
    }

    deinit { gh_gpio_waiter_free(pointer) }

    /// - Returns: a negative error number when the system cannot watch it.
    func add(_ descriptor: Int32, _ id: UInt64) -> Int32 { gh_gpio_waiter_add(pointer, descriptor, id) }

    func remove(_ descriptor: Int32) { gh_gpio_waiter_remove(pointer, descriptor) }

    /// Makes who waits look around.
    func wake() { gh_gpio_waiter_wake(pointer) }

    /// Until something happens or the time, in milliseconds, is up; for ever when it is negative.
    func wait(_ milliseconds: Int32, _ result: inout gh_gpio_wait_result) -> Int32 {
        gh_gpio_waiter_wait(pointer, milliseconds, &result)
    }
}
