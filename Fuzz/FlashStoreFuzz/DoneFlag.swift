import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Lets a thread wait for a task.
final class DoneFlag: Sendable {
    private let isRaised = Atomic(false)

    func raise() { isRaised.store(true, ordering: .releasing) }

    func wait() {
        while !isRaised.load(ordering: .acquiring) { sched_yield() }
    }
}
