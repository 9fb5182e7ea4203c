/// Namespaces that this room speaks.
public enum Namespace {
    /// Stanzas of a client (RFC 6120 4.8.2). Inside the house every stanza has it, a component's too.
    public static let client = "jabber:client"
    /// Stanzas and handshake of a component (XEP-0114). Only on the wire.
    public static let component = "jabber:component:accept"
    /// `stream`, `features`, `error` (RFC 6120 4.8.1).
    public static let stream = "http://etherx.jabber.org/streams"
    /// The conditions of stream errors (RFC 6120 4.9.2).
    public static let streamErrors = "urn:ietf:params:xml:ns:xmpp-streams"
    /// The conditions of stanza errors (RFC 6120 8.3.2).
    public static let stanzaErrors = "urn:ietf:params:xml:ns:xmpp-stanzas"
    /// STARTTLS (RFC 6120 5).
    public static let tls = "urn:ietf:params:xml:ns:xmpp-tls"
    /// SASL (RFC 6120 6).
    public static let sasl = "urn:ietf:params:xml:ns:xmpp-sasl"
    /// The channel bindings a server knows (XEP-0440).
    public static let channelBindings = "urn:xmpp:sasl-cb:0"
    /// Resource binding (RFC 6120 7).
    public static let bind = "urn:ietf:params:xml:ns:xmpp-bind"
    /// The session of RFC 3921, which some servers still list.
    public static let session = "urn:ietf:params:xml:ns:xmpp-session"
    /// Rosters (RFC 6121 2).
    public static let roster = "jabber:iq:roster"
    /// The feature of roster versioning (RFC 6121 2.6).
    public static let rosterVersioning = "urn:xmpp:features:rosterver"
    /// Stream management (XEP-0198).
    public static let streamManagement = "urn:xmpp:sm:3"
    /// Ping (XEP-0199).
    public static let ping = "urn:xmpp:ping"
    /// Service discovery, what an entity is and can (XEP-0030 3).
    public static let discoInfo = "http://jabber.org/protocol/disco#info"
    /// Service discovery, what stands behind an entity (XEP-0030 4).
    public static let discoItems = "http://jabber.org/protocol/disco#items"
    /// Entity capabilities (XEP-0115).
    public static let capabilities = "http://jabber.org/protocol/caps"
    /// Data forms (XEP-0004).
    public static let dataForm = "jabber:x:data"
    /// What values a field of a form takes (XEP-0122).
    public static let formValidation = "http://jabber.org/protocol/xdata-validate"
    /// How a form is laid out (XEP-0141).
    public static let formLayout = "http://jabber.org/protocol/xdata-layout"
    /// Dynamic forms (XEP-0336).
    public static let dynamicForm = "urn:xmpp:xdata:dynamic"
    /// When a message was said that comes late (XEP-0203).
    public static let delay = "urn:xmpp:delay"
    /// The namespace of the prefix `xml`.
    public static let xml = "http://www.w3.org/XML/1998/namespace"
}
