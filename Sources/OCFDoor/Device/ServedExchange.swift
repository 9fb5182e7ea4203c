import CoAP
import CoAPMessages

/// One request being answered, as the device sees it: `CoAP.Exchange` behind a face that tests can stand behind too.
public protocol ServedExchange: Sendable {
    /// Answers, once.
    func respond(_ response: Message)
    /// Takes an observation on, before the answer; nil when the transport will not.
    ///
    /// - Parameter cancelled: called once when the observer leaves or its connection closes.
    func observe(cancelled: @escaping @Sendable () -> Void) -> (any ObservationSink)?
}

/// Where the notifications of one observation go.
public protocol ObservationSink: Sendable {
    /// Whether the connection takes more at the moment; a slow reader gets the newest state when it does again.
    var isReady: Bool { get }
    /// Sends a notification; the transport numbers it.
    func notify(_ message: Message)
    /// Ends the observation from our side.
    func end()
}

extension Exchange: ServedExchange {
    /// See ``acceptObservation(_:)``.
    public func observe(cancelled: @escaping @Sendable () -> Void) -> (any ObservationSink)? {
        acceptObservation(cancelled)
    }
}

extension ServerObservation: ObservationSink {
    /// Whether the socket takes more.
    public var isReady: Bool { connection.channel.isWritable }

    /// Sends a notification that the one after it does not make void: what waits has been put together here already.
    public func notify(_ message: Message) {
        notify(message, replacing: false)
    }
}
