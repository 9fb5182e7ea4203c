/// What an endpoint has done.
public struct DatagramStatistics: Sendable, Hashable {
    /// Datagrams that came.
    public var datagramsReceived: UInt64 = 0
    /// Datagrams that went.
    public var datagramsSent: UInt64 = 0
    /// Datagrams that were no message, or could not be meant for us.
    public var malformed: UInt64 = 0
    /// Repetitions that came.
    public var duplicates: UInt64 = 0
    /// Repetitions that went.
    public var retransmissions: UInt64 = 0
    /// Datagrams the system did not take.
    public var sendErrors: UInt64 = 0
    /// ICMP messages about what was sent.
    public var socketErrors: UInt64 = 0
    /// Requests refused because too many were open.
    public var requestsRefused: UInt64 = 0
    /// Answers to multicast requests not sent because too many waited.
    public var answersDropped: UInt64 = 0
    /// Notifications not sent because newer ones came before the peer acknowledged.
    public var notificationsDropped: UInt64 = 0
    /// Peers that had to make room.
    public var peersEvicted: UInt64 = 0
    /// Requests of strangers not taken because all peers were busy.
    public var peersRefused: UInt64 = 0
    /// Peers known now.
    public var peers = 0
    /// Requests without an answer now.
    public var openExchanges = 0
    /// Bytes of answers kept for repetitions now.
    public var rememberedBytes = 0
    /// Bytes held for block-wise transfers now.
    public var blockwiseBytes = 0
    /// Memberships of groups now: one for each group and interface.
    public var memberships = 0
}
