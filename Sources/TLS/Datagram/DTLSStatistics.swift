/// What a `DTLSEndpoint` has seen; numbers that only rise.
public struct DTLSStatistics: Sendable, Hashable {
    /// ClientHellos answered with a request for the cookie.
    public internal(set) var cookiesAsked: UInt64 = 0
    /// Handshakes begun, with peers whose address is proven.
    public internal(set) var handshakes: UInt64 = 0
    /// Handshakes done.
    public internal(set) var completedHandshakes: UInt64 = 0
    /// Handshakes and sessions that ended with an error.
    public internal(set) var failedHandshakes: UInt64 = 0
    /// Half-open sessions that made room for others.
    public internal(set) var evictedHalfOpen: UInt64 = 0
    /// Open sessions that made room for others.
    public internal(set) var evictedOpen: UInt64 = 0
    /// Sessions that ended for want of data.
    public internal(set) var idleSessions: UInt64 = 0
    /// Sessions whose peer has started anew.
    public internal(set) var replacedSessions: UInt64 = 0
    /// Datagrams that are for no session and no handshake.
    public internal(set) var ignoredDatagrams: UInt64 = 0
}
