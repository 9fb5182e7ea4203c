import Concentrator
import GPIO
import Logging
import OneLoop

/// The driver of GPIO lines: each configured line is a node `gpio/<name>`.
///
/// An input has the fields `State` (true when the line is active) and `Edges` (how many changes there were since the
/// start, including those known to have been missed). An output has the parameter `Output`.
///
/// A line that cannot be had is a node all the same, in error and not available, and is tried again; so is one whose chip
/// goes away. An output that comes back starts at its initial value, as after a start of the daemon: that a relay should
/// close by itself after minutes is not what anybody asked for.
@Loop
public final class GPIONodes: NodeDriver {
    /// The most lines; the largest header has 28, and port expanders add some.
    public nonisolated static let maximumLines = 256

    /// The first wait before lines are tried again, and the last: a cable is pushed back in within seconds, and a line
    /// that is wrong in the configuration costs next to nothing.
    static let firstRetry: Duration = .seconds(5)
    static let lastRetry: Duration = .seconds(60)

    private let concentrator: Concentrator
    private let pool: ChipPool
    private let board: ChipSelector
    private let timers: Timers
    private let log: Logger
    private var nodes: [NodeID: LineNode] = [:]
    private var order: [NodeID] = []
    private var retry = GPIONodes.firstRetry
    private var cancelRetry: (@Loop () -> Void)?

    /// A driver without lines.
    ///
    /// - Parameters:
    ///   - board: the chip of lines that name none.
    public convenience init(
        concentrator: Concentrator, pool: ChipPool, board: ChipSelector, log: Logger = Logger(label: "gpio")
    ) {
        self.init(concentrator: concentrator, pool: pool, board: board, timers: .loop, log: log)
    }

    init(concentrator: Concentrator, pool: ChipPool, board: ChipSelector, timers: Timers, log: Logger) {
        self.concentrator = concentrator
        self.pool = pool
        self.board = board
        self.timers = timers
        self.log = log
    }

    /// Makes nodes of lines and takes the lines.
    ///
    /// - Throws: ``NodeError`` when a name is not one, is taken, or there are too many; the lines before it stay. That a
    ///   line cannot be had is no error but the node's state.
    public func start(_ lines: [GPIOLineConfiguration]) throws(NodeError) {
        for configuration in lines {
            guard nodes.count < GPIONodes.maximumLines else {
                throw NodeError(.full, "more than \(GPIONodes.maximumLines) GPIO lines are configured")
            }
            let node = LineNode(configuration, concentrator, timers) { [weak self] node in self?.lost(node) }
            try concentrator.add(node.description, driver: self)
            nodes[node.id] = node
            order.append(node.id)
            take(node)
        }
        scheduleRetry()
    }

    /// Gives one line back, an output at its safe value, and takes its node away; does nothing when it is no line.
    public func remove(_ id: NodeID) {
        guard let node = nodes.removeValue(forKey: id) else { return }
        order.removeAll { $0 == id }
        node.close()
        concentrator.remove(id)
    }

    /// Gives every line back, outputs at their safe values, and takes the nodes away.
    public func stop() {
        cancelRetry?()
        cancelRetry = nil
        for id in order {
            nodes[id]?.close()
            concentrator.remove(id)
        }
        nodes = [:]
        order = []
    }

    /// Lines that cannot be had, with the reason; empty when all is well.
    public var troubles: [(node: NodeID, reason: String)] {
        order.compactMap { id in nodes[id]?.trouble.map { (id, $0.reason) } }
    }

    /// Sets outputs.
    public func write(
        _ node: NodeID, _ values: [(parameter: String, value: FieldValue)]
    ) async throws(NodeError) {
        guard let line = nodes[node] else { throw NodeError(.notFound, "\(node) is no GPIO line") }
        for (parameter, value) in values {
            guard parameter == "Output", line.configuration.isOutput else {
                throw NodeError(.unknownParameter, "\(node) has no parameter \(parameter)")
            }
            guard case .boolean(let on) = value else {
                throw NodeError(.invalidValue, "true or false was expected, not \(value)")
            }
            try line.set(on)
        }
    }

    // MARK: Lines that are away

    private func take(_ node: LineNode) {
        let before = node.trouble?.reason
        do {
            try node.take(pool, board)
            if before != nil { log.notice("\(node.id) is back") }
        } catch {
            if error.reason != before { log.error("\(node.id): \(error.reason)") }
        }
    }

    private func lost(_ node: LineNode) {
        log.error("\(node.id): \(node.trouble?.reason ?? "lost")")
        retry = GPIONodes.firstRetry
        cancelRetry?()
        cancelRetry = nil
        scheduleRetry()
    }

    private func scheduleRetry() {
        guard cancelRetry == nil, nodes.values.contains(where: { !$0.isHeld }) else { return }
        cancelRetry = timers.after(retry) { [weak self] in self?.tryAgain() }
    }

    private func tryAgain() {
        cancelRetry = nil
        for id in order {
            guard let node = nodes[id], !node.isHeld else { continue }
            take(node)
        }
        retry = min(retry * 2, GPIONodes.lastRetry)
        scheduleRetry()
    }
}
