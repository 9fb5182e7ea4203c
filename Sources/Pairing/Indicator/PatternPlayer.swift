import OneLoop

/// Plays patterns on an indicator: one for the state, and now and then a signal over it.
@Loop
final class PatternPlayer {
    private let indicator: any Indicator
    private let clock: any PairingClock
    private var base = Pattern.dark
    private var cancel: (@Loop () -> Void)?

    init(indicator: any Indicator, clock: any PairingClock) {
        self.indicator = indicator
        self.clock = clock
    }

    /// Shows the pattern of a state; a signal being shown is cut off unless the state is a quiet one, dark or joining, which
    /// lets it end.
    func show(_ pattern: Pattern) {
        guard pattern != base else { return }
        base = pattern
        if pattern == .dark || pattern == .joining, cancel != nil, signalling { return }
        start(pattern)
    }

    /// Shows a signal once, then the state's pattern again.
    func play(_ signal: Signal) {
        start(signal.pattern)
    }

    /// Leaves the lamp dark; nothing is shown any more.
    func close() {
        stop()
        isClosed = true
        indicator.close()
    }

    private var signalling = false
    private var isClosed = false

    private func stop() {
        cancel?()
        cancel = nil
        signalling = false
    }

    private func start(_ pattern: Pattern) {
        stop()
        guard !isClosed else { return }
        signalling = pattern.rounds != nil
        if pattern.on == .zero || pattern.rounds == 0 { return indicator.set(false) }
        if pattern.off == .zero { return indicator.set(true) }
        // The kernel's own blinking needs no wake-ups, but cannot count.
        if pattern.rounds == nil, indicator.blink(on: pattern.on, off: pattern.off) { return }
        light(pattern, left: pattern.rounds)
    }

    private func light(_ pattern: Pattern, left: Int?) {
        indicator.set(true)
        cancel = clock.after(pattern.on) { [weak self] in self?.darken(pattern, left: left) }
    }

    private func darken(_ pattern: Pattern, left: Int?) {
        indicator.set(false)
        let left = left.map { $0 - 1 }
        cancel = clock.after(pattern.off) { [weak self] in
            guard let self else { return }
            if left == 0 { start(base) } else { light(pattern, left: left) }
        }
    }
}
