import CoAPMessages

/// Who serves the requests of a peer. Roles are symmetrical: a connection we opened serves requests too.
public protocol RequestHandler: Sendable {
    /// Serves a request, on the connection's event loop.
    ///
    /// Answer now or later, from any thread, exactly once, through `exchange`. Bodies come whole: block-wise transfer
    /// has been done. An exchange that is let go without an answer is answered 5.00.
    func handle(_ request: Message, _ exchange: Exchange)

    /// Tells, on the connection's event loop, that the connection is gone. Observations have been cancelled before.
    func connectionClosed(_ connection: Connection)

    /// Tells, on the connection's event loop, that the peer takes no new requests (RFC 8323 §5.5). The connection is
    /// closed as soon as nothing is open.
    func released(_ connection: Connection, _ notice: ReleaseNotice)

    /// Whether the meaning of a critical option is honoured; if not, a request with it gets 4.02.
    ///
    /// The default knows addressing, Accept, block-wise transfer and the OCF versions, and not If-Match and
    /// If-None-Match, for to ignore a condition is to break it.
    func understands(_ option: OptionNumber) -> Bool
}

extension RequestHandler {
    /// Does nothing.
    public func connectionClosed(_ connection: Connection) {}

    /// The options every handler honours by itself.
    public func understands(_ option: OptionNumber) -> Bool {
        option.isUnderstoodByEndpoints
    }

    /// Does nothing.
    public func released(_ connection: Connection, _ notice: ReleaseNotice) {}
}

extension OptionNumber {
    /// Whether this is a critical option that the endpoint or any handler honours.
    public var isUnderstoodByEndpoints: Bool {
        switch self {
        case .uriHost, .uriPort, .uriPath, .uriQuery, .accept, .block1, .block2, .ocfAcceptVersion,
            .ocfContentFormatVersion:
            true
        default:
            false
        }
    }
}

/// Serves nothing: every request gets 4.04.
public struct NothingServed: RequestHandler {
    /// A handler without resources.
    public init() {}

    /// Answers 4.04.
    public func handle(_ request: Message, _ exchange: Exchange) {
        exchange.respond(Message(code: .notFound))
    }
}
