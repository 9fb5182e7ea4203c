/// The times and limits of the ceremony.
public struct PairingConfiguration: Sendable, Hashable {
    /// The longest window: 254 s, the field's custom for a join that cannot be forgotten open (Zigbee's permit-join
    /// field ends there too, since 255 meant "for ever").
    public static let longestWindow: Duration = .seconds(254)

    /// How long the LED flashes for a knock when the knocker names no window; 1 s to ``longestWindow``. 30 s is the
    /// walk from a desk to the box.
    public var window: Duration = .seconds(30)

    /// How long a press lasts before letting go lets sensors join; nil when the gateway has nothing to join. 3 s is no
    /// press by accident, and leaves two until the warning.
    public var joinAfter: Duration?

    /// How long a press lasts before it is taken for a factory reset in the making and the LED warns. 5 s is longer
    /// than anybody presses by accident.
    public var warnAfter: Duration = .seconds(5)

    /// How long a press lasts before it resets; the time between ``warnAfter`` and this is the time to let go.
    public var resetAfter: Duration = .seconds(10)

    /// How many knocks in a row are let through before they are rationed. 5 lets a person try an address again and
    /// again; each costs up to a window of flashing.
    public var knockBurst = 5

    /// How long until a rationed knock of the usual window is given back; a longer one takes longer. A stranger on the
    /// network can thus light the LED, and keep others waiting, half of the time at most.
    public var knockRefill: Duration = .seconds(60)

    /// Whether the gateway locks itself as soon as somebody is trusted, until a factory reset.
    public var lockAfterFirstTrust = false

    /// The defaults.
    public init() {}

    /// Refuses times that cannot work.
    ///
    /// - Throws: ``PairingError`` with `invalidConfiguration`, naming the value and what was expected.
    public func validate() throws(PairingError) {
        guard window >= .seconds(1), window <= PairingConfiguration.longestWindow else {
            throw .invalid("the window is \(window); expected 1 to 254 seconds")
        }
        guard warnAfter >= .seconds(1), warnAfter <= .seconds(60) else {
            throw .invalid("the hold before the warning is \(warnAfter); expected 1 to 60 seconds")
        }
        if let joinAfter {
            guard joinAfter >= .seconds(1), joinAfter <= warnAfter - .seconds(1) else {
                throw .invalid(
                    "the hold that lets sensors join is \(joinAfter); expected 1 second at least, and a second less than the "
                        + "\(warnAfter) before the warning")
            }
        }
        // One second is the least in which a person sees the warning and lets go.
        guard resetAfter >= warnAfter + .seconds(1), resetAfter <= .seconds(120) else {
            throw .invalid(
                "the hold before a reset is \(resetAfter); expected at least a second more than the \(warnAfter) before "
                    + "the warning, and 120 seconds at most")
        }
        guard (1...100).contains(knockBurst) else {
            throw .invalid("the number of knocks in a row is \(knockBurst); expected 1 to 100")
        }
        guard knockRefill >= .seconds(1), knockRefill <= .seconds(3600) else {
            throw .invalid("the time until a knock is given back is \(knockRefill); expected 1 to 3600 seconds")
        }
    }
}
