/// What a decoder takes from a stranger before it refuses.
public struct MessageLimits: Sendable, Hashable {
    /// Bytes of a whole message, header and token included, as RFC 8323 §5.3.1 counts them.
    ///
    /// 262,144 is what plgd hub takes; a `/oic/res` of 500 links is 28 kB.
    public var messageSize = 262_144

    /// Options in one message.
    ///
    /// A `DELETE /oic/rd` names each link in a query of its own, so several hundred are honest; options share one
    /// allocation, so their number costs time alone.
    public var optionCount = 1024

    /// Bytes of all options together, as encoded.
    ///
    /// 1,024 short queries of 16 bytes. The longest single option of any standard is Proxy-Uri with 1,034.
    public var optionsLength = 16_384

    /// The limits above.
    public init() {}

    /// The limits above.
    public static let `default` = MessageLimits()
}
