/// Smooths a device's signal strength and says when it is worth an event.
///
/// From one advert to the next it jumps by 5 to 10 dB, for each comes on another channel; told as it is, it would be the
/// busiest field of all and mean nothing.
struct SignalStrength: Sendable, Hashable {
    /// Each advert moves the mean by an eighth of the difference: about the last eight count.
    static let weight = 0.125
    /// The published value follows when the mean is so far from it: less is not felt anywhere.
    static let step = 3.0

    /// What was published last, in whole dBm.
    private(set) var published: Int8?
    private var mean = 0.0

    /// Takes a strength in.
    ///
    /// - Returns: the new value when it is worth publishing.
    mutating func add(_ rssi: Int8) -> Int8? {
        guard let published else {
            mean = Double(rssi)
            self.published = rssi
            return rssi
        }
        mean += (Double(rssi) - mean) * SignalStrength.weight
        guard (mean - Double(published)).magnitude >= SignalStrength.step else { return nil }
        // Between two values of Int8 a mean is one too.
        let rounded = Int8(mean.rounded())
        self.published = rounded
        return rounded
    }
}
