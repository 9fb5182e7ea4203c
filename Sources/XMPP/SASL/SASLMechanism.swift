import TLS

/// How the account shows who it is (RFC 6120 6), the preferred first.
public enum SASLMechanism: String, Sendable, Hashable, CaseIterable {
    /// By the certificate of the TLS connection (RFC 4422 appendix A).
    case external = "EXTERNAL"
    /// By password, bound to the TLS connection.
    case scramSHA256Plus = "SCRAM-SHA-256-PLUS"
    /// By password, bound to the TLS connection; SHA-1 inside HMAC.
    case scramSHA1Plus = "SCRAM-SHA-1-PLUS"
    /// By password (RFC 7677).
    case scramSHA256 = "SCRAM-SHA-256"
    /// By password (RFC 5802).
    case scramSHA1 = "SCRAM-SHA-1"
    /// By password, which the server sees (RFC 4616). Only where it is allowed by name.
    case plain = "PLAIN"

    /// The hash of SCRAM.
    var hash: HashFunction? {
        switch self {
        case .scramSHA256Plus, .scramSHA256: .sha256
        case .scramSHA1Plus, .scramSHA1: .sha1
        case .external, .plain: nil
        }
    }

    var isBound: Bool { self == .scramSHA256Plus || self == .scramSHA1Plus }
}

/// Whether the authentication is bound to the TLS connection.
public enum ChannelBindingPolicy: String, Sendable, Hashable, CaseIterable {
    /// Where the server offers it by a kind that we have.
    case offered
    /// Always: a server that cannot is not talked to.
    case required
    /// Never, as behind something that ends TLS on the way.
    case never
}

/// What a server offers, and what is chosen of it.
struct SASLOffer: Sendable, Hashable {
    let mechanisms: Set<String>
    /// The kinds of channel binding it knows (XEP-0440); nil when it does not say.
    let bindings: Set<String>?

    init(features: XMLElement) {
        let list = features.child("mechanisms", Namespace.sasl)
        mechanisms = Set(list?.children("mechanism").map(\.text) ?? [])
        bindings = features.child("sasl-channel-binding", Namespace.channelBindings).map {
            Set($0.children("channel-binding").compactMap { $0["type"] })
        }
    }

    private var offersBinding: Bool { mechanisms.contains { $0.utf8.suffix(5).elementsEqual("-PLUS".utf8) } }

    /// The mechanism, and for SCRAM what is said of the channel.
    ///
    /// - Parameter channel: what the connection has to bind to.
    func choose(
        _ credentials: Credentials, channel: ChannelBindings, policy: ChannelBindingPolicy
    ) throws(SASLFault) -> (SASLMechanism, ScramClient.Binding) {
        if credentials.isExternal, mechanisms.contains(SASLMechanism.external.rawValue) {
            return (.external, .unsupported)
        }
        guard credentials.password != nil else { throw noneAllowed("EXTERNAL") }
        if policy != .never, offersBinding, let binding = binding(channel) {
            for mechanism in SASLMechanism.allCases
            where mechanism.isBound && mechanisms.contains(mechanism.rawValue) { return (mechanism, binding) }
        }
        guard policy != .required else {
            throw SASLFault(
                .channelBinding,
                "the server does not bind authentication to the connection (tls-unique or tls-server-end-point)")
        }
        for mechanism in [SASLMechanism.scramSHA256, .scramSHA1] where mechanisms.contains(mechanism.rawValue) {
            // "y" only where the server says that it cannot: it fails at one that can (RFC 5802 6).
            let canBind = policy != .never && !channel.isEmpty
            return (mechanism, canBind && !offersBinding ? .notOffered : .unsupported)
        }
        if credentials.allowsPlain, mechanisms.contains(SASLMechanism.plain.rawValue) { return (.plain, .unsupported) }
        throw noneAllowed("SCRAM-SHA-256 or SCRAM-SHA-1")
    }

    /// The first of our kinds that the server knows. One that does not say which it knows knows `tls-unique` (RFC 5802 6.1:
    /// all have to), as Prosody 0.12 and ejabberd 23.01 do.
    private func binding(_ channel: ChannelBindings) -> ScramClient.Binding? {
        for kind in ChannelBindings.Kind.allCases where bindings?.contains(kind.rawValue) ?? true {
            if let data = channel[kind] { return .bound(kind, data) }
        }
        return nil
    }

    private func noneAllowed(_ expected: String) -> SASLFault {
        let found = mechanisms.isEmpty ? "none" : mechanisms.sorted().joined(separator: ", ")
        return SASLFault(.noMechanism, "the server offers \(found.prefix(200)); \(expected) was expected")
    }
}
