import OneM2MPrimitives

/// What the configuration says of the CSE.
public struct CSESettings: Sendable {
    /// Where a CSE stands in the network (`cst`).
    public enum Kind: Int, Sendable, Hashable {
        /// At a gateway: others may register.
        case middleNode = 2
        /// At a device: no CSE may register.
        case applicationServiceNode = 3
    }

    /// Who it is.
    public var identity: CSEIdentity
    /// Where it stands.
    public var kind = Kind.middleNode
    /// Who may do everything, by AE-ID; only over a connection that proves it, or this machine's loopback.
    public var administrators: [String] = []
    /// Who may register as an AE: AE-IDs with `*` for the rest of a part; empty for nobody but administrators.
    public var registrants: [String] = ["*"]
    /// Who may see the nodes, by the notation of access control policies; they may retrieve, discover and subscribe.
    public var readers: [String] = []
    /// Who may set parameters of the nodes.
    public var controllers: [String] = []
    /// Whether AEs are taken outside TLS and DTLS, where anybody may say to be anyone. This machine's loopback always is.
    public var allowsInsecureAEs = true
    /// Whether CSEs are.
    public var allowsInsecureCSEs = false
    /// The CSE-ID of the registrar, through which the rest of the world is reached; nil for none.
    public var registrar: String?
    /// Whether what others create is on flash before they are told so.
    public var isDurable = true
    /// The URLs under which it can be reached.
    public var pointsOfAccess: [String] = []
    /// What the tables hold at most.
    public var limits = CSELimits()

    /// The settings of a CSE that nobody may use yet.
    public init(identity: CSEIdentity) {
        self.identity = identity
    }
}
