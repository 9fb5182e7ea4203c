/// Why a connection does not become the device ownership connection.
public enum OwnershipRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// The device is not in RFOTM.
    case wrongState(OnboardingState)
    /// No method has been selected (`oxmsel`).
    case noMethodSelected
    /// Another one is open.
    case alreadyOpen
    /// No person has allowed it.
    case notAllowed

    /// A sentence for people.
    public var description: String {
        switch self {
        case .wrongState(let state): "ownership is transferred in RFOTM; the device is in \(state)"
        case .noMethodSelected: "no owner transfer method has been selected"
        case .alreadyOpen: "another would-be owner is connected"
        case .notAllowed: "nobody at the device has allowed an owner transfer"
        }
    }
}

/// The device ownership connection.
extension SecurityState {
    /// Why a new encrypted connection would not become the ownership connection; nil when nothing stands against it.
    public var ownershipRefusal: OwnershipRefusal? {
        if state != .rfotm { return .wrongState(state) }
        if ownershipConnection != nil { return .alreadyOpen }
        if doxm.selected == .unselected { return .noMethodSelected }
        return nil
    }

    /// Makes an encrypted connection the ownership connection.
    ///
    /// - Parameter isAllowed: whether a person at the device has allowed it.
    public mutating func openOwnershipConnection(
        _ session: SessionID, isAllowed: Bool
    ) throws(OwnershipRefusal) {
        if let ownershipRefusal { throw ownershipRefusal }
        guard isAllowed else { throw .notAllowed }
        ownershipConnection = session
        isTransferBegun = false
    }

    /// Gives up an owner transfer that was refused, timed out or came to nothing: back to a clean RFOTM, by a reset when
    /// something has been written already.
    public mutating func abandonOwnerTransfer() -> [SecurityEffect] {
        guard state == .rfotm else { return [] }
        if isTransferBegun { return beginReset() }
        let effects: [SecurityEffect] = doxm.selected == .randomPIN ? [.hidePIN] : []
        ownershipConnection = nil
        doxm.selected = .unselected
        return effects
    }

    /// An encrypted connection has ended, and with it the roles asserted on it; when it was the ownership connection of an
    /// unfinished transfer, the transfer too.
    public mutating func connectionClosed(_ session: SessionID) -> [SecurityEffect] {
        assertions[session] = nil
        guard session == ownershipConnection else { return [] }
        ownershipConnection = nil
        return abandonOwnerTransfer()
    }
}
