import CoAPMessages

/// An observation a peer holds on a resource of ours (RFC 7641 §4). May be used from any thread.
public final class ServerObservation: Sendable {
    /// Who observes.
    public let connection: Connection

    /// The request it began with.
    public let request: Message

    let onCancelled: @Sendable () -> Void

    init(connection: Connection, request: Message, onCancelled: @escaping @Sendable () -> Void) {
        self.connection = connection
        self.request = request
        self.onCancelled = onCancelled
    }

    /// Sends a notification with the next Observe number, 24 bits that rise strictly: plgd hub drops what does not rise,
    /// though over TCP the order would not need it.
    ///
    /// An error code ends the observation (RFC 7641 §4.2). Nothing is sent once it has ended.
    ///
    /// - Parameter replacing: whether a notification that could not be sent yet, because the peer is slow to read, may
    ///   be dropped for this one. True where each says the whole state; false where each says what changed.
    public func notify(_ notification: Message, replacing: Bool = false) {
        connection.onLoop { $0.notify(self, notification, replacing: replacing) }
    }

    /// Ends the observation without a word to the peer; send an error notification first to tell it.
    public func end() {
        connection.onLoop { $0.endObservation(self) }
    }
}
