import NIOCore

/// Bounds of datagram sessions and of their table.
public struct DTLSLimits: Sendable, Hashable {
    /// UDP payload of the datagrams made here, in bytes; handshake messages are fragmented to it.
    ///
    /// 1232: IPv6 carries 1280 everywhere (RFC 8200 5), less 48 of headers. CoAP's messages of 1152 bytes (RFC 7252
    /// 4.6) still fit, whatever the suite adds.
    public var maximumDatagram: UInt16
    /// Sessions whose handshake is not done, those with a proven address only. 32: each holds 36 kB, and with the
    /// library's reassembly 68 kB at worst, so strangers get 2 MB at most.
    public var halfOpenSessions: Int
    /// Sessions in use. 256: the clients of a building, a few times over, at about 12 kB each.
    public var openSessions: Int
    /// From the start of a handshake to its end. 60 s: the library's repetitions (1, 2, 4, 8, 16 and 20 s) end after
    /// 51 s; a peer that answers each in the last moment still ends.
    public var handshakeTimeout: TimeAmount
    /// Without authentic data either way. 600 s, what OCF's reference devices use.
    public var idleTimeout: TimeAmount
    /// Without data before the record buffers' memory goes back to the system. 2 s: longer than the pauses inside an
    /// exchange, for taking the pages up again costs a microsecond each.
    public var trimDelay: TimeAmount

    /// Bounds of one's own.
    public init(
        maximumDatagram: UInt16 = 1232, halfOpenSessions: Int = 32, openSessions: Int = 256,
        handshakeTimeout: TimeAmount = .seconds(60), idleTimeout: TimeAmount = .seconds(600),
        trimDelay: TimeAmount = .seconds(2)
    ) {
        self.maximumDatagram = max(Self.smallestDatagram, maximumDatagram)
        self.halfOpenSessions = max(1, halfOpenSessions)
        self.openSessions = max(1, openSessions)
        self.handshakeTimeout = handshakeTimeout
        self.idleTimeout = idleTimeout
        self.trimDelay = trimDelay
    }

    /// The defaults.
    public static let standard = DTLSLimits()

    /// Below it record and message headers (25 bytes, with protection up to 89) would leave nothing.
    static let smallestDatagram: UInt16 = 128
    /// First and longest wait for an answer to a flight, in milliseconds: RFC 6347 4.2.4.1 begins with one second;
    /// 20 s as OCF's reference devices have it.
    static let firstRetransmission: UInt32 = 1000
    static let lastRetransmission: UInt32 = 20_000
}
