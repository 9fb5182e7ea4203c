import XMPP

/// The keys of the XMPP account and of those who may come to it.
extension ConfigurationSchema {
    static let xmppKeys: [ConfigurationKey] = [
        ConfigurationKey(
            "xmpp.account",
            .form("an address such as hall@example.org, or empty", check: { $0.isEmpty || JID($0)?.local != nil }),
            default: "\"\"", "The gateway's account; empty for no XMPP."),
        ConfigurationKey(
            "xmpp.password_file", .path, default: "\"\"",
            "The file that holds the account's password and nothing else; the daemon alone should be able to read it."),
        ConfigurationKey(
            "xmpp.server",
            .form("HOST or HOST:PORT, or empty", check: { $0.isEmpty || XMPPServerText.isGood($0) }), default: "\"\"",
            "The server; empty finds it by the service records of the account's domain."),
        ConfigurationKey(
            "xmpp.security", .choice(["starttls", "direct"]), default: "\"starttls\"",
            "How TLS begins at `xmpp.server`; there is no connection without."),
        ConfigurationKey(
            "xmpp.trust", .path, default: "\"/etc/ssl/certs/ca-certificates.crt\"",
            "The PEM file of the authorities that the server's certificate may come from."),
        ConfigurationKey(
            "xmpp.resource", .text(maximum: 64), default: "\"gatehouse\"",
            "The connection's name, the last part of the full address; empty lets the server choose."),
        ConfigurationKey(
            "xmpp.allow_plain", .boolean, default: "false",
            "Tell the server the password itself where it knows nothing better than PLAIN."),
        ConfigurationKey(
            "xmpp.certificate", .path, default: "\"\"",
            "The PEM file of the account's own certificate, for servers that take one in place of a password (EXTERNAL)."
        ),
        ConfigurationKey("xmpp.key", .path, default: "\"\"", "The PEM file of that certificate's private key."),
        ConfigurationKey(
            "xmpp.channel_binding", .choice(["offered", "required", "never"]), default: "\"offered\"",
            "Whether the password's proof is bound to the TLS connection: where the server can, or not without; `never` behind something that ends TLS on the way."
        ),
        ConfigurationKey(
            "xmpp.registry",
            .form("an address, `auto`, or empty", check: { $0.isEmpty || $0 == "auto" || JID($0) != nil }),
            default: "\"\"",
            "The thing registry where an owner claims the gateway by its label (`gatehouse label`); `auto` takes the server's, empty none."
        ),
        ConfigurationKey(
            "xmpp.provisioning",
            .list(
                of: "an address, a component's domain, or `auto`",
                check: { $0 == "auto" || JID($0)?.resource == nil && JID($0) != nil }), default: "[]",
            "Provisioning servers that are trusted without the button; `auto` takes the one that the account's server has."
        ),
        ConfigurationKey(
            "xmpp.token_certificate", .path, default: "\"\"",
            "A PEM file of the RSA certificate by which provisioning servers know the gateway; empty has one made."),
        ConfigurationKey(
            "xmpp.token_key", .path, default: "\"\"",
            "The PEM file of its key, of 2048 bits or more and used for nothing else."),
        ConfigurationKey(
            "xmpp.peers[].jid",
            .form("an address, a domain, or `*`", check: { $0 == "*" || JID($0)?.resource == nil && JID($0) != nil }),
            default: nil, "Who: an address without a resource, a domain for everybody there, `*` for everybody."),
        ConfigurationKey(
            "xmpp.peers[].may", .choice(["befriend", "read", "control", "administer"]), default: "\"read\"",
            "How far; each right includes those before it."),
        ConfigurationKey(
            "xmpp.peers[].nodes",
            .list(of: "a node such as gpio/relay1, or an id", check: { !$0.isEmpty && $0.utf8.count <= 130 }),
            default: "[]", "On these nodes only; empty for all."),
        ConfigurationKey(
            "xmpp.peers[].names",
            .list(of: "a field or parameter", check: { !$0.isEmpty && $0.utf8.count <= 64 }), default: "[]",
            "These fields and parameters only; empty for all."),
        ConfigurationKey(
            "xmpp.peers[].dialect", .choice(["current", "2013"]), default: "\"current\"",
            "`2013` adds what peers of that time look for (docs/xmpp.md)."),
    ]
}
