import CBOR
import CoAPMessages
import OCFModel

/// Answers of the cloud's own.
enum Replies {
    /// An error as CoAP says it: a code, and its reason as diagnostic payload (RFC 7252 §5.5.2).
    static func error(_ code: Code, _ reason: String) -> Message {
        Message(code: code, payload: Array(reason.utf8))
    }

    /// What a ``CloudError`` is to the requester.
    static func error(_ error: CloudError) -> Message {
        let code: Code =
            switch error.code {
            case .malformed: .badRequest
            case .unauthorized: .unauthorized
            case .forbidden, .exists: .forbidden
            case .notFound: .notFound
            case .limit: .forbidden
            case .away: .serviceUnavailable
            case .timeout: .gatewayTimeout
            case .storage, .configuration, .connection, .peer: .serviceUnavailable
            }
        return Self.error(code, error.reason)
    }

    /// The end of an observation whose device or link is gone.
    static let gone = error(.notFound, "the resource is gone")

    /// The device is registered and not connected. Max-Age tells when to try again (RFC 7252 §5.9.3.4): devices come back
    /// with back-off of seconds to a minute.
    static let away: Message = {
        var message = error(.serviceUnavailable, "the device is away")
        message.maxAge = 10
        return message
    }()

    /// Too many requests wait for the device already.
    static let busy: Message = {
        var message = error(.serviceUnavailable, "too many requests wait for the device")
        message.maxAge = 1
        return message
    }()

    /// The server is going down.
    static let draining: Message = {
        var message = error(.serviceUnavailable, "the cloud is shutting down")
        message.maxAge = 10
        return message
    }()

    /// The requester asks too much (RFC 8516).
    static let tooMany: Message = {
        var message = error(.tooManyRequests, "too many requests a second")
        message.maxAge = 1
        return message
    }()
}
