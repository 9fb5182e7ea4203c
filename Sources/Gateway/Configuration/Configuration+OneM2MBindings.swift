extension Configuration {
    /// `[onem2m.http]`, `[onem2m.coap]`, `[onem2m.tls]`, `[[onem2m.peers]]`, `[onem2m.registrar]`
    public struct OneM2MBindings: Sendable, Equatable {
        /// An address and two ports of one protocol.
        public struct Listener: Sendable, Equatable {
            /// Where it listens in the clear.
            public var address: String
            /// 0 for none.
            public var port: Int
            /// Where it listens over TLS or DTLS.
            public var secureAddress: String
            /// 0 for none.
            public var securePort: Int
        }

        /// One of `[[onem2m.peers]]`
        public struct Peer: Sendable, Equatable {
            /// A DNS name, or what it calls itself.
            public var name: String
            /// The file of its key; empty for a certificate.
            public var keyFile: String
            /// AE-IDs and CSE-IDs.
            public var speaksFor: [String]
        }

        /// `[onem2m.registrar]`
        public struct Registrar: Sendable, Equatable {
            /// Where it is reached; empty for none.
            public var url: String
            /// Who it is.
            public var cseID: String
            /// The name of its CSEBase.
            public var base: String
            /// Seconds.
            public var lifetime: Int
            /// Seconds.
            public var check: Int
            /// Whether the registration is taken back at the end.
            public var deregister: Bool
        }

        /// Where others reach the CSE; empty for where it listens.
        public var pointsOfAccess: [String]
        /// `[onem2m.http]`
        public var http: Listener
        /// `[onem2m.coap]`
        public var coap: Listener
        /// PEM file of certificate and chain; empty for none.
        public var certificate: String
        /// PEM file of its key.
        public var key: String
        /// PEM file of the authorities.
        public var trust: String
        /// `[[onem2m.peers]]`
        public var peers: [Peer]
        /// `[onem2m.registrar]`
        public var registrar: Registrar
    }
}

extension ConfigurationReader {
    func oneM2MBindings() -> Configuration.OneM2MBindings {
        .init(
            pointsOfAccess: value("onem2m.points_of_access").listValue, http: listener("onem2m.http"),
            coap: listener("onem2m.coap"), certificate: path("onem2m.tls.certificate"),
            key: path("onem2m.tls.key"), trust: path("onem2m.tls.trust"),
            peers: document.repeated("onem2m.peers").map { table in
                func value(_ name: String) -> ConfigurationValue { self.value(table, name, of: "onem2m.peers") }
                return .init(
                    name: value("name").textValue, keyFile: resolve(value("key_file").textValue),
                    speaksFor: value("speaks_for").listValue)
            },
            registrar: .init(
                url: value("onem2m.registrar.url").textValue, cseID: value("onem2m.registrar.cse_id").textValue,
                base: value("onem2m.registrar.base").textValue,
                lifetime: value("onem2m.registrar.lifetime").integerValue,
                check: value("onem2m.registrar.check").integerValue,
                deregister: value("onem2m.registrar.deregister").flag))
    }

    private func listener(_ table: String) -> Configuration.OneM2MBindings.Listener {
        .init(
            address: value("\(table).address").textValue, port: value("\(table).port").integerValue,
            secureAddress: value("\(table).secure_address").textValue,
            securePort: value("\(table).secure_port").integerValue)
    }
}

extension ConfigurationDocument {
    /// Settings of the door's sockets that are each possible but not together.
    mutating func checkOneM2MBindings(_ read: Configuration.OneM2MBindings) {
        if read.certificate.isEmpty != read.key.isEmpty {
            complain(
                .conflict, at: read.certificate.isEmpty ? "onem2m.tls.key" : "onem2m.tls.certificate",
                "onem2m.tls.certificate and onem2m.tls.key belong together; found one, expected both or none")
        }
        if read.http.securePort != 0, read.certificate.isEmpty {
            complain(
                .conflict, at: "onem2m.http.secure_port",
                "onem2m.http.secure_port is given but onem2m.tls.certificate is not; expected both")
        }
        if read.coap.securePort != 0, read.certificate.isEmpty, !read.peers.contains(where: { !$0.keyFile.isEmpty }) {
            complain(
                .conflict, at: "onem2m.coap.secure_port",
                "onem2m.coap.secure_port is given; expected onem2m.tls.certificate or a peer with a key_file with it")
        }
        if read.registrar.url.isEmpty != read.registrar.cseID.isEmpty {
            complain(
                .conflict, at: read.registrar.url.isEmpty ? "onem2m.registrar.cse_id" : "onem2m.registrar.url",
                "onem2m.registrar.url and onem2m.registrar.cse_id belong together; found one, expected both or none")
        }
    }
}
