import CBOR
import CoAPMessages
import OCFModel

/// The gateway's relation with its cloud as a machine: inputs in, effects out, no clock, no socket, no chance.
///
///     configured → sign-up → sign-in → signed in → refresh → sign-in …
///
/// Tokens are durable before they are used: after a sign-up or a refresh nothing is sent until the store has answered.
/// Every failure leads back to a wait with jitter; only a refused sign-up waits for a person. `cps` and `clec` follow from
/// the state.
public struct CloudSession: Sendable {
    /// Where the machine stands.
    public enum State: Sendable, Hashable {
        /// No cloud is configured.
        case idle
        /// A change is being made durable.
        case storing(Next)
        /// What is known of the cloud is being wiped.
        case erasing
        /// Until the next attempt.
        case waiting
        /// TCP and TLS.
        case connecting
        /// `/oic/sec/account` has been asked.
        case signingUp
        /// `/oic/sec/tokenrefresh` has been asked.
        case refreshing
        /// `/oic/sec/session` has been asked.
        case signingIn
        /// The cloud relays requests, and has the gateway's links.
        case signedIn
        /// `/oic/sec/session` has been asked to end the session.
        case signingOut
        /// `/oic/sec/account` has been asked to forget the gateway.
        case deregistering
        /// The sign-up was refused: a new configuration is needed.
        case refused
        /// The daemon ends.
        case stopped
    }

    /// What follows when the store has answered.
    public enum Next: Sendable, Hashable {
        /// A connection.
        case connect
        /// The sign-in, on the connection that stands.
        case signIn
        /// A wait, since the connection was lost meanwhile.
        case retry
        /// The deregistration, on the connection that stands.
        case deregister
    }

    /// A request of the gateway to its cloud.
    public enum Request: Sendable, Hashable {
        /// POST /oic/sec/account
        case signUp
        /// POST /oic/sec/session, `login` true
        case signIn
        /// POST /oic/sec/session, `login` false
        case signOut
        /// POST /oic/sec/tokenrefresh
        case refresh
        /// DELETE /oic/sec/account
        case deregister
    }

    /// The machine's deadlines; starting one takes back an earlier one of the kind.
    public enum Timer: Sendable, Hashable, CaseIterable {
        /// The next attempt.
        case retry
        /// The token's refresh.
        case refresh
        /// The next question for a sign of life.
        case ping
        /// The end of a parting's patience.
        case deadline
    }

    /// What happens to the machine.
    public enum Input: Sendable, Hashable {
        /// The daemon starts, with what the store has.
        case start(CloudRecord?)
        /// A cloud is configured: `cis`, `sid`, `at`, `apn`. Ignored unless ``CloudSession/acceptsConfiguration``.
        case configure(CloudRecord)
        /// `cis` is "": deregister and forget.
        case leave
        /// Everything is wiped; the cloud is told if that costs no time.
        case factoryReset
        /// The daemon ends.
        case stop
        /// The change of this revision is durable.
        case stored(Int)
        /// It is not.
        case storeFailed(Int)
        /// The connection stands, its TLS included.
        case connected
        /// It did not come about.
        case connectFailed(CloudTrouble)
        /// It is gone.
        case connectionLost
        /// The cloud has answered the last request.
        case answered(Code, CBOR.Value?)
        /// It has not, in time.
        case unanswered
        /// A sign of life came.
        case pong
        /// None came.
        case pingLost
        /// A deadline passed.
        case timer(Timer)
        /// The clock has been put right.
        case clockCorrected
        /// The cloud refused links.
        case publicationRefused
    }

    /// What the machine wants done.
    public enum Effect: Sendable, Hashable {
        /// Make this durable and tell ``Input/stored(_:)``.
        case store(CloudRecord, revision: Int)
        /// Wipe everything, durably, and tell ``Input/stored(_:)``.
        case erase(revision: Int)
        /// Open a connection to this cloud; requests that come on it are served from the first moment.
        case connect(CloudAddress, Identifier)
        /// Close the connection; nothing of it is to be told any more.
        case close
        /// Send a request and tell its answer.
        case send(Request)
        /// Ask for a sign of life.
        case ping
        /// Tell ``Input/timer(_:)`` after a time chosen from this range at random.
        case startTimer(Timer, ClosedRange<Duration>)
        /// Take a deadline back.
        case cancelTimer(Timer)
        /// Publish all links, and from now on the changes, until the connection is closed.
        case publish
    }

    /// Where the machine stands.
    public internal(set) var state = State.idle
    /// What is known of the cloud.
    public internal(set) var record: CloudRecord?
    /// `clec`.
    public internal(set) var lastError = CloudErrorCode.none
    /// Why the gateway is not signed in, as far as that is a failure.
    public internal(set) var trouble: CloudTrouble?

    /// Failures to connect, or to get an answer, in a row. Forgotten when a connection has proved to last, not when it
    /// signs in: a cloud that lets in and throws out must not be asked every second.
    var failures = 0
    /// Refusals of sign-in or refresh in a row.
    var refusals = 0
    /// What was refused last.
    var lastRefused: Request?
    /// Whether the access token was given in this run and need not be refreshed before it is used.
    var hasFreshToken = false
    var misses = 0
    var hasPublished = false
    /// Which change the machine waits for; answers of the store to earlier ones are ignored.
    var revision = 0
    var redirects = 0
    /// Whether an end of the parting wipes everything.
    var isResetting = false

    /// A machine without a cloud.
    public init() {}

    /// Whether a new cloud may be configured: not while there is one that works or is being tried.
    public var acceptsConfiguration: Bool {
        if record?.isLeaving == true { return true }
        return status != .registering && status != .registered
    }

    /// `cps`.
    public var status: CloudStatus {
        guard let record, !record.isLeaving else { return .uninitialized }
        switch state {
        case .idle, .erasing: return .uninitialized
        case .refused: return .failed
        case .signedIn: return .registered
        default: break
        }
        if failures >= CloudSchedule.failuresToFail || refusals >= CloudSchedule.refusalsToRevoke { return .failed }
        if record.account != nil { return .registered }
        let hasBegun = failures > 0 || state == .connecting || state == .signingUp
        return hasBegun ? .registering : .readyToRegister
    }

    /// What `oic.r.coapcloudconf` shows.
    public var configuration: CloudConfiguration {
        guard let record, !record.isLeaving else { return CloudConfiguration(lastError: lastError) }
        return CloudConfiguration(
            address: record.address.description, cloudID: record.cloudID, provider: record.provider, status: status,
            lastError: lastError)
    }
}

/// Why the cloud cannot be used, for status and log.
public struct CloudTrouble: Sendable, Hashable, CustomStringConvertible {
    /// The kinds of trouble.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// No connection comes about, or it was lost.
        case unreachable
        /// The cloud does not answer.
        case silent
        /// The cloud says that it is in trouble itself.
        case cloudFailed = "cloud-failed"
        /// The cloud's certificate, or ours, is not accepted.
        case certificateRefused = "certificate-refused"
        /// The cloud's certificate is not valid yet: the gateway's clock is wrong.
        case clockWrong = "clock-wrong"
        /// The one-time token was refused.
        case tokenRefused = "token-refused"
        /// The cloud refuses the sign-in, for now.
        case signInRefused = "sign-in-refused"
        /// The cloud has refused the sign-in too often: the account has been taken away.
        case revoked
        /// The tokens cannot be stored.
        case storeFailed = "store-failed"
    }

    /// The kind.
    public let code: Code
    /// A sentence for people.
    public let reason: String

    /// A trouble.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// Troubles are equal when their codes are.
    public static func == (left: CloudTrouble, right: CloudTrouble) -> Bool { left.code == right.code }

    /// Feeds the code.
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }

    /// Code and sentence.
    public var description: String { "\(code.rawValue): \(reason)" }
}

extension CloudSession.State: CustomStringConvertible {
    /// A word or two, for the log.
    public var description: String {
        switch self {
        case .idle: "idle"
        case .storing(.connect): "storing, then connecting"
        case .storing(.signIn): "storing, then signing in"
        case .storing(.retry): "storing, then waiting"
        case .storing(.deregister): "storing, then deregistering"
        case .erasing: "erasing"
        case .waiting: "waiting"
        case .connecting: "connecting"
        case .signingUp: "signing up"
        case .refreshing: "refreshing"
        case .signingIn: "signing in"
        case .signedIn: "signed in"
        case .signingOut: "signing out"
        case .deregistering: "deregistering"
        case .refused: "refused"
        case .stopped: "stopped"
        }
    }
}
