import OneM2MPrimitives

/// Who may say of itself to be whom, by the connection that a request came over (TS-0004 7.3.2.1).
public struct SecurityAssociations: Sendable, Hashable {
    /// Take the word of CSEs over this machine's loopback without TLS: for trying things out.
    public var trustsLoopback: Bool
    /// The CSE where this one is registered: it brings the requests of all the world.
    public var registrar: EntityID?

    /// Associations.
    public init(trustsLoopback: Bool = false, registrar: EntityID? = nil) {
        self.trustsLoopback = trustsLoopback
        self.registrar = registrar
    }

    /// Why a request cannot be from whom it says; nil when it can.
    ///
    /// - Inside a security association the originator has to be one of the peer's identities: 4106. A CSE speaks for the
    ///   AEs that are registered at it as well, since it passes their requests on, and the registrar for everybody who is
    ///   not registered here.
    /// - A CSE outside of one is refused: 4107. An AE outside of one is nobody that was authenticated; what it may is left
    ///   to registration and to access control.
    ///
    /// - Parameter from: the originator; nil or a wish (`C`, `S`) where an AE wants to be given an AE-ID.
    public func refusal(of from: String?, origin: RequestOrigin, home: CSEIdentity) -> OneM2MError? {
        if origin.transport == .internal { return nil }
        guard let from, from != "C", from != "S" else { return nil }
        // What is no identifier is refused where requests are read.
        guard let originator = EntityID(from, at: home) else { return nil }
        if origin.isSecure, !origin.identities.isEmpty {
            for text in origin.identities {
                guard let identity = EntityID(text, at: home) else { continue }
                if identity == originator { return nil }
                guard identity.isCSE else { continue }
                if identity == registrar, originator.cse != home.entity { return nil }
                if identity == originator.cse { return nil }
            }
            return OneM2MError(
                .originatorNotAuthenticated, "the originator \(originator) is not who the connection is known to be")
        }
        guard originator.isCSE else { return nil }
        if trustsLoopback, origin.isLoopback { return nil }
        return OneM2MError(
            .securityAssociationRequired, "a CSE comes over TLS or DTLS, with a certificate or key that names it")
    }
}
