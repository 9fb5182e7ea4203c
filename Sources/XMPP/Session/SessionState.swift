/// How far a session with a server has come.
public enum SessionState: Sendable, Hashable {
    /// There is none: not started, stopped, or a connection was lost or did not come about.
    case offline
    /// Stanzas go both ways. The address is one's own: with the resource that the server has given, or a component's domain.
    case online(JID)
    /// The connection was lost and the session may be taken up again (XEP-0198 5): what is sent waits.
    case suspended(JID)

    /// One's own address while there is a session.
    public var address: JID? {
        switch self {
        case .offline: nil
        case .online(let address), .suspended(let address): address
        }
    }

    /// Whether stanzas go both ways.
    public var isOnline: Bool { if case .online = self { true } else { false } }
}
