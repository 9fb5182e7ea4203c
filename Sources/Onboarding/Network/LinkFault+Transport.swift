import CoAP
import TLS

extension LinkFault {
    /// What an error of the transport means here.
    init(_ error: any Error, _ place: String) {
        guard let error = error as? CoAPError else {
            self = error as? LinkFault ?? .unreachable("\(place): \(error)")
            return
        }
        if let cause = error.cause as? TLSError {
            self.init(cause, place)
            return
        }
        let text = "\(place): \(error.reason)"
        switch error.code {
        case .timeout, .handshakeTimeout, .peerSilent: self = .timeout(text)
        case .connectionClosed, .abortedByPeer, .released, .rejected, .closedLocally: self = .closed(text)
        case .secureConnectionFailed: self = .handshakeRefused(text)
        default: self = .unreachable(text)
        }
    }

    private init(_ error: TLSError, _ place: String) {
        let text = "\(place): \(error.reason)"
        switch error.code {
        case .certificateExpired, .certificateNotYetValid, .unknownIssuer, .wrongName, .wrongIdentity, .notAnIdentity,
            .wrongUsage, .weakCertificate, .certificateRevoked, .certificateRefused, .noPeerCertificate, .badSignature:
            self = .untrusted(text)
        case .handshakeTimeout: self = .timeout(text)
        case .connectionClosed, .idleTimeout, .sessionEvicted, .truncated: self = .closed(text)
        case .unavailable, .invalidConfiguration: self = .unavailable(text)
        default: self = .handshakeRefused(text)
        }
    }
}
