import Foundation
import OCFModel
import PrivateFiles
import Testing

@testable import OCFCloud

/// A state directory of its own for one test.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "gatehouse-cloud-test-\(UUID().uuidString)"
        try PrivateFile.makeDirectory(path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

@Suite struct AccountTests {
    let scratch: Scratch
    let database: CloudDatabase
    let device = Identifier.random()

    init() throws {
        scratch = try Scratch()
        database = try CloudDatabase(directory: scratch.path)
        try database.addUser("anna", now: 0)
        try database.addUser("bert", now: 0)
    }

    func token(_ user: String = "anna", at now: WallSeconds = 0) throws -> String {
        try database.createToken(user: user, lifetime: 600, now: now).text
    }

    func signUp(
        _ token: String, _ device: Identifier, at now: WallSeconds = 0, mostDevices: Int = 10
    ) async throws -> Grant {
        try await database.signUp(
            token: token, device: device, kind: .device, lifetimes: TokenLifetimes(), mostDevices: mostDevices, now: now
        ).grant
    }

    func refused(_ code: CloudError.Code, _ body: () async throws -> Void) async {
        do {
            try await body()
            Issue.record("expected \(code)")
        } catch let error as CloudError {
            #expect(error.code == code)
        } catch {
            Issue.record("expected \(code), found \(error)")
        }
    }

    @Test func aTokenServesOneDevice() async throws {
        let token = try token()
        let grant = try await signUp(token, device)
        let signIn = try await database.signIn(token: grant.access.text, device: device, user: grant.user, now: 1)
        #expect(signIn.expiresAt == 86_400)
        await refused(.unauthorized) { _ = try await signUp(token, .random(), at: 1) }
        await refused(.unauthorized) { _ = try await signUp("guess", device) }
    }

    @Test func aTokenExpires() async throws {
        let token = try token()
        await refused(.unauthorized) { _ = try await signUp(token, device, at: 600) }
        _ = try await signUp(token, device, at: 599)
    }

    @Test func signUpCanBeRepeatedForAWhileAndEveryAnswerIsGood() async throws {
        let token = try token()
        let first = try await signUp(token, device, at: 599)
        let second = try await signUp(token, device, at: 700)
        // Whichever of the two answers the device stored serves.
        _ = try await database.signIn(token: first.access.text, device: device, user: first.user, now: 701)
        _ = try await database.signIn(token: second.access.text, device: device, user: first.user, now: 702)
        // Once the second is used the first is gone.
        await refused(.unauthorized) {
            _ = try await database.signIn(token: first.access.text, device: device, user: first.user, now: 703)
        }
        await refused(.unauthorized) { _ = try await signUp(token, device, at: 599 + 3_601) }
        #expect(try database.devices().count == 1)
    }

    @Test func theOldRefreshTokenServesUntilTheNewIsUsed() async throws {
        let grant = try await signUp(token(), device)
        let user = grant.user
        func refresh(_ token: Secret) async throws -> Grant {
            try await database.refresh(
                token: token.text, device: device, user: user, lifetimes: TokenLifetimes(), now: 10)
        }
        // The answer got lost, again and again: more often than unused pairs are kept.
        var last = try await refresh(grant.refresh)
        for _ in 0..<20 { last = try await refresh(grant.refresh) }
        _ = try await database.signIn(token: grant.access.text, device: device, user: user, now: 11)
        // Now it got through, by refresh...
        let next = try await refresh(last.refresh)
        await refused(.unauthorized) { _ = try await refresh(grant.refresh) }
        // ...and by sign-in.
        _ = try await database.signIn(token: next.access.text, device: device, user: user, now: 12)
        await refused(.unauthorized) { _ = try await refresh(last.refresh) }
        _ = try await refresh(next.refresh)
    }

    @Test func aDuplicatedRefreshLeavesBothAnswersGood() async throws {
        let grant = try await signUp(token(), device)
        func refresh(_ token: Secret) async throws -> Grant {
            try await database.refresh(
                token: token.text, device: device, user: grant.user, lifetimes: TokenLifetimes(), now: 10)
        }
        let one = try await refresh(grant.refresh)
        let two = try await refresh(grant.refresh)
        _ = try await database.signIn(token: one.access.text, device: device, user: grant.user, now: 11)
        _ = try await database.signIn(token: two.access.text, device: device, user: grant.user, now: 12)
    }

    @Test func accessTokensExpireAndRefreshTokensDoNot() async throws {
        let grant = try await signUp(token(), device)
        await refused(.unauthorized) {
            _ = try await database.signIn(token: grant.access.text, device: device, user: grant.user, now: 86_400)
        }
        _ = try await database.refresh(
            token: grant.refresh.text, device: device, user: grant.user, lifetimes: TokenLifetimes(), now: 40_000_000)
    }

    @Test func tokensOfOthersAndOtherKindsAreRefused() async throws {
        let mine = try await signUp(token(), device)
        let other = Identifier.random()
        let theirs = try await signUp(token("bert"), other)
        for (token, device, user) in [
            (theirs.access, device, mine.user), (mine.access, other, mine.user), (mine.access, device, theirs.user),
            (mine.refresh, device, mine.user),
        ] {
            await refused(.unauthorized) {
                _ = try await database.signIn(token: token.text, device: device, user: user, now: 1)
            }
        }
        await refused(.unauthorized) {
            _ = try await database.refresh(
                token: mine.access.text, device: device, user: mine.user, lifetimes: TokenLifetimes(), now: 1)
        }
        // A token of one's own does not take over another user's device.
        await refused(.forbidden) { _ = try await signUp(token("bert"), device) }
    }

    @Test func devicesOfAUserAreLimited() async throws {
        _ = try await signUp(token(), device, mostDevices: 1)
        await refused(.limit) { _ = try await signUp(token(), .random(), mostDevices: 1) }
        // A known device comes again.
        _ = try await signUp(token(), device, mostDevices: 1)
    }

    @Test func deregistrationTakesTokensAndLinks() async throws {
        let grant = try await signUp(token(), device)
        _ = try await database.publish([link("/a")], ttl: 0, by: device, mostLinks: 10)
        try await database.deregister(device)
        await refused(.unauthorized) {
            _ = try await database.signIn(token: grant.access.text, device: device, user: grant.user, now: 1)
        }
        #expect(try await database.links(of: grant.user, device: nil, now: 1).isEmpty)
    }

    @Test func removingAUserTakesEverything() async throws {
        let grant = try await signUp(token(), device)
        try database.removeUser("anna")
        #expect(try database.devices().isEmpty)
        await refused(.unauthorized) {
            _ = try await database.signIn(token: grant.access.text, device: device, user: grant.user, now: 1)
        }
        await refused(.notFound) { try database.removeUser("anna") }
        await refused(.exists) { try database.addUser("BERT") }
        await refused(.malformed) { try database.addUser("") }
    }

    @Test func everythingSurvivesARestartAndNoTokenIsOnDisk() async throws {
        let token = try token()
        let grant = try await signUp(token, device)
        let links = try await database.publish([link("/a"), link("/b")], ttl: 0, by: device, mostLinks: 10)
        database.close()
        let again = try CloudDatabase(directory: scratch.path)
        _ = try await again.signIn(token: grant.access.text, device: device, user: grant.user, now: 1)
        #expect(try await again.links(of: grant.user, device: nil, now: 1) == links)
        for name in try FileManager.default.contentsOfDirectory(atPath: scratch.path) {
            let path = scratch.path + "/" + name
            let bytes = try #require(FileManager.default.contents(atPath: path))
            for secret in [token, grant.access.text, grant.refresh.text] {
                #expect(bytes.range(of: Data(secret.utf8)) == nil)
            }
            let mode = try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
            #expect(mode == 0o600, "\(name)")
        }
        #expect("\(grant.access)" == "(secret)")
    }

    func link(_ href: String) -> Link {
        Link(
            href: href, resourceTypes: ["oic.r.temperature"], interfaces: [.sensor, .baseline], policy: [.discoverable])
    }

    @Test func linksGetNumbersThatNeverReturn() async throws {
        let grant = try await signUp(token(), device)
        let first = try await database.publish([link("/a"), link("/b")], ttl: 0, by: device, mostLinks: 10)
        let numbers = first.compactMap(\.link.instance)
        #expect(Set(numbers).count == 2)
        // Again: the same number, the new content.
        var changed = link("/a")
        changed.title = "Attic"
        let again = try await database.publish([changed], ttl: 0, by: device, mostLinks: 10)
        #expect(again[0].link.instance == first[0].link.instance)
        #expect(try await database.links(of: grant.user, device: nil, now: 1)[0].link.title == "Attic")
        // Removed and published anew: a new number.
        let gone = try await database.unpublish([Int64(numbers[0]), 999], of: device)
        #expect(gone == ["/a"])
        let anew = try await database.publish([link("/a")], ttl: 0, by: device, mostLinks: 10)
        #expect(!numbers.contains(try #require(anew[0].link.instance)))
        // Nobody removes another's.
        let other = Identifier.random()
        _ = try await signUp(token(), other)
        #expect(try await database.unpublish(anew.compactMap { Int64($0.link.instance ?? 0) }, of: other).isEmpty)
        #expect(try await database.unpublish(nil, of: device).sorted() == ["/a", "/b"])
    }

    @Test func aDeviceCannotPublishWithoutEnd() async throws {
        let grant = try await signUp(token(), device)
        let many = (0..<11).map { link("/\($0)") }
        await refused(.limit) { _ = try await database.publish(many, ttl: 0, by: device, mostLinks: 10) }
        #expect(try await database.links(of: grant.user, device: nil, now: 1).isEmpty)
    }

    @Test func timeToLiveCountsWhileTheDeviceIsAway() async throws {
        let grant = try await signUp(token(), device, at: 0)
        _ = try await database.publish([link("/a")], ttl: 60, by: device, mostLinks: 10)
        func count(at now: WallSeconds) async throws -> Int {
            try await database.links(of: grant.user, device: device, now: now).count
        }
        try await database.recordPresence([device: (online: true, at: 100)])
        #expect(try await count(at: 1_000_000) == 1)
        try await database.clearPresence(now: 200)
        #expect(try await count(at: 259) == 1)
        #expect(try await count(at: 260) == 0)
    }
}
