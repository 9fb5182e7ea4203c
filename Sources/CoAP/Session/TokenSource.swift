import CoAPMessages

/// Eight-byte tokens that do not repeat and that nobody off the path can guess (RFC 7252 §5.3.1).
///
/// Eight bytes also keep every frame at ten bytes or more: IoTivity-Lite breaks on frames of fewer than seven.
struct TokenSource {
    private var counter = UInt64.random(in: .min ... .max)
    private let key = UInt64.random(in: .min ... .max)

    /// The next token: a permutation of the counter (the finaliser of SplitMix64), so that none returns before all
    /// others have been.
    mutating func next() -> Token {
        counter &+= 1
        var bits = counter ^ key
        bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
        return Token(bits ^ bits >> 31)
    }
}
