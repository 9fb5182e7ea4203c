extension ConfigurationKey {
    /// The keys of `[provisioning]`.
    static let provisioning: [ConfigurationKey] = [
        optional(
            "provisioning.component", \.provisioning.component, expected: "a domain such as provisioning.example.org",
            "The provisioning server (XEP-0324) as a component of the XMPP server; without it and account there is none."
        ),
        optional(
            "provisioning.account", \.provisioning.account, expected: "an address such as provisioning@example.org",
            "The provisioning server as an account, in place of a component.", allowed: { $0.contains("@") }),
        optional(
            "provisioning.server", \.provisioning.server, expected: "host or host:port",
            "The XMPP server; for a component its component port. An account's is found by its domain."),
        choice(
            "provisioning.security", \.provisioning.security, ["starttls", "direct"], "How TLS begins, for an account."),
        optional(
            "provisioning.secret_file", \.provisioning.secretFile, expected: "a path",
            "The file with the component's secret or the account's password in its first line."),
        text(
            "provisioning.trust", \.provisioning.trust, default: ServerConfiguration().provisioning.trust,
            expected: "a path", "PEM file of the authorities for an account's server."),
        text(
            "provisioning.name", \.provisioning.name, default: ServerConfiguration().provisioning.name,
            expected: "a text of 1 to 64 bytes", "The name that devices and people are told.",
            allowed: { (1...64).contains($0.utf8.count) }),
        choice(
            "provisioning.admit", \.provisioning.admit, ["ask", "all", "none"],
            "What becomes of devices that come by themselves: a person is asked, they are let in, they are turned away."
        ),
        choice(
            "provisioning.padding", \.provisioning.padding, ["oaep", "pkcs1"],
            "How challenges are encrypted for devices that have no setting of their own."),
        integer(
            "provisioning.proof_life", \.provisioning.proofLife, 0...2_592_000,
            "Seconds for which the proof of a token counts; 0 has each question proved."),
        integer(
            "provisioning.session_life", \.provisioning.sessionLife, 60...31_536_000,
            "Seconds of a user's session at a service."),
    ]

    private static func choice(
        _ path: String, _ field: WritableKeyPath<ServerConfiguration, String> & Sendable, _ choices: [String],
        _ help: String
    ) -> ConfigurationKey {
        ConfigurationKey(
            path: path, kind: .choice(choices), standard: "\"\(ServerConfiguration()[keyPath: field])\"", help: help
        ) { configuration, value in
            if case .text(let text) = value { configuration[keyPath: field] = text }
        }
    }
}
