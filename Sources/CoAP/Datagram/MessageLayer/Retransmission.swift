import NIOCore

/// The repetitions of one confirmable message (RFC 7252 §4.2): a value that is told the time.
struct Retransmission: Hashable {
    /// What is to be done when a wait is over.
    enum Step: Hashable {
        /// Send it again, and wait anew.
        case resend
        /// It has been sent as often as may be.
        case giveUp
    }

    /// The wait under way.
    private(set) var timeout: TimeAmount
    /// When it is over.
    private(set) var deadline: NIODeadline
    /// Transmissions so far.
    private(set) var transmissions = 1

    /// A message that is sent at `now`.
    ///
    /// - Parameter chance: from 0 to 1, random: where between its bounds the first wait lies.
    init(_ parameters: TransmissionParameters, now: NIODeadline, chance: Double) {
        let factor = 1 + (max(1, parameters.ackRandomFactor) - 1) * chance
        timeout = .nanoseconds(Int64(Double(parameters.ackTimeout.nanoseconds) * factor))
        deadline = now + timeout
    }

    /// The wait is over at `now`.
    mutating func expire(_ parameters: TransmissionParameters, now: NIODeadline) -> Step {
        guard transmissions <= parameters.maxRetransmit else { return .giveUp }
        transmissions += 1
        timeout = timeout + timeout
        deadline = now + timeout
        return .resend
    }
}
