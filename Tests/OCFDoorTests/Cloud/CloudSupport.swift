// swift-format-ignore-file: NeverForceUnwrap

import CBOR
import CoAPMessages
import OCFModel

@testable import OCFDoor

/// A session, what it did last, and how it came there.
struct Walk {
    var session = CloudSession()
    var effects: [CloudSession.Effect] = []

    /// Feeds inputs; the store succeeds at once when asked to.
    @discardableResult
    mutating func take(_ inputs: CloudSession.Input...) -> [CloudSession.Effect] {
        for input in inputs { effects = session.handle(input) }
        return effects
    }

    /// Tells that what was last asked of the store is durable.
    @discardableResult
    mutating func stored() -> [CloudSession.Effect] { take(.stored(session.revision)) }
}

let cloudID = Identifier("00000000-0000-0000-0000-000000000001")!
let deviceID = Identifier("e975a077-6ea8-42fb-6028-c525f5a898f7")!

func configuration(_ address: String = "coaps+tcp://cloud.example:5684") -> CloudRecord {
    CloudRecord(
        address: CloudAddress(address)!, cloudID: cloudID, oneTimeToken: Secret("code"), provider: "plgd")
}

/// The answer to a sign-up.
func account(_ life: Int = 3600, redirect: String? = "") -> CBOR.Value {
    var map: CBOR.Map = ["accesstoken": "AT1", "uid": "u1", "refreshtoken": "RT1", "expiresin": .int(life)]
    if let redirect { map["redirecturi"] = .text(redirect) }
    return .map(map)
}

/// The answer to a refresh.
func refreshed(_ life: Int = 3600) -> CBOR.Value {
    ["accesstoken": "AT2", "refreshtoken": "RT2", "expiresin": .int(life)]
}

/// The answer to a sign-in.
func signedIn(_ life: Int = 3600) -> CBOR.Value { ["expiresin": .int(life)] }

/// An account as the store has it.
func stored(permanent: Bool = false) -> CloudRecord {
    var record = configuration()
    record.account = CloudRecord.Account(
        userID: "u1", accessToken: Secret("AT1"), refreshToken: Secret("RT1"), isPermanent: permanent)
    return record
}

/// Where a walk can begin.
enum Place: String, CaseIterable, Sendable {
    case idle, storingConfiguration, connectingFirst, signingUp, storingAccount, signingIn, signedIn, refreshing,
        storingToken, signingInAgain, waitingAfterLoss, restarted, refused, leaving, deregistering, erasing, signingOut,
        stopped

    var walk: Walk {
        var walk = Walk()
        switch self {
        case .idle: walk.take(.start(nil))
        case .storingConfiguration:
            walk = Place.idle.walk
            walk.take(.configure(configuration()))
        case .connectingFirst:
            walk = Place.storingConfiguration.walk
            walk.stored()
        case .signingUp:
            walk = Place.connectingFirst.walk
            walk.take(.connected)
        case .storingAccount:
            walk = Place.signingUp.walk
            walk.take(.answered(.changed, account()))
        case .signingIn:
            walk = Place.storingAccount.walk
            walk.stored()
        case .signedIn:
            walk = Place.signingIn.walk
            walk.take(.answered(.changed, OCFDoorTests.signedIn()))
        case .refreshing:
            walk = Place.signedIn.walk
            walk.take(.timer(.refresh))
        case .storingToken:
            walk = Place.refreshing.walk
            walk.take(.answered(.changed, refreshed()))
        case .signingInAgain:
            walk = Place.storingToken.walk
            walk.stored()
        case .waitingAfterLoss:
            walk = Place.signedIn.walk
            walk.take(.connectionLost)
        case .restarted: walk.take(.start(OCFDoorTests.stored()))
        case .refused:
            walk = Place.signingUp.walk
            walk.take(.answered(.unauthorized, nil))
        case .leaving:
            walk = Place.signedIn.walk
            walk.take(.leave)
        case .deregistering:
            walk = Place.leaving.walk
            walk.stored()
        case .erasing:
            walk = Place.deregistering.walk
            walk.take(.answered(.deleted, nil))
        case .signingOut:
            walk = Place.signedIn.walk
            walk.take(.stop)
        case .stopped:
            walk = Place.signingOut.walk
            walk.take(.answered(.changed, [:]))
        }
        return walk
    }
}
