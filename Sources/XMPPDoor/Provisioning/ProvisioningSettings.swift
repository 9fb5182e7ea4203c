import XMPP

/// What the configuration says of provisioning servers, and the bounds.
public struct ProvisioningSettings: Sendable {
    /// Servers by address: a component's domain, or an account's bare address.
    public var servers: [JID]
    /// Whether a server that the account's own XMPP server has as a component is taken (XEP-0324 3.1.2).
    public var findsComponent: Bool
    /// How long a server may take to answer. Longer than a slow link, shorter than a person's patience with a read-out.
    public var timeout: Duration = .seconds(10)
    /// Questions that are open at once, to all servers.
    public var openQuestions = 128
    /// Challenges that are open at those whom tokens came from.
    public var openChallenges = 32
    /// Servers trusted at once: more than anybody needs, few enough to ask each of them.
    public var maximumServers = 8
    /// How long somebody whom the button let in may take to show that it is a provisioning server.
    public var proofTime: Duration = .seconds(300)
    /// The waits before a token is asked for again.
    public var firstRetry: Duration = .seconds(60)
    /// The longest of them.
    public var lastRetry: Duration = .seconds(3_600)

    /// Settings; no servers unless told otherwise.
    public init(servers: [JID] = [], findsComponent: Bool = false) {
        self.servers = servers.map(\.bare)
        self.findsComponent = findsComponent
    }

    func names(_ address: JID) -> Bool { servers.contains(address.bare) }
}
