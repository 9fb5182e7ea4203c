import Advertising

/// What is wrong with a device's encryption, if anything, so that it is told once and at the right time.
///
/// A single message that does not authenticate is a bit error of the radio; the second one running means the key.
/// A message in the clear from a device whose key is known is somebody else's, or the device was reset: it is not taken,
/// and said so, with what to do.
struct KeyTrouble: Sendable, Hashable {
    /// The troubles.
    enum Kind: String, Sendable, Hashable {
        case keyMissing
        case wrongKey
        case plaintextDespiteKey
    }

    /// So many failures running are worth a word. Two: bthome-ble once asked for a new key after one bad message.
    static let failuresToTell = 2

    /// What is wrong; nil when nothing is.
    private(set) var current: Kind?
    private var failures = 0
    private var told: Kind?

    /// A message was read.
    mutating func succeeded() {
        current = nil
        failures = 0
    }

    /// A message was refused. Refusals that have nothing to do with keys leave everything as it is.
    mutating func failed(_ code: Refusal.Code) {
        switch code {
        case .keyMissing: current = .keyMissing
        case .plaintextDespiteKey: current = .plaintextDespiteKey
        case .wrongKey:
            failures += 1
            if failures >= KeyTrouble.failuresToTell { current = .wrongKey }
        case .wrongLength, .unknownVersion, .addressMissing, .noMeasurements, .unknownDevice, .foreignAddress: break
        }
    }
}

extension KeyTrouble {
    /// Whether ``current`` has changed since this was last asked.
    mutating func isNews() -> Bool {
        defer { told = current }
        return told != current
    }
}

extension KeyTrouble.Kind {
    /// For people: what is the matter and what to do.
    var text: String {
        switch self {
        case .keyMissing: "sends encrypted, and no key is known: give it with `gatehouse key`, or in the configuration"
        case .wrongKey: "its messages do not authenticate: the key is wrong (`gatehouse key`), or they are forged"
        case .plaintextDespiteKey:
            "sends in the clear although its key is known, so nothing is taken from it: if it was reset, take its key away "
                + "with `gatehouse key --remove`, or out of the configuration"
        }
    }
}
