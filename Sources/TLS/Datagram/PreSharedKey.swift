/// A symmetric key two parties share, and the identity it is known by (RFC 4279).
public struct PreSharedKey: Sendable {
    /// What the client calls itself: 1 to 128 bytes, any bytes. OCF: the 16 bytes of its device id.
    public var identity: [UInt8]
    /// 16 to 32 bytes.
    public var key: [UInt8]

    /// A key with its identity.
    public init(identity: [UInt8], key: [UInt8]) {
        self.identity = identity
        self.key = key
    }

    /// OCF's keys have 16 bytes; a shorter one could be guessed from one recorded handshake.
    public static let minimumLength = 16
    /// What every build of the library takes.
    public static let maximumLength = 32
    /// What sessions remember of a peer.
    public static let maximumIdentityLength = 128
}

extension PreSharedKey: CustomStringConvertible {
    /// The identity's length alone: the key is a secret.
    public var description: String { "pre-shared key of an identity of \(identity.count) bytes" }
}

/// The keys a server knows, asked during handshakes.
public final class PreSharedKeys: Sendable {
    let find: @Sendable (_ identity: [UInt8]) -> [UInt8]?

    /// `find` answers the key (16 to 32 bytes) of an identity, nil for one that is unknown. It is called on the
    /// session's event loop, before anything about the peer is proven, and has to answer at once.
    public init(_ find: @escaping @Sendable (_ identity: [UInt8]) -> [UInt8]?) { self.find = find }
}
