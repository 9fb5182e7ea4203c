import Advertising
import BluetoothLE
import Concentrator
import OneLoop

extension BLENodes {
    /// Lets advertisers of a known format become nodes for a while; a window that is open already gets this end and limit.
    ///
    /// What is denied stays so. Whoever joins is remembered as allowed, whatever the configuration admits.
    ///
    /// - Throws: ``NodeError`` `invalidValue` for a time or a limit out of range; `refused` when nothing is listened to.
    public func permitJoin(
        for time: Duration = JoinWindow.usual, limit: Int = JoinWindow.usualLimit, by cause: JoinWindow.Cause,
        now: ContinuousClock.Instant = .now
    ) throws(NodeError) {
        guard time >= .seconds(1), time <= JoinWindow.longest else {
            throw NodeError(.invalidValue, "found \(time), expected 1 to \(JoinWindow.longest.components.seconds) s")
        }
        guard (1...JoinWindow.largestLimit).contains(limit) else {
            throw NodeError(.invalidValue, "found a limit of \(limit), expected 1 to \(JoinWindow.largestLimit)")
        }
        guard sources.values.contains(.listening) else {
            throw NodeError(
                .refused, "no radio is being listened to, so nothing can join; `gatehouse status` tells why")
        }
        let window = JoinWindow(until: now + time, limit: limit)
        join = window
        joinTimer?.cancel()
        joinTimer = Loop.after(time) { [weak self] in self?.endJoin(.time) }
        log.notice("sensors may join", metadata: ["for": "\(time)", "limit": "\(limit)", "by": "\(cause.rawValue)"])
        tell(.opened(window, by: cause))
    }

    /// Ends the window.
    ///
    /// - Returns: whether one was open.
    @discardableResult
    public func closeJoin() -> Bool { endJoin(.closed) }

    /// The window, while it is open.
    public var joinWindow: JoinWindow? { join }

    /// Watches windows and who comes in through them; the handler runs within the change.
    public func onJoin(_ handler: @escaping @Loop (JoinEvent) -> Void) { joinHandlers.append(handler) }

    @discardableResult
    func endJoin(_ end: JoinWindow.End) -> Bool {
        guard let window = join else { return false }
        join = nil
        joinTimer?.cancel()
        joinTimer = nil
        log.notice(
            "sensors may no longer join", metadata: ["because": "\(end.rawValue)", "joined": "\(window.joined.count)"])
        tell(.closed(window, end))
        return true
    }

    /// Notes that an advertiser came in through the window.
    func noteJoined(_ id: NodeID) {
        join?.add(id)
        tell(.joined(id))
        if join?.isFull == true { endJoin(.full) }
    }

    private func tell(_ event: JoinEvent) {
        for handler in joinHandlers { handler(event) }
    }
}
