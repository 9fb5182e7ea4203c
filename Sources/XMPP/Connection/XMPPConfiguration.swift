import NIOCore
import TLS

/// What a connection to an XMPP server needs to know.
public struct XMPPConfiguration: Sendable {
    /// What we are to the server.
    public enum Role: Sendable, Hashable {
        /// An account; the resource is asked for, nil lets the server choose.
        case client(resource: String?)
        /// A component (XEP-0114).
        case component
    }

    /// The account's bare address, or the component's domain.
    public var jid: JID
    /// What we are to the server.
    public var role: Role
    /// Password or certificate of the account, or the component's secret.
    public var credentials: Credentials
    /// Where the server is; nil finds it by the domain's service records.
    public var target: ServerTarget?
    /// Where the server's certificate has to end.
    public var trust: TrustAnchors
    /// Our own certificate, for EXTERNAL.
    public var identity: Identity?
    /// Whether authentication is bound to the TLS connection.
    public var channelBinding = ChannelBindingPolicy.offered
    /// Whether sessions are taken up again (XEP-0198).
    public var usesManagement = true
    /// What certificates are judged by.
    public var clock = ValidityClock.system
    /// The bounds.
    public var limits = ConnectionLimits()

    /// A configuration.
    public init(
        jid: JID, role: Role = .client(resource: nil), credentials: Credentials, target: ServerTarget? = nil,
        trust: TrustAnchors, identity: Identity? = nil
    ) {
        self.jid = jid.bare
        self.role = role
        self.credentials = credentials
        self.target = target
        self.trust = trust
        self.identity = identity
    }

    /// Whether it is a component.
    public var isComponent: Bool { role == .component }

    /// What is wrong with it, for people; nil when nothing is.
    public var problem: String? {
        if isComponent {
            if target == nil { return "a component's server has to be named: host and port were expected" }
            if credentials.password == nil { return "a component needs a secret" }
        } else if jid.local == nil {
            return "\"\(jid)\" is the address of a server; an account like name@\(jid.domain) was expected"
        } else if target?.security == ServerTarget.Security.none {
            return "an account is not used without TLS; security starttls or direct was expected"
        }
        if !isComponent, credentials.password != nil {
            do throws(SASLFault) { _ = try credentials.prepared() } catch { return error.reason }
        }
        if credentials.isExternal, identity == nil {
            return "authentication by certificate needs a certificate with its key"
        }
        return nil
    }

    var streamSettings: StreamMachine.Settings {
        var settings = StreamMachine.Settings(account: jid, credentials: credentials)
        settings.isComponent = isComponent
        if case .client(let resource) = role { settings.resource = resource }
        settings.channelBinding = channelBinding
        settings.allowsUnencrypted = isComponent
        settings.usesManagement = usesManagement && !isComponent
        settings.management = limits.management
        return settings
    }
}

/// Bounds and times of a connection.
public struct ConnectionLimits: Sendable, Hashable {
    /// What the server may send.
    public var xml = XMLLimits.standard
    /// Until TCP stands. 10 s: three lost SYNs.
    public var connectTimeout = TimeAmount.seconds(10)
    /// From TCP to the session. 30 s: TLS and eight round trips over a bad mobile link.
    public var negotiationTimeout = TimeAmount.seconds(30)
    /// From a stanza's first byte to its last. 30 s: a server that stops in the middle would hold our half of it for ever.
    public var stanzaTimeout = TimeAmount.seconds(30)
    /// The server is asked for a sign of life when nothing came for this long. 60 s: the idle connections that routers
    /// forget first are those of about five minutes, the worst of two.
    public var keepAliveInterval = TimeAmount.seconds(60)
    /// How long that sign may take. 20 s: as the CoAP session's.
    public var keepAliveTimeout = TimeAmount.seconds(20)
    /// Bytes that wait for the server to read. Past a quarter nothing more is read of it; at the end the connection is
    /// given up. 2 MB: the read-out of 1,000 nodes takes 1 MB.
    public var outboundBytes = 2 << 20
    /// How long the server may read nothing while something waits. 60 s: TCP's own retries are that far apart by then.
    public var stallTimeout = TimeAmount.seconds(60)
    /// How long a parting waits for the server. 2 s.
    public var closeTimeout = TimeAmount.seconds(2)
    /// A session that cannot be taken up again within this is over, whatever the server promised. 10 min: what Prosody
    /// keeps one.
    public var resumeTimeout = TimeAmount.seconds(600)
    /// What waits for the server's word.
    var management = StreamManagement.Limits()
    /// The stanzas that wait for the server's word, at most (XEP-0198).
    public var unacknowledgedStanzas: Int {
        get { management.stanzas }
        set { management.stanzas = newValue }
    }
    /// Their bytes, at most.
    public var unacknowledgedBytes: Int {
        get { management.bytes }
        set { management.bytes = newValue }
    }
    /// What every wait between attempts is multiplied by; tests have no time.
    public var pace = 1.0

    /// The defaults.
    public init() {}
}
