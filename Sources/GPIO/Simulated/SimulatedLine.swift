import Synchronization

/// A line of a simulated chip.
final class SimulatedLine: InputLine, OutputLine {
    let info: LineInfo
    private let chip: SimulatedChip
    private let id: UInt64

    init(info: LineInfo, chip: SimulatedChip, id: UInt64) {
        self.info = info
        self.chip = chip
        self.id = id
    }

    deinit { close() }

    func value() throws(GPIOError) -> Bool { try chip.value(info.offset, id) }
    func set(_ value: Bool) throws(GPIOError) { try chip.set(info.offset, id, value) }
    func close() { chip.release(info.offset, id) }
}

extension SimulatedChip {
    var lost: GPIOError { GPIOError(.chipLost, "\(info) is gone") }
    private var closed: GPIOError { GPIOError(.closed, "the line was given back") }

    func offset(_ line: LineSelector) throws(GPIOError) -> UInt32 {
        let lines = state.withLock { state in
            state.pins.enumerated().map { LineInfo(offset: UInt32($0), name: $1.name) }
        }
        return try line.choose(among: lines, of: info).offset
    }

    func take(_ line: LineSelector, _ holder: Holder) throws(GPIOError) -> SimulatedLine {
        let line = try line.choose(among: lines(), of: info)
        let index = Int(line.offset)
        enum Answer {
            case taken(UInt64, Notice?)
            case busy(String)
            case lost
        }
        let answer = state.withLock { state -> Answer in
            guard state.isPlugged else { return .lost }
            if let present = state.pins[index].holder { return .busy(present.consumer) }
            state.ids += 1
            var holder = holder
            holder.id = state.ids
            state.pins[index].holder = holder
            // The first level is no edge for who takes the line, as with the kernel.
            var notice = SimulatedChip.settle(&state, line.offset)
            notice?.edge = nil
            return .taken(holder.id, notice)
        }
        switch answer {
        case .lost: throw lost
        case .busy(let consumer): throw GPIOError(.lineBusy, "line \(line.offset) of \(info) is held by \(consumer)")
        case .taken(let id, let notice):
            notice?.deliver()
            return SimulatedLine(info: line, chip: self, id: id)
        }
    }

    func value(_ offset: UInt32, _ id: UInt64) throws(GPIOError) -> Bool {
        let (isPlugged, value) = state.withLock { state -> (Bool, Bool?) in
            let pin = state.pins[Int(offset)]
            guard let holder = pin.holder, holder.id == id else { return (state.isPlugged, nil) }
            return (true, pin.level != holder.activeLow)
        }
        guard isPlugged else { throw lost }
        guard let value else { throw closed }
        return value
    }

    func set(_ offset: UInt32, _ id: UInt64, _ value: Bool) throws(GPIOError) {
        let (isPlugged, isHeld, notice) = state.withLock { state -> (Bool, Bool, Notice?) in
            guard state.pins[Int(offset)].holder?.id == id else { return (state.isPlugged, false, nil) }
            state.pins[Int(offset)].holder?.value = value
            return (true, true, SimulatedChip.settle(&state, offset))
        }
        guard isPlugged else { throw lost }
        guard isHeld else { throw closed }
        notice?.deliver()
    }

    func release(_ offset: UInt32, _ id: UInt64) {
        let notice = state.withLock { state -> Notice? in
            guard let holder = state.pins[Int(offset)].holder, holder.id == id else { return nil }
            switch holder.output?.safe {
            case .off: state.pins[Int(offset)].holder?.value = false
            case .on: state.pins[Int(offset)].holder?.value = true
            case .keep, nil: break
            }
            let notice = SimulatedChip.settle(&state, offset)
            // The pin keeps its level, as most chips do.
            state.pins[Int(offset)].holder = nil
            return notice
        }
        notice?.deliver()
    }

    func change(_ line: LineSelector, _ body: (inout Pin) -> Void) throws(GPIOError) {
        let offset = try offset(line)
        let notice = state.withLock { state -> Notice? in
            body(&state.pins[Int(offset)])
            return SimulatedChip.settle(&state, offset)
        }
        notice?.deliver()
    }

    /// What to tell once the lock is open again.
    struct Notice: Sendable {
        var change: PinChange
        var watcher: (@Sendable (PinChange) -> Void)?
        var edge: (@Sendable () -> Void)?

        func deliver() {
            watcher?(change)
            edge?()
        }
    }

    /// Works out a pin's level; a notice when it changed.
    private static func settle(_ state: inout State, _ offset: UInt32) -> Notice? {
        let pin = state.pins[Int(offset)]
        let level = level(of: pin)
        guard level != pin.level else { return nil }
        state.pins[Int(offset)].level = level
        var edge: (@Sendable () -> Void)?
        if let holder = pin.holder, holder.input != nil {
            let event = LineEvent.edge(Edge(active: level != holder.activeLow, timestamp: monotonicNanoseconds()))
            edge = { holder.onEvent(event) }
        }
        return Notice(change: PinChange(offset: offset, high: level), watcher: state.watcher, edge: edge)
    }

    private static func level(of pin: Pin) -> Bool {
        if let holder = pin.holder, let output = holder.output {
            let high = holder.value != output.activeLow
            switch output.drive {
            case .pushPull: return high
            case .openDrain: return high ? pin.driven ?? (output.bias == .pullUp) : false
            case .openSource: return high ? true : pin.driven ?? (output.bias == .pullUp)
            }
        }
        if let driven = pin.driven { return driven }
        switch pin.holder?.input?.bias {
        case .pullUp: return true
        case .pullDown: return false
        case .asIs, .disabled, nil: return pin.level
        }
    }
}
