import OCFDoor

/// The keys of the OCF device and of its cloud.
extension ConfigurationSchema {
    static let ocfKeys: [ConfigurationKey] = [
        ConfigurationKey(
            "ocf.manufacturer", .text(maximum: 64), default: "\"Gatehouse\"", "`mnmn` of `/oic/p`."),
        ConfigurationKey("ocf.model", .text(maximum: 128), default: "\"\"", "`mnmo` of `/oic/p`; empty leaves it out."),
        ConfigurationKey(
            "ocf.certificate", .path, default: "\"\"",
            "The identity certificate and its chain, PEM, common name `uuid:<di>`; empty for none."),
        ConfigurationKey("ocf.key", .path, default: "\"\"", "The private key of `ocf.certificate`, PEM."),
        ConfigurationKey(
            "ocf.device_id", .form("a UUID, or empty", check: { $0.isEmpty || isUUID($0) }), default: "\"\"",
            "The device id `di`. Empty makes one at the first start; give it when the certificate was made before. Read at the first start and after a factory reset only."
        ),
        ConfigurationKey(
            "ocf.local", .boolean, default: "true",
            "Be found, owned and used on the local network, over CoAP and DTLS; false opens no port."),
        ConfigurationKey(
            "ocf.port", .integer(0...65_535, unit: "port"), default: "5683",
            "The UDP port of plain CoAP; 0 for any. Searches by multicast come to 5683 in every case."),
        ConfigurationKey(
            "ocf.secure_port", .integer(0...65_535, unit: "port"), default: "5684",
            "The UDP port of CoAP over DTLS; 0 for any."),
        ConfigurationKey(
            "ocf.interfaces",
            .list(of: "the name of a network interface", check: { (1...15).contains($0.utf8.count) }), default: "[]",
            "The interfaces on which searches by multicast are heard; empty for all."),
        ConfigurationKey(
            "ocf.methods",
            .list(
                of: "certificate, pin or just-works", check: { ["certificate", "pin", "just-works"].contains($0) }),
            default: "[\"certificate\", \"pin\"]",
            "How a tool may come to own the gateway, each only with the button: by the manufacturer's certificate, by a PIN that log and `gatehouse status` show, or by nothing but the button (`just-works`, which anybody on the network can listen in to as it happens)."
        ),
        ConfigurationKey(
            "ocf.manufacturer_certificate", .path, default: "\"\"",
            "The manufacturer's certificate of this gateway and its chain, PEM; empty offers no ownership by certificate."
        ),
        ConfigurationKey(
            "ocf.manufacturer_key", .path, default: "\"\"", "The private key of `ocf.manufacturer_certificate`, PEM."),
        ConfigurationKey(
            "cloud.address",
            .form("coaps+tcp://HOST:PORT, or empty", check: { $0.isEmpty || CloudAddress($0) != nil }),
            default: "\"\"",
            "The cloud's address (`cis`); empty for none. `gatehouse cloud set` does the same without a restart."),
        ConfigurationKey(
            "cloud.id", .form("a UUID, or empty", check: { $0.isEmpty || isUUID($0) }), default: "\"\"",
            "The cloud's id (`sid`): its certificate must carry it, and its requests act under it."),
        ConfigurationKey(
            "cloud.token", .text(maximum: 4_096), default: "\"\"",
            "The one-time access token the cloud gave for this device."),
        ConfigurationKey(
            "cloud.provider", .text(maximum: 64), default: "\"\"", "The authorisation provider (`apn`); empty for none."
        ),
        ConfigurationKey(
            "cloud.trust", .path, default: "\"\"",
            "The PEM file of the authorities that the cloud's certificate may come from."),
    ]
}
