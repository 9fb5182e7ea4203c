/// The code of a message: a class of three bits and a detail of five, written `c.dd` (RFC 7252 §3, §12.1; RFC 8323 §5.1).
public struct Code: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// The byte as it stands in the header.
    public let rawValue: UInt8

    /// The code of that byte; every byte is a code, though not every code is assigned.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The code `class.detail`; only the low three and five bits count.
    public init(class codeClass: UInt8, detail: UInt8) {
        rawValue = (codeClass & 0x7) << 5 | detail & 0x1F
    }

    /// 0 for requests, 2 for success, 4 and 5 for errors, 7 for signals.
    public var codeClass: UInt8 { rawValue >> 5 }

    /// The number after the point.
    public var detail: UInt8 { rawValue & 0x1F }

    /// 0.00: an empty message, neither request nor response.
    public var isEmpty: Bool { rawValue == 0 }

    /// A method: 0.01 to 0.31.
    public var isRequest: Bool { codeClass == 0 && detail != 0 }

    /// Class 2, 4 or 5.
    public var isResponse: Bool { codeClass == 2 || codeClass == 4 || codeClass == 5 }

    /// Class 2: the request was received, understood and accepted.
    public var isSuccess: Bool { codeClass == 2 }

    /// Class 7: RFC 8323's own messages, on reliable transports alone.
    public var isSignal: Bool { codeClass == 7 }

    /// Class 1, 3 or 6, which nobody has given a meaning (RFC 7252 §12.1).
    public var isReserved: Bool { codeClass == 1 || codeClass == 3 || codeClass == 6 }

    /// The dotted form, such as "4.04".
    public var description: String {
        "\(codeClass).\(detail < 10 ? "0" : "")\(detail)"
    }
}

extension Code {
    /// 0.00.
    public static let empty = Code(class: 0, detail: 0)
    /// 0.01 GET.
    public static let get = Code(class: 0, detail: 1)
    /// 0.02 POST.
    public static let post = Code(class: 0, detail: 2)
    /// 0.03 PUT.
    public static let put = Code(class: 0, detail: 3)
    /// 0.04 DELETE.
    public static let delete = Code(class: 0, detail: 4)
    /// 0.05 FETCH (RFC 8132).
    public static let fetch = Code(class: 0, detail: 5)
    /// 0.06 PATCH (RFC 8132).
    public static let patch = Code(class: 0, detail: 6)
    /// 0.07 iPATCH (RFC 8132).
    public static let ipatch = Code(class: 0, detail: 7)

    /// 2.01 Created.
    public static let created = Code(class: 2, detail: 1)
    /// 2.02 Deleted.
    public static let deleted = Code(class: 2, detail: 2)
    /// 2.03 Valid.
    public static let valid = Code(class: 2, detail: 3)
    /// 2.04 Changed.
    public static let changed = Code(class: 2, detail: 4)
    /// 2.05 Content.
    public static let content = Code(class: 2, detail: 5)
    /// 2.31 Continue (RFC 7959 §2.9.1).
    public static let `continue` = Code(class: 2, detail: 31)

    /// 4.00 Bad Request.
    public static let badRequest = Code(class: 4, detail: 0)
    /// 4.01 Unauthorized.
    public static let unauthorized = Code(class: 4, detail: 1)
    /// 4.02 Bad Option.
    public static let badOption = Code(class: 4, detail: 2)
    /// 4.03 Forbidden.
    public static let forbidden = Code(class: 4, detail: 3)
    /// 4.04 Not Found.
    public static let notFound = Code(class: 4, detail: 4)
    /// 4.05 Method Not Allowed.
    public static let methodNotAllowed = Code(class: 4, detail: 5)
    /// 4.06 Not Acceptable.
    public static let notAcceptable = Code(class: 4, detail: 6)
    /// 4.08 Request Entity Incomplete (RFC 7959 §2.9.2).
    public static let requestEntityIncomplete = Code(class: 4, detail: 8)
    /// 4.09 Conflict (RFC 8132).
    public static let conflict = Code(class: 4, detail: 9)
    /// 4.12 Precondition Failed.
    public static let preconditionFailed = Code(class: 4, detail: 12)
    /// 4.13 Request Entity Too Large.
    public static let requestEntityTooLarge = Code(class: 4, detail: 13)
    /// 4.15 Unsupported Content-Format.
    public static let unsupportedContentFormat = Code(class: 4, detail: 15)
    /// 4.22 Unprocessable Entity (RFC 8132).
    public static let unprocessableEntity = Code(class: 4, detail: 22)
    /// 4.29 Too Many Requests (RFC 8516).
    public static let tooManyRequests = Code(class: 4, detail: 29)

    /// 5.00 Internal Server Error.
    public static let internalServerError = Code(class: 5, detail: 0)
    /// 5.01 Not Implemented.
    public static let notImplemented = Code(class: 5, detail: 1)
    /// 5.02 Bad Gateway.
    public static let badGateway = Code(class: 5, detail: 2)
    /// 5.03 Service Unavailable.
    public static let serviceUnavailable = Code(class: 5, detail: 3)
    /// 5.04 Gateway Timeout.
    public static let gatewayTimeout = Code(class: 5, detail: 4)
    /// 5.05 Proxying Not Supported.
    public static let proxyingNotSupported = Code(class: 5, detail: 5)
    /// 5.08 Hop Limit Reached (RFC 8768).
    public static let hopLimitReached = Code(class: 5, detail: 8)

    /// 7.01 Capabilities and Settings (RFC 8323 §5.3).
    public static let csm = Code(class: 7, detail: 1)
    /// 7.02 Ping (RFC 8323 §5.4).
    public static let ping = Code(class: 7, detail: 2)
    /// 7.03 Pong (RFC 8323 §5.4).
    public static let pong = Code(class: 7, detail: 3)
    /// 7.04 Release (RFC 8323 §5.5).
    public static let release = Code(class: 7, detail: 4)
    /// 7.05 Abort (RFC 8323 §5.6).
    public static let abort = Code(class: 7, detail: 5)
}
