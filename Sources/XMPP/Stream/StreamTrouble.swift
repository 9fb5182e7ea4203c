/// Why there is no stream with the server, for status and log.
public struct StreamTrouble: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of trouble.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The server has no address: the name is wrong, or name resolution does not work.
        case nameNotFound = "name-not-found"
        /// No connection comes about, or it was lost.
        case unreachable
        /// The server does not answer.
        case silent
        /// The server does not read what it is sent.
        case notReading = "server-not-reading"
        /// The server offers no encryption.
        case notEncrypted = "not-encrypted"
        /// The server's certificate is not accepted, or it does not accept ours.
        case certificateRefused = "certificate-refused"
        /// The server's certificate is not valid yet: the gateway's clock is wrong.
        case clockWrong = "clock-wrong"
        /// The password, secret or certificate of the account is refused.
        case credentialsRefused = "credentials-refused"
        /// The server offers no way to authenticate that is allowed here.
        case noMechanism = "no-mechanism"
        /// The server does not prove that it knows the password, or its messages are tampered with.
        case serverNotTrusted = "server-not-trusted"
        /// Another connection has taken the address.
        case replaced
        /// The server has ended the stream, or refuses it.
        case serverRefused = "server-refused"
        /// What the server sends is not XMPP, or passes a limit.
        case protocolViolation = "protocol-violation"

        /// What a person can do about it: a sentence without a capital and a full stop, to follow the reason.
        public var advice: String {
            switch self {
            case .nameNotFound: "check the domain of the account's address, or name the server's host and port"
            case .unreachable: "check that the server runs and that the network lets this machine reach it"
            case .silent, .notReading: "check the network in between, and how busy the server is"
            case .notEncrypted: "let the server offer STARTTLS, or use its port with direct TLS"
            case .certificateRefused:
                "trust the authority that issued the server's certificate, which has to name the account's domain and be valid"
            case .clockWrong: "set this machine's clock"
            case .credentialsRefused: "check the account's address and its password or certificate"
            case .noMechanism: "let the server offer what was expected, or allow what it offers"
            case .serverNotTrusted:
                "find out who answers in the server's place; something that ends TLS on the way is one who does"
            case .replaced: "stop the other program that uses the account, or give one of the two another resource"
            case .serverRefused: "look into the server's log"
            case .protocolViolation:
                "look into the server's log, and whether host and port are those of an XMPP server for clients"
            }
        }
    }

    /// The kind.
    public let code: Code
    /// A sentence for people.
    public let reason: String
    /// The server's stream error, where it told one.
    public let streamError: StreamError?

    init(_ code: Code, _ reason: String, streamError: StreamError? = nil) {
        self.code = code
        self.reason = reason
        self.streamError = streamError
    }

    /// Troubles are equal when their codes are.
    public static func == (left: StreamTrouble, right: StreamTrouble) -> Bool { left.code == right.code }

    /// Feeds the code.
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }

    /// Code and sentence.
    public var description: String { "\(code.rawValue): \(reason)" }

    /// The trouble that a stream error of the server is.
    init(_ error: StreamError) {
        let code: Code =
            switch error.condition {
            case .conflict: .replaced
            case .notAuthorized: .credentialsRefused
            default: .serverRefused
            }
        self.init(
            code, "the server says \(error.condition.rawValue)\(error.text.map { ": \($0.prefix(200))" } ?? "")",
            streamError: error)
    }

    init(_ fault: SASLFault) {
        let code: Code =
            switch fault.code {
            case .refused, .credentials: .credentialsRefused
            case .noMechanism, .channelBinding: .noMechanism
            case .malformed, .iterations, .nonce, .serverSignature: .serverNotTrusted
            case .temporary: .serverRefused
            }
        self.init(code, fault.reason)
    }
}
