import CMbedTLS

extension TLSError {
    /// The library's words for the last failure of this thread, in parentheses; empty when it said nothing.
    static func libraryText() -> String {
        let number = gh_last_library_error()
        guard number != 0 else { return "" }
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 200) { buffer -> String in
            guard let start = buffer.baseAddress else { return "" }
            gh_library_error_text(number, start, buffer.count)
            return String(cString: start)
        }
        let magnitude = String(number.magnitude, radix: 16, uppercase: true)
        return text.isEmpty ? " (-0x\(magnitude))" : " (\(text), -0x\(magnitude))"
    }

    /// The names of RFC 5246 7.2.2 and RFC 7301, with what they mean for whoever reads the log.
    static func alertText(_ number: UInt8) -> String {
        switch number {
        case 10: "unexpected message"
        case 20: "bad record MAC"
        case 22: "record overflow"
        case 40: "handshake failure: it accepts none of our cipher suites, or misses our certificate"
        case 42: "bad certificate: it does not accept ours"
        case 43: "unsupported certificate: ours is of a kind it does not accept"
        case 44: "certificate revoked: ours"
        case 45: "certificate expired: ours, by its clock"
        case 46: "certificate unknown: it does not accept ours"
        case 47: "illegal parameter"
        case 48: "unknown CA: it does not trust the issuer of our certificate"
        case 49: "access denied"
        case 50: "decode error"
        case 51: "decrypt error: a signature of ours does not fit our certificate"
        case 70: "protocol version: it does not speak TLS 1.2"
        case 71: "insufficient security"
        case 80: "internal error"
        case 86: "inappropriate fallback"
        case 90: "user cancelled"
        case 100: "no renegotiation"
        case 110: "unsupported extension"
        case 112: "unrecognised name: it has no certificate for the name we asked for"
        case 115: "unknown PSK identity"
        case 116: "certificate required: we have none to show"
        case 120: "no application protocol in common"
        default: "unassigned"
        }
    }

    /// The error of a configuration step.
    static func ofConfiguration(_ status: Int32, _ what: String) -> TLSError {
        switch status {
        case GH_EMEMORY: TLSError(.outOfMemory, "no memory for \(what)")
        case GH_EMALFORMED: TLSError(.malformedCertificate, "\(what) cannot be read\(libraryText())")
        case GH_EKEYMISMATCH: TLSError(.keyMismatch, "\(what): the private key belongs to another certificate")
        case GH_EUNSUPPORTED: TLSError(.unavailable, "\(what): \(OCFHandshakes.missing)")
        default: TLSError(.internalError, "\(what) failed\(libraryText())")
        }
    }

    /// The error of a connection, from the shim's number.
    static func ofConnection(_ status: Int32, during phase: String) -> TLSError {
        switch status {
        case GH_ENOCERTIFICATE:
            TLSError(.noPeerCertificate, "the peer showed no certificate; expected one from a trusted issuer")
        case GH_ENEGOTIATION:
            TLSError(
                .negotiationFailed,
                "no cipher suite, version, curve or signature algorithm in common with the peer\(libraryText())")
        case GH_ESIGNATURE:
            TLSError(
                .badSignature,
                "a handshake signature does not fit the peer's certificate: it does not hold the private key")
        case GH_ERECORD:
            TLSError(.badRecord, "a record during the \(phase) is not authentic: altered on the way, or a wrong key")
        case GH_TRUNCATED:
            TLSError(.truncated, "the peer closed the transport during the \(phase) without close_notify")
        case GH_CLOSED:
            TLSError(.connectionClosed, "the peer ended the connection during the \(phase)")
        case GH_ETIMEOUT:
            TLSError(.handshakeTimeout, "the peer answered no repetition of the handshake's messages")
        case GH_EIDENTITY:
            TLSError(.unknownIdentity, "the peer names a pre-shared key that is unknown here")
        case GH_RESTARTED:
            TLSError(.connectionClosed, "the peer has started anew, with a handshake of its own")
        case GH_EMEMORY:
            TLSError(.outOfMemory, "no memory for the \(phase)")
        case GH_EINTERNAL:
            TLSError(.internalError, "the TLS library failed during the \(phase)\(libraryText())")
        default:
            TLSError(.protocolViolation, "the peer broke the protocol during the \(phase)\(libraryText())")
        }
    }
}
