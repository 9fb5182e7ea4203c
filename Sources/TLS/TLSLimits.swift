import NIOCore

/// Bounds of one connection.
public struct TLSLimits: Sendable, Hashable {
    /// From the start of the transport to the end of the handshake.
    ///
    /// 15 s: a full handshake on a slow board costs 50 ms and a few round trips; over a bad mobile link with lost
    /// packets TCP needs some seconds. Longer would let strangers hold 35 kB each for longer.
    public var handshakeTimeout: TimeAmount
    /// Bytes taken from the peer before the handshake is done. 64 kB: four records, where a chain of three
    /// certificates takes 3 kB.
    public var handshakeBytes: Int
    /// Plaintext waiting, either for the handshake or for a slow peer. 4 MB: sixteen of the largest messages that a
    /// large OCF hub takes (256 kB).
    public var pendingWriteBytes: Int
    /// How long to wait for the peer's close_notify after ours. 2 s: a round trip on any usable link; past it the
    /// transport is closed without.
    public var closeTimeout: TimeAmount

    /// Bounds of one's own.
    public init(
        handshakeTimeout: TimeAmount = .seconds(15), handshakeBytes: Int = 65_536, pendingWriteBytes: Int = 4 << 20,
        closeTimeout: TimeAmount = .seconds(2)
    ) {
        self.handshakeTimeout = handshakeTimeout
        self.handshakeBytes = handshakeBytes
        self.pendingWriteBytes = pendingWriteBytes
        self.closeTimeout = closeTimeout
    }

    /// The defaults.
    public static let standard = TLSLimits()
}
