import CBOR
import CoAPMessages
import OCFModel
import Testing

@testable import OCFDoor

/// The session as a table: where it stands, what happens, where it then stands, what it shows and what it does.
@Suite struct CloudSessionTableTests {
    typealias Input = CloudSession.Input
    typealias State = CloudSession.State

    struct Row: Sendable, CustomTestStringConvertible {
        let place: Place
        let inputs: [Input]
        let state: State
        let status: CloudStatus
        let error: CloudErrorCode
        let does: [CloudSession.Effect]?

        init(
            _ place: Place, _ inputs: Input..., to state: State, _ status: CloudStatus, _ error: CloudErrorCode = .none,
            does: [CloudSession.Effect]? = nil
        ) {
            self.place = place
            self.inputs = inputs
            self.state = state
            self.status = status
            self.error = error
            self.does = does
        }

        var testDescription: String { "\(place) + \(inputs.map { "\($0)" }.joined(separator: " + ").prefix(80))" }
    }

    static let unreachable = CloudTrouble(.unreachable, "refused")
    static let parting: [CloudSession.Effect] = [
        .cancelTimer(.retry), .cancelTimer(.ping), .cancelTimer(.deadline), .close,
    ]
    static let address = configuration().address

    static let rows: [Row] = [
        // The straight way.
        Row(.idle, to: .idle, .uninitialized, does: []),
        Row(.storingConfiguration, to: .storing(.connect), .readyToRegister),
        Row(.connectingFirst, to: .connecting, .registering, does: [.cancelTimer(.retry), .connect(address, cloudID)]),
        Row(.signingUp, to: .signingUp, .registering, does: [.send(.signUp)]),
        Row(.storingAccount, to: .storing(.signIn), .registered),
        Row(.signingIn, to: .signingIn, .registered, does: [.send(.signIn)]),
        Row(
            .signedIn, to: .signedIn, .registered,
            does: [
                .startTimer(.ping, .seconds(20) ... .seconds(20)),
                .startTimer(.refresh, .seconds(3480) ... .seconds(3480)),
                .publish,
            ]),
        Row(.refreshing, to: .refreshing, .registered, does: [.send(.refresh)]),
        Row(.storingToken, to: .storing(.signIn), .registered),
        Row(.signingInAgain, to: .signingIn, .registered, does: [.send(.signIn)]),

        // Sign-up: no connection or no answer is tried again, clec stays 0; a refusal or a malformed body ends it.
        Row(
            .connectingFirst, .connectFailed(unreachable), to: .waiting, .registering,
            does: parting + [.startTimer(.retry, .seconds(2) ... .seconds(4))]),
        Row(.signingUp, .unanswered, to: .waiting, .registering),
        Row(.signingUp, .connectionLost, to: .waiting, .registering),
        Row(.signingUp, .answered(.badRequest, nil), to: .refused, .failed, .errorResponse, does: parting),
        Row(.signingUp, .answered(.unauthorized, nil), to: .refused, .failed, .errorResponse),
        Row(.signingUp, .answered(.serviceUnavailable, nil), to: .waiting, .registering, .errorResponse),
        Row(.signingUp, .answered(.changed, nil), to: .refused, .failed, .errorResponse),
        Row(.signingUp, .answered(.changed, ["uid": "u"]), to: .refused, .failed, .errorResponse),
        Row(
            .signingUp, .answered(.changed, ["accesstoken": "", "refreshtoken": "r", "uid": "u", "expiresin": 1]),
            to: .refused, .failed, .errorResponse),

        // Sign-in: a refusal is clec 1, and tried again on a new connection.
        Row(.signingIn, .answered(.unauthorized, nil), to: .waiting, .registered, .errorResponse),
        Row(.signingIn, .answered(.serviceUnavailable, nil), to: .waiting, .registered, .errorResponse),
        Row(.signingIn, .answered(.changed, [:]), to: .waiting, .registered, .errorResponse),
        Row(.signingIn, .unanswered, to: .waiting, .registered),
        Row(.signingIn, .connectionLost, to: .waiting, .registered),

        // Refresh: a refusal is clec 3. plgd hub says 5.03 for a bad refresh token.
        Row(.refreshing, .answered(.unauthorized, nil), to: .waiting, .registered, .refreshFailed),
        Row(.refreshing, .answered(.serviceUnavailable, nil), to: .waiting, .registered, .refreshFailed),
        Row(.refreshing, .answered(.changed, ["accesstoken": "x"]), to: .waiting, .registered, .refreshFailed),
        Row(.refreshing, .unanswered, to: .waiting, .registered),
        // After a refresh the links are not published again on the same connection.
        Row(
            .signingInAgain, .answered(.changed, signedIn(-1)), to: .signedIn, .registered,
            does: [.startTimer(.ping, .seconds(20) ... .seconds(20)), .cancelTimer(.refresh)]),

        // A connection lost while signed in is clec 2; cps stays.
        Row(
            .signedIn, .connectionLost, to: .waiting, .registered, .connectionFailed,
            does: parting + [.startTimer(.retry, .seconds(2) ... .seconds(4))]),
        Row(.signedIn, .timer(.ping), to: .signedIn, .registered, does: [.ping]),
        Row(
            .signedIn, .pingLost, to: .signedIn, .registered,
            does: [.startTimer(.ping, .seconds(4) ... .seconds(4))]),
        Row(
            .signedIn, .pingLost, .pingLost, .pingLost, .pingLost, .pingLost, .pingLost, to: .waiting, .registered,
            .connectionFailed),
        Row(
            .signedIn, .pingLost, .pingLost, .pingLost, .pingLost, .pingLost, .pong, .pingLost, to: .signedIn,
            .registered),
        Row(.signedIn, .publicationRefused, to: .signedIn, .registered, .errorResponse, does: []),
        Row(.waitingAfterLoss, .timer(.retry), .connected, to: .signingIn, .registered, .connectionFailed),
        // The token aged while there was no connection.
        Row(
            .waitingAfterLoss, .timer(.refresh), .timer(.retry), .connected, to: .refreshing, .registered,
            .connectionFailed),

        // A restart waits with jitter, then refreshes before it signs in.
        Row(.restarted, to: .waiting, .registered, does: [.startTimer(.retry, .seconds(1) ... .seconds(2))]),
        Row(.restarted, .timer(.retry), .connected, to: .refreshing, .registered, does: [.send(.refresh)]),

        // The store is asked before the token is used; what is lost meanwhile is taken up after.
        Row(.storingAccount, .connectionLost, to: .storing(.retry), .registered, does: [.cancelTimer(.ping), .close]),
        Row(
            .storingAccount, .storeFailed(2), to: .storing(.signIn), .registered,
            does: [.startTimer(.retry, .seconds(5) ... .seconds(10))]),
        Row(.storingAccount, .stored(1), to: .storing(.signIn), .registered, does: []),
        Row(.storingAccount, .answered(.changed, nil), to: .storing(.signIn), .registered, does: []),

        // Leaving.
        Row(.idle, .leave, to: .idle, .uninitialized, does: []),
        Row(.connectingFirst, .leave, to: .erasing, .uninitialized),
        Row(.refused, .leave, to: .erasing, .uninitialized),
        Row(.leaving, to: .storing(.deregister), .uninitialized),
        Row(.deregistering, to: .deregistering, .uninitialized, does: [.send(.deregister)]),
        Row(.deregistering, .answered(.notFound, nil), to: .erasing, .uninitialized, .errorResponse),
        Row(.deregistering, .unanswered, to: .erasing, .uninitialized, .errorResponse),
        Row(.deregistering, .connectionLost, to: .erasing, .uninitialized, .errorResponse),
        Row(.erasing, to: .erasing, .uninitialized),
        Row(.waitingAfterLoss, .leave, to: .storing(.connect), .uninitialized, .connectionFailed),
        Row(.leaving, .connectionLost, to: .storing(.connect), .uninitialized),

        // A new configuration is refused while one works or is being tried.
        Row(.signedIn, .configure(configuration("coaps+tcp://other")), to: .signedIn, .registered, does: []),
        Row(.signingUp, .configure(configuration("coaps+tcp://other")), to: .signingUp, .registering, does: []),
        Row(.refused, .configure(configuration("coaps+tcp://other")), to: .storing(.connect), .readyToRegister),
        Row(.deregistering, .configure(configuration("coaps+tcp://other")), to: .storing(.connect), .readyToRegister),

        // Factory reset.
        Row(.idle, .factoryReset, to: .idle, .uninitialized, does: []),
        Row(
            .signedIn, .factoryReset, to: .deregistering, .registered,
            does: [.send(.deregister), .startTimer(.deadline, .seconds(2) ... .seconds(2))]),
        Row(.signedIn, .factoryReset, .timer(.deadline), to: .erasing, .uninitialized),
        Row(.signedIn, .factoryReset, .answered(.deleted, nil), to: .erasing, .uninitialized),
        Row(.signingUp, .factoryReset, to: .erasing, .uninitialized),
        Row(.waitingAfterLoss, .factoryReset, to: .erasing, .uninitialized),
        Row(.refused, .factoryReset, to: .erasing, .uninitialized),
        Row(.stopped, .factoryReset, to: .erasing, .uninitialized),

        // Stop.
        Row(.idle, .stop, to: .stopped, .uninitialized),
        Row(.signingOut, to: .signingOut, .registered),
        Row(.signingOut, .unanswered, to: .stopped, .registered),
        Row(.signingOut, .timer(.deadline), to: .stopped, .registered),
        Row(.signingOut, .connectionLost, to: .stopped, .registered),
        Row(.waitingAfterLoss, .stop, to: .stopped, .registered, .connectionFailed),
        Row(.stopped, .stop, to: .stopped, .registered, does: []),
        Row(.stopped, .timer(.retry), to: .stopped, .registered, does: []),
        Row(.stopped, .configure(configuration()), to: .stopped, .registered, does: []),

        // A wrong clock.
        Row(
            .connectingFirst, .connectFailed(CloudTrouble(.clockWrong, "not yet valid")), to: .waiting, .registering,
            .connectionFailed),
        Row(
            .connectingFirst, .connectFailed(CloudTrouble(.certificateRefused, "unknown issuer")), to: .waiting,
            .registering, .connectionFailed),
        Row(
            .connectingFirst, .connectFailed(CloudTrouble(.clockWrong, "not yet valid")), .clockCorrected,
            to: .connecting, .registering, .connectionFailed, does: [.cancelTimer(.retry), .connect(address, cloudID)]),
        Row(.connectingFirst, .connectFailed(unreachable), .clockCorrected, to: .waiting, .registering, does: []),
    ]

    @Test(arguments: rows) func row(_ row: Row) {
        var walk = row.place.walk
        for input in row.inputs { walk.take(input) }
        #expect(walk.session.state == row.state)
        #expect(walk.session.status == row.status)
        #expect(walk.session.lastError == row.error)
        if let does = row.does { #expect(walk.effects == does) }
    }

    /// Whatever happens wherever: nothing is sent before the store has answered, a connection is asked for only where it
    /// is waited for, and the status shows no cloud exactly when there is none.
    @Test(arguments: Place.allCases) func invariants(_ place: Place) {
        let inputs: [Input] = [
            .start(stored()), .configure(configuration()), .leave, .factoryReset, .stop, .stored(-1), .storeFailed(-1),
            .connected, .connectFailed(Self.unreachable), .connectionLost, .answered(.changed, account()),
            .answered(.unauthorized, nil), .answered(.changed, signedIn()), .unanswered, .pong, .pingLost,
            .timer(.retry), .timer(.refresh), .timer(.ping), .timer(.deadline), .clockCorrected, .publicationRefused,
        ]
        for first in inputs {
            for second in inputs {
                var walk = place.walk
                for input in [first, second] {
                    let before = walk.session
                    let effects = walk.take(input)
                    let isStoring = if case .storing = walk.session.state { true } else { false }
                    let sends = effects.contains { if case .send = $0 { true } else { false } }
                    let connects = effects.contains { if case .connect = $0 { true } else { false } }
                    let stores = effects.contains { if case .store = $0 { true } else { false } }
                    #expect(!(isStoring && sends), "\(place) \(input)")
                    #expect(
                        connects
                            == (effects.isEmpty
                                ? false : walk.session.state == .connecting && before.state != .connecting))
                    if stores { #expect(isStoring) }
                    if walk.session.record == nil { #expect(walk.session.status == .uninitialized) }
                    let configuration = walk.session.configuration
                    #expect((configuration.address == "") == (configuration.cloudID == .none))
                    // The first of the last account tokens was never sent unstored.
                    if before.record?.account != walk.session.record?.account, walk.session.record?.account != nil,
                        before.state != .stopped, before.state != .idle
                    {
                        #expect(isStoring && stores)
                    }
                }
            }
        }
    }
}
