import XMPP

/// XEP-0324: what a device and a provisioning server say to each other, as values.
///
/// Both halves use the same values: each is read by `init(_:)` from the payload of a stanza and written by `element`. What
/// comes is best taken by ``ProvisioningPayload``, which finds the kind by the element's name:
///
/// ```swift
/// // A server (or a device) answers what comes in an iq.
/// do {
///     switch try ProvisioningPayload(request.payload) {
///     case .canRead(let question):
///         request.result(ReadAnswer(to: question, nodes: [node]).element)
///     case .isFriend(let question):
///         request.result(FriendAnswer(to: question, isFriend: true).element)
///     default: request.error(StanzaError(.featureNotImplemented))
///     }
/// } catch {
///     request.error(error.stanzaError)
/// }
/// ```
///
/// ``ProvisioningPayload/carrier`` says in which kind of stanza an element belongs. Attributes and lists are bounded by
/// ``ProvisioningLimits``; what exceeds them, lacks something or is of another type throws `PayloadError`, which has a
/// sentence and the stanza error for it. Addresses are bare on both sides (XEP-0324 3.2.1, note 2): a resource that comes is
/// dropped.
public enum Provisioning {
    /// The namespace, and the feature that a provisioning server's disco#info tells (XEP-0324 4).
    public static let namespace = "urn:xmpp:iot:provisioning"

    // MARK: Errors of the text

    /// A challenge was answered wrongly (XEP-0324 3.1.3, listing 5; `type='error'`, which the listing lacks).
    public static let wrongAnswer = StanzaError(.badRequest, "the challenge was not answered rightly")
    /// There is no challenge of this number, or no longer (listing 6).
    public static let unknownSequence = StanzaError(.itemNotFound, "there is no challenge of this number")
    /// A token was challenged by one to whom it was not sent in the last minute (listing 8).
    public static let uncalledChallenge = StanzaError(
        .forbidden, "this token was not sent to you within the last minute", kind: .cancel)

    /// How long a challenge is kept, and how long after a token was sent its challenge is answered (XEP-0324 3.1.3, 6.2).
    public static let challengeTime: Duration = .seconds(60)
}

/// How much of anything one payload holds.
public enum ProvisioningLimits {
    /// Nodes: as many as a concentrator holds.
    public static let nodes = 10_000
    /// Fields or parameters: a node has 64 and 32 at most; some for several kinds of node.
    public static let names = 256
    /// Bytes of one name or id of a node.
    public static let nameBytes = 1_024
    /// Bytes of an attribute with tokens; tokens seen are 20 to 100 characters.
    public static let tokensBytes = 4_096
    /// Bytes of one token. What is longer would leave no place for a second server's.
    public static let tokenBytes = 1_024
    /// Tokens of one kind in one request: one for each server that somebody trusts.
    public static let tokens = 64
    /// Bytes of a certificate in DER; one with a key of 4096 bits and many names is 3 KB.
    public static let certificateBytes = 16_384
    /// Bytes of a challenge or its answer: what RSA with 8192 bits makes of it.
    public static let challengeBytes = 1_024
    /// What a user can show to a service: the schema knows twelve kinds.
    public static let credentials = 64
    /// Bytes of one credential's text; a token of a single sign-on is a few kilobytes.
    public static let credentialBytes = 16_384
    /// Bytes of a privilege's id.
    public static let privilegeBytes = 512
    /// Entries of a list of privileges.
    public static let privileges = 4_096
}
