import CBOR
import CoAPMessages
import OCFModel

extension CloudSession {
    /// The most redirects in a row: a cloud's front door, its region, its node. More is a loop, and is not followed.
    static let mostRedirects = 3

    mutating func answeredSignUp(_ code: Code, _ body: CBOR.Value?) -> [Effect] {
        guard code.isSuccess else {
            lastError = .errorResponse
            // 5.xx and 4.29 say that the cloud is in trouble, not the token.
            if code.codeClass == 5 || code == .tooManyRequests {
                let effects = failed(CloudTrouble(.cloudFailed, "the cloud cannot do the sign-up now (\(code))"))
                lastError = .errorResponse
                return effects
            }
            return refuse("the cloud refused the one-time token (\(code)); configure it anew with a fresh token")
        }
        guard let answer = TokenAnswer(body), let userID = body?["uid"]?.string, !userID.isEmpty else {
            lastError = .errorResponse
            return refuse("the cloud's answer to the sign-up lacks tokens or user id")
        }
        record?.account = CloudRecord.Account(
            userID: userID, accessToken: answer.accessToken, refreshToken: answer.refreshToken,
            isPermanent: answer.life < 0)
        hasFreshToken = true
        lastError = .none
        trouble = nil
        return follow(body) ?? store(then: .signIn)
    }

    mutating func answeredRefresh(_ code: Code, _ body: CBOR.Value?) -> [Effect] {
        guard code.isSuccess, let answer = TokenAnswer(body), record?.account != nil else {
            return refused(.refresh, .refreshFailed, "the cloud refused to refresh the token (\(code))")
        }
        record?.account?.accessToken = answer.accessToken
        record?.account?.refreshToken = answer.refreshToken
        record?.account?.isPermanent = answer.life < 0
        hasFreshToken = true
        lastRefused = nil
        return follow(body) ?? store(then: .signIn)
    }

    mutating func answeredSignIn(_ code: Code, _ body: CBOR.Value?) -> [Effect] {
        guard code.isSuccess, let life = body?["expiresin"]?.int else {
            return refused(.signIn, .errorResponse, "the cloud refused the sign-in (\(code))")
        }
        refusals = 0
        lastRefused = nil
        redirects = 0
        misses = 0
        lastError = .none
        trouble = nil
        // Should the connection be lost, the token is known to be good until its refresh is due.
        hasFreshToken = true
        guard record?.isLeaving == false else { return send(.deregister) }
        state = .signedIn
        var effects: [Effect] = [.startTimer(.ping, CloudSchedule.pingInterval...CloudSchedule.pingInterval)]
        effects.append(
            CloudSchedule.refreshDelay(life: life).map { .startTimer(.refresh, $0...$0) } ?? .cancelTimer(.refresh))
        if !hasPublished {
            hasPublished = true
            effects.append(.publish)
        }
        return effects
    }

    /// The end of a parting; nil when the cloud did not answer. The gateway forgets the cloud in any case: it has been
    /// asked to.
    mutating func deregistered(_ code: Code?) -> [Effect] {
        let isDone = code?.isSuccess == true || isResetting
        return erase(isDone ? .none : .errorResponse)
    }

    private mutating func refuse(_ reason: String) -> [Effect] {
        trouble = CloudTrouble(.tokenRefused, reason)
        state = .refused
        return partingEffects
    }

    /// A refusal closes the connection on plgd hub's side; here on ours too, so that the next attempt begins anew.
    private mutating func refused(_ request: Request, _ error: CloudErrorCode, _ reason: String) -> [Effect] {
        lastError = error
        refusals += 1
        lastRefused = request
        hasFreshToken = hasFreshToken && request != .refresh
        if record?.isLeaving == true { return erase(.errorResponse) }
        if refusals >= CloudSchedule.refusalsToRevoke {
            trouble = CloudTrouble(.revoked, "\(reason) \(refusals) times; remove the cloud, or configure it anew")
        } else {
            trouble = CloudTrouble(.signInRefused, "\(reason); it is tried again")
        }
        failures += 1
        return partingEffects + wait()
    }

    /// The way to where the cloud sends us: the same cloud, so the same `sid` and the same trust, at another address.
    private mutating func follow(_ body: CBOR.Value?) -> [Effect]? {
        guard let uri = body?["redirecturi"]?.string, let address = CloudAddress(uri), address != record?.address,
            redirects < Self.mostRedirects
        else { return nil }
        redirects += 1
        record?.address = address
        return partingEffects + store(then: .connect)
    }
}

/// What the answers to sign-up and refresh have in common.
struct TokenAnswer {
    let accessToken: Secret
    let refreshToken: Secret
    /// Seconds; negative for ever.
    let life: Int

    /// The longest token taken, in bytes: signed tokens have one or two thousand, and the store takes 32 KB a record.
    static let longestToken = 8192

    /// Nil when one of the three mandatory members is missing, empty or too long.
    init?(_ body: CBOR.Value?) {
        guard let access = body?["accesstoken"]?.string, let refresh = body?["refreshtoken"]?.string,
            let life = body?["expiresin"]?.int
        else { return nil }
        for token in [access, refresh] where token.isEmpty || token.utf8.count > Self.longestToken { return nil }
        accessToken = Secret(access)
        refreshToken = Secret(refresh)
        self.life = life
    }
}
