import XMPP

/// A bare address as rules hold it: prepared, without a resource, which a provisioning server ignores (XEP-0324 3.2.1).
struct Address: Sendable, Hashable {
    let text: String
    let isDomain: Bool

    /// Of a text with or without a resource; nil when it is none.
    init?(_ text: String) {
        guard let jid = JID(text) else { return nil }
        self.init(jid)
    }

    init(_ jid: JID) {
        text = jid.bare.description
        isDomain = jid.local == nil
    }
}
