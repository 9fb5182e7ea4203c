import NIOCore
import NIOHTTP1
import TLS

/// A request as it stands on the wire, its body whole.
public struct HTTPRequest: Sendable {
    /// The method.
    public var method: HTTPMethod
    /// The request target: a path and perhaps a query, percent-encoded.
    public var target: String
    /// The header fields.
    public var headers: HTTPHeaders
    /// The body.
    public var body: [UInt8]

    /// A request of these parts.
    public init(_ method: HTTPMethod, _ target: String, headers: HTTPHeaders = [:], body: [UInt8] = []) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }
}

/// An answer as it stands on the wire, its body whole.
public struct HTTPAnswer: Sendable {
    /// The status.
    public var status: HTTPResponseStatus
    /// The header fields; `Content-Length` is added when it is written.
    public var headers: HTTPHeaders
    /// The body.
    public var body: [UInt8]

    /// An answer of these parts.
    public init(_ status: HTTPResponseStatus, headers: HTTPHeaders = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Who is at the other end of a connection.
public struct HTTPPeer: Sendable {
    /// The address in numbers; nil when the system did not say.
    public var address: String?
    /// Whether TLS is between.
    public var isSecure: Bool
    /// The certificate the peer has shown and that was found good; nil without one.
    public var certificate: PeerCertificate?

    /// A peer.
    public init(address: String?, isSecure: Bool, certificate: PeerCertificate?) {
        self.address = address
        self.isSecure = isSecure
        self.certificate = certificate
    }
}
