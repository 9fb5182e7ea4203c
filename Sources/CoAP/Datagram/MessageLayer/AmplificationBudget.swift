/// What may go to an address that nothing has proven yet: three times what came from it.
///
/// The factor is QUIC's (RFC 9000 §8). See ``DatagramLimits``.
struct AmplificationBudget: Hashable {
    static let factor = 3

    private(set) var isProven: Bool
    private var received = 0
    private var sent = 0

    init(isProven: Bool) {
        self.isProven = isProven
    }

    mutating func receive(_ bytes: Int) {
        if !isProven { received += bytes }
    }

    mutating func send(_ bytes: Int) {
        if !isProven { sent += bytes }
    }

    mutating func prove() {
        isProven = true
    }

    /// Whether so many bytes may be sent that the peer has not asked for in so many words.
    func admits(_ bytes: Int) -> Bool {
        isProven || sent + bytes <= AmplificationBudget.factor * received
    }

    /// Bytes left; nil when there is no bound.
    var room: Int? {
        isProven ? nil : max(0, AmplificationBudget.factor * received - sent)
    }
}
