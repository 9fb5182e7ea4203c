import NIOCore

/// What the HTTP binding spends on its peers. Everything a stranger can make grow has its bound here.
public struct HTTPLimits: Sendable, Hashable {
    /// Bytes of all header fields of one message. Four tokens of a kilobyte each, nested and signed, stand in one header;
    /// the rest takes less than one.
    public var headerBytes = 16_384

    /// Bytes of a single header field, name and value: that header of tokens.
    public var headerFieldBytes = 12_288

    /// Header fields of one message: oneM2M has twenty, a client or proxy adds as many again.
    public var headerFields = 64

    /// Bytes of the request target: a path of names and a query of filter criteria.
    public var targetBytes = 4_096

    /// Bytes of a body: the largest message of the CoAP endpoints too, and more than a resource may hold.
    public var bodyBytes = 262_144

    /// Bytes of an answer's body that the client takes: a discovery of some ten thousand resources.
    public var answerBytes = 1_048_576

    /// Connections at once. A house has tens of clients; each idle one costs about 10 kB, and 45 kB over TLS.
    public var connections = 256

    /// Connections at once from one address: a browser opens six, a test of load eight to thirty-two.
    public var connectionsPerAddress = 64

    /// Requests of one connection that wait for the one before; above it nothing more is read from the connection.
    public var pipelinedRequests = 16

    /// Requests of one connection that wait, beyond which it is closed once those are answered: what came in one piece
    /// before reading stopped.
    public var pipelinedRequestsHeld = 256

    /// How long a request's head may take from its first byte. Who sends it in drops holds a connection (slow loris).
    public var headTimeout = TimeAmount.seconds(10)

    /// How long a request's body may take from the end of its head.
    public var bodyTimeout = TimeAmount.seconds(30)

    /// How long a connection may be without a request.
    public var idleTimeout = TimeAmount.seconds(75)

    /// How long an answer may take to be written to a peer that does not read.
    public var writeTimeout = TimeAmount.seconds(30)

    /// How long what a client still sends is thrown away after the last answer, before the connection is closed.
    public var farewellTimeout = TimeAmount.seconds(2)

    /// Connections of the client to one server at once.
    public var clientConnections = 4

    /// Requests of the client to one server that wait for a connection; the next one fails at once.
    public var clientQueue = 128

    /// Servers the client knows at once, those without connection and queue left out.
    public var clientServers = 64

    /// How long the client keeps a connection that nobody uses. Shorter than servers do, so that it is seldom closed by
    /// the server in the moment of a request.
    public var clientIdleTimeout = TimeAmount.seconds(5)

    /// How long TCP may take to connect.
    public var connectTimeout = TimeAmount.seconds(5)

    /// The limits above.
    public init() {}
}
