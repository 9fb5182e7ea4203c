import TLS

/// A number for an encrypted connection, by whoever accepts connections; never used again while the daemon runs.
public struct SessionID: RawRepresentable, Sendable, Hashable {
    /// The number.
    public let rawValue: UInt64
    /// The session of this number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// What a request to a security resource came with, as far as the transport has proved it.
public struct SecurityContext: Sendable, Hashable {
    /// Who asks.
    public var requester: Requester
    /// The encrypted connection it came over; nil for plain CoAP.
    public var session: SessionID?
    /// Whether the requester has proved itself with an identity certificate, which asserting roles needs.
    public var hasIdentityCertificate: Bool
    /// The secrets of the session, for the derivation of the owner's key.
    public var secrets: SessionSecrets?
    /// Seconds since 1970; nil while the clock cannot be trusted.
    public var now: Int64?
    /// The public key of the device's own key pair, which an identity certificate has to be for; nil when the device has
    /// none.
    public var devicePublicKey: PublicKey?

    /// A context.
    public init(
        requester: Requester, session: SessionID? = nil, hasIdentityCertificate: Bool = false,
        secrets: SessionSecrets? = nil, now: Int64? = nil, devicePublicKey: PublicKey? = nil
    ) {
        self.requester = requester
        self.session = session
        self.hasIdentityCertificate = hasIdentityCertificate
        self.secrets = secrets
        self.now = now
        self.devicePublicKey = devicePublicKey
    }
}

/// What a device must do after a change of its security state.
public enum SecurityEffect: Sendable, Hashable {
    /// Keep the state, durably and whole, before the answer goes out.
    case store
    /// Answer first; then deregister from the cloud when the device was operational, and reset: wipe the cloud context
    /// without deregistration, drop observers, close every encrypted connection, make a new identity key pair, and call
    /// ``SecurityState/finishReset(deviceID:presets:)``.
    case reset(deregistersFromCloud: Bool)
    /// Make a PIN and show it.
    case showPIN
    /// Stop showing a PIN.
    case hidePIN
    /// `di` is another now.
    case deviceIDChanged(Identifier)
    /// The onboarding state is another now; observers of pstat are to be told.
    case stateChanged(OnboardingState)
    /// The credentials are other ones; sessions that rest on one that is gone have to be closed, and trust anchors loaded
    /// anew.
    case credentialsChanged
    /// A service has asked the device to see to its provisioning itself.
    case provisioningWanted(ProvisioningMode)
}

/// What became of an accepted change.
public struct SecurityOutcome: Sendable, Hashable {
    /// What the answer says.
    public enum Kind: Sendable, Hashable {
        /// 2.01: entries were added.
        case created
        /// 2.04.
        case changed
        /// 2.02.
        case deleted
    }

    /// What the answer says.
    public var kind: Kind
    /// What there is to do, in order.
    public var effects: [SecurityEffect]

    /// An outcome.
    public init(_ kind: Kind = .changed, _ effects: [SecurityEffect] = []) {
        self.kind = kind
        self.effects = effects
    }
}

/// What the factory gives a device; what a reset goes back to.
public struct FactoryPresets: Sendable, Hashable {
    /// `oxms`. Just works belongs in it only where the configuration says so.
    public var methods: [OwnerTransferMethod]
    /// `sct`.
    public var credentialTypes: CredentialTypes
    /// The manufacturer's certificate with its key, and its anchors.
    public var credentials: [Credential]
    /// `oic.r.sp`; also all that the device can follow.
    public var profiles: SecurityProfiles
    /// `sm`.
    public var supportedModes: OperationalMode

    /// Presets; by default what a device with a public key infrastructure has.
    public init(
        methods: [OwnerTransferMethod], credentialTypes: CredentialTypes = [.pairwiseKey, .certificate],
        credentials: [Credential] = [], profiles: SecurityProfiles = SecurityProfiles(),
        supportedModes: OperationalMode = .clientDirected
    ) {
        self.methods = methods
        self.credentialTypes = credentialTypes
        self.credentials = credentials
        self.profiles = profiles
        self.supportedModes = supportedModes
    }
}

/// The next numbers for entries. They only rise, through resets too, so that no number ever means two things.
public struct SecurityCounters: Sendable, Hashable {
    /// The next `credid`.
    public internal(set) var credential: Int
    /// The next `aceid`.
    public internal(set) var accessControlEntry: Int

    /// Counters.
    public init(credential: Int = 1, accessControlEntry: Int = 1) {
        self.credential = max(1, credential)
        self.accessControlEntry = max(1, accessControlEntry)
    }

    /// A number that is not in use, and moves the counter behind it. Past ``SecurityLimits/largestID`` the counter begins
    /// anew; lists are far shorter than that, so that there is always a free number.
    static func take(_ counter: inout Int, notIn used: Set<Int>) -> Int {
        while true {
            let number = counter
            counter = number >= SecurityLimits.largestID ? 1 : number + 1
            if !used.contains(number) { return number }
        }
    }
}
