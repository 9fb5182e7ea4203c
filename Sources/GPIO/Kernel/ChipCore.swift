import CGPIOD
import Glibc
import Synchronization

/// The lines of an open chip, and the lock around them: libgpiod's objects are for one thread at a time.
final class ChipCore: Sendable {
    /// What taking a line needs. A value built by the caller and handed over.
    struct Request: Sendable {
        let settings: gh_gpio_settings
        let consumer: String
        /// Debouncing to be done here, in nanoseconds.
        let debounce: UInt64
        let safe: SafeValue
        let onEvent: @Sendable (LineEvent) -> Void
    }

    struct Held {
        let line: OpaquePointer
        let offset: UInt32
        let isOutput: Bool
        let safe: SafeValue
        let onEvent: @Sendable (LineEvent) -> Void
        var tracker: EdgeTracker
        var debouncer: Debouncer?
    }

    struct State {
        var chip: OpaquePointer?
        var held: [UInt64: Held] = [:]
        /// Why the chip is gone.
        var loss: String?
        /// Whether the holders were told.
        var isAnnounced = false
        var ids: UInt64 = 0
        var reader: EdgeReader?
    }

    let info: ChipInfo
    /// The device node itself, where the chip was named by a link.
    let node: String
    let state: Mutex<State>

    init(chip: sending OpaquePointer, info: ChipInfo) {
        self.info = info
        node = KernelChip.resolve(info.path)
        state = Mutex(State(chip: chip))
    }

    func lines() throws(GPIOError) -> [LineInfo] {
        try state.withLock { state throws(GPIOError) in
            let chip = try self.open(&state)
            var lines: [LineInfo] = []
            for offset in 0..<self.info.lineCount {
                var line = gh_gpio_line_info()
                let result = gh_gpio_line_info(chip, offset, &line)
                guard result == 0 else {
                    throw self.failure(-result, "the lines of \(self.info) cannot be listed", &state)
                }
                lines.append(
                    LineInfo(
                        offset: offset, name: string(line.name), isUsed: line.used, consumer: string(line.consumer),
                        isOutput: line.output))
            }
            return lines
        }
    }

    func take(_ offset: UInt32, _ request: Request) throws(GPIOError) -> UInt64 {
        try state.withLock { state throws(GPIOError) in
            let chip = try self.open(&state)
            if state.reader == nil { state.reader = try EdgeReader(core: self) }
            var line: OpaquePointer?
            var settings = request.settings
            let result = gh_gpio_line_request(chip, offset, request.consumer, &settings, &line)
            guard result == 0, let line else {
                throw self.refusal(-result, offset, chip, settings, &state)
            }
            let value = gh_gpio_line_get(line)
            guard value >= 0 else {
                gh_gpio_line_release(line)
                throw self.failure(-value, "line \(offset) of \(self.info) cannot be read", &state)
            }
            state.ids += 1
            let id = state.ids
            if settings.edges, let reader = state.reader {
                let result = reader.watch(gh_gpio_line_fd(line), id)
                guard result == 0 else {
                    gh_gpio_line_release(line)
                    throw GPIOError(.system, "line \(offset) of \(self.info) cannot be watched: \(errorText(-result))")
                }
            }
            state.held[id] = Held(
                line: line, offset: offset, isOutput: settings.output, safe: request.safe, onEvent: request.onEvent,
                tracker: EdgeTracker(active: value == 1),
                debouncer: request.debounce > 0 ? Debouncer(period: request.debounce, active: value == 1) : nil)
            return id
        }
    }

    func value(_ id: UInt64) throws(GPIOError) -> Bool {
        try state.withLock { state throws(GPIOError) in
            let held = try self.held(id, &state)
            let value = gh_gpio_line_get(held.line)
            guard value >= 0 else {
                throw self.failure(-value, "line \(held.offset) of \(self.info) cannot be read", &state)
            }
            return value == 1
        }
    }

    func set(_ id: UInt64, _ value: Bool) throws(GPIOError) {
        try state.withLock { state throws(GPIOError) in
            let held = try self.held(id, &state)
            let result = gh_gpio_line_set(held.line, value)
            guard result == 0 else {
                throw self.failure(-result, "line \(held.offset) of \(self.info) cannot be set", &state)
            }
        }
    }

    func release(_ id: UInt64) {
        state.withLock { state in
            guard let held = state.held.removeValue(forKey: id) else { return }
            ChipCore.letGo(held, id, state.reader)
        }
    }

    func close() {
        state.withLock { state in
            for (id, held) in state.held { ChipCore.letGo(held, id, state.reader) }
            state.held = [:]
            gh_gpio_chip_close(state.chip)
            state.chip = nil
            state.reader?.wake()
            state.reader = nil
        }
    }

    private static func letGo(_ held: Held, _ id: UInt64, _ reader: EdgeReader?) {
        if held.isOutput, held.safe != .keep { _ = gh_gpio_line_set(held.line, held.safe == .on) }
        if !held.isOutput { reader?.unwatch(gh_gpio_line_fd(held.line)) }
        gh_gpio_line_release(held.line)
    }

    private static func isReadable(_ descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    // MARK: The reader's side

    var isLost: Bool { state.withLock { $0.loss != nil } }

    /// Whether the chip was closed, and the thread is to end.
    var isClosed: Bool { state.withLock { $0.chip == nil } }

    /// Reads what waits on a line, and hands it out when the lock is open again.
    ///
    /// - Returns: whether the kernel's queue was full, so that edges may come faster than they are of use.
    func readable(_ id: UInt64, broken: Bool) -> Bool {
        let (events, handler, wasFull) = state.withLock { state in
            guard state.loss == nil, var held = state.held[id] else {
                return ([LineEvent](), nil as (@Sendable (LineEvent) -> Void)?, false)
            }
            var raw = [gh_gpio_edge](repeating: gh_gpio_edge(), count: Int(GH_GPIO_READ_MAX))
            let count = gh_gpio_line_read(held.line, &raw)
            if count < 0 || (broken && count == 0) {
                // The line is done for, and so is the chip behind it.
                state.loss = "\(info) is gone (\(errorText(count < 0 ? -count : ENODEV)))"
                return ([], nil, false)
            }
            var events: [LineEvent] = []
            for edge in raw.prefix(Int(count)) {
                let tracked = held.tracker.edge(
                    active: edge.active, timestamp: edge.timestamp_ns, sequence: edge.sequence)
                if held.debouncer == nil {
                    events.append(.edge(tracked))
                } else {
                    held.debouncer?.edge(at: edge.timestamp_ns)
                }
            }
            let wasFull = count == GH_GPIO_READ_MAX
            if wasFull || events.contains(where: \.missedSome), held.debouncer == nil {
                // What the full queue dropped were the latest edges.
                let level = gh_gpio_line_get(held.line)
                if level >= 0, !ChipCore.isReadable(gh_gpio_line_fd(held.line)),
                    let edge = held.tracker.resynchronise(active: level == 1, timestamp: monotonicNanoseconds())
                {
                    events.append(.edge(edge))
                }
            }
            state.held[id] = held
            return (events, held.onEvent, wasFull)
        }
        if let handler { for event in events { handler(event) } }
        return wasFull
    }

    /// When the next debounced line is to be read; nil when none waits.
    var nextDeadline: UInt64? {
        state.withLock { state in state.held.values.compactMap { $0.debouncer?.deadline }.min() }
    }

    /// Reads the debounced lines whose wait is over.
    func settle(at now: UInt64) {
        let due = state.withLock { state -> [(@Sendable (LineEvent) -> Void, Edge)] in
            guard state.loss == nil else { return [] }
            var due: [(@Sendable (LineEvent) -> Void, Edge)] = []
            for (id, held) in state.held {
                guard let deadline = held.debouncer?.deadline, deadline <= now else { continue }
                let level = gh_gpio_line_get(held.line)
                if level < 0 {
                    state.loss = "\(info) is gone (\(errorText(-level)))"
                    return []
                }
                if let edge = state.held[id]?.debouncer?.settle(active: level == 1) { due.append((held.onEvent, edge)) }
            }
            return due
        }
        for (handler, edge) in due { handler(.edge(edge)) }
    }

    /// Whether the device node is still the one that was opened.
    func checkPresence(_ device: UInt64?) {
        guard KernelChip.deviceNumber(node) != device else { return }
        state.withLock { state in
            if state.loss == nil { state.loss = "\(info) is gone (its device node vanished)" }
        }
    }

    /// Tells every holder of a loss, once.
    func announceLoss() {
        let (reason, handlers) = state.withLock { state -> (String, [@Sendable (LineEvent) -> Void]) in
            guard let loss = state.loss, let reader = state.reader, !state.isAnnounced else { return ("", []) }
            state.isAnnounced = true
            for held in state.held.values where !held.isOutput { reader.unwatch(gh_gpio_line_fd(held.line)) }
            return (loss, state.held.values.map(\.onEvent))
        }
        for handler in handlers { handler(.lost(reason)) }
    }

    // MARK: Errors

    private func open(_ state: inout State) throws(GPIOError) -> OpaquePointer {
        if let loss = state.loss { throw GPIOError(.chipLost, loss) }
        guard let chip = state.chip else { throw GPIOError(.closed, "\(info) was closed") }
        return chip
    }

    private func held(_ id: UInt64, _ state: inout State) throws(GPIOError) -> Held {
        _ = try open(&state)
        guard let held = state.held[id] else { throw GPIOError(.closed, "the line was given back") }
        return held
    }

    private func failure(_ number: Int32, _ what: String, _ state: inout State) -> GPIOError {
        guard number == ENODEV else { return GPIOError(.system, "\(what): \(errorText(number))") }
        let loss = "\(info) is gone (\(errorText(number)))"
        state.loss = loss
        state.reader?.wake()
        return GPIOError(.chipLost, loss)
    }

    private func refusal(
        _ number: Int32, _ offset: UInt32, _ chip: OpaquePointer, _ settings: gh_gpio_settings, _ state: inout State
    ) -> GPIOError {
        let place = "line \(offset) of \(info)"
        switch number {
        case EBUSY:
            var line = gh_gpio_line_info()
            let known = gh_gpio_line_info(chip, offset, &line) == 0 ? string(line.consumer) : ""
            return GPIOError(.lineBusy, "\(place) is held by \(known.isEmpty ? "another user of the chip" : known)")
        case EACCES, EPERM:
            return GPIOError(.permission, "\(place) may not be used: \(errorText(number))")
        case EINVAL, ENOTSUP, 524:  // 524 is the kernel's own ENOTSUPP, which drivers let slip out.
            return GPIOError(
                .unsupported,
                "\(place) cannot be an \(settings.output ? "output" : "input with edges") as configured "
                    + "(\(errorText(number))); try another bias or drive, or another line")
        default:
            return failure(number, "\(place) cannot be taken", &state)
        }
    }
}

extension LineEvent {
    var missedSome: Bool {
        if case .edge(let edge) = self { edge.missed > 0 } else { false }
    }
}
