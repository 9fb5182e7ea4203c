import OneM2MPrimitives

/// The keys of the oneM2M CSE.
extension ConfigurationSchema {
    /// Whether a text can be a part of an identifier.
    private static func isPart(_ text: String) -> Bool {
        ResourceAddress.isResourceName(text)
    }

    static let oneM2MKeys: [ConfigurationKey] = [
        ConfigurationKey("onem2m.enabled", .boolean, default: "false", "Be a oneM2M CSE (docs/onem2m.md)."),
        ConfigurationKey(
            "onem2m.kind", .choice(["mn", "asn"]), default: "\"mn\"",
            "`mn`: the CSE of a gateway, where other CSEs may register; `asn`: that of a device, where they may not."),
        ConfigurationKey(
            "onem2m.cse_id", .form("a name such as gw1, without a slash", check: isPart), default: "\"gatehouse\"",
            "The CSE-ID without its slash, unique at the service provider."),
        ConfigurationKey(
            "onem2m.cse_name", .form("a name such as cse-gw1", check: isPart), default: "\"cse\"",
            "The name of the CSEBase, where addresses by name begin."),
        ConfigurationKey(
            "onem2m.sp_id", .form("a domain such as sp.example.com", check: isPart), default: "\"gatehouse.invalid\"",
            "The M2M service provider's name, without slashes."),
        ConfigurationKey(
            "onem2m.administrators",
            .list(of: "an AE-ID such as Cadmin", check: { !$0.isEmpty && $0.utf8.count <= 160 }), default: "[]",
            "Who may do everything, when TLS proves it or the request comes from this machine."),
        ConfigurationKey(
            "onem2m.registrants",
            .list(of: "an AE-ID or CSE-ID, `*` for the rest of a part", check: { !$0.isEmpty && $0.utf8.count <= 160 }),
            default: "[\"*\"]", "Who may register."),
        ConfigurationKey(
            "onem2m.readers",
            .list(
                of: "an originator as access control policies write it", check: { !$0.isEmpty && $0.utf8.count <= 160 }),
            default: "[]", "Who may retrieve and discover the gateway's nodes, and subscribe to them."),
        ConfigurationKey(
            "onem2m.controllers",
            .list(
                of: "an originator as access control policies write it", check: { !$0.isEmpty && $0.utf8.count <= 160 }),
            default: "[]", "Who may read the gateway's nodes and set their parameters."),
        ConfigurationKey(
            "onem2m.insecure", .choice(["nobody", "applications", "everybody"]), default: "\"applications\"",
            "Who is taken outside TLS and DTLS, where anybody may say to be anyone: AEs, CSEs too, or nobody. This machine's loopback always is."
        ),
        ConfigurationKey(
            "onem2m.durable", .boolean, default: "true",
            "What others create is on flash before they are told so; false writes it with others, within a minute."),
        ConfigurationKey(
            "onem2m.history", .integer(0...1_000, unit: "measurements"), default: "20",
            "How many measurements of each field are kept as content instances, in memory; 0 for none."),
        ConfigurationKey(
            "onem2m.resources_maximum", .integer(10...100_000, unit: "resources"), default: "10000",
            "Resources that others may create, content instances not counted."),
        ConfigurationKey(
            "onem2m.instances_maximum", .integer(10...1_000_000, unit: "content instances"), default: "100000",
            "Content instances of all containers together; the oldest go."),
        ConfigurationKey(
            "onem2m.content_maximum_kib", .integer(16...262_144, unit: "KiB"), default: "16384",
            "Their contents together."),
    ]
}
