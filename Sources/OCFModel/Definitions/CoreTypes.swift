extension ResourceTypeDefinition {
    private static let localizedText = PropertyKind.array(
        .object([
            PropertyDefinition("language", .text(format: .languageTag)),
            PropertyDefinition("value", .text(maximumLength: 64)),
        ]), count: 1...32)

    /// `/oic/d`, the device (core, `oic.wk.d`).
    public static let device = ResourceTypeDefinition(
        "oic.wk.d", [.readOnly, .baseline],
        [
            PropertyDefinition("n", .text(maximumLength: 64), mandatory: true),
            PropertyDefinition("di", .text(format: .uuid), mandatory: true),
            PropertyDefinition("icv", .text(maximumLength: 64), mandatory: true),
            PropertyDefinition("dmv", .text(maximumLength: 256), mandatory: true),
            PropertyDefinition("piid", .text(format: .uuid), mandatory: true),
            PropertyDefinition("ld", localizedText),
            PropertyDefinition("sv", .text(maximumLength: 64)),
            PropertyDefinition("dmn", localizedText),
            PropertyDefinition("dmno", .text(maximumLength: 64)),
            PropertyDefinition("econame", .choice(["BLE", "oneM2M", "UPlus", "Zigbee", "Z-Wave"])),
            PropertyDefinition("ecoversion", .text(maximumLength: 64)),
        ])

    /// `/oic/p`, the platform (core, `oic.wk.p`).
    public static let platform = ResourceTypeDefinition(
        "oic.wk.p", [.readOnly, .baseline],
        [
            PropertyDefinition("pi", .text(format: .uuid), mandatory: true),
            PropertyDefinition("mnmn", .text(maximumLength: 64), mandatory: true),
            PropertyDefinition("mnml", .text(maximumLength: 256, format: .uri)),
            PropertyDefinition("mnmo", .text(maximumLength: 128)),
            PropertyDefinition("mndt", .text(format: .date)),
            PropertyDefinition("mnpv", .text(maximumLength: 64)),
            PropertyDefinition("mnos", .text(maximumLength: 64)),
            PropertyDefinition("mnhw", .text(maximumLength: 64)),
            PropertyDefinition("mnfv", .text(maximumLength: 64)),
            PropertyDefinition("mnsl", .text(maximumLength: 256, format: .uri)),
            PropertyDefinition("st", .text(format: .dateTime)),
            PropertyDefinition("vid", .text(maximumLength: 64)),
            PropertyDefinition("mnsel", .text(maximumLength: 64)),
            PropertyDefinition("mnnct", .array(.integer(1...Int.max), count: 1...32)),
        ])

    /// Where the introspection data is (core, `oic.wk.introspection`).
    public static let introspection = ResourceTypeDefinition(
        "oic.wk.introspection", [.readOnly, .baseline],
        [
            PropertyDefinition(
                "urlInfo",
                .array(
                    .object([
                        PropertyDefinition("url", .text(format: .uri), mandatory: true),
                        PropertyDefinition(
                            "protocol", .choice(["coap", "coaps", "http", "https", "coap+tcp", "coaps+tcp"]),
                            mandatory: true),
                        PropertyDefinition("content-type", .choice(["application/json", "application/cbor"])),
                        PropertyDefinition("version", .integerChoice([1])),
                    ]), count: 1...32),
                mandatory: true)
        ])

    /// `/oic/con`, the device's configuration (extensions, `oic.wk.con`).
    public static let configuration = ResourceTypeDefinition(
        "oic.wk.con", [.readWrite, .baseline],
        [
            PropertyDefinition("n", .text(maximumLength: 64), .readWrite, mandatory: true),
            PropertyDefinition("loc", .array(.number(), count: 2...2), .readWrite),
            PropertyDefinition("locn", .text(maximumLength: 64), .readWrite),
            PropertyDefinition("c", .text(maximumLength: 64), .readWrite),
            PropertyDefinition("r", .text(maximumLength: 64), .readWrite),
            PropertyDefinition("ln", localizedText, .readWrite),
            PropertyDefinition("dl", .text(format: .languageTag), .readWrite),
        ])

    /// `/oic/mnt`, maintenance (extensions, `oic.wk.mnt`).
    public static let maintenance = ResourceTypeDefinition(
        "oic.wk.mnt", [.readWrite, .baseline],
        [
            PropertyDefinition("fr", .boolean, .readWrite),
            PropertyDefinition("rb", .boolean, .readWrite),
            PropertyDefinition("err", .integer(399...599)),
        ])

    /// The cloud's address and state (cloud, `oic.r.coapcloudconf`).
    public static let coapCloudConf = ResourceTypeDefinition(
        "oic.r.coapcloudconf", [.readWrite, .baseline],
        [
            PropertyDefinition("cis", .text(format: .uri), .readWrite, mandatory: true),
            PropertyDefinition("sid", .text(format: .uuid), .readWrite, mandatory: true),
            PropertyDefinition("at", .text(), .writeOnly),
            PropertyDefinition("apn", .text(), .readWrite),
            PropertyDefinition(
                "cps", .choice(["uninitialized", "readytoregister", "registering", "registered", "failed"])),
            PropertyDefinition("clec", .integerChoice([0, 1, 2, 3, 255])),
        ])
}
