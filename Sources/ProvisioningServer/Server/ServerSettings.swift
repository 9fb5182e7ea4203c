/// How a provisioning server is to behave.
public struct ServerSettings: Sendable, Hashable {
    /// What becomes of devices that come by themselves.
    public enum Admission: String, Sendable, Hashable, CaseIterable {
        /// A person is asked.
        case ask
        /// They are let in: for a network to which nobody else belongs.
        case all
        /// They are turned away; only those that a person has added are let in.
        case none
    }

    /// The name that disco#info tells.
    public var name = "Gatehouse provisioning"
    /// The version of the software.
    public var version = "0"
    /// What becomes of devices that come by themselves.
    public var admission = Admission.ask
    /// How challenges are encrypted for those who have no setting of their own.
    public var padding = TokenCertificate.Padding.oaep
    /// How long a proof of a token counts, in seconds; 0 has each question proved.
    public var proofLife: Int64 = 3_600
    /// How long a challenge's answer may take, in seconds. It passes through the device to whoever sent the token, and the
    /// question waits for it: less than the 10 s after which a gateway of ours gives that up.
    public var challengeTimeout: Int64 = 6
    /// How long a user's session at a service lasts, in seconds: a day.
    public var sessionLife: Int64 = 86_400
    /// How long an answer to clearCache may take, in seconds.
    public var clearTimeout: Int64 = 20
    /// The wait before the second attempt, in seconds, doubled with each that follows: a device that has just been let in
    /// may not yet trust the one that it has let in.
    public var firstRetry: Int64 = 2
    /// The longest wait between attempts, in seconds, where nothing tells that the device is there.
    public var longestRetry: Int64 = 900

    /// The defaults.
    public init() {}
}
