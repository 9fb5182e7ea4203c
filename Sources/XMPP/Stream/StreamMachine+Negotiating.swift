import TLS

extension StreamMachine {
    // MARK: Beginning

    mutating func connected(_ isSecure: Bool, _ channel: ChannelBindings) -> [Effect] {
        self.channel = channel
        return open(isSecure ? .secured : .plain)
    }

    mutating func secured(_ channel: ChannelBindings) -> [Effect] {
        self.channel = channel
        return open(.secured)
    }

    mutating func open(_ stage: Stage) -> [Effect] {
        state = .opening(stage)
        var header = XMLElement("stream", Namespace.stream, ["to": settings.account.domain])
        if !settings.isComponent {
            header["version"] = "1.0"
            header.language = "en"
            // Who we are is told only over TLS (RFC 6120 4.7.1).
            if stage != .plain { header["from"] = settings.account.description }
        }
        return [.open(header)]
    }

    mutating func opened(_ header: XMLElement) -> [Effect] {
        guard case .opening(let stage) = state else { return unexpected(header) }
        if settings.isComponent { return handshake(header) }
        // RFC 6120 4.7.5: without a version it is a server of before 2004, without features.
        guard let version = header["version"], version.utf8.starts(with: "1.".utf8) else {
            return fail(
                StreamError(.unsupportedVersion),
                StreamTrouble(
                    .protocolViolation,
                    "the server speaks version \(header["version"]?.prefix(16) ?? "0.9"); 1.0 was expected"))
        }
        state = .choosing(stage)
        return []
    }

    mutating func choose(_ stage: Stage, _ features: XMLElement) -> [Effect] {
        self.features = features
        switch stage {
        case .plain:
            if features.child("starttls", Namespace.tls) != nil {
                state = .proceeding
                return [.send(XMLElement("starttls", Namespace.tls))]
            }
            guard settings.allowsUnencrypted else {
                return fail(
                    nil,
                    StreamTrouble(
                        .notEncrypted, "the server offers no STARTTLS, and nothing is said without encryption"))
            }
            return authenticate(features)
        case .secured: return authenticate(features)
        case .authenticated: return beginSession()
        }
    }

    mutating func proceeded(_ element: XMLElement) -> [Effect] {
        switch (element.name, element.namespace) {
        case ("proceed", Namespace.tls):
            state = .securing
            return [.startTLS]
        case ("failure", Namespace.tls):
            return end(StreamTrouble(.notEncrypted, "the server cannot begin TLS"))
        default: return unexpected(element)
        }
    }

    // MARK: Authenticating

    private mutating func authenticate(
        _ features: XMLElement, policy: ChannelBindingPolicy? = nil
    ) -> [Effect] {
        do throws(SASLFault) {
            let offer = SASLOffer(features: features)
            let policy = policy ?? settings.channelBinding
            let (mechanism, binding) = try offer.choose(settings.credentials, channel: channel, policy: policy)
            self.mechanism = mechanism
            bindsByGuess = mechanism.isBound && offer.bindings == nil && policy == .offered
            state = .authenticating
            return [.send(try initialResponse(mechanism, binding))]
        } catch {
            return fail(nil, StreamTrouble(error))
        }
    }

    private mutating func initialResponse(
        _ mechanism: SASLMechanism, _ binding: ScramClient.Binding
    ) throws(SASLFault) -> XMLElement {
        let response: [UInt8]
        let user = settings.account.local ?? ""
        if let hash = mechanism.hash {
            _ = try settings.credentials.prepared()
            let scram = try ScramClient(hash: hash, user: user, binding: binding)
            self.scram = scram
            response = scram.first
        } else if mechanism == .plain, let password = settings.credentials.password {
            guard !password.contains(0) else { throw SASLFault(.credentials, "the password has a NUL") }
            response = [0] + Array(user.utf8) + [0] + password
        } else {
            // EXTERNAL: the server takes the address from the certificate (RFC 6120 6.3.8: "=" for an empty response).
            response = []
        }
        return XMLElement("auth", Namespace.sasl, ["mechanism": mechanism.rawValue], text: Self.encoded(response))
    }

    mutating func authenticated(_ element: XMLElement) -> [Effect] {
        guard element.namespace == Namespace.sasl else { return unexpected(element) }
        do throws(SASLFault) {
            switch element.name {
            case "challenge":
                let challenge = try Self.decoded(element.text)
                guard var scram, !scram.hasAnswered else {
                    throw SASLFault(.malformed, "the server challenges where nothing is to be answered")
                }
                let derivation = try scram.take(serverFirst: challenge)
                self.scram = scram
                state = .deriving
                return [.derive(derivation)]
            case "success":
                if let scram { try scram.check(serverFinal: try Self.decoded(element.text)) }
                scram = nil
                return open(.authenticated)
            case "failure":
                // The server does not know our kind of binding, and had not said so: once more without (RFC 6120 6.4.5). Only in
                // answer to the first message: later it says that the binding does not fit, and somebody is in between.
                if bindsByGuess, scram?.hasAnswered == false, element.child("malformed-request") != nil, let features {
                    scram = nil
                    return authenticate(features, policy: .never)
                }
                throw Self.fault(element)
            default: return unexpected(element)
            }
        } catch {
            // RFC 6120 6.4.4: leave properly; the server is told nothing more.
            return fail(nil, StreamTrouble(error))
        }
    }

    mutating func derived(_ saltedPassword: [UInt8]) -> [Effect] {
        guard let response = scram?.final(saltedPassword: saltedPassword) else { return [] }
        state = .authenticating
        return [.send(XMLElement("response", Namespace.sasl, text: Self.encoded(response)))]
    }

    private static func encoded(_ bytes: [UInt8]) -> String { bytes.isEmpty ? "=" : Base64.text(bytes) }

    private static func decoded(_ text: String) throws(SASLFault) -> [UInt8] {
        guard text.utf8.count <= 4 * ScramClient.maximumMessageLength,
            let bytes = text == "=" ? [] : Base64.decode(text.utf8)
        else { throw SASLFault(.malformed, "the server's message is no base64, or too long") }
        return bytes
    }

    private static func fault(_ failure: XMLElement) -> SASLFault {
        let parts = failure.children
        let condition = parts.first { $0.name != "text" }?.name ?? "no reason"
        let text = parts.first { $0.name == "text" }.map { ": \($0.text.prefix(200))" } ?? ""
        let code: SASLFault.Code =
            switch condition {
            case "temporary-auth-failure": .temporary
            case "invalid-mechanism", "mechanism-too-weak", "encryption-required": .noMechanism
            default: .refused
            }
        return SASLFault(code, "the server refuses to authenticate: \(condition.prefix(64))\(text)")
    }
}
