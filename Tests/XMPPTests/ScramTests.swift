import TLS
import Testing

@testable import XMPP

@Suite("SASL")
struct ScramTests {
    private func exchange(
        _ hash: HashFunction, nonce: String, serverFirst: String, serverFinal: String,
        binding: ScramClient.Binding = .unsupported
    ) throws -> (first: String, final: String) {
        var client = try ScramClient(hash: hash, user: "user", binding: binding, nonce: nonce)
        let first = String(decoding: client.first, as: UTF8.self)
        let derivation = try client.take(serverFirst: Array(serverFirst.utf8))
        let final = client.final(saltedPassword: derivation.run(password: Array("pencil".utf8)))
        try client.check(serverFinal: Array(serverFinal.utf8))
        return (first, String(decoding: final, as: UTF8.self))
    }

    @Test("The example of RFC 5802 5")
    func sha1() throws {
        let (first, final) = try exchange(
            .sha1, nonce: "fyko+d2lbbFgONRv9qkxdawL",
            serverFirst: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            serverFinal: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")
        #expect(first == "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL")
        #expect(
            final == "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=")
    }

    @Test("The example of RFC 7677 3")
    func sha256() throws {
        let (_, final) = try exchange(
            .sha256, nonce: "rOprNGfwEbeRWgbNEkqO",
            serverFirst: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            serverFinal: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
        #expect(
            final
                == "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        )
    }

    @Test(
        "What the server may not say",
        arguments: [
            ("r=other,s=QSXCR+Q6sek8bf92,i=4096", .nonce), ("r=abc,s=QSXCR+Q6sek8bf92,i=4096", .nonce),
            ("r=abcd,s=QSXCR+Q6sek8bf92,i=4095", .iterations), ("r=abcd,s=QSXCR+Q6sek8bf92,i=1000001", .iterations),
            ("r=abcd,s=QSXCR+Q6sek8bf92,i=-1", .malformed), ("r=abcd,s=QSXCR+Q6sek8bf92,i=", .malformed),
            ("r=abcd,s=QSXCR+Q6sek8bf92,i=99999999999", .malformed), ("r=abcd,s=,i=4096", .malformed),
            ("r=abcd,s=!,i=4096", .malformed), ("r=abcd,i=4096", .malformed), ("m=x,r=abcd,s=QSXC,i=4096", .malformed),
            ("", .malformed), ("r", .malformed), (String(repeating: "r=abcd,", count: 400), .malformed),
        ] as [(String, SASLFault.Code)])
    func serverFirst(_ text: String, _ code: SASLFault.Code) throws {
        var client = try ScramClient(hash: .sha256, user: "user", binding: .unsupported, nonce: "abc")
        let fault = #expect(throws: SASLFault.self) { _ = try client.take(serverFirst: Array(text.utf8)) }
        #expect(fault?.code == code)
    }

    @Test(
        "A server that does not know the password",
        arguments: [
            ("v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", .serverSignature), ("", .serverSignature), ("v=", .serverSignature),
            ("e=invalid-proof", .refused), ("e=server-does-support-channel-binding", .channelBinding),
            ("e=channel-bindings-dont-match", .channelBinding),
        ] as [(String, SASLFault.Code)])
    func serverFinal(_ text: String, _ code: SASLFault.Code) throws {
        let fault = #expect(throws: SASLFault.self) {
            try exchange(
                .sha1, nonce: "fyko+d2lbbFgONRv9qkxdawL",
                serverFirst: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096", serverFinal: text
            )
        }
        #expect(fault?.code == code)
    }

    @Test("Names: separators are written as RFC 5802 says, control characters are refused")
    func names() throws {
        let client = try ScramClient(hash: .sha1, user: "a,b=c", binding: .notOffered, nonce: "n")
        #expect(String(decoding: client.first, as: UTF8.self) == "y,,n=a=2Cb=3Dc,r=n")
        #expect(throws: SASLFault.self) { try ScramClient(hash: .sha1, user: "a\u{0}", binding: .unsupported) }
        #expect(throws: SASLFault.self) { try ScramClient(hash: .sha1, user: "", binding: .unsupported) }
        #expect(throws: SASLFault.self) { try ScramClient(hash: .sha1, user: "a\u{301}", binding: .unsupported) }
        let nonces = try (0..<100).map { _ in try ScramClient(hash: .sha1, user: "a", binding: .unsupported).nonce }
        #expect(Set(nonces).count == 100)
    }

    private func offer(_ mechanisms: [String], _ bindings: [String]?) -> SASLOffer {
        var features = XMLElement("features", Namespace.stream)
        features.append(
            XMLElement(
                "mechanisms", Namespace.sasl,
                children: mechanisms.map { XMLElement("mechanism", Namespace.sasl, text: $0) }))
        if let bindings {
            features.append(
                XMLElement(
                    "sasl-channel-binding", Namespace.channelBindings,
                    children: bindings.map { XMLElement("channel-binding", Namespace.channelBindings, ["type": $0]) }))
        }
        return SASLOffer(features: features)
    }

    @Test("What is chosen of what is offered")
    func choosing() throws {
        let password = Credentials.password([1])
        let plus = ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"]
        let bindings = ["tls-exporter", "tls-server-end-point"]
        let both = ChannelBindings(unique: [4, 5], serverEndPoint: [1, 2, 3])
        func choice(
            _ mechanisms: [String], _ bindings: [String]?, _ credentials: Credentials = password,
            channel: ChannelBindings = both, policy: ChannelBindingPolicy = .offered
        ) -> String {
            do throws(SASLFault) {
                let (mechanism, binding) = try offer(mechanisms, bindings).choose(
                    credentials, channel: channel, policy: policy)
                if case .bound(let kind, let data) = binding { #expect(channel[kind] == data) }
                return "\(mechanism.rawValue) \(binding.header.dropLast(2))"
            } catch {
                return error.code.rawValue
            }
        }
        #expect(choice(plus, bindings) == "SCRAM-SHA-256-PLUS p=tls-server-end-point")
        #expect(choice(plus, bindings + ["tls-unique"]) == "SCRAM-SHA-256-PLUS p=tls-unique")
        #expect(choice(plus, ["tls-exporter"]) == "SCRAM-SHA-256 n")
        #expect(choice(plus, nil) == "SCRAM-SHA-256-PLUS p=tls-unique", "what every server knows that does not say")
        #expect(choice(plus, nil, policy: .required) == "SCRAM-SHA-256-PLUS p=tls-unique")
        let certificateAlone = ChannelBindings(serverEndPoint: [1, 2, 3])
        #expect(choice(plus, nil, channel: certificateAlone) == "SCRAM-SHA-256-PLUS p=tls-server-end-point")
        #expect(choice(plus, ["tls-exporter"], policy: .required) == "channelBinding")
        #expect(choice(plus, bindings, policy: .never) == "SCRAM-SHA-256 n")
        #expect(choice(plus, bindings, channel: .none) == "SCRAM-SHA-256 n")
        #expect(choice(["SCRAM-SHA-256", "SCRAM-SHA-1"], nil) == "SCRAM-SHA-256 y", "a hidden -PLUS is noticed")
        #expect(choice(["SCRAM-SHA-1"], nil, channel: .none) == "SCRAM-SHA-1 n")
        #expect(choice(["SCRAM-SHA-256"], nil, policy: .required) == "channelBinding")
        #expect(
            choice(["PLAIN", "DIGEST-MD5", "EXTERNAL"], nil) == "noMechanism", "no password goes in the clear by itself"
        )
        #expect(choice(["PLAIN"], nil, .password([1], allowsPlain: true)) == "PLAIN n")
        #expect(choice(["PLAIN", "SCRAM-SHA-1"], nil, .password([1], allowsPlain: true)) == "SCRAM-SHA-1 y")
        #expect(choice(["EXTERNAL", "SCRAM-SHA-256"], nil, .certificate()) == "EXTERNAL n")
        #expect(choice(["SCRAM-SHA-256"], nil, .certificate()) == "noMechanism")
        #expect(choice(["SCRAM-SHA-256"], nil, .certificate(orPassword: [1])) == "SCRAM-SHA-256 y")
        #expect(choice([], nil) == "noMechanism")
        #expect("\(password)" == "Credentials(password)")
        #expect(!"\(String(reflecting: password))".contains("1"))
    }

    @Test("The hash of the server's certificate, by the hash of its signature")
    func endPoint() throws {
        let key = try PrivateKey.generateP256()
        let issuer = try CertificateIssuer.root(commonName: "Root", key: key, validity: .days(1))
        #expect(ServerEndPoint.signatureHash(issuer.certificate.der) == .sha256)
        #expect(ServerEndPoint.hash(of: issuer.certificate) == Cryptography.sha256(issuer.certificate.der))
        #expect(ServerEndPoint.signatureHash([]) == nil)
        for count in 0..<issuer.certificate.der.count {
            _ = ServerEndPoint.signatureHash(Array(issuer.certificate.der.prefix(count)))
        }
    }
}
