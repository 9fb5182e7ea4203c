/// The number of an option, whose bits say how to treat one that is not known (RFC 7252 §5.4.6).
public struct OptionNumber: RawRepresentable, Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The number as the deltas add up to it.
    public let rawValue: UInt16

    /// The option of that number.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// Odd numbers: who does not know it must refuse the message.
    public var isCritical: Bool { rawValue & 1 == 1 }

    /// Whether a proxy that does not know it must not forward it.
    public var isUnsafeToForward: Bool { rawValue & 2 == 2 }

    /// Whether it is safe to forward and not part of the cache key.
    public var isNoCacheKey: Bool { rawValue & 0x1E == 0x1C }

    /// The order of options in a message.
    public static func < (left: OptionNumber, right: OptionNumber) -> Bool {
        left.rawValue < right.rawValue
    }

    /// The registered name, else "option" and the number.
    public var description: String {
        definition?.name ?? "option \(rawValue)"
    }
}

extension OptionNumber {
    /// 1, RFC 7252 §5.10.8.1.
    public static let ifMatch = OptionNumber(rawValue: 1)
    /// 3, RFC 7252 §5.10.1.
    public static let uriHost = OptionNumber(rawValue: 3)
    /// 4, RFC 7252 §5.10.6.
    public static let etag = OptionNumber(rawValue: 4)
    /// 5, RFC 7252 §5.10.8.2.
    public static let ifNoneMatch = OptionNumber(rawValue: 5)
    /// 6, RFC 7641 §2.
    public static let observe = OptionNumber(rawValue: 6)
    /// 7, RFC 7252 §5.10.1.
    public static let uriPort = OptionNumber(rawValue: 7)
    /// 8, RFC 7252 §5.10.7.
    public static let locationPath = OptionNumber(rawValue: 8)
    /// 9, RFC 8613 §2.
    public static let oscore = OptionNumber(rawValue: 9)
    /// 11, RFC 7252 §5.10.1.
    public static let uriPath = OptionNumber(rawValue: 11)
    /// 12, RFC 7252 §5.10.3.
    public static let contentFormat = OptionNumber(rawValue: 12)
    /// 14, RFC 7252 §5.10.5; seconds.
    public static let maxAge = OptionNumber(rawValue: 14)
    /// 15, RFC 7252 §5.10.1.
    public static let uriQuery = OptionNumber(rawValue: 15)
    /// 16, RFC 8768 §3.
    public static let hopLimit = OptionNumber(rawValue: 16)
    /// 17, RFC 7252 §5.10.4.
    public static let accept = OptionNumber(rawValue: 17)
    /// 19, RFC 9177 §4.1.
    public static let qBlock1 = OptionNumber(rawValue: 19)
    /// 20, RFC 7252 §5.10.7.
    public static let locationQuery = OptionNumber(rawValue: 20)
    /// 23, RFC 7959 §2.1.
    public static let block2 = OptionNumber(rawValue: 23)
    /// 27, RFC 7959 §2.1.
    public static let block1 = OptionNumber(rawValue: 27)
    /// 28, RFC 7959 §4; bytes.
    public static let size2 = OptionNumber(rawValue: 28)
    /// 31, RFC 9177 §4.1.
    public static let qBlock2 = OptionNumber(rawValue: 31)
    /// 35, RFC 7252 §5.10.2.
    public static let proxyURI = OptionNumber(rawValue: 35)
    /// 39, RFC 7252 §5.10.2.
    public static let proxyScheme = OptionNumber(rawValue: 39)
    /// 60, RFC 7252 §5.10.9; bytes.
    public static let size1 = OptionNumber(rawValue: 60)
    /// 252, RFC 9175 §2.2.
    public static let echo = OptionNumber(rawValue: 252)
    /// 258, RFC 7967 §2.
    public static let noResponse = OptionNumber(rawValue: 258)
    /// 292, RFC 9175 §3.2.
    public static let requestTag = OptionNumber(rawValue: 292)
    /// 2049, OCF core: the encoding version the sender wants back.
    public static let ocfAcceptVersion = OptionNumber(rawValue: 2049)
    /// 2053, OCF core: the encoding version of the payload.
    public static let ocfContentFormatVersion = OptionNumber(rawValue: 2053)
}

/// The options of signals, whose numbers are counted for each code on its own (RFC 8323 §5.2).
extension OptionNumber {
    /// CSM 2: the largest message the sender takes, in bytes (RFC 8323 §5.3.1).
    public static let csmMaxMessageSize = OptionNumber(rawValue: 2)
    /// CSM 4: the sender does block-wise transfer (RFC 8323 §5.3.2).
    public static let csmBlockWiseTransfer = OptionNumber(rawValue: 4)
    /// Ping and Pong 2 (RFC 8323 §5.4.1).
    public static let custody = OptionNumber(rawValue: 2)
    /// Release 2: where to connect instead (RFC 8323 §5.5).
    public static let alternativeAddress = OptionNumber(rawValue: 2)
    /// Release 4: how long to stay away, in seconds (RFC 8323 §5.5).
    public static let holdOff = OptionNumber(rawValue: 4)
    /// Abort 2: the number of the CSM option that was not understood (RFC 8323 §5.6).
    public static let badCSMOption = OptionNumber(rawValue: 2)
}
