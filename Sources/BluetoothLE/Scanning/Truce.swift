/// The time in which an adapter is left to another program that would not leave it to us.
struct Truce: Sendable, Hashable {
    /// How long the other one is left alone.
    static let length = Duration.seconds(300)
    /// A truce in which nothing is heard for so long is none: the other one has ended its scan.
    static let silence = Duration.seconds(20)

    /// When it began.
    let begin: ContinuousClock.Instant

    /// Whether its time is over, or nothing has been heard since it began or for long.
    ///
    /// - Parameter lastHeard: when the adapter heard something last, also before it began; nil for never.
    func isOver(at now: ContinuousClock.Instant, lastHeard: ContinuousClock.Instant?) -> Bool {
        now - begin >= Truce.length || now - max(lastHeard ?? begin, begin) >= Truce.silence
    }
}
