import Concentrator
import GPIO
import OneLoop

/// One line and the node it is.
@Loop
final class LineNode {
    /// The shortest time between two reports of an input. 100 ms is quick for eyes, and ten events a second are a load
    /// that every door can carry, however fast a contact chatters.
    static let reportInterval: Duration = .milliseconds(100)

    /// How many edges in a second are chatter for a thing that hands, doors and people move: twenty full presses.
    static let chatterEdges: UInt64 = 40
    static let chatterWindow: Duration = .seconds(1)
    /// How long it must be calm until the warning goes.
    static let calmTime: Duration = .seconds(10)

    let configuration: GPIOLineConfiguration
    let id: NodeID
    private let concentrator: Concentrator
    private let timers: Timers
    private let onLoss: @Loop (LineNode) -> Void
    private var input: (any InputLine)?
    private var output: (any OutputLine)?
    private var box = EdgeBox()
    private var edges: UInt64 = 0
    private var cancelReport: (@Loop () -> Void)?
    private var cancelCalm: (@Loop () -> Void)?
    private var window: (start: Duration, edges: UInt64) = (.zero, 0)
    private var chatters = false
    /// Why the line is not held; nil when it is.
    private(set) var trouble: GPIOError?

    init(
        _ configuration: GPIOLineConfiguration, _ concentrator: Concentrator, _ timers: Timers,
        onLoss: @escaping @Loop (LineNode) -> Void
    ) {
        self.configuration = configuration
        id = NodeID(cacheType: "gpio", nodeID: configuration.name)
        self.concentrator = concentrator
        self.timers = timers
        self.onLoss = onLoss
    }

    var isHeld: Bool { input != nil || output != nil }

    var description: NodeDescription {
        var parameters: [Parameter] = []
        if configuration.isOutput { parameters.append(Parameter(name: "Output", kind: .boolean)) }
        let kind = configuration.kind
        return NodeDescription(
            id: id, displayName: configuration.title.isEmpty ? nil : configuration.title,
            localID: "\(configuration.line)", parameters: parameters,
            deviceClass: kind.isEmpty || kind == "generic" ? nil : kind)
    }

    // MARK: Holding the line

    /// Takes the line; the node says how that went.
    func take(_ pool: ChipPool, _ board: ChipSelector) throws(GPIOError) {
        do {
            let chip = try pool.chip(configuration.chip ?? board)
            switch configuration.direction {
            case .input(let input): try takeInput(chip, input)
            case .output(let output): try takeOutput(chip, output)
            }
            trouble = nil
            concentrator.setState(id, .none)
            concentrator.setAvailable(id, true)
        } catch {
            fail(error)
            throw error
        }
    }

    private func takeInput(_ chip: any GPIOChip, _ input: InputConfiguration) throws(GPIOError) {
        let box = EdgeBox()
        self.box = box
        let line = try chip.input(configuration.line, input, consumer: consumer) { [weak self] event in
            guard box.put(event) else { return }
            Loop.eventLoop.execute { Loop.assumeIsolated { self?.look(box) } }
        }
        let value = try line.value()
        self.input = line
        report(value, at: .now())
    }

    private func takeOutput(_ chip: any GPIOChip, _ output: OutputConfiguration) throws(GPIOError) {
        let line = try chip.output(configuration.line, output, consumer: consumer) { [weak self] error in
            Loop.eventLoop.execute { Loop.assumeIsolated { self?.lost(error) } }
        }
        self.output = line
        concentrator.update(id, parameter: "Output", value: .boolean(output.initial))
        concentrator.setLastSeen(id, .now())
    }

    /// Who holds the line, as other programs see.
    private var consumer: String { "gatehouse \(configuration.name)" }

    func close() {
        input?.close()
        output?.close()
        input = nil
        output = nil
        cancelReport?()
        cancelReport = nil
        cancelCalm?()
        cancelCalm = nil
        chatters = false
    }

    private func lost(_ error: GPIOError) {
        guard isHeld else { return }
        close()
        fail(error)
        onLoss(self)
    }

    private func fail(_ error: GPIOError) {
        trouble = error
        // Tried again and again with the same outcome, it is said once.
        let said = concentrator.node(id)?.messages.last
        if said?.text != error.reason || said?.kind != .error {
            let message = NodeMessage(kind: .error, eventID: "gpio.\(error.code.rawValue)", text: error.reason)
            concentrator.setState(id, .errorUnsigned, messages: [message])
        }
        concentrator.setAvailable(id, false)
    }

    // MARK: Outputs

    func set(_ value: Bool) throws(NodeError) {
        guard let output else {
            let reason = trouble?.reason ?? (configuration.isOutput ? "the line is not held" : "\(id) is an input")
            throw NodeError(.driverFailed, reason)
        }
        do {
            try output.set(value)
        } catch {
            // A chip that is gone takes the line along; any other refusal may be of the moment.
            if error.code == .chipLost { lost(error) }
            throw NodeError(.driverFailed, error.reason)
        }
        concentrator.update(id, parameter: "Output", value: .boolean(value))
        concentrator.setLastSeen(id, .now())
    }

    // MARK: Inputs

    /// The first edge after a quiet time is reported at once; those that follow wait for the end of the interval.
    private func look(_ box: EdgeBox) {
        guard box === self.box, input != nil, cancelReport == nil else { return }
        empty()
    }

    private func empty() {
        cancelReport = nil
        let contents = box.take()
        if let loss = contents.loss { return lost(GPIOError(.chipLost, loss)) }
        // A whole interval in quiet: the next edge is told at once.
        guard let last = contents.last else { return }
        edges &+= contents.count
        let age = last.age.components
        let stamp = WallTime.now().advanced(by: -(Double(age.seconds) + Double(age.attoseconds) / 1e18))
        report(last.active, at: stamp)
        count(contents.count)
        cancelReport = timers.after(LineNode.reportInterval) { [weak self] in self?.empty() }
    }

    private func report(_ value: Bool, at time: WallTime) {
        concentrator.update(
            id,
            fields: [
                Field(name: "State", value: .boolean(value), timestamp: time),
                Field(
                    name: "Edges", value: .number(Quantity(edges)), flags: [.momentary, .computed], timestamp: time),
            ])
    }

    // MARK: Chatter

    /// Meters and wheels count many edges and are `generic`; a contact that does is broken, or lacks debouncing.
    private var mayChatter: Bool { !configuration.kind.isEmpty && configuration.kind != "generic" }

    private func count(_ more: UInt64) {
        guard mayChatter else { return }
        let now = timers.now()
        if now - window.start > LineNode.chatterWindow { window = (now, 0) }
        window.edges &+= more
        guard window.edges > LineNode.chatterEdges else { return }
        cancelCalm?()
        cancelCalm = timers.after(LineNode.calmTime) { [weak self] in self?.calm() }
        guard !chatters else { return }
        chatters = true
        let text = "\(window.edges) edges within a second; a longer debounce, a bias or a better contact would help"
        concentrator.setState(
            id, .warningUnsigned, messages: [NodeMessage(kind: .warning, eventID: "gpio.chatter", text: text)])
    }

    private func calm() {
        cancelCalm = nil
        chatters = false
        concentrator.setState(id, .none)
    }
}
