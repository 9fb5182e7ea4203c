extension Ceremony {
    /// The state that follows, and what is to be done, in order.
    ///
    /// Total: every event is allowed in every state, and what makes no sense there changes nothing. Deadlines that
    /// have passed by `now` are served before the event, so a late timer changes no outcome.
    public static func transition(
        _ state: State, _ event: Event, at now: Moment, _ rules: Rules
    ) -> (state: State, effects: [Effect]) {
        var state = state
        var effects: [Effect] = []
        if let deadline = deadline(of: state, rules), now >= deadline {
            (state, effects) = timeUp(state, at: now, rules)
        }
        let (next, more) = step(state, event, at: now, rules)
        return (next, effects + more)
    }

    /// When the state changes by itself; send `tick` then.
    public static func deadline(of state: State, _ rules: Rules) -> Moment? {
        switch state {
        case .pressed(let since): since + (rules.joinAfter ?? rules.warnAfter)
        case .answering(_, let since), .joinOffer(let since): since + rules.warnAfter
        case .knocking(_, let until): until
        case .knockingUnderPress(_, let until, let since): min(until, since + rules.warnAfter)
        // Counted from the warning and not from the press: however late the timer was, there is time to let go.
        case .warning(let since): since + rules.warningTime
        case .idle, .storing, .resetting, .awaitingRelease: nil
        }
    }

    /// Why a knock would be refused now; nil when it would open a window.
    public static func refusal(_ state: State, _ rules: Rules) -> KnockOutcome.Reason? {
        switch state {
        case .resetting, .storing(_, _, .some): return .factoryReset
        case _ where rules.isLocked: return .locked
        case _ where !rules.hasButton: return .noButton
        case .knocking, .knockingUnderPress, .answering, .storing, .joinOffer, .warning: return .busy
        // A spent press may be a stuck button: it must not keep a window open that nobody can answer.
        case .awaitingRelease: return .noButton
        case .idle, .pressed: return nil
        }
    }

    private static func timeUp(_ state: State, at now: Moment, _ rules: Rules) -> (State, [Effect]) {
        switch state {
        // A timer so late that the hold has become a warning offers nothing any more.
        case .pressed(let since) where rules.joinAfter != nil && now < since + rules.warnAfter:
            return (.joinOffer(since: since), [])
        case .pressed, .joinOffer:
            return (.warning(since: now), [])
        case .answering(let candidate, _):
            return (.warning(since: now), [.refuse(candidate, .pressedAway)])
        case .knocking(let candidate, _):
            return (.idle, [.refuse(candidate, .windowEnded), .signal(.refused)])
        case .knockingUnderPress(let candidate, let until, let since):
            return now >= until
                ? (.pressed(since: since), [.refuse(candidate, .windowEnded)])
                : (.warning(since: now), [.refuse(candidate, .pressedAway)])
        case .warning:
            return (.resetting(buttonDown: true), [.reset(.button)])
        case .idle, .storing, .resetting, .awaitingRelease:
            return (state, [])
        }
    }

    private static func step(
        _ state: State, _ event: Event, at now: Moment, _ rules: Rules
    ) -> (State, [Effect]) {
        switch (state, event) {
        // The button.
        case (.idle, .buttonDown):
            return (.pressed(since: now), [])
        case (.knocking(let candidate, _), .buttonDown):
            return (.answering(candidate, since: now), [])
        case (.storing(let candidate, _, let cause), .buttonDown):
            return (.storing(candidate, buttonDown: true, resetBy: cause), [])
        case (.resetting, .buttonDown):
            return (.resetting(buttonDown: true), [])
        case (.pressed, .buttonUp):
            return (.idle, [.personPresent, rules.isJoining ? .closeJoin : .report])
        case (.joinOffer, .buttonUp):
            return (.idle, [.personPresent, .openJoin])
        case (.knockingUnderPress(let candidate, let until, _), .buttonUp):
            return (.knocking(candidate, until: until), [])
        case (.answering(let candidate, _), .buttonUp):
            return (.storing(candidate, buttonDown: false, resetBy: nil), [.store(candidate)])
        case (.storing(let candidate, _, let cause), .buttonUp):
            return (.storing(candidate, buttonDown: false, resetBy: cause), [])
        case (.warning, .buttonUp):
            return (.idle, [.signal(.backedOut)])
        case (.resetting, .buttonUp):
            return (.resetting(buttonDown: false), [])
        case (.awaitingRelease, .buttonUp), (.idle, .buttonUp), (.knocking, .buttonUp):
            return (state == .awaitingRelease ? .idle : state, [])
        case (.pressed, .buttonDown), (.knockingUnderPress, .buttonDown), (.answering, .buttonDown),
            (.joinOffer, .buttonDown), (.warning, .buttonDown), (.awaitingRelease, .buttonDown):
            return (state, [])
        case (.idle, .buttonStuck):
            return (.awaitingRelease, [])
        case (.knocking(let candidate, _), .buttonStuck):
            return (.awaitingRelease, [.refuse(candidate, .noButton)])
        case (_, .buttonStuck):
            return (state, [])
        case (.knocking(let candidate, _), .buttonLost), (.knockingUnderPress(let candidate, _, _), .buttonLost),
            (.answering(let candidate, _), .buttonLost):
            return (.idle, [.refuse(candidate, .noButton)])
        case (.storing(let candidate, _, let cause), .buttonLost):
            return (.storing(candidate, buttonDown: false, resetBy: cause), [])
        case (.resetting, .buttonLost):
            return (.resetting(buttonDown: false), [])
        case (.idle, .buttonLost), (.pressed, .buttonLost), (.joinOffer, .buttonLost), (.warning, .buttonLost),
            (.awaitingRelease, .buttonLost):
            return (.idle, [])

        // A candidate.
        case (_, .knock(let candidate, let window)):
            if let reason = refusal(state, rules) { return (state, [.refuse(candidate, reason)]) }
            let until = now + window
            if case .pressed(let since) = state {
                return (.knockingUnderPress(candidate, until: until, since: since), [])
            }
            return (.knocking(candidate, until: until), [])
        case (.knocking(let candidate, _), .withdraw):
            return (.idle, [.refuse(candidate, .withdrawn)])
        case (.knockingUnderPress(let candidate, _, let since), .withdraw):
            return (.pressed(since: since), [.refuse(candidate, .withdrawn)])
        case (.answering(let candidate, let since), .withdraw):
            return (.pressed(since: since), [.refuse(candidate, .withdrawn)])
        case (_, .withdraw):
            return (state, [])
        case (.knocking(let candidate, _), .locked):
            return (.idle, [.refuse(candidate, .locked)])
        case (.knockingUnderPress(let candidate, _, let since), .locked):
            return (.pressed(since: since), [.refuse(candidate, .locked)])
        case (.answering(let candidate, let since), .locked):
            return (.pressed(since: since), [.refuse(candidate, .locked)])
        case (_, .locked), (_, .tick):
            return (state, [])

        // The store.
        case (.storing(let candidate, let down, .none), .stored):
            return (afterwards(down), [.accept(candidate), .signal(.accepted)])
        case (.storing(let candidate, let down, .none), .storeFailed(let reason)):
            return (afterwards(down), [.refuse(candidate, .storeFailed(reason)), .signal(.failed)])
        case (.storing(let candidate, let down, .some(let cause)), .stored),
            (.storing(let candidate, let down, .some(let cause)), .storeFailed):
            return (.resetting(buttonDown: down), [.refuse(candidate, .factoryReset), .reset(cause)])
        case (_, .stored), (_, .storeFailed):
            return (state, [])

        // The reset.
        case (.storing(let candidate, let down, .none), .resetRequested(let cause)):
            return (.storing(candidate, buttonDown: down, resetBy: cause), [])
        case (.storing, .resetRequested), (.resetting, .resetRequested):
            return (state, [])
        case (.idle, .resetRequested(let cause)):
            return (.resetting(buttonDown: false), [.reset(cause)])
        case (.knocking(let candidate, _), .resetRequested(let cause)):
            return (.resetting(buttonDown: false), [.refuse(candidate, .factoryReset), .reset(cause)])
        case (.knockingUnderPress(let candidate, _, _), .resetRequested(let cause)),
            (.answering(let candidate, _), .resetRequested(let cause)):
            return (.resetting(buttonDown: true), [.refuse(candidate, .factoryReset), .reset(cause)])
        case (.pressed, .resetRequested(let cause)), (.joinOffer, .resetRequested(let cause)),
            (.warning, .resetRequested(let cause)), (.awaitingRelease, .resetRequested(let cause)):
            return (.resetting(buttonDown: true), [.reset(cause)])
        case (.resetting(let down), .resetEnded(let complete)):
            return (afterwards(down), [.signal(complete ? .resetDone : .failed)])
        case (_, .resetEnded):
            return (state, [])
        }
    }

    private static func afterwards(_ buttonDown: Bool) -> State {
        buttonDown ? .awaitingRelease : .idle
    }
}
