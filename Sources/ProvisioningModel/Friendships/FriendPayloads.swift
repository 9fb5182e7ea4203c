import XMPP

/// `isFriend`: may this one be a friend of the device that asks? (XEP-0324 3.2)
public struct FriendQuestion: ProvisioningElement {
    /// Who wants to be a friend; bare.
    public var jid: JID

    /// May this one?
    public init(jid: JID) { self.jid = jid.bare }

    /// Reads it.
    public init(_ element: XMLElement) throws(PayloadError) {
        try element.demand("isFriend")
        jid = try element.address("jid")
    }

    /// `isFriend`.
    public var element: XMLElement { .provisioning("isFriend", ["jid": jid.description]) }
}

/// `isFriendResponse`.
public struct FriendAnswer: ProvisioningElement {
    /// About whom; bare.
    public var jid: JID
    /// Whether that one may be a friend.
    public var isFriend: Bool
    /// Whether the device may have friends and servers of its own choosing beside this one (XEP-0324 3.1.4). The latest
    /// answer counts.
    public var allowsSecondaryTrust: Bool

    /// An answer.
    public init(to question: FriendQuestion, isFriend: Bool, allowsSecondaryTrust: Bool = false) {
        jid = question.jid
        self.isFriend = isFriend
        self.allowsSecondaryTrust = allowsSecondaryTrust
    }

    /// Reads it.
    public init(_ element: XMLElement) throws(PayloadError) {
        try element.demand("isFriendResponse")
        jid = try element.address("jid")
        _ = try element.required("result")
        isFriend = try element.flag("result")
        allowsSecondaryTrust = try element.flag("secondaryTrustAllowed")
    }

    /// `isFriendResponse`.
    public var element: XMLElement {
        .provisioning(
            "isFriendResponse",
            [
                "jid": jid.description, "result": "\(isFriend)",
                "secondaryTrustAllowed": allowsSecondaryTrust ? "true" : nil,
            ])
    }
}

/// `unfriend`: a message to a device (XEP-0324 3.2.3). Devices heed it from servers they trust alone.
public struct Unfriending: ProvisioningElement {
    /// Who is to be no friend any more; bare.
    public var jid: JID

    /// Away with this one.
    public init(jid: JID) { self.jid = jid.bare }

    /// Reads it.
    public init(_ element: XMLElement) throws(PayloadError) {
        try element.demand("unfriend")
        jid = try element.address("jid")
    }

    /// `unfriend`.
    public var element: XMLElement { .provisioning("unfriend", ["jid": jid.description]) }
}

/// `friend`: a message to a device (XEP-0324 3.2.4), which may ask `isFriend` before it follows.
public struct Recommendation: ProvisioningElement {
    /// Who is recommended; bare.
    public var jid: JID

    /// This one.
    public init(jid: JID) { self.jid = jid.bare }

    /// Reads it.
    public init(_ element: XMLElement) throws(PayloadError) {
        try element.demand("friend")
        jid = try element.address("jid")
    }

    /// `friend`.
    public var element: XMLElement { .provisioning("friend", ["jid": jid.description]) }
}
