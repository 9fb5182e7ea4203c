import OCFModel

/// Everything the server can be told, with defaults that suit one household on one machine.
public struct ServerConfiguration: Sendable {
    /// Whether devices have to show a certificate at the TLS handshake.
    public enum ClientCertificate: String, Sendable, CaseIterable {
        /// None, no connection; and its `uuid:<di>` is the only device id that may sign up and in on the connection.
        case required
        /// One that is shown binds the device id; without, the token alone decides.
        case optional
        /// None is asked for.
        case none
    }

    /// Address to listen on.
    public var address = "0.0.0.0"
    /// Port; 5684 is the registered one for `coaps+tcp` (RFC 8323 §11.4). 0 takes a free one.
    public var port = 5684
    /// What devices and clients are told to connect to, and what stands in the links' endpoints; nil makes it from the
    /// address and port listened on.
    public var publicURI: String?
    /// Where devices that sign up are sent (`redirecturi`); nil keeps them here.
    public var redirectURI: String?
    /// The cloud's name in its `/oic/d`.
    public var name = "Gatehouse cloud"
    /// Event loops; 0 takes one a core.
    public var threads = 0

    /// PEM file of the cloud's certificate, or chain from leaf to root; nil takes the state directory's.
    public var certificate: String?
    /// PEM file of its key.
    public var key: String?
    /// PEM file of the authorities that devices' certificates may come from.
    public var trust: String?
    /// Whether devices have to show a certificate.
    public var clientCertificate = ClientCertificate.required

    /// Lives of tokens.
    public var lifetimes = TokenLifetimes()

    /// Seconds for a device's answer. Battery-powered radio takes some; a person waits no longer.
    public var requestTimeout: Int64 = 10
    /// Seconds of silence after which the cloud pings. Shorter than the NAT time-outs of home routers (30 s at worst).
    public var pingAfter: Int64 = 10
    /// Seconds for the answer to a ping, after which the connection is closed.
    public var pingTimeout: Int64 = 15
    /// Seconds a connection may stay without signing in. plgd hub has no such deadline; a minute suits the slowest device
    /// and keeps strangers from collecting connections.
    public var signInDeadline: Int64 = 60
    /// Seconds for requests under way to end at shutdown; well under systemd's 90.
    public var drainTimeout: Int64 = 5

    /// The provisioning server beside the cloud.
    public var provisioning = ProvisioningSection()

    /// How much of everything.
    public var limits = CloudLimits()
    /// The least severe level that is logged.
    public var logLevel = "info"

    /// The defaults.
    public init() {}
}

/// Where the provisioning server of XEP-0324 lives and how it behaves, as the file's `[provisioning]` says.
public struct ProvisioningSection: Sendable, Hashable {
    /// The component's domain; nil for an account, or none at all.
    public var component: String?
    /// The account's bare address; nil for a component, or none at all.
    public var account: String?
    /// The XMPP server, `host` or `host:port`.
    public var server: String?
    /// `starttls` or `direct`, for an account.
    public var security = "starttls"
    /// The file with the component's secret or the account's password.
    public var secretFile: String?
    /// PEM file of the authorities for an account's server.
    public var trust = "/etc/ssl/certs/ca-certificates.crt"
    /// The name that disco#info tells.
    public var name = "Gatehouse provisioning"
    /// What becomes of devices that come by themselves: `ask`, `all`, `none`.
    public var admit = "ask"
    /// How challenges are encrypted by default: `oaep`, `pkcs1`.
    public var padding = "oaep"
    /// Seconds for which a token's proof counts.
    public var proofLife: Int64 = 3_600
    /// Seconds of a user's session at a service.
    public var sessionLife: Int64 = 86_400

    /// Whether there is to be one.
    public var isConfigured: Bool { component != nil || account != nil }

    /// What is wrong with the whole of it; nil when nothing is. The second value is the key to blame.
    var problem: (key: String, reason: String)? {
        if component != nil, account != nil {
            return ("account", "provisioning.component and provisioning.account are two ways; give one of them")
        }
        if isConfigured, secretFile == nil {
            return (
                "secret_file",
                "provisioning.secret_file is missing, expected the file with the password in its first line"
            )
        }
        if component != nil, server == nil {
            return (
                "server", "provisioning.server is missing, expected the component port of the XMPP server, host:port"
            )
        }
        if !isConfigured, secretFile != nil || server != nil {
            return ("secret_file", "provisioning.component or provisioning.account is missing, expected one of them")
        }
        return nil
    }
}
