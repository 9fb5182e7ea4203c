/// What pairing tells those who watch it.
public enum PairingEvent: Sendable, Hashable {
    /// The ceremony is in another state.
    case phase(Pairing.Phase)
    /// The button asks to let sensors join.
    case joinWanted
    /// The button asks to let no more sensors join.
    case joinUnwanted
    /// Trust was given, durably.
    case trusted(TrustRecord)
    /// Trust was taken away.
    case removed(TrustRecord)
    /// The gateway refuses new knocks from now on, or takes them again.
    case locked(Bool)
    /// A factory reset began: nobody is trusted any more.
    case resetBegan(ResetCause)
    /// A factory reset ended; when it is not complete it goes on at the next start.
    case resetEnded(complete: Bool)
}
