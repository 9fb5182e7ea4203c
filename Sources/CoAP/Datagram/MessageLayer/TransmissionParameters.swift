import NIOCore

/// How messages are repeated and paced (RFC 7252 §4.8).
public struct TransmissionParameters: Sendable, Hashable {
    /// ACK_TIMEOUT: the wait before the first repetition, at least; each further wait is twice the one before.
    public var ackTimeout = TimeAmount.seconds(2)

    /// ACK_RANDOM_FACTOR: the first wait is a random one between ``ackTimeout`` and this many times it, so that those
    /// who began together do not go on together.
    public var ackRandomFactor = 1.5

    /// MAX_RETRANSMIT: how often a confirmable message is repeated.
    public var maxRetransmit = 4

    /// NSTART: requests of ours to one peer without an acknowledgement or response; the next one waits.
    public var simultaneousRequests = 1

    /// DEFAULT_LEISURE: the answer to a multicast request waits a random time up to this. OCF has 2 s.
    public var leisure = TimeAmount.seconds(2)

    /// PROBING_RATE: bytes a second that may go to a peer which does not answer, on average.
    public var probingRate = 1

    /// The parameters of the RFC.
    public init() {}

    /// MAX_LATENCY: how long a datagram may be under way (RFC 7252 §4.8.2).
    private static let maxLatency = TimeAmount.seconds(100)

    /// MAX_TRANSMIT_SPAN: from the first transmission to the last, at most; 45 s.
    public var maxTransmitSpan: TimeAmount { waits(maxRetransmit) }

    /// MAX_TRANSMIT_WAIT: from the first transmission to giving up, at most; 93 s.
    public var maxTransmitWait: TimeAmount { waits(maxRetransmit + 1) }

    /// EXCHANGE_LIFETIME: after it the message ID of a confirmable message may come again; 247 s.
    public var exchangeLifetime: TimeAmount {
        maxTransmitSpan + TransmissionParameters.maxLatency + TransmissionParameters.maxLatency + ackTimeout
    }

    /// NON_LIFETIME: after it the message ID of a non-confirmable message may come again; 145 s.
    public var nonLifetime: TimeAmount { maxTransmitSpan + TransmissionParameters.maxLatency }

    /// The longest that `count` waits take together.
    private func waits(_ count: Int) -> TimeAmount {
        // Eight doublings of two seconds are eight minutes; nobody repeats more often than that.
        let doublings = (1 << max(0, min(count, 8))) - 1
        return .nanoseconds(Int64(Double(ackTimeout.nanoseconds) * Double(doublings) * max(1, ackRandomFactor)))
    }
}
