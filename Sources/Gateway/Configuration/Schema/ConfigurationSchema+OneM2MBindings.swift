import NIOCore
import OneM2MDoor

/// The keys of the oneM2M door's sockets, of who its peers are, and of its registrar.
extension ConfigurationSchema {
    private static let port = ConfigurationKey.Kind.integer(0...65_535, unit: "0 for none")
    private static let address = ConfigurationKey.Kind.form("an address in numbers", check: isNumericAddress)

    static let oneM2MBindingKeys: [ConfigurationKey] = [
        ConfigurationKey(
            "onem2m.points_of_access",
            .list(of: "a URL of http, https, coap or coaps", check: { PointOfAccess($0) != nil }), default: "[]",
            "Where others reach this CSE, as they are told; empty tells the addresses that are listened on, as far as they are one."
        ),
        ConfigurationKey(
            "onem2m.http.address", address, default: "\"127.0.0.1\"", "Where HTTP in the clear is listened for."),
        ConfigurationKey("onem2m.http.port", port, default: "8080", "The port of HTTP in the clear."),
        ConfigurationKey(
            "onem2m.http.secure_address", address, default: "\"0.0.0.0\"", "Where HTTP over TLS is listened for."),
        ConfigurationKey("onem2m.http.secure_port", port, default: "0", "The port of HTTP over TLS, such as 8443."),
        ConfigurationKey(
            "onem2m.coap.address", address, default: "\"127.0.0.1\"", "Where CoAP in the clear is listened for."),
        ConfigurationKey("onem2m.coap.port", port, default: "0", "The port of CoAP in the clear."),
        ConfigurationKey(
            "onem2m.coap.secure_address", address, default: "\"0.0.0.0\"", "Where CoAP over DTLS is listened for."),
        ConfigurationKey("onem2m.coap.secure_port", port, default: "0", "The port of CoAP over DTLS."),
        ConfigurationKey(
            "onem2m.tls.certificate", .path, default: "\"\"",
            "The PEM file of the CSE's certificate and chain, whose subjectAltName has the CSE-ID as a URI; empty for none."
        ),
        ConfigurationKey("onem2m.tls.key", .path, default: "\"\"", "The PEM file of its key."),
        ConfigurationKey(
            "onem2m.tls.trust", .path, default: "\"\"",
            "The PEM file of the authorities that peers' certificates may come from; empty for none."),
        ConfigurationKey(
            "onem2m.peers[].name", .text(maximum: 128), default: nil,
            "The DNS name in its certificate, or what it calls itself when it has a pre-shared key."),
        ConfigurationKey(
            "onem2m.peers[].key_file", .path, default: "\"\"",
            "The file of its pre-shared key, 32 to 64 hex digits; the daemon alone should be able to read it. Empty for a certificate."
        ),
        ConfigurationKey(
            "onem2m.peers[].speaks_for",
            .list(of: "an AE-ID or CSE-ID", check: { !$0.isEmpty && $0.utf8.count <= 256 }), default: "[]",
            "For whom it speaks, such as `/gw1/Clamp`; requests from others over its connection are refused (4106)."),
        ConfigurationKey(
            "onem2m.registrar.url",
            .form(
                "http, https, coap or coaps with a host, or empty", check: { $0.isEmpty || PointOfAccess($0) != nil }),
            default: "\"\"", "Where the registrar is reached, such as https://in.example:8443; empty for none."),
        ConfigurationKey(
            "onem2m.registrar.cse_id",
            .form("a CSE-ID such as id-in or //sp.example/id-in, or empty", check: { $0.utf8.count <= 160 }),
            default: "\"\"", "Who it is."),
        ConfigurationKey(
            "onem2m.registrar.base", .text(maximum: 80), default: "\"-\"",
            "The name of its CSEBase; `-` for whatever it is called."),
        ConfigurationKey(
            "onem2m.registrar.lifetime", .integer(60...31_536_000, unit: "seconds"), default: "3600",
            "How long a registration lasts that is not renewed; it is renewed at a third of that."),
        ConfigurationKey(
            "onem2m.registrar.check", .integer(1...3_600, unit: "seconds"), default: "30",
            "How often it is looked whether the registrar still knows this CSE."),
        ConfigurationKey(
            "onem2m.registrar.deregister", .boolean, default: "true",
            "Take the registration back when the daemon stops."),
    ]

    static func isNumericAddress(_ text: String) -> Bool { (try? SocketAddress(ipAddress: text, port: 0)) != nil }
}
