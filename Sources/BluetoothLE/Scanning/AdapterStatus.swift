import Advertising

/// An adapter as `gatehouse status` shows it.
public struct AdapterStatus: Sendable, Hashable {
    /// What it does.
    public enum State: Sendable, Hashable {
        /// It is being made ready.
        case starting
        /// It listens.
        case scanning
        /// It listens to a scan that another program began and would not leave to us.
        case sharing
        /// It has heard nothing for long, and this was done last.
        case silent(RecoveryLadder.Step)
        /// It cannot be used now, for this reason; it is tried again.
        case unusable(RadioError)
    }

    /// Which.
    public var index: AdapterIndex
    /// Its address, once known.
    public var address: BluetoothAddress?
    /// What it does.
    public var state = State.starting
    /// Whether it asks for scan responses at this moment.
    public var isActive = false
    /// Whether extended advertising is heard, too.
    public var isExtended = false
    /// Reports heard.
    public var reports: UInt64 = 0
    /// When it heard something last.
    public var lastHeard: ContinuousClock.Instant?
    /// How often a scan was begun: at starts, after connections, by the recovery ladder.
    public var scansStarted: UInt64 = 0
    /// The recovery steps so far.
    public var recoveries: [RecoveryLadder.Step: Int] { ladder.counts }
    /// Where on the ladder it is; kept over a reset, after which it comes back as a new adapter.
    var ladder = RecoveryLadder(at: .now)

    /// The state in a word.
    public var stateText: String {
        switch state {
        case .starting: "starting"
        case .scanning: "scanning"
        case .sharing: "sharing"
        case .silent: "silent"
        case .unusable(let error):
            switch error.code {
            case .permission: "no-permission"
            case .blocked: "blocked"
            case .busy: "busy"
            case .noAdapter: "gone"
            case .noBluetooth: "no-bluetooth"
            default: "failed"
            }
        }
    }

    /// What is wrong, and what helps; nil when nothing is.
    ///
    /// - Parameter now: silence is told in minutes until now.
    public func trouble(at now: ContinuousClock.Instant = .now) -> String? {
        switch state {
        case .starting, .scanning: nil
        case .sharing:
            "\(index): another program scans with it and takes it back each time; heard is what that program's scan hears. "
                + "Give one of them an adapter of its own"
        case .unusable(let error): error.reason
        case .silent(let step):
            if let lastHeard {
                "\(index) has heard nobody for \((now - lastHeard).components.seconds / 60) minutes"
                    + (step == .tellUser
                        ? "; all else was tried: take the power from the board for ten seconds"
                        : "; tried: \(step.rawValue)")
            } else if step == .tellUser {
                "\(index) has never heard anybody: either nobody advertises here, or it is deaf; if there are sensors, "
                    + "take the power from the board for ten seconds"
            } else {
                nil
            }
        }
    }
}
