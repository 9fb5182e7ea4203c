import CoAP
import CoAPMessages
import Synchronization

extension ObservationRelay {
    /// One who observes.
    final class Observer: Sendable {
        let session: Session
        private let state = Mutex<(observation: ServerObservation?, missed: Message?)>((nil, nil))

        init(session: Session) { self.session = session }

        /// Delivers, at once or as soon as the observation stands.
        func notify(_ message: Message) {
            let observation = state.withLock { state in
                if state.observation == nil { state.missed = message }
                return state.observation
            }
            observation?.notify(message, replacing: true)
        }

        func stands(_ observation: ServerObservation) {
            let missed = state.withLock { state in
                defer { state = (observation, nil) }
                return state.missed
            }
            if let missed { observation.notify(missed, replacing: true) }
        }
    }

    /// One who waits for the first answer.
    struct Joiner: Sendable {
        let exchange: Exchange
        let session: Session
    }
}
