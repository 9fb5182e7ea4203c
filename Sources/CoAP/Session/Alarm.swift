import NIOCore

/// One timer for everything that is due some time, early rather than often set: with equal time-outs it is set once in a
/// time-out, not once for each request.
///
/// Lives on one event loop, and does nothing any more once its owner has let it go.
final class Alarm {
    private let eventLoop: any EventLoop
    private let work: () -> Void
    private var pending: (deadline: NIODeadline, task: Scheduled<Void>)?

    /// - Parameter work: looks for what is due, and sets the alarm for what will be; must not hold the owner.
    init(on eventLoop: any EventLoop, _ work: @escaping () -> Void) {
        self.eventLoop = eventLoop
        self.work = work
    }

    /// Has the work done no later than `deadline`.
    func set(_ deadline: NIODeadline) {
        if let pending, pending.deadline <= deadline { return }
        pending?.task.cancel()
        let task = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            guard let self else { return }
            self.pending = nil
            self.work()
        }
        pending = (deadline, task)
    }

    /// Nothing is due any more.
    func cancel() {
        pending?.task.cancel()
        pending = nil
    }
}
