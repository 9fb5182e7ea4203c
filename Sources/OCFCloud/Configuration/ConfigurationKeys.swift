/// One key of the configuration file: where it stands, what it takes, what it does.
struct ConfigurationKey: Sendable {
    enum Kind: Sendable {
        case text(expected: String, allowed: @Sendable (String) -> Bool)
        case choice([String])
        case integer(ClosedRange<Int64>)
    }

    enum Value: Sendable, Equatable {
        case text(String)
        case integer(Int64)
    }

    let path: String
    let kind: Kind
    /// The default as TOML; empty for a key that is absent by default.
    let standard: String
    let help: String
    let apply: @Sendable (inout ServerConfiguration, Value) -> Void

    /// What the key takes, for a complaint.
    var expectation: String {
        switch kind {
        case .text(let expected, _): expected
        case .choice(let choices): choices.map { "\"\($0)\"" }.joined(separator: ", ")
        case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
        }
    }

    func accepts(_ value: Value) -> Bool {
        switch (kind, value) {
        case (.text(_, let allowed), .text(let text)): allowed(text)
        case (.choice(let choices), .text(let text)): choices.contains(text)
        case (.integer(let range), .integer(let number)): range.contains(number)
        default: false
        }
    }
}

extension ConfigurationKey {
    /// All keys, table by table.
    static let all: [ConfigurationKey] = server + tls + accounts + provisioning + timing + limits + log

    static func text(
        _ path: String, _ field: WritableKeyPath<ServerConfiguration, String> & Sendable, default standard: String,
        expected: String, _ help: String, allowed: @escaping @Sendable (String) -> Bool = { !$0.isEmpty }
    ) -> ConfigurationKey {
        ConfigurationKey(
            path: path, kind: .text(expected: expected, allowed: allowed), standard: "\"\(standard)\"", help: help
        ) { configuration, value in
            if case .text(let text) = value { configuration[keyPath: field] = text }
        }
    }

    static func optional(
        _ path: String, _ field: WritableKeyPath<ServerConfiguration, String?> & Sendable, expected: String,
        _ help: String, allowed: @escaping @Sendable (String) -> Bool = { !$0.isEmpty }
    ) -> ConfigurationKey {
        ConfigurationKey(path: path, kind: .text(expected: expected, allowed: allowed), standard: "", help: help) {
            configuration, value in
            if case .text(let text) = value { configuration[keyPath: field] = text }
        }
    }

    static func integer<Number: FixedWidthInteger & Sendable>(
        _ path: String, _ field: WritableKeyPath<ServerConfiguration, Number> & Sendable, _ range: ClosedRange<Int64>,
        _ help: String
    ) -> ConfigurationKey {
        ConfigurationKey(
            path: path, kind: .integer(range), standard: "\(ServerConfiguration()[keyPath: field])", help: help
        ) { configuration, value in
            if case .integer(let number) = value { configuration[keyPath: field] = Number(clamping: number) }
        }
    }

    /// A URI as `cis` has it.
    @Sendable static func isCloudURI(_ text: String) -> Bool { (try? CloudURI(text)) != nil }

    private static let server: [ConfigurationKey] = [
        text(
            "server.address", \.address, default: "0.0.0.0", expected: "an IP address",
            "The address to listen on; `127.0.0.1` for this machine alone, `::` for IPv6 and IPv4."),
        integer("server.port", \.port, 0...65_535, "The TCP port; 0 takes a free one and prints it."),
        optional(
            "server.public_uri", \.publicURI, expected: "a URI like coaps+tcp://cloud.example:5684",
            "What devices and clients connect to; without it, made from address (or host name) and port.",
            allowed: isCloudURI),
        optional(
            "server.redirect_uri", \.redirectURI, expected: "a URI like coaps+tcp://cloud.example:5684",
            "Where devices that sign up are sent, when this cloud moves.", allowed: isCloudURI),
        text(
            "server.name", \.name, default: "Gatehouse cloud", expected: "a text of 1 to 64 bytes",
            "The cloud's name as its `/oic/d` shows it.", allowed: { (1...64).contains($0.utf8.count) }),
        integer("server.threads", \.threads, 0...256, "Event loops; 0 takes one for each core."),
    ]

    private static let tls: [ConfigurationKey] = [
        optional(
            "tls.certificate", \.certificate, expected: "a path",
            "PEM file of the cloud's certificate; without it, `ca/cloud.pem` of the state directory."),
        optional("tls.key", \.key, expected: "a path", "PEM file of its key; without it, `ca/cloud-key.pem`."),
        optional(
            "tls.trust", \.trust, expected: "a path",
            "PEM file of the authorities whose device certificates count; without it, `ca/ca.pem`."),
        ConfigurationKey(
            path: "tls.client_certificate",
            kind: .choice(ServerConfiguration.ClientCertificate.allCases.map(\.rawValue)), standard: "\"required\"",
            help: "Whether a device has to show a certificate; one that names a device id allows that id alone."
        ) { configuration, value in
            if case .text(let text) = value, let choice = ServerConfiguration.ClientCertificate(rawValue: text) {
                configuration.clientCertificate = choice
            }
        },
    ]

    private static let accounts: [ConfigurationKey] = [
        ConfigurationKey(
            path: "accounts.access_token_life", kind: .integer(0...31_536_000), standard: "86400",
            help: "Seconds until a device has to refresh its token; 0 for never. A refresh is a write to its flash."
        ) { configuration, value in
            if case .integer(let number) = value { configuration.lifetimes.access = number == 0 ? nil : number }
        },
        integer(
            "accounts.sign_up_repeat", \.lifetimes.signUpRepeat, 0...86_400,
            "Seconds in which the device that used a one-time token may use it again, if the answer got lost."),
    ]

    private static let timing: [ConfigurationKey] = [
        integer("timing.request", \.requestTimeout, 1...300, "Seconds for a device's answer; then 5.04."),
        integer("timing.ping_after", \.pingAfter, 1...3_600, "Seconds of silence after which the cloud pings."),
        integer("timing.ping_answer", \.pingTimeout, 1...300, "Seconds for the answer to a ping; then it hangs up."),
        integer("timing.sign_in", \.signInDeadline, 1...3_600, "Seconds a connection may stay without signing in."),
        integer("timing.drain", \.drainTimeout, 0...60, "Seconds for requests under way to end at shutdown."),
    ]

    private static let limits: [ConfigurationKey] = [
        integer("limits.connections", \.limits.connections, 1...1_000_000, "Connections at a time."),
        integer(
            "limits.strangers_per_address", \.limits.strangersPerAddress, 1...1_000_000,
            "Connections of one address that have not signed in."),
        integer("limits.devices_per_user", \.limits.devicesPerUser, 1...100_000, "Devices and clients of one user."),
        integer("limits.links_per_device", \.limits.linksPerDevice, 1...100_000, "Links of one device."),
        integer("limits.message_size", \.limits.messageSize, 1_152...16_777_216, "Bytes of one message."),
        integer(
            "limits.pending_per_device", \.limits.pendingPerDevice, 1...65_536,
            "Requests waiting for one device's answer; more get 5.03."),
        integer(
            "limits.requests_per_second", \.limits.requestsPerSecond, 1...10_000_000,
            "Requests a second of one connection, and as many again at once; more get 4.29."),
        integer(
            "limits.observations_per_connection", \.limits.observationsPerConnection, 1...1_000_000,
            "Observations of one connection."),
        integer(
            "limits.connections_per_client", \.limits.connectionsPerClient, 1...1_000,
            "Connections of one client identity at a time; the oldest goes."),
    ]

    private static let log: [ConfigurationKey] = [
        ConfigurationKey(
            path: "log.level",
            kind: .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]),
            standard: "\"info\"", help: "The least severe message that is written to standard error."
        ) { configuration, value in
            if case .text(let text) = value { configuration.logLevel = text }
        }
    ]
}
