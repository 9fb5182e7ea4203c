import CBOR
import CoAPMessages
import OCFModel
import Testing

@testable import OCFDoor

/// Longer ways through the session: what `clec` and `cps` show over time.
@Suite struct CloudSessionStoryTests {
    @Test func aFirstSignInRefusedIsTriedAgain() {
        var walk = Place.signingIn.walk
        walk.take(.answered(.unauthorized, nil))
        #expect(walk.session.trouble?.code == .signInRefused)
        // On a new connection, with the same token, since it was given only just now.
        #expect(walk.take(.timer(.retry), .connected) == [.send(.signIn)])
        walk.take(.answered(.changed, signedIn()))
        #expect(walk.session.state == .signedIn && walk.session.lastError == .none && walk.session.trouble == nil)
        #expect(walk.effects.contains(.publish))
    }

    @Test func refusedAgainAndAgainItCountsAsRevoked() {
        var walk = Place.signingIn.walk
        var sent: [CloudSession.Request] = [.signIn]
        while walk.session.status != .failed, sent.count < 20 {
            walk.take(.answered(.unauthorized, nil))
            guard walk.session.status != .failed else { break }
            walk.take(.timer(.retry))
            if case .send(let request)? = walk.take(.connected).first { sent.append(request) }
        }
        // Both tokens are tried, by turns.
        #expect(sent == [.signIn, .signIn, .refresh, .signIn, .refresh, .signIn])
        #expect(walk.session.trouble?.code == .revoked)
        #expect(walk.session.acceptsConfiguration)
        #expect(walk.effects.last == .startTimer(.retry, CloudSchedule.revokedDelay))
        // Nothing is forgotten: should the cloud have erred, the gateway comes back.
        walk.take(.timer(.retry), .connected)
        #expect(walk.session.state == .refreshing)
        walk.take(.answered(.changed, refreshed()))
        walk.stored()
        walk.take(.answered(.changed, signedIn()))
        #expect(walk.session.status == .registered && walk.session.lastError == .none)
    }

    @Test func aCloudThatIsAwayIsTriedForEver() {
        var walk = Place.connectingFirst.walk
        var delays: [ClosedRange<Duration>] = []
        for attempt in 1...9 {
            walk.take(.connectFailed(CloudTrouble(.unreachable, "")))
            if case .startTimer(.retry, let range)? = walk.effects.last { delays.append(range) }
            #expect(walk.session.status == (attempt < 6 ? .registering : .failed))
            #expect(walk.session.lastError == (attempt < 6 ? .none : .connectionFailed))
            walk.take(.timer(.retry))
        }
        #expect(delays.map(\.upperBound) == [4, 8, 16, 32, 64, 64, 64, 64, 64].map { .seconds($0) })
        #expect(delays.allSatisfy { $0.lowerBound * 2 == $0.upperBound })
        walk.take(.connected, .answered(.changed, account()))
        walk.stored()
        walk.take(.answered(.changed, signedIn()))
        #expect(walk.session.status == .registered && walk.session.lastError == .none)
    }

    @Test func aRefreshThatCannotBeAskedForShowsItself() {
        var walk = Place.restarted.walk
        for _ in 1...6 { walk.take(.timer(.retry), .connected, .unanswered) }
        #expect(walk.session.status == .failed && walk.session.lastError == .refreshFailed)
    }

    @Test func aCloudThatLetsInAndThrowsOutIsAskedMoreAndMoreRarely() {
        var walk = Place.signedIn.walk
        var delays: [Duration] = []
        for _ in 1...4 {
            walk.take(.connectionLost)
            if case .startTimer(.retry, let range)? = walk.effects.last { delays.append(range.upperBound) }
            walk.take(.timer(.retry), .connected, .answered(.changed, signedIn()))
            #expect(walk.session.state == .signedIn && walk.session.status == .registered)
        }
        #expect(delays == [.seconds(4), .seconds(8), .seconds(16), .seconds(32)])
        // A connection that has lasted to its first pong is a good one.
        walk.take(.pong, .connectionLost)
        #expect(walk.effects.last == .startTimer(.retry, .seconds(2) ... .seconds(4)))
    }

    @Test func aPermanentTokenIsNotRefreshed() {
        var walk = Walk()
        walk.take(.start(stored(permanent: true)), .timer(.retry), .connected)
        #expect(walk.session.state == .signingIn)
        walk.take(.answered(.changed, signedIn(-1)))
        #expect(walk.effects.contains(.cancelTimer(.refresh)))
        let refreshes = walk.effects.contains { if case .startTimer(.refresh, _) = $0 { true } else { false } }
        #expect(!refreshes)
    }

    @Test func aRefusedRefreshTriesTheTokenThatIsThere() {
        var walk = Place.restarted.walk
        walk.take(.timer(.retry), .connected, .answered(.serviceUnavailable, nil))
        #expect(walk.session.lastError == .refreshFailed)
        #expect(walk.take(.timer(.retry), .connected) == [.send(.signIn)])
        walk.take(.answered(.changed, signedIn(60)))
        #expect(walk.session.state == .signedIn)
        #expect(walk.effects.contains(.startTimer(.refresh, .seconds(50) ... .seconds(50))))
    }

    @Test func tokensOfARefreshAreStoredBeforeTheyAreUsed() throws {
        var walk = Place.storingToken.walk
        guard case .store(let record, let revision)? = walk.effects.last else {
            Issue.record("nothing was stored")
            return
        }
        #expect(record.account?.accessToken == Secret("AT2") && record.account?.refreshToken == Secret("RT2"))
        #expect(walk.take(.stored(revision)) == [.send(.signIn)])
    }

    @Test func aRedirectIsStoredAndFollowed() {
        var walk = Place.signingUp.walk
        walk.take(.answered(.changed, account(redirect: "coaps+tcp://other.example:5685")))
        #expect(walk.session.state == .storing(.connect) && walk.effects.contains(.close))
        #expect(walk.session.configuration.address == "coaps+tcp://other.example:5685")
        // The same cloud: its id and so its trust stay.
        let other = CloudAddress("coaps+tcp://other.example:5685")
        #expect(walk.stored().last == other.map { CloudSession.Effect.connect($0, cloudID) })
        #expect(walk.take(.connected) == [.send(.signIn)])
    }

    @Test(arguments: ["", "coaps+tcp://cloud.example:5684", "coap+tcp://cloud.example", "http://x", "x"])
    func redirectsToNowhereAreNotFollowed(_ uri: String) {
        var walk = Place.signingUp.walk
        walk.take(.answered(.changed, account(redirect: uri)))
        #expect(walk.session.state == .storing(.signIn))
        #expect(walk.session.configuration.address == "coaps+tcp://cloud.example:5684")
    }

    @Test func redirectsInACircleEnd() {
        var walk = Place.restarted.walk
        var hops = 0
        walk.take(.timer(.retry), .connected)
        while hops < 10 {
            var answer = refreshed()
            answer["redirecturi"] = .text("coaps+tcp://host\(hops)")
            walk.take(.answered(.changed, answer))
            guard walk.session.state == .storing(.connect) else { break }
            hops += 1
            walk.stored()
            // The new host refuses the sign-in, and is asked to refresh.
            walk.take(.connected, .answered(.unauthorized, nil), .timer(.retry), .connected, .unanswered)
            walk.session.lastRefused = nil
            walk.session.hasFreshToken = false
            walk.take(.timer(.retry), .connected)
            #expect(walk.session.state == .refreshing)
        }
        #expect(hops == CloudSession.mostRedirects)
    }

    @Test func whoCannotReachTheRedirectReturnsToTheFrontDoor() {
        var walk = Place.signingUp.walk
        walk.take(.answered(.changed, account(redirect: "coaps+tcp://other.example:5685")))
        walk.stored()
        var asked: [String] = []
        for _ in 1...8 {
            walk.take(.connectFailed(CloudTrouble(.unreachable, "")))
            if case .connect(let address, _)? = walk.take(.timer(.retry)).last { asked.append(address.host) }
        }
        #expect(
            asked == [String](repeating: "other.example", count: 5) + [
                "cloud.example", "other.example", "cloud.example",
            ])
    }

    @Test func leavingIsDoneSignedIn() {
        var walk = Place.waitingAfterLoss.walk
        walk.take(.leave)
        #expect(walk.session.record?.isLeaving == true && walk.session.configuration.address == "")
        walk.stored()
        walk.take(.connected)
        #expect(walk.session.state == .signingIn)
        #expect(walk.take(.answered(.changed, signedIn())) == [.send(.deregister)])
        walk.take(.answered(.deleted, nil))
        #expect(walk.session.state == .erasing)
        walk.stored()
        #expect(walk.session.state == .idle && walk.session.record == nil)
        #expect(walk.session.configuration == CloudConfiguration())
    }

    @Test func leavingGoesOnAfterARestart() {
        var record = stored()
        record.isLeaving = true
        var walk = Walk()
        walk.take(.start(record), .timer(.retry), .connected, .answered(.changed, refreshed()))
        walk.stored()
        #expect(walk.take(.answered(.changed, signedIn())) == [.send(.deregister)])
    }

    @Test func aCloudThatCannotBeReachedIsForgottenAllTheSame() {
        var walk = Place.waitingAfterLoss.walk
        walk.take(.leave)
        walk.stored()
        for _ in 1...2 { walk.take(.connectFailed(CloudTrouble(.unreachable, "")), .timer(.retry)) }
        walk.take(.connectFailed(CloudTrouble(.unreachable, "")))
        #expect(walk.session.state == .erasing && walk.session.lastError == .connectionFailed)
    }

    @Test func aCloudThatNoLongerKnowsUsIsForgotten() {
        var walk = Place.waitingAfterLoss.walk
        walk.take(.leave)
        walk.stored()
        walk.take(.connected, .answered(.unauthorized, nil))
        #expect(walk.session.state == .erasing)
    }

    @Test func aStoreThatFailsIsAskedUntilItDoesNot() {
        var walk = Place.storingAccount.walk
        walk.take(.storeFailed(walk.session.revision))
        #expect(walk.session.trouble?.code == .storeFailed)
        let effects = walk.take(.timer(.retry))
        #expect(effects == [.store(walk.session.record ?? configuration(), revision: walk.session.revision)])
        #expect(walk.stored() == [.send(.signIn)] && walk.session.trouble == nil)

        walk = Place.erasing.walk
        walk.take(.storeFailed(walk.session.revision), .timer(.retry))
        #expect(walk.effects == [.erase(revision: walk.session.revision)])
        walk.stored()
        #expect(walk.session.state == .idle)
    }

    @Test func aConnectionLostDuringTheStoringIsTakenUpAfter() {
        var walk = Place.storingAccount.walk
        walk.take(.connectionLost)
        walk.stored()
        #expect(walk.session.state == .waiting)
        walk.take(.timer(.retry), .connected)
        // The token came in this run.
        #expect(walk.session.state == .signingIn)
    }

    @Test func afterAStopItStartsAnew() {
        var walk = Place.stopped.walk
        let record = walk.session.record
        walk.take(.start(record), .timer(.retry), .connected)
        #expect(walk.session.state == .refreshing)
    }
}
