/// The numbers that order notifications (RFC 7641 §3.4, §4.4).
public enum ObserveNumber {
    /// 24 bits.
    public static let mask: UInt32 = 0xFF_FFFF

    /// The number with which an observation begins: above 0 and 1, which mean something else in a request.
    public static let first: UInt32 = 2

    /// The number after `number`, which wraps at 24 bits.
    public static func next(after number: UInt32) -> UInt32 {
        (number &+ 1) & mask
    }

    /// The time in seconds after which any number counts as newer (RFC 7641 §3.4).
    public static let freshness = 128

    /// Whether a notification is newer than the last one taken.
    ///
    /// - Parameter elapsed: seconds between the arrivals of the two.
    public static func isNewer(_ number: UInt32, than last: UInt32, elapsed: Int) -> Bool {
        let half: UInt32 = 1 << 23
        return last < number && number - last < half
            || last > number && last - number > half
            || elapsed > freshness
    }
}
