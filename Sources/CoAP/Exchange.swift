import CoAPMessages
import Synchronization

/// A request that is being served. May be used from any thread.
public final class Exchange: Sendable {
    /// Where the request came from.
    public let connection: Connection

    /// The request, its body whole.
    public let request: Message

    /// Where it came in, over datagrams; nil over streams.
    public let arrival: Arrival?

    /// Its place in the order of arrival.
    let sequence: UInt64
    /// The last Block1 of a request that came in blocks, to be repeated in the response.
    let block1: Block?
    /// The Block2 the request asked for.
    let block2: Block?

    private struct State {
        var isAnswered = false
        var observation: ServerObservation?
    }

    private let state = Mutex(State())

    init(
        connection: Connection, request: Message, arrival: Arrival?, sequence: UInt64, block1: Block?, block2: Block?
    ) {
        self.connection = connection
        self.request = request
        self.arrival = arrival
        self.sequence = sequence
        self.block1 = block1
        self.block2 = block2
    }

    deinit {
        let (isAnswered, observation) = state.withLock { ($0.isAnswered, $0.observation) }
        guard !isAnswered else { return }
        let answer = Answer(
            request: request, sequence: sequence, block1: block1, block2: block2, observation: observation)
        connection.onLoop { $0.respond(Message(code: .internalServerError), to: answer) }
    }

    /// Answers. The token is filled in, a large body goes in blocks, and Observe is added when an observation was
    /// accepted. A second answer is ignored.
    public func respond(_ response: Message) {
        let (isFirst, observation) = state.withLock { state in
            defer { state.isAnswered = true }
            return (!state.isAnswered, state.observation)
        }
        guard isFirst else { return }
        let answer = Answer(
            request: request, sequence: sequence, block1: block1, block2: block2, observation: observation)
        if let session = connection.sessionOnLoop { return session.respond(response, to: answer) }
        connection.onLoop { $0.respond(response, to: answer) }
    }

    /// Answers with a code and a sentence for people (RFC 7252 §5.5.2).
    public func respond(_ code: Code, diagnostic: String = "") {
        respond(Message(code: code, payload: Array(diagnostic.utf8)))
    }

    /// Whether the request was sent to a group. Its answer is sent after a random wait, an answer of class 4 or 5 is not
    /// sent at all, and a request that concerns nothing here is to be let go by ``drop()`` (RFC 7252 §8.2).
    public var isMulticast: Bool { arrival?.isMulticast ?? false }

    /// Lets a multicast request go without an answer. Does nothing for any other request, which has to be answered.
    public func drop() {
        guard isMulticast else { return }
        let (isFirst, observation) = state.withLock { state in
            defer { state.isAnswered = true }
            return (!state.isAnswered, state.observation)
        }
        guard isFirst else { return }
        let answer = Answer(
            request: request, sequence: sequence, block1: block1, block2: block2, observation: observation)
        connection.onLoop { $0.drop(answer) }
    }

    /// Whether the peer asks to observe. A request to a group does not: it would be one observation with many.
    public var asksToObserve: Bool {
        request.observe == 0 && !isMulticast && (request.code == .get || request.code == .fetch)
    }

    /// Accepts an observation, before ``respond(_:)``.
    ///
    /// - Parameter onCancelled: called once, on the connection's event loop, when the observation has ended: the peer
    ///   deregistered or registered anew, the connection is gone, the response or a notification was an error,
    ///   ``ServerObservation/end()`` was called, or the peer holds too many already and got a plain response.
    /// - Returns: what notifications are sent through; nil when the request does not ask to observe, or has been
    ///   answered.
    public func acceptObservation(_ onCancelled: @escaping @Sendable () -> Void) -> ServerObservation? {
        guard asksToObserve else { return nil }
        let observation = ServerObservation(connection: connection, request: request, onCancelled: onCancelled)
        let isAccepted = state.withLock { state in
            guard !state.isAnswered, state.observation == nil else { return false }
            state.observation = observation
            return true
        }
        guard isAccepted else { return nil }
        connection.onLoop { $0.register(observation) }
        return observation
    }
}

/// What is needed to answer a request.
struct Answer: Sendable {
    let request: Message
    let sequence: UInt64
    let block1: Block?
    let block2: Block?
    let observation: ServerObservation?
}
