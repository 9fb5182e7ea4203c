import CBOR
import CoAPMessages
import OCFModel

extension CloudSession {
    /// The one transition function. An input that means nothing in the present state changes nothing.
    public mutating func handle(_ input: Input) -> [Effect] {
        switch (input, state) {
        case (.start(let stored), .idle), (.start(let stored), .stopped): start(stored)
        case (.configure(let record), _) where acceptsConfiguration && state != .stopped: configure(record)
        case (.leave, _): leave()
        case (.factoryReset, _): factoryReset()
        case (.stop, _): stop()

        case (.stored(revision), .storing(let next)): stored(next)
        case (.storeFailed(revision), .storing), (.storeFailed(revision), .erasing): storeFailed()
        case (.stored(revision), .erasing): erased()
        case (.timer(.retry), .storing), (.timer(.retry), .erasing): storeAgain()

        case (.timer(.retry), .waiting): connect()
        case (.clockCorrected, .waiting) where trouble?.code == .clockWrong: connect()
        case (.connected, .connecting): connected()
        case (.connectFailed(let trouble), .connecting): failed(trouble)

        case (.answered(let code, let body), .signingUp): answeredSignUp(code, body)
        case (.answered(let code, let body), .refreshing): answeredRefresh(code, body)
        case (.answered(let code, let body), .signingIn): answeredSignIn(code, body)
        case (.answered(let code, _), .deregistering): deregistered(code)
        case (.unanswered, .signingUp), (.unanswered, .refreshing), (.unanswered, .signingIn):
            failed(CloudTrouble(.silent, "the cloud did not answer in time while \(state)"))
        case (.unanswered, .deregistering), (.connectionLost, .deregistering), (.timer(.deadline), .deregistering):
            deregistered(nil)
        case (.answered, .signingOut), (.unanswered, .signingOut), (.connectionLost, .signingOut),
            (.timer(.deadline), .signingOut):
            rest()

        case (.connectionLost, .storing(.signIn)), (.connectionLost, .storing(.deregister)): lostWhileStoring()
        case (.connectionLost, .signingUp), (.connectionLost, .refreshing), (.connectionLost, .signingIn):
            failed(CloudTrouble(.unreachable, "the connection was lost while \(state)"))
        case (.connectionLost, .signedIn): lost()

        case (.pong, .signedIn): alive()
        case (.pingLost, .signedIn): missed()
        case (.timer(.ping), .signedIn): [.ping]
        case (.timer(.refresh), .signedIn): send(.refresh)
        case (.timer(.refresh), _): tokenHasAged()
        case (.publicationRefused, .signedIn): note(.errorResponse)
        default: []
        }
    }

    // MARK: Coming and going

    private mutating func start(_ stored: CloudRecord?) -> [Effect] {
        self = CloudSession()
        guard let stored else { return [] }
        record = stored
        return wait()
    }

    private mutating func configure(_ new: CloudRecord) -> [Effect] {
        let effects = partingEffects + [.cancelTimer(.refresh)]
        let revision = self.revision
        self = CloudSession()
        self.revision = revision
        record = new
        return effects + store(then: .connect)
    }

    private mutating func leave() -> [Effect] {
        guard let record, !record.isLeaving, state != .erasing, state != .stopped else { return [] }
        guard record.account != nil else { return erase(.none) }
        self.record?.isLeaving = true
        failures = 0
        switch state {
        case .signedIn: return store(then: .deregister)
        case .storing(.signIn): return store(then: .signIn)
        default: return partingEffects + store(then: .connect)
        }
    }

    private mutating func factoryReset() -> [Effect] {
        guard record != nil, state != .erasing else { return [] }
        guard state == .signedIn || state == .storing(.deregister) else { return erase(.none) }
        isResetting = true
        return send(.deregister) + [.startTimer(.deadline, CloudSchedule.partingTimeout...CloudSchedule.partingTimeout)]
    }

    private mutating func stop() -> [Effect] {
        guard state == .signedIn else { return state == .stopped ? [] : rest() }
        return send(.signOut) + [.startTimer(.deadline, CloudSchedule.partingTimeout...CloudSchedule.partingTimeout)]
    }

    private mutating func rest() -> [Effect] {
        state = .stopped
        return partingEffects + [.cancelTimer(.refresh)]
    }

    // MARK: The store

    mutating func store(then next: Next) -> [Effect] {
        guard let record else { return [] }
        revision += 1
        state = .storing(next)
        return [.store(record, revision: revision)]
    }

    mutating func erase(_ error: CloudErrorCode) -> [Effect] {
        let effects = partingEffects + [.cancelTimer(.refresh)]
        revision += 1
        state = .erasing
        lastError = error
        trouble = nil
        return effects + [.erase(revision: revision)]
    }

    private mutating func erased() -> [Effect] {
        let (error, revision) = (lastError, revision)
        self = CloudSession()
        self.revision = revision
        lastError = error
        return []
    }

    private mutating func stored(_ next: Next) -> [Effect] {
        if trouble?.code == .storeFailed { trouble = nil }
        switch next {
        case .connect: return connect()
        case .signIn: return send(.signIn)
        case .retry: return wait()
        case .deregister: return send(.deregister)
        }
    }

    private mutating func storeFailed() -> [Effect] {
        trouble = CloudTrouble(.storeFailed, "the cloud's account cannot be stored; it is tried again")
        return [.startTimer(.retry, CloudSchedule.storeRetry)]
    }

    private mutating func storeAgain() -> [Effect] {
        guard case .storing(let next) = state else {
            revision += 1
            return [.erase(revision: revision)]
        }
        return store(then: next)
    }

    private mutating func lostWhileStoring() -> [Effect] {
        guard case .storing(let next) = state else { return [] }
        state = .storing(next == .deregister ? .connect : .retry)
        failures += 1
        return [.cancelTimer(.ping), .close]
    }

    // MARK: The connection

    /// Ends whatever is under way. Every deadline is taken back, whether it runs or not, but for the token's: it goes on
    /// while there is no connection, so that an aged token is refreshed and not tried.
    var partingEffects: [Effect] {
        [.cancelTimer(.retry), .cancelTimer(.ping), .cancelTimer(.deadline), .close]
    }

    private mutating func tokenHasAged() -> [Effect] {
        hasFreshToken = false
        return []
    }

    mutating func wait() -> [Effect] {
        state = .waiting
        let isRevoked = refusals >= CloudSchedule.refusalsToRevoke
        return [.startTimer(.retry, isRevoked ? CloudSchedule.revokedDelay : CloudSchedule.delay(after: failures))]
    }

    private mutating func connect() -> [Effect] {
        guard let record else { return [] }
        state = .connecting
        misses = 0
        hasPublished = false
        return [.cancelTimer(.retry), .connect(addressToTry(of: record), record.cloudID)]
    }

    /// The cloud's address; when it sent us elsewhere and cannot be reached there, by turns the one it was configured
    /// with.
    private func addressToTry(of record: CloudRecord) -> CloudAddress {
        let isLost = failures >= CloudSchedule.failuresToFail && failures.isMultiple(of: 2)
        return isLost ? record.configuredAddress : record.address
    }

    private mutating func connected() -> [Effect] {
        send(firstRequest)
    }

    /// What a connection begins with. A stored token that expires is refreshed first, for its age is not known; after a
    /// refusal the other way is tried by turns, once the same way has been tried twice.
    private var firstRequest: Request {
        guard let account = record?.account else { return .signUp }
        switch lastRefused {
        case .refresh?: return .signIn
        case .signIn? where refusals >= 2: return .refresh
        case .signIn?: return .signIn
        default: return account.isPermanent || hasFreshToken ? .signIn : .refresh
        }
    }

    mutating func send(_ request: Request) -> [Effect] {
        switch request {
        case .signUp: state = .signingUp
        case .signIn: state = .signingIn
        case .refresh: state = .refreshing
        case .signOut: state = .signingOut
        case .deregister: state = .deregistering
        }
        return [.send(request)]
    }

    /// No connection, no answer, or the connection lost before the sign-in: try again later.
    mutating func failed(_ trouble: CloudTrouble) -> [Effect] {
        self.trouble = trouble
        failures += 1
        if record?.isLeaving == true, failures >= CloudSchedule.attemptsToLeave { return erase(.connectionFailed) }
        if failures >= CloudSchedule.failuresToFail {
            lastError = state == .refreshing ? .refreshFailed : .connectionFailed
        }
        // A failed authentication shows at once (device to cloud, 8.1.3); it will not pass by itself.
        if trouble.code == .certificateRefused || trouble.code == .clockWrong { lastError = .connectionFailed }
        return partingEffects + wait()
    }

    private mutating func lost() -> [Effect] {
        trouble = CloudTrouble(.unreachable, "the connection was lost")
        lastError = .connectionFailed
        failures += 1
        return partingEffects + wait()
    }

    private mutating func alive() -> [Effect] {
        misses = 0
        failures = 0
        return [.startTimer(.ping, CloudSchedule.pingInterval...CloudSchedule.pingInterval)]
    }

    private mutating func missed() -> [Effect] {
        misses += 1
        guard misses >= CloudSchedule.missesToLose else {
            return [.startTimer(.ping, CloudSchedule.pingTimeout...CloudSchedule.pingTimeout)]
        }
        return lost()
    }

    private mutating func note(_ error: CloudErrorCode) -> [Effect] {
        lastError = error
        return []
    }
}
