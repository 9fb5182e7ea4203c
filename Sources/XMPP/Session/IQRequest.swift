/// A question of somebody else, to be answered exactly once.
///
/// The first answer counts and later ones do nothing. A request that nobody holds any more and that was not answered
/// answers itself with `internal-server-error`: no asker waits for ever because code of ours forgot it.
public final class IQRequest {
    /// The question. Its `from` is set: the server's address where the stanza had none.
    public let iq: IQ
    /// Who asks.
    public let from: JID
    /// What is asked.
    public let payload: XMLElement

    private var answer: ((IQ) -> Void)?

    /// A request. `answer` is called exactly once, with the iq to be sent back.
    public init(_ iq: IQ, from: JID, payload: XMLElement, answer: @escaping (IQ) -> Void) {
        self.iq = iq
        self.from = from
        self.payload = payload
        self.answer = answer
    }

    deinit {
        answer?(iq.error(StanzaError(.internalServerError, "the request was dropped without an answer")))
    }

    /// Whether an answer was given.
    public var isAnswered: Bool { answer == nil }

    /// Answers that it is done, with what was asked for.
    public func result(_ payload: XMLElement? = nil) { send(iq.result(payload)) }

    /// Answers that it was not done. `payload` is for protocols that put something of their own beside the error.
    public func error(_ error: StanzaError, payload: XMLElement? = nil) {
        send(IQ(.error(error, payload), id: iq.id, from: iq.to, to: iq.from))
    }

    private func send(_ iq: IQ) {
        let answer = answer
        self.answer = nil
        answer?(iq)
    }
}

/// Why a question of ours has no answer.
public enum IQFailure: Error, Sendable, Hashable {
    /// The other says no; perhaps with something beside the error.
    case refused(StanzaError, XMLElement?)
    /// No answer came in time.
    case unanswered
    /// There is no session, or it ended before the answer came.
    case disconnected
    /// Too many questions wait already.
    case tooManyQuestions
}

extension IQFailure: CustomStringConvertible {
    /// A sentence for people.
    public var description: String {
        switch self {
        case .refused(let error, _): "refused: \(error)"
        case .unanswered: "no answer came in time"
        case .disconnected: "there is no connection to the XMPP server"
        case .tooManyQuestions: "too many questions wait for answers"
        }
    }
}
