/// Those who know each other's presence: the account's list of contacts, which the server keeps (RFC 6121 2).
public struct Roster: Sendable, Hashable {
    /// Who is told of whose presence (RFC 6121 2.1.2.5).
    public enum Subscription: String, Sendable, Hashable, CaseIterable {
        /// Nobody.
        case none
        /// We are told of the contact's.
        case to
        /// The contact is told of ours.
        case from
        /// Both.
        case both
    }

    /// A contact.
    public struct Contact: Sendable, Hashable {
        /// The bare address.
        public var jid: JID
        /// For people.
        public var name: String?
        /// Who is told of whose presence.
        public var subscription: Subscription
        /// Whether we have asked to be told and have no answer yet.
        public var isAsking: Bool
        /// The groups it is in.
        public var groups: Set<String>

        /// A contact.
        public init(
            _ jid: JID, name: String? = nil, subscription: Subscription = .none, isAsking: Bool = false,
            groups: Set<String> = []
        ) {
            self.jid = jid.bare
            self.name = name
            self.subscription = subscription
            self.isAsking = isAsking
            self.groups = groups
        }

        /// Reads an `item`; nil without an address. The second value tells a removal.
        init?(_ element: XMLElement) {
            guard let jid = element["jid"].flatMap({ JID($0) }) else { return nil }
            self.init(
                jid, name: element["name"],
                subscription: element["subscription"].flatMap { Subscription(rawValue: $0) } ?? .none,
                isAsking: element["ask"] == "subscribe", groups: Set(element.children("group").map(\.text)))
        }

        var element: XMLElement {
            XMLElement(
                "item", Namespace.roster, ["jid": jid.description, "name": name],
                children: groups.sorted().map { XMLElement("group", Namespace.roster, text: $0) })
        }
    }

    /// The contacts by bare address.
    public private(set) var contacts: [JID: Contact] = [:]
    /// Which state of the server's list this is (RFC 6121 2.6); nil when the server does not say.
    public private(set) var version: String?

    /// A roster without contacts.
    public init() {}

    /// The contact of this address, with or without a resource.
    public subscript(jid: JID) -> Contact? { contacts[jid.bare] }

    /// Whether this address may be told of our presence.
    public func isFriend(_ jid: JID) -> Bool {
        switch contacts[jid.bare]?.subscription {
        case .from?, .both?: true
        case .to?, Subscription.none?, nil: false
        }
    }

    /// Takes the server's whole list (RFC 6121 2.1.4).
    mutating func replace(_ query: XMLElement, limit: Int) {
        contacts = [:]
        for item in query.children("item").prefix(limit) {
            if let contact = Contact(item) { contacts[contact.jid] = contact }
        }
        version = query["ver"]
    }

    /// Takes a change of one contact (RFC 6121 2.1.6). Answers whose; nil when the change means nothing.
    mutating func apply(_ query: XMLElement, limit: Int) -> JID? {
        guard let item = query.child("item"), let contact = Contact(item) else { return nil }
        if let version = query["ver"] { self.version = version }
        if item["subscription"] == "remove" {
            contacts[contact.jid] = nil
        } else if contacts[contact.jid] != nil || contacts.count < limit {
            contacts[contact.jid] = contact
        } else {
            return nil
        }
        return contact.jid
    }
}
