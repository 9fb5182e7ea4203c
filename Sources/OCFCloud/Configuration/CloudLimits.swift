/// How much of everything the cloud takes. Reaching a limit refuses the newcomer with a named reason and harms nobody else.
public struct CloudLimits: Sendable, Hashable {
    /// Connections at a time. 10,000 of 40 kB each (measured, mostly TLS buffers) are 400 MB, what a small server
    /// can spare; past that a fleet belongs on a distributed hub.
    public var connections = 10_000
    /// Connections from one address that have not signed in. A household behind one NAT with a hundred devices reconnects
    /// at once after a power cut.
    public var strangersPerAddress = 128
    /// Devices and clients of one user.
    public var devicesPerUser = 1_000
    /// Links of one device: a gateway of a thousand nodes with eight resources each.
    public var linksPerDevice = 8_192
    /// Bytes of one message, as plgd hub takes; 8,192 links are published in several.
    public var messageSize = 262_144
    /// Bytes of a body in blocks (RFC 7959): `/oic/res` of 8,192 links of 400 bytes.
    public var bodySize = 4 << 20
    /// Requests waiting for one device's answer. A constrained device answers tens a second, so these wait seconds.
    public var pendingPerDevice = 256
    /// Requests a second of one connection in the long run, and as many again at once. A dashboard of a thousand values
    /// refreshes within a second; a loop gone wild is stopped.
    public var requestsPerSecond = 1_000
    /// Observations of one connection: all resources of a large gateway.
    public var observationsPerConnection = 8_192
    /// Observers of one device's resources together, for what is kept of each in memory.
    public var observersPerDevice = 32_768
    /// Connections of one client identity at a time: a few terminals and a dashboard.
    public var connectionsPerClient = 16
    /// Requests for account, session and directory that one connection may have waiting; they are done one by one.
    public var waitingControls = 64

    /// The defaults.
    public init() {}
}
