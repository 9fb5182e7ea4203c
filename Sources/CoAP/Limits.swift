import CoAPMessages
import NIOCore

/// What one endpoint spends on its peers. Everything a stranger can make grow has its bound here.
public struct Limits: Sendable {
    /// What is taken of one message; its size is announced as Max-Message-Size.
    public var message = MessageLimits.default

    /// The largest message sent to a peer that has sent no CSM, in bytes.
    ///
    /// RFC 8323 §5.3.1 would have 1,152. Who sends no CSM is IoTivity-Lite, which takes 7,168 bytes of payload in one
    /// message and knows no blocks over TCP.
    public var assumedMessageSize = 8192

    /// Requests of ours without an answer, on one connection. A cloud that relays for a whole user stays below.
    public var openRequests = 1024

    /// Requests of the peer without an answer, on one connection; the next one gets 5.03.
    ///
    /// plgd hub sends one GET for each published resource at once: 500 were seen.
    public var openExchanges = 1024

    /// Observations a peer may hold on one connection, of which the next one gets a plain response (RFC 7641 §4.1), and
    /// observations of ours, of which the next one fails.
    ///
    /// plgd hub without batch observation holds one for each resource: 200 nodes of 8 resources, and some to spare.
    public var observations = 2048

    /// The largest body put together from blocks, or sent in them, in bytes.
    public var bodySize = 1_048_576

    /// Bytes held for all block-wise transfers of one connection together: two of the largest bodies.
    public var blockwiseBytes = 2_097_152

    /// Block-wise transfers of one connection under way at once, each way: more than a client needs that waits for one
    /// body before it asks for the next.
    public var blockwiseTransfers = 16

    /// How long an unfinished block-wise transfer is kept without a next block. RFC 7959 §2.4 leaves it open;
    /// half a minute covers a peer that loses its link and comes back.
    public var blockwiseTimeout = TimeAmount.seconds(30)

    /// Bytes waiting to be written beyond which no more requests are read from the peer: one socket buffer's worth, so
    /// that the pipe stays full.
    public var outboundPause = 65_536

    /// Bytes waiting to be written beyond which the connection is closed: four of the largest messages.
    public var outboundBytes = 1_048_576

    /// How long written bytes may make no progress, and a message that has begun may take to end, before the connection
    /// is closed. TCP itself would try for minutes; a peer that is stuck for half of one is gone or hostile.
    public var stallTimeout = TimeAmount.seconds(30)

    /// How long TCP may take to connect.
    public var connectTimeout = TimeAmount.seconds(10)

    /// How long TLS may take to finish its handshake: an mbedTLS peer on a slow board needs about a second.
    public var handshakeTimeout = TimeAmount.seconds(10)

    /// How long a message above 1,152 bytes waits for the peer's CSM before the peer counts as one that sends none.
    public var csmTimeout = TimeAmount.seconds(2)

    /// How long Pong is kept back for the sake of Custody. plgd hub gives up after 15 s; well below that.
    public var custodyTimeout = TimeAmount.seconds(2)

    /// Connections a listener holds at once; further ones are closed as they come.
    public var connections = 1024

    /// Whether and when to ask a silent peer for a sign of life; nil for never.
    public var keepAlive: KeepAlive?

    /// What holds for datagrams besides.
    public var datagram = DatagramLimits()

    /// The limits above.
    public init() {}

    /// The limits above.
    public static let `default` = Limits()
}

/// When to send Ping to a peer that has sent nothing.
public struct KeepAlive: Sendable, Hashable {
    /// The silence after which Ping is sent.
    public var interval: TimeAmount
    /// The time in which anything must come; else the connection is closed with ``CoAPError/Code/peerSilent``.
    public var timeout: TimeAmount

    /// Asks after `interval` of silence and gives up `timeout` later.
    public init(interval: TimeAmount, timeout: TimeAmount) {
        self.interval = interval
        self.timeout = timeout
    }
}
