import TLS

/// How the account shows who it is (RFC 6120 6), the preferred first.
public enum SASLMechanism: String, Sendable, Hashable, CaseIterable {
    /// By the certificate of the TLS connection (RFC 4422 appendix A).
    case external = "EXTERNAL"
    /// By password, bound to the server's certificate.
    case scramSHA256Plus = "SCRAM-SHA-256-PLUS"
    /// By password, bound to the server's certificate; SHA-1 inside HMAC.
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
    /// Where the server offers it by the server's certificate.
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
    /// - Parameter endPoint: the hash of the server's certificate; nil where there is none.
    func choose(
        _ credentials: Credentials, endPoint: [UInt8]?, policy: ChannelBindingPolicy
    ) throws(SASLFault) -> (SASLMechanism, ScramClient.Binding) {
        if credentials.isExternal, mechanisms.contains(SASLMechanism.external.rawValue) {
            return (.external, .unsupported)
        }
        guard credentials.password != nil else { throw noneAllowed("EXTERNAL") }
        // A server that says nothing of its kinds of binding may know others only, and would refuse ours.
        let knowsEndPoint = bindings?.contains("tls-server-end-point") ?? (policy == .required)
        let isBound = policy != .never && endPoint != nil && offersBinding && knowsEndPoint
        if isBound, let endPoint {
            for mechanism in SASLMechanism.allCases
            where mechanism.isBound && mechanisms.contains(mechanism.rawValue) {
                return (mechanism, .serverEndPoint(endPoint))
            }
        }
        guard policy != .required else {
            throw SASLFault(
                .channelBinding, "the server does not bind authentication to its certificate (tls-server-end-point)")
        }
        for mechanism in [SASLMechanism.scramSHA256, .scramSHA1] where mechanisms.contains(mechanism.rawValue) {
            // "y" only where the server says that it cannot: it fails at one that can (RFC 5802 6).
            let canBind = policy != .never && endPoint != nil
            return (mechanism, canBind && !offersBinding ? .notOffered : .unsupported)
        }
        if credentials.allowsPlain, mechanisms.contains(SASLMechanism.plain.rawValue) { return (.plain, .unsupported) }
        throw noneAllowed("SCRAM-SHA-256 or SCRAM-SHA-1")
    }

    private func noneAllowed(_ expected: String) -> SASLFault {
        let found = mechanisms.isEmpty ? "none" : mechanisms.sorted().joined(separator: ", ")
        return SASLFault(.noMechanism, "the server offers \(found.prefix(200)); \(expected) was expected")
    }
}
