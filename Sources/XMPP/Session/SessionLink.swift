/// What carries a session's stanzas: a connection to a server, or ``MemoryServer``.
public protocol SessionLink: AnyObject {
    /// Sends a stanza, or lets it wait; false when that is not possible.
    func send(_ stanza: Stanza) -> Bool

    /// Whether so much waits already that nothing large should be added. The link tells ``XMPPSession/hasRoom()`` when that
    /// has changed.
    var isCongested: Bool { get }
}
