import CoAPMessages
import NIOCore

/// What an endpoint over datagrams spends on its peers, whose addresses may be forged as long as nothing proves them.
///
/// ## Amplification
///
/// A forged request makes us send to whoever it names. It draws at most one datagram of ``messageSize`` bytes: block-wise
/// transfer cuts every answer to one block (RFC 7252 §11.3), a piggy-backed answer is never repeated by itself, and the
/// answer to a multicast request is one datagram as well. All else that an unproven address would cause, which is
/// repetitions and notifications, stops when three times the bytes that came from it have gone to it (QUIC's factor,
/// RFC 9000 §8). An address is proven by an acknowledgement of a message ID of ours, which nobody off the path sees, or
/// by an answer to a request of ours. ``strictAmplification`` puts the first answer under the factor too.
public struct DatagramLimits: Sendable, Hashable {
    /// Timers and paces.
    public var transmission = TransmissionParameters()

    /// The largest message sent, in bytes: what RFC 7252 §4.6 assumes to arrive in one piece.
    public var messageSize = Datagram.assumedMaximumSize

    /// Whether answers to addresses that are not proven are cut to three times the request as well. Then the first
    /// blocks have 64 bytes or so: for networks whose hosts do not trust each other.
    public var strictAmplification = false

    /// Peers known at once. Beyond it the one that is idle longest goes, then one whose address is not proven.
    ///
    /// A home has tens; a peer that is known and idle costs about 4 kB, measured, so strangers get 2 MB.
    public var peers = 512

    /// Requests without an answer, of all peers together; the next one gets 5.03.
    public var openExchanges = 1024

    /// Messages of one peer remembered to find its repetitions. A peer that keeps to NSTART sends one at a time; 64 at
    /// a time have been seen, and some repetitions of each.
    public var rememberedMessages = 256

    /// Bytes of answers kept for repetitions, of all peers together: a thousand of the largest.
    public var rememberedBytes = 1_048_576

    /// Bytes held for block-wise transfers, of all peers together: four of the largest bodies.
    public var blockwiseBytes = 4_194_304

    /// How long a confirmable request waits for its answer before it gets an empty acknowledgement: a tenth of
    /// ACK_TIMEOUT, so that the peer does not repeat it.
    public var acknowledgementDelay = TimeAmount.milliseconds(200)

    /// Answers to multicast requests that wait for their turn; further ones are not sent. Some hundred clients that
    /// search within the same two seconds are an attack.
    public var leisurelyAnswers = 128

    /// Messages of ours to one peer that wait for NSTART or for an acknowledgement; beyond it requests fail, and the
    /// oldest notification goes.
    public var waitingMessages = 256

    /// Every how many notifications one is confirmable, as IoTivity-Lite has it; RFC 7641 §4.5 leaves it open.
    public var confirmableNotification = 5

    /// Multicast requests of ours under way at once.
    public var multicastRequests = 16

    /// Responses taken to one multicast request: more than a network of one link holds devices.
    public var multicastResponses = 1024

    /// Hops that multicast requests of ours may make: one, for a link; more for ff05 groups behind routers.
    public var multicastHops = 1

    /// The limits above.
    public init() {}
}
