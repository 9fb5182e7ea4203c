import OneLoop
import XMPP

/// Work that sends messages one after another, a piece at a time.
@Loop
protocol OutflowJob: AnyObject {
    /// Whom the messages are for.
    var receiver: JID { get }
    /// The next piece.
    func step() -> OutflowStep
}

/// One piece of work.
enum OutflowStep {
    /// The payloads of a message to send; more may follow.
    case send([XMLElement])
    /// Nothing to send until ``Outflow/wake(_:)``.
    case wait
    /// All is sent.
    case done
}

/// Sends what several jobs have to say, in turns: a long read-out holds up no other, and no more is made than the stream
/// takes.
@Loop
final class Outflow {
    /// Messages between two turns of the loop. 4 messages of 16 KB are half a millisecond's work.
    static let burst = 4
    /// How long to wait when the stream does not take even one more, which pausing in time should prevent.
    static let pause: Duration = .milliseconds(50)

    private let session: XMPPSession
    private var ready: [any OutflowJob] = []
    private var unsent: (job: any OutflowJob, payloads: [XMLElement])?
    private var isScheduled = false
    /// Called when a job is done, or dropped.
    var onEnd: (any OutflowJob) -> Void = { _ in }

    init(_ session: XMPPSession) {
        self.session = session
        session.onRoom { [weak self] in self?.schedule() }
    }

    /// Takes a job in, or one that waited.
    func wake(_ job: any OutflowJob) {
        guard !ready.contains(where: { $0 === job }), unsent?.job !== job else { return }
        ready.append(job)
        schedule()
    }

    /// Takes jobs away.
    func drop(_ isDropped: (any OutflowJob) -> Bool) {
        if let job = unsent?.job, isDropped(job) { unsent = nil }
        ready.removeAll(where: isDropped)
    }

    private func schedule() {
        // While much waits for the server, no more is made; the session tells when there is room.
        guard !isScheduled, !session.isCongested else { return }
        isScheduled = true
        Loop.eventLoop.execute { Loop.assumeIsolated { [weak self] in self?.turn() } }
    }

    private func turn() {
        isScheduled = false
        for _ in 0..<Outflow.burst {
            if let (job, payloads) = unsent {
                guard send(payloads, job) else { return }
                unsent = nil
                ready.append(job)
                continue
            }
            guard !ready.isEmpty else { return }
            let job = ready.removeFirst()
            switch job.step() {
            case .send(let payloads):
                guard send(payloads, job) else { return }
                ready.append(job)
            case .wait: break
            case .done: onEnd(job)
            }
        }
        if !ready.isEmpty || unsent != nil { schedule() }
    }

    /// Sends, or keeps what the stream does not take now; without a session nothing is kept.
    private func send(_ payloads: [XMLElement], _ job: any OutflowJob) -> Bool {
        if session.send(Message(payloads, to: job.receiver)) { return true }
        guard session.state.address != nil else { return false }
        unsent = (job, payloads)
        isScheduled = true
        Loop.after(Outflow.pause) { [weak self] in self?.turn() }
        return false
    }
}
