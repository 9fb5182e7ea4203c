/// The keys of the page of metrics.
extension ConfigurationSchema {
    static let metricsKeys: [ConfigurationKey] = [
        ConfigurationKey(
            "metrics.port", .integer(0...65_535, unit: "0 for none"), default: "0",
            "The port of the page of metrics for Prometheus, such as 9464."),
        ConfigurationKey(
            "metrics.address", .form("an address in numbers", check: isNumericAddress), default: "\"127.0.0.1\"",
            "Where it is listened for; the page is HTTP in the clear."),
        ConfigurationKey(
            "metrics.secret_file", .path, default: "\"\"",
            "The file of a secret that lets in who shows it as a bearer token; empty for none. The daemon alone should be able to read it."
        ),
    ]
}
